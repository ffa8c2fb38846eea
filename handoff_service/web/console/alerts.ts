import type { Card } from "../shared/protocol";
import type { Desk } from "./desk";

/** What this console has already called the agent for. */
export interface Alerts {
  /** Calls that rang (`callKey`); they never ring again, not even after a decline or a reload. */
  readonly rung: ReadonlySet<string>;
  /** Calls that I answered, whatever a late snapshot still shows. */
  readonly answered: ReadonlySet<string>;
  /** Calls that rang and still wait for someone. */
  readonly open: ReadonlySet<string>;
  /** Unread messages of my conversations, to notice when there are more. */
  readonly unread: number;
}
export type Ring = "handoff" | "message" | null;

export const SILENT: Alerts = { rung: new Set(), answered: new Set(), open: new Set(), unread: 0 };
/** Enough for a long shift; older handoffs are over. */
const REMEMBERED = 1000;

/** Alerts after a desk snapshot, and the sound to make now: each call of each handoff rings once. */
export function hear(alerts: Alerts, desk: Desk): { readonly alerts: Alerts; readonly ring: Ring } {
  const present = [...desk.lists.offers, ...desk.lists.waiting].flatMap(called);
  const fresh = present.filter((id) => !alerts.rung.has(id));
  const unread = desk.lists.mine.reduce((sum, card) => sum + card.unread, 0);
  const rung = fresh.length === 0 ? alerts.rung : new Set([...alerts.rung, ...fresh].slice(-REMEMBERED));
  const ring: Ring = fresh.length > 0 ? "handoff" : unread > alerts.unread ? "message" : null;
  const open = new Set(present.filter((id) => !alerts.answered.has(id)));
  return { alerts: { rung, answered: alerts.answered, open, unread }, ring };
}

/** Alerts after I answered the call of a card (`callKey`): it does not ring and does not count, whatever a late snapshot shows. */
export function answered(alerts: Alerts, call: string): Alerts {
  const open = new Set(alerts.open);
  open.delete(call);
  const known = new Set([...alerts.answered, call].slice(-REMEMBERED));
  return { ...alerts, rung: new Set([...alerts.rung, call]), answered: known, open };
}

/** A handoff may call somebody again, with a higher number; an older gateway counts none. */
export const callKey = ({ id, call }: NonNullable<Card["handoff"]>): string => `${id}/${call?.n ?? 0}`;

/** How many things wait for this agent: the number in the tab's title. */
export const badge = (alerts: Alerts): number => alerts.open.size + alerts.unread;

export const pageTitle = (count: number, name: string): string => (count > 0 ? `(${count}) ${name}` : name);

/** The call of a card that is for me; what waits for others only is on the list without a sound. */
const called = ({ handoff }: Card): string[] => (handoff === null || handoff.call === null ? [] : [callKey(handoff)]);

/** The calls of a desk that nobody has confirmed yet, for the page that shows it. */
export function unconfirmed(desk: Desk): { handoff: string; n: number }[] {
  return [...desk.lists.offers, ...desk.lists.waiting].flatMap(({ handoff }) =>
    handoff?.call && !handoff.call.shown ? [{ handoff: handoff.id, n: handoff.call.n }] : [],
  );
}
