import { signal } from "@preact/signals";
import type { FileRef, Person } from "../shared/protocol";
import type { Api } from "./api";
import { Fetching } from "./fetching";
import type { Session } from "./session";

export type TicketState = "open" | "in_progress" | "waiting" | "resolved" | "closed";
export const UNFINISHED: readonly TicketState[] = ["open", "in_progress", "waiting"];
export const TICKET_STATES: readonly TicketState[] = [...UNFINISHED, "resolved", "closed"];

export interface Ticket {
  readonly id: string;
  /** Null: a promise to answer a conversation, which ends with that. */
  readonly number: string | null;
  readonly type: string;
  readonly subject: string;
  readonly state: TicketState;
  readonly priority: number;
  readonly tier: number;
  readonly conversation: string;
  readonly contact: string | null;
  readonly queue: string | null;
  readonly agent: Person | null;
  readonly fields: Readonly<Record<string, string>> | null;
  readonly due_at: string;
  readonly created_at: string;
  readonly overdue: boolean;
  /** What was planned to be asked or done, and when. */
  readonly follow_up?: FollowUp | null;
}
export interface FollowUp {
  readonly kind: "message" | "task";
  readonly text: string;
  readonly at: string;
}
export interface LogLine {
  readonly n: number;
  readonly kind: string;
  readonly audience: "internal" | "public";
  readonly body: Readonly<Record<string, unknown>>;
  readonly at: string;
  readonly actor: { readonly kind: string; readonly id: string; readonly name: string };
}
export interface Remedy {
  readonly id: string;
  readonly kind: string;
  /** Hundredths of the currency. */
  readonly amount: number;
  readonly note: string;
  readonly state: string;
  readonly proposed_by: Person;
}
export interface Complaint {
  readonly category: string;
  readonly cause: string | null;
  readonly threat: string | null;
  readonly wanted: string;
  readonly checklist: readonly { readonly kind: string; readonly there: boolean }[];
  readonly complete: boolean;
  readonly currency: string;
  readonly remedies: readonly Remedy[];
}
export interface WholeTicket {
  readonly ticket: Ticket;
  readonly contact: Person | null;
  readonly log: readonly LogLine[];
  readonly conversations: readonly string[];
  readonly files: readonly (FileRef & { readonly audience: "internal" | "public" })[];
  readonly complaint?: Complaint;
}
/** A file belongs to somebody: a ticket of nobody takes none. */
export const takesFiles = ({ contact, conversations }: Pick<WholeTicket, "contact" | "conversations">): boolean =>
  contact !== null || conversations.length > 0;
export interface TicketPage {
  readonly tickets: readonly Ticket[];
  readonly next: string | null;
}
export type Whose = "all" | "me" | "none";
export interface TicketFilter {
  readonly whose: Whose;
  readonly state: TicketState | "";
  readonly type: string;
  readonly text: string;
}

/** The types of which one opens tickets by hand; promises to answer (`message`) come of messages that were left. */
export const handTypes = (known: readonly string[]): readonly string[] => known.filter((type) => type !== "message");

/** What can be done to a ticket in this state, as far as its state decides. */
export function deedsOf({ state, number }: Ticket): readonly ("take" | "release" | "wait" | "resolve" | "reopen" | "close")[] {
  if (number === null) return [];
  switch (state) {
    case "open":
      return ["take", "wait", "resolve"];
    case "in_progress":
      return ["release", "wait", "resolve"];
    case "waiting":
      return ["take", "resolve"];
    case "resolved":
      return ["reopen", "close"];
    case "closed":
      return ["reopen"];
  }
}

/** What a line of the log says beside its kind: its text, its file, or what it quotes; internal ids say nothing to people. */
export function words(body: LogLine["body"]): string {
  const text = body["text"] ?? body["note"] ?? (body["file"] === undefined ? undefined : body["name"]);
  const quoted = body["lines"];
  if (Array.isArray(quoted)) return quoted.map(words).filter(Boolean).join("\n");
  return typeof text === "string" ? text : "";
}

/** Hundredths as one writes them: 1234 → 12.34. */
export const money = (hundredths: number): string => (hundredths / 100).toFixed(2);
/** What was typed as an amount, in hundredths; null for what is none. */
export function hundredths(typed: string): number | null {
  const found = /^\s*(\d{1,9})(?:[.,](\d{1,2}))?\s*$/.exec(typed);
  return found === null ? null : Number(found[1]) * 100 + Number((found[2] ?? "").padEnd(2, "0"));
}

export type RemedyDeed = "approve" | "refuse" | "withdraw" | "done";

/** What this person can do about a remedy: nobody approves his own, but he can take it back. */
export function remedyDeeds({ state, proposed_by }: Remedy, me: string, decides: boolean): readonly RemedyDeed[] {
  const own = proposed_by.id === me;
  if (state === "proposed") return own ? ["withdraw"] : decides ? ["approve", "refuse"] : [];
  if (state === "approved") return own || decides ? ["done", "withdraw"] : ["done"];
  return [];
}

/** What a second ticket is about, which lines of the log it quotes, and which conversations go over to it. */
export interface Part {
  readonly subject: string;
  readonly type: string;
  readonly lines: readonly number[];
  readonly conversations: readonly string[];
}

/** What is being written in a ticket and has not been said yet. */
export interface TicketWords {
  readonly text: string;
  readonly audience: "internal" | "public";
}
const NO_WORDS: TicketWords = { text: "", audience: "internal" };

/** The board of tickets: what it lists, which one is open, and what was done to it. */
export class Tickets {
  readonly filter = signal<TicketFilter>({ whose: "all", state: "", type: "", text: "" });
  readonly listed = signal<TicketPage | null>(null);
  readonly open = signal<WholeTicket | null>(null);
  /** By ticket: what is written there stays when another one is opened. */
  readonly words = signal<ReadonlyMap<string, TicketWords>>(new Map());
  /** How many were opened or changed here; who lists some of them asks again when it grows. */
  readonly made = signal(0);
  private readonly fetching = new Fetching();
  readonly failed = this.fetching.failed;
  /** The file that is on its way into a ticket. */
  readonly adding = signal<{ readonly ticket: string; readonly name: string; readonly stop: AbortController } | null>(null);
  /** Which ticket is open or asked for. */
  private wanted: string | null = null;

  constructor(private readonly parts: { api: Api; session: Session }) {}

  start(): Promise<void> {
    return this.list();
  }

  async search(filter: TicketFilter): Promise<void> {
    this.filter.value = filter;
    await this.list();
  }

  async more(): Promise<void> {
    const next = this.listed.value?.next;
    if (next == null) return;
    await this.fetching.ask("list", () => this.parts.api.tickets(this.filter.value, next), (page) => {
      this.listed.value = { tickets: [...(this.listed.value?.tickets ?? []), ...page.tickets], next: page.next };
    });
  }

  /** Opens a ticket; of a merged one the server shows what it was merged into. */
  async show(ticket: string): Promise<void> {
    this.wanted = ticket;
    await this.fetching.ask("ticket", () => this.parts.api.ticketOf(ticket), (whole) => {
      this.wanted = whole.ticket.id;
      this.open.value = whole;
    });
  }

  leave(): void {
    this.fetching.forget("ticket");
    this.wanted = null;
    this.open.value = null;
  }

  wordsOf(ticket: string): TicketWords {
    return this.words.value.get(ticket) ?? NO_WORDS;
  }

  write(ticket: string, change: Partial<TicketWords>): void {
    this.words.value = new Map(this.words.value).set(ticket, { ...this.wordsOf(ticket), ...change });
  }

  /** Says what is written in the open ticket; it stays written when the server refuses. */
  async say(): Promise<boolean> {
    const ticket = this.open.value?.ticket.id;
    if (ticket === undefined) return false;
    const { text, audience } = this.wordsOf(ticket);
    if (text.trim() === "" || !(await this.command("update", { text: text.trim(), audience }))) return false;
    // What was typed while it was on its way is new.
    if (this.wordsOf(ticket).text === text) this.write(ticket, { text: "" });
    return true;
  }

  /** Runs a command on the open ticket and shows what became of it. */
  async command(path: string, body: object = {}): Promise<boolean> {
    const ticket = this.open.value?.ticket.id;
    if (ticket === undefined) return false;
    return this.change(() => this.parts.api.ticketCommand(ticket, path, body), ticket);
  }

  /** Uploads a file about the open ticket and names it there: for colleagues, its customer does not see it. */
  async attach(content: File): Promise<boolean> {
    const whole = this.open.value;
    if (whole == null || !takesFiles(whole) || this.adding.value !== null) return false;
    const [conversation] = whole.conversations;
    const { api } = this.parts;
    const ticket = whole.ticket.id;
    const stop = new AbortController();
    this.adding.value = { ticket, name: content.name, stop };
    const run = async (): Promise<void> => {
      try {
        const { id } = conversation === undefined
          ? await api.uploadForTicket(ticket, content, content.name, stop.signal)
          : await api.upload(conversation, content, content.name, stop.signal);
        await api.ticketCommand(ticket, "files", { file: id });
      } catch (error) {
        if (!stop.signal.aborted) throw error;
      } finally {
        this.adding.value = null;
      }
    };
    return (await this.change(run, ticket)) && !stop.signal.aborted;
  }

  /** Opens a second ticket for a part of the open one, and shows it. */
  async split(part: Part): Promise<boolean> {
    const ticket = this.open.value?.ticket.id;
    if (ticket === undefined) return false;
    let second = "";
    const run = async (): Promise<void> => {
      second = (await this.parts.api.splitTicket(ticket, part)).second.ticket;
    };
    const done = await this.change(run, ticket);
    if (done && this.wanted === ticket) await this.show(second);
    return done;
  }

  async onComplaint(path: string, body: object = {}): Promise<boolean> {
    const ticket = this.open.value?.ticket.id;
    if (ticket === undefined) return false;
    return this.change(() => this.parts.api.complaintCommand(ticket, path, body), ticket);
  }

  /** Decides on a remedy of the open complaint, also on one that came with a merged ticket. */
  async onRemedy({ id }: Remedy, deed: RemedyDeed): Promise<boolean> {
    return this.onComplaint(`remedies/${id}/${deed === "withdraw" ? "refuse" : deed}`);
  }

  /** Opens a ticket of a conversation by hand and shows it. */
  async create(subject: string, type: string, conversation: string | null): Promise<boolean> {
    let made = "";
    const run = async (): Promise<void> => {
      made = (await this.parts.api.openTicket(subject, type, conversation)).ticket;
    };
    if (!(await this.parts.session.attempt(run))) return false;
    this.made.value += 1;
    await Promise.all([this.show(made), this.list()]);
    return true;
  }

  /** The ticket is shown again only while nobody has opened another one. */
  private async change(run: () => Promise<unknown>, ticket: string): Promise<boolean> {
    const done = await this.parts.session.attempt(run);
    if (done) this.made.value += 1;
    const again = this.wanted === ticket ? [this.show(ticket)] : [];
    await Promise.all([...again, ...(done ? [this.list()] : [])]);
    return done;
  }

  private list(): Promise<void> {
    const filter = this.filter.value;
    return this.fetching.ask("list", () => this.parts.api.tickets(filter, null), (page) => {
      this.listed.value = page;
    });
  }
}
