import type { Card, ConversationDetail, Packet, Playbook } from "../shared/protocol";
import { newestFirst } from "./packet";
import { keyFor, type Translate } from "./text";
import type { Timeline } from "./timeline";

/** An order as the shop shows it; what a shop does not tell is left out. */
export interface Order {
  readonly number: string;
  readonly status?: string;
  readonly placed_at?: string;
  readonly total?: string | number;
  readonly currency?: string;
  readonly items?: readonly { readonly name?: string; readonly quantity?: number }[];
  readonly parcels?: readonly { readonly courier?: string; readonly tracking?: string; readonly last_event?: string }[];
}
export interface Orders {
  readonly orders: readonly Order[];
  /** Why there are none to see: nobody has vouched for the customer, or no shop is connected. */
  readonly why: "unverified" | "no_shop" | null;
}

/** The customer's orders, those that the conversation is about first; `named`: how many these are. */
export function withNamedFirst(orders: readonly Order[], timeline: Timeline, packet: Packet | null): { named: number; orders: readonly Order[] } {
  const said = timeline.entries.map((entry) => (entry.kind === "message" ? entry.body.text : "")).join("\n").toUpperCase();
  const facts = new Set((packet?.facts ?? []).map(({ value }) => value.toUpperCase()));
  const isNamed = ({ number }: Order): boolean => facts.has(number.toUpperCase()) || says(said, number.toUpperCase());
  const named = orders.filter(isNamed);
  return { named: named.length, orders: [...named, ...orders.filter((order) => !isNamed(order))] };
}

/** Whether the text has this number, and not only a longer one that it is a part of. */
function says(text: string, number: string): boolean {
  if (number === "") return false;
  const isPart = (at: number): boolean => /[0-9A-Z]/.test(text[at] ?? "");
  for (let at = text.indexOf(number); at >= 0; at = text.indexOf(number, at + 1)) {
    if (!isPart(at - 1) && !isPart(at + number.length)) return true;
  }
  return false;
}

/** The status in the agent's words, or as the shop says it. */
export function orderStatus(status: string, t: Translate): string {
  const key = keyFor("orders.status", status);
  return key === null ? status : t(key);
}

/** The playbook that this case looks like: by its tags first, then by what the bot was doing, then by its queue. */
export function playbookFor(playbooks: readonly Playbook[], card: Card, detail: ConversationDetail): Playbook | null {
  const begun = detail.steps?.at(-1)?.playbook;
  if (begun !== undefined) return playbooks.find(({ id }) => id === begun) ?? null;
  const packet = newestFirst(detail.handoffs)[0]?.packet;
  const tasks = (packet?.tasks ?? []).map(({ name }) => name);
  const known = [card.tags ?? [], tasks, card.handoff === null ? [] : [card.handoff.queue]];
  for (const names of known) {
    const found = playbooks.find(({ id, cases }) => names.some((name) => name === id || cases.includes(name)));
    if (found !== undefined) return found;
  }
  return null;
}

/** Points of a line from left to right, 0 (calm) at the bottom and 1 (very unhappy) at the top, for an SVG of this size. */
export function moodPoints(mood: Packet["mood"], width: number, height: number): string {
  const step = width / Math.max(1, mood.length - 1);
  const y = (unhappy: number): number => height - Math.min(1, Math.max(0, unhappy)) * height;
  return mood.map(({ unhappy }, index) => `${round(index * step)},${round(y(unhappy))}`).join(" ");
}
const round = (value: number): number => Math.round(value * 10) / 10;

/** Whether the customer grew unhappier, calmer or neither over his messages. */
export function moodTrend(mood: Packet["mood"]): "worse" | "better" | "same" {
  if (mood.length < 2) return "same";
  const half = Math.ceil(mood.length / 2);
  const mean = (part: Packet["mood"]): number => part.reduce((sum, { unhappy }) => sum + unhappy, 0) / Math.max(1, part.length);
  const change = mean(mood.slice(half)) - mean(mood.slice(0, half));
  return change > NOTICEABLE ? "worse" : change < -NOTICEABLE ? "better" : "same";
}
const NOTICEABLE = 0.1;
