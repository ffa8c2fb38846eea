import { signal } from "@preact/signals";
import type { Card } from "../shared/protocol";
import { download } from "../widget/download";
import type { Api } from "./api";
import { Fetching } from "./fetching";
import type { Session } from "./session";
import type { DeskState } from "./state";
import { keyFor, type Translate } from "./text";

interface Identity {
  readonly channel: string;
  readonly external_id: string;
}
export interface KeptConversation {
  readonly id: string;
  readonly channel: string;
  readonly opened_at: string;
  readonly closed_at: string | null;
  readonly entries: number;
  readonly hold: boolean;
  /** Whether it has content left. */
  readonly kept: boolean;
}
export interface Held {
  readonly at: string;
  readonly actor: string;
  readonly detail: { readonly reference?: string };
}
/** What is kept of `person`: a customer himself, and where that was chosen those whom agents have merged with him. */
export interface KeptData {
  readonly contact: string;
  /** His own contacts: himself, and whom the company's own signature names as the same user. An older gateway does not tell. */
  readonly own?: readonly string[];
  /** Those whom only agents have merged with him, chosen or not. */
  readonly merged?: readonly { readonly id: string; readonly name: string }[];
  readonly name: string;
  readonly verified: boolean;
  readonly person: readonly { readonly id: string; readonly name: string; readonly identities: readonly Identity[] }[];
  readonly counts: Readonly<Record<"conversations" | "open" | "held" | "entries" | "tickets" | "files", number>>;
  readonly conversations: readonly KeptConversation[];
  readonly holds: Readonly<Record<string, Held>>;
}
export interface Job {
  readonly job: string;
  readonly kind: string;
  readonly subject: string;
  readonly state: string;
  readonly requested_by: string;
  readonly erased: Readonly<Record<string, number>>;
  readonly created_at: string;
  readonly updated_at: string;
}
/** Whose data it is about: the contacts as they were shown, `merged` when those whom agents merged are chosen too. */
export interface Reach {
  readonly merged: boolean;
  readonly contacts: readonly string[];
}
/** An erasure that was begun, one job for each contact; "done" when all of them are. */
export interface Erasing {
  readonly state: string;
  readonly job: string;
  /** A gateway of the release before tells one. */
  readonly jobs?: readonly string[];
}
/** What a search has found: conversations, and customers whom the words name, also who has no conversation. */
export interface SearchAnswer {
  readonly conversations: Card[];
  /** A gateway of the release before tells neither. */
  readonly contacts?: readonly { readonly id: string; readonly name: string }[];
  readonly more?: boolean;
}
export interface Found {
  readonly contact: string;
  readonly name: string;
  readonly channels: readonly string[];
  /** When he wrote last, and what; null for who has no conversation. */
  readonly at: string | null;
  readonly preview: string;
}

/** Ids of contacts as the gateway draws them. */
const CONTACT = /^k_[0-9a-z]{26}$/;
const LEAST_CHARS = 2;
/** So many conversations a search tells at most. */
export const MOST_FOUND = 50;
const LOOK_MS = 2000;

/** The customers whom a search has found, each once: those with conversations first, whose changed last at the top. */
export function peopleIn(cards: readonly Card[], named: SearchAnswer["contacts"] = []): readonly Found[] {
  const found = new Map<string, Found>();
  for (const { contact, channel, updated_at, preview } of cards) {
    const before = found.get(contact.id);
    const channels = [...new Set([...(before?.channels ?? []), channel])];
    found.set(contact.id, { contact: contact.id, name: contact.name ?? "", at: updated_at, preview, ...before, channels });
  }
  for (const { id, name } of named) {
    if (!found.has(id)) found.set(id, { contact: id, name, channels: [], at: null, preview: "" });
  }
  return [...found.values()];
}

/** Whether there is anything to erase, and nothing forbids it. */
export const mayErase = ({ counts, person }: KeptData): boolean =>
  counts.held === 0 && (Object.values(counts).some((count) => count > 0) || person.some(({ identities }) => identities.length > 0));

/** Whether those are shown, too, whom only agents have merged with him. */
export const isWithMerged = ({ person, merged = [] }: KeptData): boolean => merged.some(({ id }) => person.some((one) => one.id === id));

const reachOf = (kept: KeptData): Reach => ({ merged: isWithMerged(kept), contacts: kept.person.map(({ id }) => id) });

/** What a channel is called. */
export function channelName(channel: string, t: Translate): string {
  const key = keyFor("channel", channel);
  return key === null ? channel : t(key);
}

/** One customer's data: finding him, what is kept, a copy, legal holds, erasing, and how far erasures are. */
export class Privacy {
  readonly found = signal<readonly Found[] | null>(null);
  /** What there is to say of the last search beside whom it has found. */
  readonly about = signal<"short" | "more" | null>(null);
  readonly kept = signal<KeptData | null>(null);
  readonly jobs = signal<readonly Job[]>([]);
  readonly busy = signal(false);
  private readonly fetching = new Fetching();
  readonly failed = this.fetching.failed;
  private isWatched = false;
  private watch = 0;
  /** What was asked last, for asking it again when there was no answer. */
  private words = "";
  private wanted: { readonly contact: string; readonly merged: boolean } | null = null;
  /** Erasures of which was said that they go on: by job, whose they are. */
  private readonly awaited = new Map<string, { readonly name: string; readonly jobs: readonly string[] }>();

  constructor(private readonly parts: { api: Api; session: Session; state: DeskState; pause?: () => Promise<unknown> }) {}

  /** Reads anew what is shown, and looks after erasures for as long as somebody looks. */
  async start(): Promise<void> {
    this.isWatched = true;
    if (this.fetching.hasFailed("found")) void this.find(this.words);
    if (this.wanted !== null) void this.read(this.wanted.contact, this.wanted.merged);
    await this.follow();
  }

  /** Nobody looks any more. */
  leave(): void {
    this.isWatched = false;
    this.watch += 1;
  }

  /** Finds customers as the desk's search does; somebody's id shows him at once. */
  async find(words: string): Promise<void> {
    const asked = words.trim();
    if (CONTACT.test(asked)) return this.show(asked);
    this.words = asked;
    this.about.value = null;
    if ([...asked].length < LEAST_CHARS) {
      this.about.value = "short";
      return;
    }
    this.forgetKept();
    await this.fetching.ask("found", () => this.parts.api.find(asked), ({ conversations, contacts, more = conversations.length >= MOST_FOUND }) => {
      this.found.value = peopleIn(conversations, contacts);
      this.about.value = more ? "more" : null;
      this.forgetKept();
      this.kept.value = null;
    });
  }

  /** What is kept of one customer; `merged`: of those, too, whom agents have merged with him. Of null: of nobody. */
  async show(contact: string | null, merged = false): Promise<void> {
    this.fetching.forget("found");
    if (this.about.value === "short") this.about.value = null;
    if (this.kept.value?.contact !== contact) this.kept.value = null;
    if (contact === null) this.forgetKept();
    else await this.read(contact, merged);
  }

  /** Reads the one who is shown anew. */
  async again(): Promise<void> {
    const before = this.kept.value;
    if (before === null) return;
    await this.read(before.contact, isWithMerged(before));
    const now = this.kept.value;
    const isKnown = ({ id }: { id: string }): boolean => before.person.some((one) => one.id === id);
    if (!isWithMerged(before) || now?.contact !== before.contact || now.person.every(isKnown)) return;
    // Ticked were those who were named; for whom an agent has merged since it has to be ticked anew.
    const { session, state } = this.parts;
    const words = state.t.value("wrong.person_changed");
    if (state.notices.value.at(-1)?.text !== words) session.notify("bad", words);
    await this.read(before.contact, false);
  }

  /** Saves a copy of what is shown, as the customer may see it. */
  async save(kept: KeptData): Promise<void> {
    const done = await this.act(async () => download(`${kept.contact}.json`, await this.parts.api.exportPerson(kept.contact, reachOf(kept))));
    if (!done) await this.again();
  }

  async hold({ id }: KeptConversation, hold: boolean, reference: string): Promise<boolean> {
    const of = this.kept.value?.contact;
    const done = await this.act(() => this.parts.api.hold(id, hold, reference));
    if (this.kept.value?.contact === of) await this.again();
    return done;
  }

  /** Erases those who are shown, and nobody else. */
  async erase(kept: KeptData): Promise<boolean> {
    const { api, session, state } = this.parts;
    const { contact, name } = kept;
    const done = await this.act(async () => {
      const { state: how, job, jobs = [job] } = await api.erase(contact, reachOf(kept));
      if (how !== "done") this.awaited.set(jobs.join(), { name, jobs });
      session.notify("good", state.t.value(how === "done" ? "privacy.erased" : "privacy.erasing", { name }));
      this.found.value = null; // it has his name
    });
    if (this.kept.value?.contact === contact) await this.again();
    if (this.isWatched) void this.follow();
    return done;
  }

  private async read(contact: string, merged: boolean): Promise<void> {
    this.wanted = { contact, merged };
    await this.fetching.ask("kept", () => this.parts.api.kept(contact, merged), (kept) => {
      this.kept.value = kept;
    });
  }

  private forgetKept(): void {
    this.fetching.forget("kept");
    this.wanted = null;
  }

  /** Reads the erasures anew until none is under way; when one has ended, what is left of the customer too. */
  private async follow(): Promise<void> {
    this.watch += 1;
    const mine = this.watch;
    while (this.watch === mine) {
      const before = running(this.jobs.value);
      await this.fetching.ask("jobs", () => this.parts.api.jobs(), (jobs) => {
        this.jobs.value = jobs;
      });
      if (this.watch !== mine) return;
      const now = running(this.jobs.value);
      if (before.some((job) => !now.includes(job))) void this.again();
      this.tellEnded();
      if (now.length === 0) return;
      await (this.parts.pause ?? (() => new Promise((resolve) => setTimeout(resolve, LOOK_MS))))();
    }
  }

  private tellEnded(): void {
    const ended = this.jobs.value.filter(({ state }) => state !== "running").map(({ job }) => job);
    for (const [key, { name, jobs }] of this.awaited) {
      if (!jobs.every((job) => ended.includes(job))) continue;
      this.awaited.delete(key);
      this.parts.session.notify("good", this.parts.state.t.value("privacy.erased", { name }));
    }
  }

  /** One at a time: a second click while the first is on its way does nothing. */
  private async act(run: () => Promise<unknown>): Promise<boolean> {
    if (this.busy.value) return false;
    this.busy.value = true;
    const done = await this.parts.session.attempt(run);
    this.busy.value = false;
    return done;
  }
}

const running = (jobs: readonly Job[]): readonly string[] => jobs.filter(({ state }) => state === "running").map(({ job }) => job);
