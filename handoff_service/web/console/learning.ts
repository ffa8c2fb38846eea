import { signal } from "@preact/signals";
import type { Language } from "../shared/protocol";
import type { Api } from "./api";
import { Fetching } from "./fetching";
import type { Session } from "./session";
import type { DeskState } from "./state";

/** One wording of a gap's questions, and how often it was asked so. */
export interface Wording {
  readonly text: string;
  readonly language: Language;
  readonly conversation: string;
  readonly question: number;
  readonly count: number;
}
export type Trend = "new" | "rising" | "steady" | "falling";
/** Questions that ask the same and that the bot did not answer. */
export interface Gap {
  readonly id: string;
  readonly title: string;
  readonly count: number;
  readonly conversations: number;
  readonly last_7_days: number;
  readonly before_7_days: number;
  readonly trend: Trend;
  /** How often for which reason. */
  readonly why: Readonly<Record<string, number>>;
  readonly examples: readonly Wording[];
  /** Those of the questions that an agent answered, the latest first. */
  readonly replies: readonly { readonly conversation: string; readonly question: number }[];
  readonly nearest: { readonly article: string; readonly language: Language; readonly title: string; readonly probability: number } | null;
  /** The article that agents sent most: it has the answer, the bot did not find it. */
  readonly extends: string | null;
}
/** An agent's answer on its way to an article; with `extends` only more questions for one there is. */
export interface LearnedDraft {
  readonly id: string;
  readonly state: "open" | "published" | "discarded";
  readonly article: string;
  readonly language: Language;
  readonly title: string;
  readonly category: string;
  readonly questions: readonly { readonly text: string }[];
  readonly answer: string;
  readonly extends: boolean;
  readonly provenance: Readonly<Record<string, unknown>>;
  readonly created_by: string;
  readonly created_at: string;
  /** Changes for the worse that somebody has accepted. */
  readonly accepted: Readonly<Record<string, unknown>>;
}
export interface DraftFields {
  readonly article: string;
  readonly title: string;
  readonly category: string;
  readonly answer: string;
  readonly questions: readonly string[];
}
export interface Outcome {
  readonly action: string;
  readonly articles: readonly string[];
}
export interface Change {
  readonly key: string;
  readonly worse: boolean;
  readonly source: "golden" | "judged" | "past";
  readonly text: string;
  readonly language: Language;
  readonly before: Outcome;
  readonly after: Outcome;
}
/** What would become of past and golden questions if a draft were published. */
export interface Replay {
  readonly past: { readonly asked: number; readonly now_answered: number; readonly no_longer_answered: number };
  readonly golden: number;
  readonly blocking: readonly string[];
  readonly changes: readonly Change[];
  readonly seconds: number;
}
/** Published, or a file that somebody has to move and commit because the articles are kept in files. */
export interface Placed {
  readonly published: boolean;
  readonly path: string | null;
}
export interface GoldenQuestion {
  readonly key: string;
  readonly text: string;
  readonly article: string | null;
  readonly language: Language;
}
/** From which answered question a draft is made. */
export interface ProposedFrom {
  readonly conversation: string;
  readonly question: number;
  readonly gap: string;
  readonly extends?: string;
}

/** Span of the gaps that are shown, days. */
const DAYS = 90;

/** The changes for the worse that nobody has accepted yet: they keep the draft from being published. */
export const inTheWay = ({ blocking }: Replay, { accepted }: LearnedDraft): readonly string[] =>
  blocking.filter((key) => !(key in accepted));

/** What customers asked in vain, what is made of it, and what must not get worse by it. */
export class Learning {
  readonly gaps = signal<readonly Gap[] | null>(null);
  readonly drafts = signal<readonly LearnedDraft[]>([]);
  readonly golden = signal<readonly GoldenQuestion[]>([]);
  readonly open = signal<LearnedDraft | null>(null);
  /** The replay of a draft as it is stored now. */
  readonly replayed = signal<{ readonly of: string; readonly replay: Replay } | null>(null);
  /** Where the article of the draft that was published last has gone, if that is a file. */
  readonly placed = signal<Placed | null>(null);
  readonly busy = signal(false);
  private readonly fetching = new Fetching();
  readonly failed = this.fetching.failed;

  constructor(private readonly parts: { api: Api; session: Session; state: DeskState }) {}

  async start(): Promise<void> {
    await Promise.all([this.listGaps(), this.listDrafts(), this.listGolden()]);
  }

  private listGaps(): Promise<void> {
    return this.fetching.ask("gaps", () => this.parts.api.gaps(DAYS), ({ gaps = [] }) => {
      this.gaps.value = gaps;
    });
  }

  private listDrafts(): Promise<void> {
    return this.fetching.ask("drafts", () => this.parts.api.learnedDrafts(), ({ drafts = [] }) => {
      this.drafts.value = drafts;
    });
  }

  private listGolden(): Promise<void> {
    return this.fetching.ask("golden", () => this.parts.api.goldenQuestions(), ({ golden = [] }) => {
      this.golden.value = golden;
    });
  }

  show(draft: LearnedDraft | null): void {
    this.placed.value = null;
    this.open.value = draft;
  }

  /** Makes a draft, or shows the one that was made of the same answer before. */
  async propose(from: ProposedFrom): Promise<void> {
    await this.act(async ({ api }) => {
      const draft = await api.proposeDraft(from);
      this.show(draft);
      await this.listDrafts();
    });
  }

  async save(draft: LearnedDraft, fields: Partial<DraftFields>): Promise<boolean> {
    return this.act(async ({ api }) => {
      const saved = await api.changeDraft(draft.id, fields);
      if (this.open.value?.id === draft.id) this.open.value = saved;
      this.replayed.value = null; // it was of other words
      await this.listDrafts();
    });
  }

  async replay(draft: LearnedDraft): Promise<void> {
    await this.act(async ({ api }) => {
      this.replayed.value = { of: draft.id, replay: await api.replayDraft(draft.id) };
    });
  }

  /** Notes that these changes for the worse are wanted, with who said so. */
  async accept(draft: LearnedDraft, changes: readonly string[]): Promise<void> {
    await this.act(async ({ api }) => {
      this.open.value = await api.acceptChanges(draft.id, changes);
    });
  }

  /** Publishes after one more replay by the server; where that finds what got worse, it is shown. */
  async publish(draft: LearnedDraft): Promise<boolean> {
    const { session, state } = this.parts;
    const done = await this.act(async ({ api }) => {
      const { placed } = await api.publishDraft(draft.id);
      this.show(null);
      if (placed.published) session.notify("good", state.t.value("learning.published"));
      else this.placed.value = placed;
      await Promise.all([this.listDrafts(), this.listGaps()]);
    });
    if (!done && this.open.value?.id === draft.id) await this.replay(draft);
    return done;
  }

  async discard(draft: LearnedDraft): Promise<void> {
    await this.act(async ({ api }) => {
      await api.discardDraft(draft.id);
      this.show(null);
      await this.listDrafts();
    });
  }

  /** From now on no draft is published that makes this question's answer worse; null: it must not be answered. */
  async addGolden(text: string, article: string | null, language: Language): Promise<boolean> {
    return this.act(async ({ api }) => {
      await api.addGolden({ text, article, language });
      await this.listGolden();
    });
  }

  async dropGolden(key: string): Promise<void> {
    await this.act(async ({ api }) => {
      await api.dropGolden(key);
      await this.listGolden();
    });
  }

  /** One at a time: a second click while the first is on its way does nothing. */
  private async act(run: (parts: { api: Api }) => Promise<void>): Promise<boolean> {
    if (this.busy.value) return false;
    this.busy.value = true;
    const done = await this.parts.session.attempt(() => run(this.parts));
    this.busy.value = false;
    return done;
  }
}
