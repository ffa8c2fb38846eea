import { signal } from "@preact/signals";
import type { Person } from "../shared/protocol";
import { type Api, ApiError } from "./api";
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
  readonly complaint?: Complaint;
}
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

/** What a line of the log says beside its kind; internal ids say nothing to people and are left out. */
export function words(body: LogLine["body"]): string {
  const text = body["text"] ?? body["note"];
  return typeof text === "string" ? text : "";
}

/** Hundredths as one writes them: 1234 → 12.34. */
export const money = (hundredths: number): string => (hundredths / 100).toFixed(2);
/** What was typed as an amount, in hundredths; null for what is none. */
export function hundredths(typed: string): number | null {
  const found = /^\s*(\d{1,9})(?:[.,](\d{1,2}))?\s*$/.exec(typed);
  return found === null ? null : Number(found[1]) * 100 + Number((found[2] ?? "").padEnd(2, "0"));
}

/** The board of tickets: what it lists, which one is open, and what was done to it. */
export class Tickets {
  readonly filter = signal<TicketFilter>({ whose: "all", state: "", type: "", text: "" });
  readonly listed = signal<TicketPage | null>(null);
  readonly open = signal<WholeTicket | null>(null);
  readonly failed = signal<ApiError | null>(null);
  private asked = 0;

  constructor(private readonly parts: { api: Api; session: Session }) {}

  start(): Promise<void> {
    return this.load(() => this.list());
  }

  async search(filter: TicketFilter): Promise<void> {
    this.filter.value = filter;
    await this.load(() => this.list());
  }

  async more(): Promise<void> {
    const next = this.listed.value?.next;
    if (next == null) return;
    await this.load(async () => {
      const page = await this.parts.api.tickets(this.filter.value, next);
      this.listed.value = { tickets: [...(this.listed.value?.tickets ?? []), ...page.tickets], next: page.next };
    });
  }

  async show(ticket: string): Promise<void> {
    await this.load(async () => {
      this.open.value = await this.parts.api.ticketOf(ticket);
    });
  }

  leave(): void {
    this.open.value = null;
  }

  /** Runs a command on the open ticket and shows what became of it. */
  async command(path: string, body: object = {}): Promise<boolean> {
    const ticket = this.open.value?.ticket.id;
    if (ticket === undefined) return false;
    return this.change(() => this.parts.api.ticketCommand(ticket, path, body), ticket);
  }

  async onComplaint(path: string, body: object = {}): Promise<boolean> {
    const ticket = this.open.value?.ticket.id;
    if (ticket === undefined) return false;
    return this.change(() => this.parts.api.complaintCommand(ticket, path, body), ticket);
  }

  /** Opens a ticket of a conversation by hand and shows it. */
  async create(subject: string, type: string, conversation: string | null): Promise<boolean> {
    let made = "";
    const run = async (): Promise<void> => {
      made = (await this.parts.api.openTicket(subject, type, conversation)).ticket;
    };
    if (!(await this.parts.session.attempt(run))) return false;
    await this.show(made);
    return true;
  }

  private async change(run: () => Promise<unknown>, ticket: string): Promise<boolean> {
    const done = await this.parts.session.attempt(run);
    await this.show(ticket);
    if (done) await this.load(() => this.list());
    return done;
  }

  /** The answer to an older question must not replace that to a newer one. */
  private async list(): Promise<void> {
    const mine = (this.asked += 1);
    const page = await this.parts.api.tickets(this.filter.value, null);
    if (mine === this.asked) this.listed.value = page;
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
