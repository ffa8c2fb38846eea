import { type KeyValueStorage, readJson } from "../shared/storage";
import { type Draft, EMPTY_DRAFT, isEmpty } from "./composer";

type Stored = Record<string, Draft>;

/** Unsent texts per conversation, kept in the browser so that neither a reload nor a crash loses them. */
export class Drafts {
  /** `storage` is one agent's own: colleagues who share a computer do not see each other's drafts. */
  constructor(private readonly storage: KeyValueStorage, private readonly key = "drafts") {}

  read(conversation: string): Draft {
    return this.all()[conversation] ?? EMPTY_DRAFT;
  }

  /** Writes one draft into what is stored now, so that two tabs do not undo each other. */
  write(conversation: string, draft: Draft): void {
    const { [conversation]: _before, ...others } = this.all();
    const next = isEmpty(draft) ? others : { ...others, [conversation]: draft };
    this.storage.setItem(this.key, JSON.stringify(next));
  }

  /** Forgets every draft: after sign-out nothing a customer said stays on the computer. */
  clear(): void {
    this.storage.removeItem(this.key);
  }

  private all(): Stored {
    return readJson(this.storage, this.key, isStored, {});
  }
}

function isStored(value: unknown): value is Stored {
  return (
    typeof value === "object" &&
    value !== null &&
    Object.values(value).every((draft) => typeof draft?.reply === "string" && typeof draft.note === "string")
  );
}
