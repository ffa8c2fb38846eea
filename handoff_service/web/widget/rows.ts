import { type Draft, isDrafts } from "../shared/outbox";
import { broughtPhotos } from "../shared/photos";
import type { Entry, FeedbackBody, MessageEntry, Owner, StateEntry, StatusFrame } from "../shared/protocol";
import { dayKey } from "../shared/time";

/** One entry of one of this customer's conversations. */
export interface Logged {
  conv: string;
  entry: Entry;
}
export interface Failed {
  draft: Draft;
  code: string;
}

/** Whether what was found in the browser's storage is what was written there. */
export function isFailed(value: unknown): value is Failed[] {
  return Array.isArray(value) && value.every((item) => typeof item?.code === "string") && isDrafts(value.map((item) => item.draft));
}

export type Row =
  | { kind: "day"; key: string; at: string }
  | { kind: "message"; key: string; conv: string; entry: MessageEntry; named: boolean }
  | { kind: "notice"; key: string; entry: StateEntry }
  | { kind: "pending"; key: string; draft: Draft; text: string }
  | { kind: "failed"; key: string; draft: Draft; text: string; code: string };

/** State changes that the customer reads as a line of the conversation. */
const TOLD = new Set(["accept", "claim", "take_over", "give_back", "transfer", "leave_message", "closing_time", "overflow", "close", "idle", "reopen"]);

/** What the message list shows, top to bottom: the log, then what is not in it yet. */
export function buildRows(log: readonly Logged[], outgoing: readonly Draft[], failed: readonly Failed[]): Row[] {
  const rows: Row[] = [];
  let day = "";
  let speaker = "";
  for (const { conv, entry } of log) {
    const shown = entry.kind === "message" || (entry.kind === "state" && (entry.body.text !== undefined || TOLD.has(entry.body.event)));
    if (!shown) continue;
    const key = `${conv}:${entry.seq}`;
    if (dayKey(entry.at) !== day) {
      day = dayKey(entry.at);
      speaker = "";
      rows.push({ kind: "day", key: `day:${key}`, at: entry.at });
    }
    if (entry.kind === "message") {
      const author = `${entry.author.kind}:${entry.author.name ?? ""}`;
      rows.push({ kind: "message", key, conv, entry, named: author !== speaker });
      speaker = entry.body.call === undefined ? author : ""; // a quiet line between what people say
    } else if (entry.kind === "state") {
      rows.push({ kind: "notice", key, entry });
      speaker = "";
    }
  }
  // A photo on its way is shown where it was asked for.
  for (const draft of outgoing.filter(({ body }) => !("photo" in body))) rows.push({ kind: "pending", key: draft.client_id, draft, text: draftText(draft, log) });
  for (const { draft, code } of failed) rows.push({ kind: "failed", key: draft.client_id, draft, text: draftText(draft, log), code });
  return rows;
}

/** The words of a draft; those of the button for a press. */
function draftText(draft: Draft, log: readonly Logged[]): string {
  if ("text" in draft.body) return draft.body.text;
  const { seq, index } = draft.body.press;
  const at = log.find(({ conv, entry }) => entry.seq === seq && (draft.conv === null || conv === draft.conv));
  return at?.entry.kind === "message" ? (at.entry.body.buttons?.[index]?.title ?? "…") : "…";
}

/** The message whose buttons may still be pressed: the bot's last, if nobody wrote after it. */
export function pressable(log: readonly Logged[], outgoing: readonly Draft[]): MessageEntry | null {
  if (outgoing.length > 0) return null;
  for (const { entry } of log.toReversed()) {
    if (entry.kind !== "message") continue;
    if (entry.author.kind !== "bot") return null;
    if (entry.body.buttons?.length || entry.body.upload) return entry;
  }
  return null;
}

/** The customer's last vote per answer (`conv:seq`). */
export function votes(log: readonly Logged[]): Map<string, FeedbackBody> {
  const found = new Map<string, FeedbackBody>();
  for (const { conv, entry } of log) {
    if (entry.kind === "feedback") found.set(`${conv}:${entry.body.of}`, entry.body);
  }
  return found;
}

/** The customer's last message, if it is the last of all that is shown. */
export function lastOwn(log: readonly Logged[]): MessageEntry | null {
  const last = log.findLast(({ entry }) => entry.kind === "message" && entry.author.kind === "customer" && entry.body.call === undefined)?.entry;
  return last?.kind === "message" ? last : null;
}

/** Whether somebody of the other side has read up to `seq`: he says so, or he has answered. */
export function isRead(log: readonly Logged[], status: StatusFrame | null, conv: string, seq: number): boolean {
  if (status?.conv === conv && (status.seen ?? 0) >= seq) return true;
  return log.some((item) => item.conv === conv && item.entry.seq > seq && item.entry.kind === "message" && ["bot", "agent"].includes(item.entry.author.kind));
}

/** Who may speak now: the newer of the log's last state change and the server's status. */
export function currentOwner(log: readonly Logged[], conv: string | null, status: StatusFrame | null): Owner | null {
  const own = status !== null && status.conv === conv ? status : null;
  const last = log.findLast((item) => item.conv === conv && item.entry.kind === "state")?.entry as StateEntry | undefined;
  if (last === undefined) return own?.owner ?? null;
  return own === null || last.epoch > own.epoch ? last.body.to : own.owner;
}

/** True while the last thing said is the customer's, so that an answer is due. */
export function answerDue(log: readonly Logged[], outgoing: readonly Draft[]): boolean {
  if (outgoing.length > 0) return true;
  const last = log.findLast(({ entry }) => entry.kind === "message" || entry.kind === "state")?.entry;
  return last?.kind === "message" && last.author.kind === "customer";
}

/** Messages of others after the last one that was seen, by conversation. */
export function unreadCount(log: readonly Logged[], seen: (conv: string) => number): number {
  return log.filter(({ conv, entry }) => entry.kind === "message" && entry.author.kind !== "customer" && entry.seq > seen(conv)).length;
}

/** Whether the last that the log says of a call is that it rings or goes on. */
export function isCalled(log: readonly Logged[], conv: string | null): boolean {
  const last = log.findLast((item) => item.conv === conv && item.entry.kind === "message" && item.entry.body.call !== undefined)?.entry;
  return last?.kind === "message" && ["ringing", "accepted"].includes(last.body.call!.state);
}

/** Whether this is a request for photos of which one is still missing. */
export function waitsForPhotos(log: readonly Logged[], conv: string, { seq, body }: MessageEntry): boolean {
  if (body.photos === undefined) return false;
  const entries = log.filter((item) => item.conv === conv).map(({ entry }) => entry);
  return broughtPhotos(entries, seq, body.photos).includes(null);
}
