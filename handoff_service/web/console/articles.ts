import { signal } from "@preact/signals";
import type { Language } from "../shared/protocol";
import { type Api, ApiError } from "./api";
import type { Session } from "./session";

/** One language version of an article, as the knowledge base keeps it; what the form does not show is kept as it is. */
export interface ArticleFields {
  readonly id: string;
  readonly language: Language;
  readonly title: string;
  readonly category: string;
  readonly questions: readonly string[];
  readonly answer: string;
  readonly audience: string;
  readonly owner: string;
  readonly valid_from: string;
  readonly review_by: string;
  readonly [field: string]: unknown;
}
export type ArticleState = "draft" | "published" | "retired";
export const ARTICLE_STATES: readonly ArticleState[] = ["draft", "published", "retired"];
export interface Kept {
  readonly article: ArticleFields;
  readonly state: ArticleState;
  /** 0: kept in files, where only git changes it. */
  readonly revision: number;
  readonly served: number | null;
  readonly changed_by: string;
  readonly changed_at: string | null;
}
export interface ArticlePage {
  readonly articles: readonly Kept[];
  readonly after: string | null;
}
export interface Revision {
  readonly revision: number;
  readonly state: ArticleState;
  readonly action: string;
  readonly actor: string;
  readonly why: string;
  readonly at: string;
}
export interface KnowledgeTask {
  readonly id: string;
  readonly kind: string;
  readonly article: string;
  readonly language: Language;
  readonly owner: string;
  readonly message: string;
  readonly due: string;
}
export interface Tried {
  readonly decision: { readonly action: string; readonly probability: number; readonly threshold: number };
  readonly hits: readonly { readonly article: string; readonly language: Language; readonly title: string; readonly probability: number }[];
}
export interface Filter {
  readonly text: string;
  readonly state: ArticleState | "";
  readonly language: Language | "";
}
export type Step = "publish" | "retire" | "delete";

const YEAR_MS = 365 * 86_400_000;

/** A new article's fields before anything was typed. */
export function blank(language: Language, owner: string, now: Date): ArticleFields {
  const day = (at: Date): string => at.toISOString().slice(0, 10);
  return {
    id: "", language, title: "", category: "", questions: [], answer: "", audience: "public", owner,
    valid_from: day(now), review_by: day(new Date(now.getTime() + YEAR_MS)),
  };
}

/** Lines as they are typed, each once, without empty ones. */
export const linesOf = (typed: string): readonly string[] =>
  [...new Set(typed.split("\n").map((line) => line.trim()).filter(Boolean))];

/** The editor of the knowledge base: what it lists, what is open, and what was done. */
export class Articles {
  readonly filter = signal<Filter>({ text: "", state: "", language: "" });
  readonly listed = signal<ArticlePage | null>(null);
  readonly tasks = signal<readonly KnowledgeTask[]>([]);
  /** The article in the form; with revision -1 it is nowhere stored. */
  readonly open = signal<Kept | null>(null);
  readonly history = signal<readonly Revision[]>([]);
  readonly tried = signal<Tried | null>(null);
  readonly failed = signal<ApiError | null>(null);
  private asked = 0;

  constructor(private readonly parts: { api: Api; session: Session; owner: string }) {}

  async start(): Promise<void> {
    await this.load(async () => {
      const [, { tasks }] = await Promise.all([this.list(), this.parts.api.knowledgeTasks()]);
      this.tasks.value = tasks;
    });
  }

  async search(filter: Filter): Promise<void> {
    this.filter.value = filter;
    await this.load(() => this.list());
  }

  async more(): Promise<void> {
    const { listed } = this;
    const after = listed.value?.after;
    if (after == null) return;
    await this.load(async () => {
      const next = await this.parts.api.articles(this.filter.value, after);
      listed.value = { articles: [...(listed.value?.articles ?? []), ...next.articles], after: next.after };
    });
  }

  /** The answer to an older search must not replace that to a newer one. */
  private async list(): Promise<void> {
    const mine = (this.asked += 1);
    const page = await this.parts.api.articles(this.filter.value, null);
    if (mine === this.asked) this.listed.value = page;
  }

  async show(id: string, language: Language): Promise<void> {
    await this.load(async () => {
      const [kept, { history }] = await Promise.all([
        this.parts.api.article(id, language), this.parts.api.articleHistory(id, language),
      ]);
      this.open.value = kept;
      this.history.value = history;
    });
  }

  create(language: Language): void {
    const article = blank(language, this.parts.owner, new Date());
    this.open.value = { article, state: "draft", revision: -1, served: null, changed_by: "", changed_at: null };
    this.history.value = [];
  }

  leave(): void {
    this.open.value = null;
  }

  async save(article: ArticleFields, why: string): Promise<boolean> {
    const { api } = this.parts;
    const revision = this.open.value?.revision ?? -1;
    return this.act(article, () => (revision < 0 ? api.createArticle(article, why) : api.editArticle(article, revision, why)));
  }

  async step(step: Step, why: string, accept = false): Promise<boolean> {
    const open = this.open.value;
    if (open === null) return false;
    const body = step === "publish" ? { revision: open.revision, why, accept } : { revision: open.revision, why };
    return this.act(open.article, () => this.parts.api.articleStep(open.article, step, body), step === "delete");
  }

  async rollBack(to: number): Promise<boolean> {
    const open = this.open.value;
    if (open === null) return false;
    return this.act(open.article, () => this.parts.api.articleStep(open.article, "roll-back", { revision: open.revision, why: "", to }));
  }

  async tryOut(text: string, language: Language): Promise<void> {
    await this.parts.session.attempt(async () => {
      this.tried.value = await this.parts.api.tryQuestion(text, language);
    });
  }

  private async act({ id, language }: ArticleFields, run: () => Promise<unknown>, gone = false): Promise<boolean> {
    const done = await this.parts.session.attempt(run);
    if (!done) return false;
    if (gone) this.leave();
    else await this.show(id, language);
    await this.load(() => this.list());
    return true;
  }

  private async load(run: () => Promise<void>): Promise<void> {
    try {
      await run();
      this.failed.value = null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.failed.value = error;
    }
  }
}
