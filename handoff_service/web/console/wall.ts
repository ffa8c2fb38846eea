import { signal } from "@preact/signals";
import type { Card, Colleague, Promised } from "../shared/protocol";
import type { Api } from "./api";
import { Fetching } from "./fetching";

export interface QueueLine {
  readonly id: string;
  readonly name: string;
  readonly open: boolean;
  readonly waiting: number;
  readonly longest_wait_s: number | null;
  readonly held: number;
  readonly accepted_last_hour: number;
}
export interface WallFigures {
  readonly at: string;
  readonly queues: readonly QueueLine[];
  readonly bot: number;
  readonly mailbox: number;
  readonly agents: readonly Colleague[];
  readonly upset: readonly Card[];
  readonly overdue: readonly Card[];
}

/** A time that was promised for a conversation and was missed. */
export interface LateClock {
  readonly clock: string;
  readonly state: string;
  readonly conversation: string;
  readonly queue: string;
  readonly breached_at: string;
  readonly ended_at: string | null;
}

const EVERY_MS = 3000;

/** Missed times for which somebody still waits: only those can be made good. */
export const stillLate = (clocks: readonly LateClock[]): readonly LateClock[] => clocks.filter(({ ended_at }) => ended_at === null);

/** The supervisor's wall: looks again every three seconds while it is shown. */
export class Wall {
  readonly figures = signal<WallFigures | null>(null);
  readonly late = signal<readonly LateClock[]>([]);
  /** What somebody has promised a customer and not kept in time, the oldest first. */
  readonly promises = signal<readonly Promised[]>([]);
  private readonly fetching = new Fetching();
  /** Why what is shown is not the present. */
  readonly failed = this.fetching.failed;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private shown = false;

  constructor(private readonly api: Pick<Api, "wall" | "lateClocks" | "overduePromises">) {}

  async open(): Promise<void> {
    this.shown = true;
    await this.look();
  }

  close(): void {
    this.shown = false;
    clearTimeout(this.timer);
  }

  private async look(): Promise<void> {
    clearTimeout(this.timer);
    const asked = () => Promise.all([this.api.wall(), this.api.lateClocks(), this.api.overduePromises()]);
    await this.fetching.ask("wall", asked, ([figures, clocks, promises]) => {
      this.figures.value = figures;
      this.promises.value = promises;
      this.late.value = stillLate(clocks);
    });
    if (this.shown) this.timer = setTimeout(() => void this.look(), EVERY_MS);
  }
}
