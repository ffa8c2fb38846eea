import type { Clock } from "./clock";
import type { Cursor, EntriesPage, Entry } from "./protocol";

const BUFFERED_ENTRIES = 1000;
const RETRY_FIRST_MS = 1000;
const RETRY_MOST_MS = 30_000;

interface Timeline {
  last: number;
  /** Entries that came before their turn, by seq. */
  early: Map<number, Entry>;
  /** The highest seq known to exist. */
  known: number;
  fetching: boolean;
  failures: number;
  retry: unknown;
}

export interface TimelineSource {
  fetchEntries(conv: string, after: number): Promise<EntriesPage>;
  deliver(conv: string, entry: Entry): void;
  /** False if the page is of another log than the one we follow. */
  sameLog(logId: string): boolean;
}

/**
 * Delivers each timeline's entries once and in order: seq = last + 1, nothing else.
 *
 * A repeated entry is dropped; an early one waits while the missing ones are fetched over HTTP.
 */
export class Timelines {
  private readonly timelines = new Map<string, Timeline>();

  constructor(private readonly source: TimelineSource, private readonly clock: Clock) {}

  has(conv: string): boolean {
    return this.timelines.has(conv);
  }

  last(conv: string): number {
    return this.timelines.get(conv)?.last ?? 0;
  }

  cursors(): Cursor[] {
    return Array.from(this.timelines, ([conv, timeline]) => ({ conv, after: timeline.last }));
  }

  /** Follows a timeline from `after`; without it from where it is, or from the beginning. */
  track(conv: string, after?: number): void {
    if (this.timelines.has(conv) && after === undefined) return;
    this.untrack(conv);
    const last = after ?? 0;
    this.timelines.set(conv, { last, early: new Map(), known: last, fetching: false, failures: 0, retry: null });
  }

  untrack(conv: string): void {
    const timeline = this.timelines.get(conv);
    if (timeline === undefined) return;
    this.clock.clearTimeout(timeline.retry);
    this.timelines.delete(conv);
  }

  /** All cursors back to 0: the server's log is another one. */
  rewind(): void {
    for (const conv of [...this.timelines.keys()]) this.track(conv, 0);
  }

  /** Takes one entry from the socket. */
  receive(conv: string, entry: Entry): void {
    const timeline = this.timelines.get(conv);
    if (timeline === undefined || entry.seq <= timeline.last) return;
    timeline.known = Math.max(timeline.known, entry.seq);
    if (timeline.early.size < BUFFERED_ENTRIES) timeline.early.set(entry.seq, entry);
    this.drain(conv, timeline);
  }

  private drain(conv: string, timeline: Timeline): void {
    for (;;) {
      const next = timeline.early.get(timeline.last + 1);
      if (next === undefined) break;
      timeline.early.delete(next.seq);
      timeline.last = next.seq;
      this.source.deliver(conv, next);
      if (this.timelines.get(conv) !== timeline) return; // the receiver unsubscribed
    }
    if (timeline.last < timeline.known) void this.fetch(conv, timeline);
  }

  private async fetch(conv: string, timeline: Timeline): Promise<void> {
    if (timeline.fetching || timeline.retry !== null) return;
    timeline.fetching = true;
    const before = timeline.last;
    let page: EntriesPage | null = null;
    try {
      page = await this.source.fetchEntries(conv, before);
    } catch {
      // Unreachable or refused: tried again below, and every reconnect resumes from the cursor anyway.
    }
    timeline.fetching = false;
    if (this.timelines.get(conv) !== timeline) return;
    if (page !== null) {
      if (!this.source.sameLog(page.log_id)) return;
      timeline.known = Math.max(timeline.known, page.last_seq);
      for (const entry of page.entries) if (entry.seq > timeline.last) timeline.early.set(entry.seq, entry);
    }
    // A page that does not bring the next entry counts as a failure: it must not be asked for in a tight loop.
    const progress = timeline.early.has(timeline.last + 1) || timeline.last > before;
    if (progress) timeline.failures = 0;
    else this.retryLater(conv, timeline);
    this.drain(conv, timeline);
  }

  private retryLater(conv: string, timeline: Timeline): void {
    const delay = Math.min(RETRY_MOST_MS, RETRY_FIRST_MS * 2 ** timeline.failures);
    timeline.failures += 1;
    timeline.retry = this.clock.setTimeout(() => {
      timeline.retry = null;
      if (this.timelines.get(conv) === timeline) this.drain(conv, timeline);
    }, delay);
  }
}
