import { signal } from "@preact/signals";
import type { Api } from "./api";
import { Fetching } from "./fetching";
import type { DeskState } from "./state";
import { holds } from "./views";

/** What came into a queue in one hour of the week (Monday is 0) and who is needed for it; `on_shift` null: no roster. */
export interface HourNeed {
  readonly weekday: number;
  readonly hour: number;
  readonly came: number;
  readonly most: number;
  readonly agents: number | null;
  /** Whether the queue is open then; who comes while it is not leaves a message. */
  readonly open: boolean;
  readonly on_shift: number | null;
}
export interface Staffing {
  readonly queue: string;
  readonly since: string;
  readonly level: { readonly share: number; readonly within_s: number };
  readonly service_s: number | null;
  /** How many came in each of the weeks, the oldest first. */
  readonly came: readonly number[];
  readonly hours: readonly HourNeed[];
}
/** How many times of one kind were kept in a queue. */
export interface KeptTimes {
  readonly queue: string;
  readonly clock: string;
  readonly running: number;
  readonly met: number;
  readonly missed: number;
  readonly kept_share: number | null;
}
export interface Noticed {
  readonly day: string;
  readonly signal: string;
  readonly rule: string;
  readonly outcome: string;
  readonly count: number;
}
export interface SignalsReport {
  readonly signals: readonly Noticed[];
  readonly totals: Readonly<Record<string, { readonly seen: number; readonly handed_over: number }>>;
}
export interface Audited {
  readonly n: number;
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
}

export const WEEKS = [4, 8, 12] as const;
export const DAYS = [7, 30, 90, 366] as const;
export const KEPT_DAYS = 14;
const STAYED = "stayed with the bot";
const AUDIT_PAGE = 50;

export interface Line {
  readonly hour: number;
  /** Monday to Sunday; null where nobody came. */
  readonly days: readonly (HourNeed | null)[];
}

/** The hours from the first to the last of the day in which anybody came. */
export function week({ hours }: Pick<Staffing, "hours">): readonly Line[] {
  if (hours.length === 0) return [];
  const first = Math.min(...hours.map(({ hour }) => hour));
  const last = Math.max(...hours.map(({ hour }) => hour));
  return Array.from({ length: last - first + 1 }, (_, place) => {
    const hour = first + place;
    return { hour, days: [0, 1, 2, 3, 4, 5, 6].map((day) => hours.find((one) => one.hour === hour && one.weekday === day) ?? null) };
  });
}

/** Whether the roster has fewer people than are needed. */
export const isShort = ({ agents, open, on_shift }: HourNeed): boolean => open && agents !== null && on_shift !== null && on_shift < agents;

/** Hours of work in the open hours of a week: what is needed, and what the roster has where there is one. */
export function hoursOfWork({ hours }: Pick<Staffing, "hours">): { readonly needed: number; readonly planned: number | null } {
  const needed = hours.reduce((sum, { open, agents }) => sum + (open ? (agents ?? 0) : 0), 0);
  if (hours.every(({ on_shift }) => on_shift === null)) return { needed, planned: null };
  return { needed, planned: hours.reduce((sum, { open, on_shift }) => sum + (open ? (on_shift ?? 0) : 0), 0) };
}

/** The Monday of each week, the oldest first, and how many came in it. */
export function byWeek({ since, came }: Pick<Staffing, "since" | "came">): readonly { readonly monday: Date; readonly came: number }[] {
  const [year, month, day] = since.split("-").map(Number) as [number, number, number];
  return came.map((count, place) => ({ monday: new Date(year, month - 1, day + 7 * place), came: count }));
}

export interface RuleLine {
  readonly signal: string;
  readonly rule: string;
  readonly seen: number;
  readonly handed_over: number;
}

/** By rule over all days, the most frequent first. */
export function byRule({ signals }: Pick<SignalsReport, "signals">): readonly RuleLine[] {
  const found = new Map<string, RuleLine>();
  for (const { signal: of, rule, outcome, count } of signals) {
    const key = `${of}/${rule}`;
    const before = found.get(key) ?? { signal: of, rule, seen: 0, handed_over: 0 };
    const handed_over = before.handed_over + (outcome === STAYED ? 0 : count);
    found.set(key, { ...before, seen: before.seen + count, handed_over });
  }
  return [...found.values()].toSorted((one, other) => other.seen - one.seen);
}

/** The page of reports: numbers only, for those who may read them. */
export class Reports {
  readonly queue = signal("");
  readonly weeks = signal<number>(WEEKS[0]);
  readonly days = signal<number>(DAYS[1]);
  readonly staffing = signal<Staffing | null>(null);
  readonly kept = signal<readonly KeptTimes[] | null>(null);
  readonly signals = signal<SignalsReport | null>(null);
  readonly audit = signal<readonly Audited[]>([]);
  readonly moreAudit = signal(false);
  private readonly fetching = new Fetching();
  readonly failed = this.fetching.failed;
  private readonly api: Pick<Api, "staffing" | "keptTimes" | "signals" | "audit">;
  private readonly state: Pick<DeskState, "me">;

  constructor({ api, state }: { api: Pick<Api, "staffing" | "keptTimes" | "signals" | "audit">; state: Pick<DeskState, "me"> }) {
    this.api = api;
    this.state = state;
  }

  /** Asks for everything anew; the queue that was chosen stays while there is one of its name. */
  async open(): Promise<void> {
    const { queues } = this.state.me.value.tenant;
    if (!queues.some(({ id }) => id === this.queue.value)) this.queue.value = queues[0]?.id ?? "";
    await Promise.all([this.lookAtStaffing(), this.lookAtKept(), this.lookAtSignals(), this.lookAtAudit()]);
  }

  chooseQueue(queue: string): Promise<void> {
    this.queue.value = queue;
    return this.lookAtStaffing();
  }

  chooseWeeks(weeks: number): Promise<void> {
    this.weeks.value = weeks;
    return this.lookAtStaffing();
  }

  chooseDays(days: number): Promise<void> {
    this.days.value = days;
    return this.lookAtSignals();
  }

  /** The rows of the audit before those that are shown. */
  async olderAudit(): Promise<void> {
    const shown = this.audit.value;
    await this.fetching.ask("audit", () => this.api.audit(AUDIT_PAGE, shown.at(-1)?.n ?? null), (rows) => {
      this.audit.value = [...shown, ...rows];
      this.moreAudit.value = rows.length === AUDIT_PAGE;
    });
  }

  private async lookAtStaffing(): Promise<void> {
    if (this.queue.value === "") return;
    this.staffing.value = null;
    const asked = () => this.api.staffing(this.queue.value, this.weeks.value);
    await this.fetching.ask("staffing", asked, (found) => (this.staffing.value = found));
  }

  private async lookAtKept(): Promise<void> {
    await this.fetching.ask("kept", () => this.api.keptTimes(KEPT_DAYS), (found) => (this.kept.value = found));
  }

  private async lookAtSignals(): Promise<void> {
    this.signals.value = null;
    await this.fetching.ask("signals", () => this.api.signals(this.days.value), (found) => (this.signals.value = found));
  }

  private async lookAtAudit(): Promise<void> {
    if (!holds(this.state, "audit.read")) return;
    await this.fetching.ask("audit", () => this.api.audit(AUDIT_PAGE, null), (rows) => {
      this.audit.value = rows;
      this.moreAudit.value = rows.length === AUDIT_PAGE;
    });
  }
}
