import type { Handoff, Packet } from "../shared/protocol";
import { ruleText } from "./rules";
import { keyFor, percent, type TextKey, type Translate } from "./text";

/** One line of the packet; `entries` are the timeline entries that prove it. */
export interface Line {
  readonly label: string | null;
  readonly text: string;
  /** 0..1 where the line has a score. */
  readonly score: number | null;
  readonly entries: readonly number[];
  /** The file that the line names. */
  readonly file?: { readonly id: string; readonly name: string };
}
export interface Group {
  readonly title: TextKey;
  readonly lines: readonly Line[];
}

/** The best articles come first; what the bot only glanced at is not worth an agent's time. */
const SHOWN = 5;

/** The packet as titled groups of lines, empty groups left out. */
export function groupsOf(packet: Packet, t: Translate): readonly Group[] {
  const { goal, reason, evidence, tried, facts, mood, tasks = [], promises = [], missing = [], attachments = [] } = packet;
  const groups: Group[] = [
    { title: "packet.goal", lines: goal === null || goal.text === "" ? [] : [line(goal.text, goal.entries)] },
    { title: "packet.reason", lines: reason === null ? [] : [line(reasonText(reason.text, t), reason.entries)] },
    {
      title: "packet.promises",
      lines: promises.map(({ by, text, entries }) => line(text, entries, { label: t(by === "bot" ? "packet.by_bot" : "packet.by_agent") })),
    },
    { title: "packet.missing", lines: missing.map(({ text, entries }) => line(text, entries)) },
    {
      title: "packet.evidence",
      lines: evidence.filter(({ label, value }) => !isForMachines(label, value)).map(({ label, value, entries }) =>
        line(evidenceValue(label, value, t), entries, { label: named("evidence", label, t) }),
      ),
    },
    {
      title: "packet.tried",
      lines: [
        ...tasks.map(({ name, entries }) => line(named("task", name, t), entries, { label: t("packet.task") })),
        ...tried.slice(0, SHOWN).map(({ title, probability, entries }) => line(title, entries, { score: probability })),
      ],
    },
    {
      title: "packet.facts",
      lines: facts.map(({ kind, value, entries }) => line(value, entries, { label: t(keyFor("fact", kind) ?? "fact.other") })),
    },
    { title: "packet.attachments", lines: attachments.map(({ id, name, entries }) => ({ ...line(name, entries), file: { id, name } })) },
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

/** The agent's word for a code that the server chose, or the code itself. */
function named(prefix: string, code: string, t: Translate): string {
  const key = keyFor(prefix, code);
  return key === null ? code : t(key);
}

/** Why a person is needed; of what a colleague did himself nobody has to be named here. */
function reasonText(reason: string, t: Translate): string {
  const key = keyFor("event", reason);
  return key === null || t(key).includes("{who}") ? named("reason", reason, t) : t(key);
}

/** Names that only the bot's own files know, such as an intent without a word for people. */
const isForMachines = (label: string, value: string | number): boolean =>
  label === "intent" && keyFor("intent", String(value)) === null;

const SHARES: ReadonlySet<string> = new Set(["probability", "threshold", "confidence"]);

function evidenceValue(label: string, value: string | number, t: Translate): string {
  if (label === "knowledge_base" && value === "unreachable") return t("evidence.unreachable");
  if (label === "rule" && typeof value === "string") return ruleText(value, t);
  if (typeof value === "string") return label === "action" ? named("decision", value, t) : label === "intent" ? named("intent", value, t) : value;
  return SHARES.has(label) ? percent(value) : String(Math.round(value * 1000) / 1000);
}

/** The entries that prove why a person is needed; the bot's tries are left out, or almost all would be marked. */
export function citedBy(packet: Packet): ReadonlySet<number> {
  const { goal, reason, evidence, facts } = packet;
  const lines = [goal, reason, ...evidence, ...facts].filter((each) => each !== null);
  return new Set(lines.flatMap((each) => each.entries));
}

/** The handoffs, newest request first. */
export function newestFirst(handoffs: readonly Handoff[]): readonly Handoff[] {
  const requested = (handoff: Handoff): string => handoff.receipt[0]?.at ?? "";
  return handoffs.toSorted((one, other) => requested(other).localeCompare(requested(one)));
}
