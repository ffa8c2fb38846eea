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
/** What is kept about one person, with everybody whom agents have merged with him. */
export interface KeptData {
  readonly contact: string;
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
export interface Found {
  readonly contact: string;
  readonly name: string;
  readonly channels: readonly string[];
  /** When he wrote last, and what. */
  readonly at: string;
  readonly preview: string;
}

/** Ids of contacts as the gateway draws them. */
const CONTACT = /^k_[0-9a-z]{26}$/;
const LEAST_CHARS = 2;
const LOOK_MS = 2000;

/** The customers whose conversations a search has found, whose changed last first. */
export function peopleIn(cards: readonly Card[]): readonly Found[] {
  const found = new Map<string, Found>();
  for (const { contact, channel, updated_at, preview } of cards) {
    const before = found.get(contact.id);
    const channels = [...new Set([...(before?.channels ?? []), channel])];
    found.set(contact.id, { contact: contact.id, name: contact.name ?? "", at: updated_at, preview, ...before, channels });
  }
  return [...found.values()];
}

/** Whether there is anything to erase, and nothing forbids it. */
export const mayErase = ({ counts, person }: KeptData): boolean =>
  counts.held === 0 && (Object.values(counts).some((count) => count > 0) || person.some(({ identities }) => identities.length > 0));

/** What a channel is called. */
export function channelName(channel: string, t: Translate): string {
  const key = keyFor("channel", channel);
  return key === null ? channel : t(key);
}

/** One customer's data: finding him, what is kept, a copy, legal holds, erasing, and how far erasures are. */
export class Privacy {
  readonly found = signal<readonly Found[] | null>(null);
  readonly kept = signal<KeptData | null>(null);
  readonly jobs = signal<readonly Job[]>([]);
  readonly busy = signal(false);
  private readonly fetching = new Fetching();
  readonly failed = this.fetching.failed;
  private watch = 0;

  constructor(private readonly parts: { api: Api; session: Session; state: DeskState }) {}

  /** Reads the erasures anew, and goes on doing so while one is under way and somebody looks. */
  async start(): Promise<void> {
    this.watch += 1;
    const mine = this.watch;
    const { kept } = this;
    if (kept.value !== null) void this.show(kept.value.contact);
    while (this.watch === mine) {
      await this.fetching.ask("jobs", () => this.parts.api.jobs(), (jobs) => {
        this.jobs.value = jobs;
      });
      if (!this.jobs.value.some(({ state }) => state === "running")) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Nobody looks any more. */
  leave(): void {
    this.watch += 1;
  }

  /** Finds customers as the desk's search does; somebody's id shows him at once. */
  async find(words: string): Promise<void> {
    const asked = words.trim();
    if (CONTACT.test(asked)) return this.show(asked);
    if (asked.length < LEAST_CHARS) return;
    await this.fetching.ask("found", () => this.parts.api.search(asked), (cards) => {
      this.found.value = peopleIn(cards);
      this.kept.value = null;
    });
  }

  async show(contact: string | null): Promise<void> {
    if (contact === null) {
      this.fetching.forget("kept");
      this.kept.value = null;
      return;
    }
    if (this.kept.value?.contact !== contact) this.kept.value = null;
    await this.fetching.ask("kept", () => this.parts.api.kept(contact), (kept) => {
      this.kept.value = kept;
    });
  }

  /** Saves a copy of everything, as the customer may see it. */
  async save({ contact }: KeptData): Promise<void> {
    await this.act(async () => download(`${contact}.json`, await this.parts.api.exportPerson(contact)));
  }

  async hold({ id }: KeptConversation, hold: boolean, reference: string): Promise<boolean> {
    const done = await this.act(() => this.parts.api.hold(id, hold, reference));
    await this.show(this.kept.value?.contact ?? null);
    return done;
  }

  async erase({ contact, name }: KeptData): Promise<boolean> {
    const { api, session, state } = this.parts;
    const done = await this.act(async () => {
      const { state: how } = await api.erase(contact);
      session.notify("good", state.t.value(how === "done" ? "privacy.erased" : "privacy.erasing", { name }));
      this.found.value = null; // it has his name
    });
    void this.start();
    return done;
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
