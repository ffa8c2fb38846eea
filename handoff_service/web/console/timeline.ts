import type { Entry, FeedbackEntry, HiddenEntry, MessageEntry, RatingEntry, StateEntry } from "../shared/protocol";
import { dayKey } from "../shared/time";
import type { Standing } from "./desk";

/** The entries of one conversation as this page knows them, ascending by seq, each seq once. */
export interface Timeline {
  readonly entries: readonly Entry[];
}
export type Visible = Exclude<Entry, HiddenEntry>;

export type Row =
  | { readonly kind: "day"; readonly key: string; readonly at: string }
  | {
      readonly kind: "message";
      readonly key: string;
      readonly entry: MessageEntry;
      readonly feedback: readonly FeedbackEntry[];
      readonly continues: boolean;
    }
  | { readonly kind: "state"; readonly key: string; readonly entry: StateEntry }
  | { readonly kind: "feedback"; readonly key: string; readonly entry: FeedbackEntry }
  | { readonly kind: "rating"; readonly key: string; readonly entry: RatingEntry };

export const EMPTY_TIMELINE: Timeline = { entries: [] };
/** Messages of one author this close together read as one paragraph: the name is shown once. */
const SAME_BREATH_MS = 180_000;

/** The timeline with one more entry; a seq that is already there is the same entry and changes nothing. */
export function withEntry(timeline: Timeline, entry: Entry): Timeline {
  const { entries } = timeline;
  const last = entries.at(-1);
  if (last === undefined || entry.seq > last.seq) return { entries: [...entries, entry] };
  const at = entries.findIndex((each) => each.seq >= entry.seq);
  if (entries[at]?.seq === entry.seq) return timeline;
  return { entries: [...entries.slice(0, at), entry, ...entries.slice(at)] };
}

/** The timeline with several more entries; those that follow its end in their order cost no more than one. */
export function withEntries(timeline: Timeline, added: readonly Entry[]): Timeline {
  let last = lastSeq(timeline);
  const follows = added.every((entry) => entry.seq > last && ((last = entry.seq), true));
  return follows ? { entries: [...timeline.entries, ...added] } : added.reduce(withEntry, timeline);
}

/** The rows to draw: day separators, messages with the feedback given on them, and thin lines for the rest. */
export function rowsOf(timeline: Timeline): readonly Row[] {
  const visible = timeline.entries.filter((entry): entry is Visible => entry.kind !== "hidden");
  const messages = new Set(visible.filter((entry) => entry.kind === "message").map((entry) => entry.seq));
  const feedback = new Map<number, FeedbackEntry[]>();
  for (const entry of visible) {
    if (entry.kind !== "feedback" || !messages.has(entry.body.of)) continue;
    feedback.set(entry.body.of, [...(feedback.get(entry.body.of) ?? []), entry]);
  }
  const rows: Row[] = [];
  let day = "";
  let before: Visible | null = null;
  for (const entry of visible) {
    if (entry.kind === "feedback" && messages.has(entry.body.of)) continue;
    const today = dayKey(entry.at);
    if (today !== day) {
      rows.push({ kind: "day", key: `day-${today}`, at: entry.at });
      before = null;
      day = today;
    }
    rows.push(rowOf(entry, before, feedback.get(entry.seq) ?? []));
    before = entry;
  }
  return rows;
}

/** The rows from `from` up to, not with, `to` are drawn; of thousands of entries never more than MOST. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
}
/** Rows that each look further back or forth adds. */
export const PAGE = 40;
export const MOST = 160;

export const lastStretch = (length: number): Stretch => ({ from: Math.max(0, length - 2 * PAGE), to: length });

export function earlierStretch({ from, to }: Stretch): Stretch {
  const first = Math.max(0, from - PAGE);
  return { from: first, to: Math.min(to, first + MOST) };
}

export function laterStretch({ from, to }: Stretch, length: number): Stretch {
  const last = Math.min(length, to + PAGE);
  return { from: Math.max(from, last - MOST), to: last };
}

/** The stretch with the entry `seq` in it: the same one if it is there, null if the entry is not known yet. */
export function stretchWith(rows: readonly Row[], stretch: Stretch, seq: number): Stretch | null {
  const at = rows.findIndex((row) => row.kind !== "day" && row.entry.seq === seq);
  if (at < 0) return null;
  return at >= stretch.from && at < stretch.to ? stretch : { from: Math.max(0, at - PAGE), to: Math.min(rows.length, at + PAGE) };
}

function rowOf(entry: Visible, before: Visible | null, feedback: readonly FeedbackEntry[]): Row {
  const key = `entry-${entry.seq}`;
  switch (entry.kind) {
    case "message":
      return { kind: "message", key, entry, feedback, continues: before !== null && continues(entry, before) };
    case "state":
      return { kind: "state", key, entry };
    case "feedback":
      return { kind: "feedback", key, entry };
    case "rating":
      return { kind: "rating", key, entry };
  }
}

function continues(entry: MessageEntry, before: Visible): boolean {
  return (
    before.kind === "message" &&
    before.author.kind === entry.author.kind &&
    before.author.id === entry.author.id &&
    before.audience === entry.audience &&
    before.body.whisper === entry.body.whisper &&
    Date.parse(entry.at) - Date.parse(before.at) < SAME_BREATH_MS
  );
}

/** Owner and epoch by the last state entry, or null while none is known. */
export function standingAt(timeline: Timeline): Standing | null {
  const last = timeline.entries.findLast((entry): entry is StateEntry => entry.kind === "state");
  return last === undefined ? null : { owner: last.body.to, epoch: last.epoch };
}

/** What the customer said last in words, for a search of the knowledge base. */
export function lastQuestion(timeline: Timeline): string | null {
  const said = timeline.entries.findLast(
    (entry): entry is MessageEntry => entry.kind === "message" && entry.author.kind === "customer" && entry.body.call === undefined,
  );
  return said?.body.text ?? null;
}

/** What the customer wrote last if nobody has answered it in words since. */
export function questionToAnswer(timeline: Timeline): { readonly seq: number; readonly text: string } | null {
  const last = timeline.entries.findLast(
    (entry): entry is MessageEntry => entry.kind === "message" && entry.audience === "public" && entry.body.kind !== "notice" && !isComfort(entry),
  );
  return last === undefined || last.author.kind !== "customer" ? null : { seq: last.seq, text: last.body.text };
}

/** What the bot says instead of an answer (it is sorry, it asks back, it asks a person) leaves the question open. */
const isComfort = ({ author, body }: MessageEntry): boolean => author.kind === "bot" && body.kind !== "answer";

/** The seq up to which a person who sees this timeline has read. */
export const lastSeq = (timeline: Timeline): number => timeline.entries.at(-1)?.seq ?? 0;
