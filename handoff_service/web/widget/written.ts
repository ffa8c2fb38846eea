import { readJson, type KeyValueStorage } from "../shared/storage";

/**
 * What is being typed in this tab; after a reload it is here again, and a new tab begins with what was typed last.
 *
 * The tab's own copy counts only for the customer who typed it. What all tabs share is forgotten with him (api.ts).
 */
export class Written {
  private held: string;

  constructor(private readonly shared: KeyValueStorage, private readonly tab: KeyValueStorage) {
    this.held = this.stored();
  }

  get text(): string {
    return this.held;
  }

  set text(text: string) {
    const before = this.held;
    this.held = text;
    this.keep();
    if (text !== "") this.shared.setItem("draft", text);
    else if (this.shared.getItem("draft") === before) this.shared.removeItem("draft"); // another tab's text stays
  }

  /** For who sits here, whom one may come to know only after he has begun to type. */
  keep(): void {
    this.tab.setItem("draft", JSON.stringify([this.customer, this.held]));
  }

  /** Somebody else sits here: whatever is his. */
  reload(): void {
    this.held = this.stored();
  }

  private get customer(): string | null {
    return this.shared.getItem("contact");
  }

  private stored(): string {
    const [customer, text] = readJson(this.tab, "draft", isOwn, [null, null]);
    return (customer === this.customer ? text : null) ?? this.shared.getItem("draft") ?? "";
  }
}

type Own = [customer: string | null, text: string | null];
const isOwn = (value: unknown): value is Own => Array.isArray(value) && typeof value[1] === "string";
