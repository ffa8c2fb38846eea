import { signal } from "@preact/signals";
import type { Card } from "../shared/protocol";
import type { Api, Target } from "./api";
import { type Desk, findCard } from "./desk";
import type { Outcome, Session } from "./session";
import type { DeskState } from "./state";

/** What can be done to several conversations at once. */
export type BulkAction =
  | { readonly do: "close"; readonly wrapUp: string; readonly note: string }
  | { readonly do: "tag"; readonly tags: readonly string[] }
  | { readonly do: "aside"; readonly until: Date }
  | { readonly do: "transfer"; readonly to: { to_agent: string } | { to_queue: string }; readonly note: string }
  | { readonly do: "accept" };
export type BulkKind = BulkAction["do"];
export const BULK_KINDS: readonly BulkKind[] = ["close", "tag", "aside", "transfer", "accept"];

export interface Result {
  readonly card: Card;
  readonly outcome: Outcome;
}
type Step = (card: Card) => Promise<unknown>;

/** The conversations that are chosen in the lists, what was done to each, and how that is taken back. */
export class Bulk {
  readonly selecting = signal(false);
  readonly chosen = signal<ReadonlySet<string>>(new Set());
  readonly kind = signal<BulkKind>("close");
  /** How many of how many are done; null while nothing runs. */
  readonly progress = signal<{ readonly done: number; readonly all: number } | null>(null);
  readonly results = signal<readonly Result[]>([]);
  /** Takes back what worked; null where nothing worked or it cannot be taken back. */
  readonly undo = signal<(() => Promise<void>) | null>(null);

  constructor(private readonly parts: { state: DeskState; api: Api; session: Session }) {}

  select(on: boolean): void {
    this.selecting.value = on;
    this.chosen.value = new Set();
  }

  toggle(conversation: string): void {
    const next = new Set(this.chosen.value);
    if (!next.delete(conversation)) next.add(conversation);
    this.chosen.value = next;
  }

  /** Chooses all of these, or none of them if all were chosen. */
  toggleAll(conversations: readonly string[]): void {
    const all = conversations.every((each) => this.chosen.value.has(each));
    const next = new Set(this.chosen.value);
    for (const each of conversations) all ? next.delete(each) : next.add(each);
    this.chosen.value = next;
  }

  /** Does it to one after the other; each may be refused without the others. */
  async run(action: BulkAction): Promise<void> {
    const { undo, step } = this.plan(action);
    const cards = chosenCards(this.parts.state.desk.value, this.chosen.value);
    this.undo.value = null;
    const results = await this.each(cards, step);
    this.results.value = results;
    const done = results.filter(({ outcome }) => outcome === true).map(({ card }) => card);
    this.undo.value = undo === null || done.length === 0 ? null : async () => {
      this.undo.value = null;
      this.results.value = await this.each(done, undo);
    };
    // What was refused stays chosen, to be tried again or looked at.
    this.chosen.value = new Set(results.filter(({ outcome }) => outcome !== true).map(({ card }) => card.conversation));
  }

  private async each(cards: readonly Card[], step: Step): Promise<readonly Result[]> {
    const results: Result[] = [];
    for (const card of cards) {
      this.progress.value = { done: results.length, all: cards.length };
      results.push({ card, outcome: await this.parts.session.outcome(() => step(card)) });
      this.parts.session.refresh(card.conversation);
    }
    this.progress.value = null;
    return results;
  }

  private plan(action: BulkAction): { step: Step; undo: Step | null } {
    const { api } = this.parts;
    switch (action.do) {
      case "close":
        return { step: (card) => api.close(targetOf(card), action.wrapUp, action.note), undo: null };
      case "tag":
        return {
          step: ({ conversation, tags = [] }) => api.tag(conversation, [...new Set([...tags, ...action.tags])]),
          undo: ({ conversation, tags = [] }) => api.tag(conversation, tags),
        };
      case "aside":
        return { step: (card) => api.putAside(targetOf(card), action.until.toISOString()), undo: (card) => api.bringBack(targetOf(card)) };
      case "transfer":
        return { step: (card) => api.transfer(targetOf(card), action.to, action.note), undo: null };
      case "accept":
        return { step: async ({ handoff }) => (handoff === null ? undefined : api.accept(handoff.id)), undo: null };
    }
  }
}

const targetOf = ({ conversation, epoch }: Card): Target => ({ conversation, epoch });

/** The cards of the chosen conversations that are still on the desk, in the order of the lists. */
export function chosenCards(desk: Desk, chosen: ReadonlySet<string>): readonly Card[] {
  return [...chosen].flatMap((conversation) => findCard(desk, conversation)?.card ?? []);
}
