import { signal } from "@preact/signals";
import type { Card, Colleague } from "../shared/protocol";
import { type Api, ApiError } from "./api";

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

const EVERY_MS = 3000;

/** The supervisor's wall: looks again every three seconds while it is shown. */
export class Wall {
  readonly figures = signal<WallFigures | null>(null);
  /** Why what is shown is not the present. */
  readonly failed = signal<ApiError | null>(null);
  private timer: ReturnType<typeof setTimeout> | undefined;
  private shown = false;

  constructor(private readonly api: Pick<Api, "wall">) {}

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
    try {
      this.figures.value = await this.api.wall();
      this.failed.value = null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.failed.value = error;
    }
    if (this.shown) this.timer = setTimeout(() => void this.look(), EVERY_MS);
  }
}
