import type { Handoff, Packet } from "../shared/protocol";
import { keyFor, type TextKey, type Translate } from "./text";

/** One line of the packet; `entries` are the timeline entries that prove it. */
export interface Line {
  readonly label: string | null;
  readonly text: string;
  /** 0..1 where the line has a score. */
  readonly score: number | null;
  readonly entries: readonly number[];
}
export interface Group {
  readonly title: TextKey;
  readonly lines: readonly Line[];
}

/** The packet as titled groups of lines, empty groups left out. */
export function groupsOf(packet: Packet, t: Translate): readonly Group[] {
  const { goal, reason, evidence, tried, facts, mood } = packet;
  const groups: Group[] = [
    { title: "packet.goal", lines: goal === null ? [] : [line(goal.text, goal.entries)] },
    { title: "packet.reason", lines: reason === null ? [] : [line(reason.text, reason.entries)] },
    {
      title: "packet.evidence",
      lines: evidence.map(({ label, value, entries }) => line(String(value), entries, { label })),
    },
    {
      title: "packet.tried",
      lines: tried.map(({ title, probability, entries }) => line(title, entries, { score: probability })),
    },
    {
      title: "packet.facts",
      lines: facts.map(({ kind, value, entries }) => line(value, entries, { label: factLabel(kind, t) })),
    },
    {
      title: "packet.mood",
      lines: mood.map(({ seq, unhappy }) =>
        line(t("packet.mood_value"), [seq], { score: unhappy }),
      ),
    },
  ];
  return groups.filter((group) => group.lines.length > 0);
}

function line(text: string, entries: readonly number[], extra: { label?: string; score?: number } = {}): Line {
  return { label: extra.label ?? null, text, score: extra.score ?? null, entries };
}

function factLabel(kind: string, t: Translate): string {
  const key = keyFor("fact", kind);
  return key === null ? kind : t(key);
}

/** Every entry that any line of the packet cites. */
export function citedBy(packet: Packet): ReadonlySet<number> {
  const { goal, reason, evidence, tried, facts } = packet;
  const lines = [goal, reason, ...evidence, ...tried, ...facts].filter((each) => each !== null);
  return new Set(lines.flatMap((each) => each.entries));
}

/** The handoffs, newest request first. */
export function newestFirst(handoffs: readonly Handoff[]): readonly Handoff[] {
  const requested = (handoff: Handoff): string => handoff.receipt[0]?.at ?? "";
  return handoffs.toSorted((one, other) => requested(other).localeCompare(requested(one)));
}
