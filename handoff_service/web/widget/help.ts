import { signal } from "./signals";
import { ApiError, type ArticleHit, type ArticleText, type CustomerApi } from "./api";
import type { Language } from "../shared/protocol";

const PAUSE_MS = 250;
const ENOUGH_CHARS = 2;

/** Articles that may answer before anybody is asked: found while the customer types. */
export class Help {
  readonly hits = signal<readonly ArticleHit[]>([]);
  readonly article = signal<ArticleText | "loading" | "failed" | null>(null);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private asked = 0;

  constructor(private readonly api: CustomerApi, private readonly language: () => Language) {}

  /** Looks for what is being typed, once the customer pauses; "" for the articles to begin with. */
  look(text: string): void {
    clearTimeout(this.timer);
    const query = text.trim();
    if ([...query].length < ENOUGH_CHARS && query !== "") return;
    this.timer = setTimeout(() => void this.find(query), query === "" ? 0 : PAUSE_MS);
  }

  clear(): void {
    clearTimeout(this.timer);
    this.asked += 1;
    this.hits.value = [];
  }

  async open(id: string): Promise<void> {
    this.article.value = "loading";
    this.article.value = await attempt(() => this.api.article(id, this.language()), "failed" as const);
  }

  close(): void {
    this.article.value = null;
  }

  get url(): string {
    return `${this.api.baseUrl}/help/${encodeURIComponent(this.api.tenant)}/${this.language()}/`;
  }

  private async find(query: string): Promise<void> {
    const asked = ++this.asked;
    const found = await attempt(() => this.api.articles(query, this.language()), null);
    // An answer that was overtaken by the next one is not shown.
    if (asked === this.asked) this.hits.value = found?.articles ?? [];
  }
}

/** Self-service that does not work is not there; the chat goes on. */
async function attempt<T, F>(work: () => Promise<T>, otherwise: F): Promise<T | F> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ApiError || error instanceof TypeError || error instanceof DOMException) return otherwise;
    throw error;
  }
}
