import { computed, signal } from "@preact/signals";
import type { Language } from "../shared/protocol";
import type { Api, ApiError } from "./api";
import { Fetching } from "./fetching";
import { articlesIn, type ImportReport } from "./importing";
import { findingsOf } from "./problem";
import type { Session } from "./session";

export const FACT_KINDS = ["phone", "amount", "percent", "deadline", "date", "hours", "url", "email", "number", "text"] as const;
export type FactKind = (typeof FACT_KINDS)[number];
/** Something that an article states and that may change. */
export interface Fact {
  readonly name: string;
  readonly kind: FactKind;
  readonly value: string;
  readonly valid_from?: string;
  readonly valid_to?: string;
}
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
  readonly valid_to?: string;
  readonly short?: string;
  readonly variants?: Readonly<Record<string, string>>;
  readonly facts?: readonly Fact[];
  readonly tags?: readonly string[];
  readonly products?: readonly string[];
  readonly quote_only?: boolean;
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
/** A question asked of what is published, and as if the open draft were. */
export interface Compared {
  readonly live: Tried;
  readonly draft: Tried;
}
/** A node of the tree of categories. */
export interface Category {
  readonly path: string;
  readonly titles: Readonly<Partial<Record<Language, string>>>;
  readonly children: readonly Category[];
}
export interface Filter {
  readonly text: string;
  readonly state: ArticleState | "";
  readonly language: Language | "";
}
/** What the knowledge base answers to a change. */
export interface Edited {
  readonly findings?: readonly { readonly message: string }[];
}
export interface Reviewed {
  readonly findings: readonly unknown[];
  readonly opened: number;
}
/** What the checks said about the open article; `publishable`: it was not published, and can be in spite of them. */
export interface Findings {
  readonly of: string;
  readonly messages: readonly string[];
  readonly publishable: boolean;
}
/** An article as it is being written, and the revision that it was begun on. */
export interface ArticleDraft {
  readonly revision: number;
  readonly fields: ArticleFields;
  /** As typed, one per line. */
  readonly questions: string;
  readonly why: string;
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

/** What the draft of an article is kept under; there is one of a new article. */
export const draftKey = ({ article, revision }: Kept): string => (revision < 0 ? "" : `${article.id}/${article.language}`);

/** The article as the draft has it. */
export const contentOf = ({ fields, questions }: ArticleDraft): ArticleFields => ({ ...fields, questions: linesOf(questions) });

/** Whether the draft says something else than what is stored. */
export const isChanged = (kept: Kept, draft: ArticleDraft): boolean =>
  kept.revision < 0 || JSON.stringify(contentOf(draft)) !== JSON.stringify(kept.article);

/** The action of a step in the history, and the number that belongs to it ("roll-back to 2"). */
export function actionOf({ action }: Pick<Revision, "action">): { readonly name: string; readonly to: string } {
  const [, name = action, to = ""] = /^(\S+) to (\d+)$/.exec(action) ?? [];
  return { name, to };
}

const withChildren = (tree: readonly Category[]): readonly Category[] => tree.flatMap((each) => [each, ...withChildren(each.children)]);

/** The editor of the knowledge base: what it lists, what is open, and what was done. */
export class Articles {
  readonly filter = signal<Filter>({ text: "", state: "", language: "" });
  readonly listed = signal<ArticlePage | null>(null);
  readonly tasks = signal<readonly KnowledgeTask[]>([]);
  /** Whether the company keeps its articles in files, which nobody changes here: those have no revisions. */
  readonly inFiles = computed(() => this.listed.value?.articles.some(({ revision }) => revision === 0) ?? false);
  /** The categories' titles by path and language; empty until they are known. */
  readonly categories = signal<ReadonlyMap<string, Category["titles"]>>(new Map());
  /** The article in the form; with revision -1 it is nowhere stored. */
  readonly open = signal<Kept | null>(null);
  readonly history = signal<readonly Revision[]>([]);
  readonly findings = signal<Findings | null>(null);
  readonly reviewed = signal<Reviewed | null>(null);
  readonly tried = signal<Tried | null>(null);
  readonly compared = signal<(Compared & { readonly of: string }) | null>(null);
  readonly imported = signal<ImportReport | null>(null);
  /** What is written and not saved stays when another article or page is shown. */
  readonly drafts = signal<ReadonlyMap<string, ArticleDraft>>(new Map());
  private readonly fetching = new Fetching();
  readonly failed = this.fetching.failed;
  /** The key of the article that is open or asked for. */
  private wanted: string | null = null;

  constructor(private readonly parts: { api: Api; session: Session; owner: string }) {}

  async start(): Promise<void> {
    await Promise.all([this.list(), this.listTasks(), this.listCategories()]);
  }

  private listCategories(): Promise<void> {
    return this.fetching.ask("categories", () => this.parts.api.categories(), (tree) => {
      this.categories.value = new Map(withChildren(tree).map(({ path, titles }) => [path, titles]));
    });
  }

  /** What a category is called, or its path where nobody has given it a name. */
  categoryName = (path: string, language: Language): string => this.categories.value.get(path)?.[language] ?? path;

  async search(filter: Filter): Promise<void> {
    this.filter.value = filter;
    await this.list();
  }

  async more(): Promise<void> {
    const { listed } = this;
    const after = listed.value?.after;
    if (after == null) return;
    await this.fetching.ask("list", () => this.parts.api.articles(this.filter.value, after), (next) => {
      listed.value = { articles: [...(listed.value?.articles ?? []), ...next.articles], after: next.after };
    });
  }

  private list(): Promise<void> {
    const filter = this.filter.value;
    return this.fetching.ask("list", () => this.parts.api.articles(filter, null), (page) => {
      this.listed.value = page;
    });
  }

  private listTasks(): Promise<void> {
    return this.fetching.ask("tasks", () => this.parts.api.knowledgeTasks(), ({ tasks }) => {
      this.tasks.value = tasks;
    });
  }

  async show(id: string, language: Language): Promise<void> {
    const { api } = this.parts;
    this.wanted = `${id}/${language}`;
    await this.fetching.ask("article", () => Promise.all([api.article(id, language), api.articleHistory(id, language)]),
      ([kept, { history }]) => {
        this.open.value = kept;
        this.history.value = history;
      });
  }

  /** A new article, or the one that was begun and not saved; `begun` are fields that it has already. */
  create(language: Language, begun: Partial<ArticleFields> = {}): void {
    this.leave();
    const article = { ...blank(language, this.parts.owner, new Date()), ...begun } as ArticleFields;
    this.open.value = { article, state: "draft", revision: -1, served: null, changed_by: "", changed_at: null };
    this.history.value = [];
  }

  leave(): void {
    this.fetching.forget("article");
    this.wanted = null;
    this.open.value = null;
  }

  draftOf(kept: Kept): ArticleDraft {
    const { article, revision } = kept;
    return this.drafts.value.get(draftKey(kept)) ?? { revision, fields: article, questions: article.questions.join("\n"), why: "" };
  }

  write(kept: Kept, change: Partial<ArticleDraft>): void {
    this.drafts.value = new Map(this.drafts.value).set(draftKey(kept), { ...this.draftOf(kept), ...change });
  }

  discard(kept: Kept): void {
    const others = new Map(this.drafts.value);
    others.delete(draftKey(kept));
    this.drafts.value = others;
  }

  /** Stores what is written; refused, it stays written, beside the article as it is by now. */
  async save(): Promise<boolean> {
    const { api } = this.parts;
    const kept = this.open.value;
    if (kept === null) return false;
    const draft = this.draftOf(kept);
    const article = contentOf(draft);
    const isNew = kept.revision < 0;
    const done = await this.act(kept, () =>
      isNew ? api.createArticle(article, draft.why) : api.editArticle(article, kept.revision, draft.why));
    // What was typed while it was on its way is new.
    if (done && this.draftOf(kept) === draft) this.discard(kept);
    if (done && isNew && this.open.value === kept) await this.show(article.id, article.language);
    return done;
  }

  /** Publish, retire or delete the open article; a publication in spite of findings needs `accept`. */
  async step(step: Step, accept = false): Promise<boolean> {
    const kept = this.open.value;
    if (kept === null) return false;
    const { why } = this.draftOf(kept);
    const body = { revision: kept.revision, why, ...(step === "publish" && { accept }) };
    const done = await this.act(kept, () => this.parts.api.articleStep(kept.article, step, body), step === "delete");
    if (done) this.discard(kept);
    return done;
  }

  async rollBack(to: number): Promise<boolean> {
    const kept = this.open.value;
    if (kept === null) return false;
    return this.act(kept, () => this.parts.api.articleStep(kept.article, "roll-back", { revision: kept.revision, why: "", to }));
  }

  /** What the bot would be told about a question; its language is found out as for a customer. */
  async tryOut(text: string): Promise<void> {
    await this.parts.session.attempt(async () => {
      this.tried.value = await this.parts.api.tryQuestion(text);
    });
  }

  /** The same of what is published, beside what the open draft would make of it; nothing is stored. */
  async compare(kept: Kept, text: string): Promise<void> {
    await this.parts.session.attempt(async () => {
      const article = contentOf(this.draftOf(kept));
      this.compared.value = { of: draftKey(kept), ...(await this.parts.api.tryDraft(article, text)) };
    });
  }

  /** Makes a draft of each row of a table; a row that is refused is named with the reason, and keeps no other from it. */
  async importTable(text: string): Promise<void> {
    const { api, session, owner } = this.parts;
    const { rows, problems } = articlesIn(text, (language) => blank(language, owner, new Date()));
    const failed = [...problems];
    let done = 0;
    for (const { line, article } of rows) {
      this.imported.value = { done, all: rows.length, failed, finished: false };
      const outcome = await session.outcome(() => api.createArticle(article, "import"));
      if (outcome === true) done += 1;
      else failed.push({ line, why: outcome });
    }
    this.imported.value = { done, all: rows.length, failed, finished: true };
    if (done > 0) await this.list();
  }

  /** Lets all checks look at all that is published. */
  async review(): Promise<void> {
    await this.parts.session.attempt(async () => {
      this.reviewed.value = await this.parts.api.reviewKnowledge();
    });
    await this.listTasks();
  }

  /** Changes an article and shows it again if it is still the open one. */
  private async act(kept: Kept, run: () => Promise<Edited | undefined>, gone = false): Promise<boolean> {
    const of = draftKey(kept);
    this.findings.value = null;
    const found = (messages: readonly string[], publishable: boolean): void => {
      if (messages.length > 0) this.findings.value = { of, messages, publishable };
    };
    const refused = (error: ApiError): void => found(findingsOf(error), true);
    const done = await this.parts.session.attempt(async () => {
      found(((await run())?.findings ?? []).map(({ message }) => message), false);
    }, refused);
    const open = this.open.value === kept || this.wanted === of;
    if (done && gone && open) this.leave();
    else if (open && kept.revision >= 0) await this.show(kept.article.id, kept.article.language);
    if (done) await Promise.all([this.list(), this.listTasks()]);
    return done;
  }
}
