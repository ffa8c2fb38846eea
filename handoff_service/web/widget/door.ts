import { watchPage } from "../shared/client";
import type { WidgetSession } from "../shared/protocol";
import { ApiError, unanswered, type CustomerApi } from "./api";
import { signal } from "./signals";

export type Loading = "idle" | "loading" | "ready" | "failed";

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
const nothing = (): void => undefined;

/** Gets a session. Where the gateway cannot be reached, again and again: ever more seldom, and when the network or the page is back. */
export class Door {
  readonly state = signal<Loading>("idle");
  /** Only the last attempt counts. */
  private attempts = 0;
  /** Those since the last one that was answered. */
  private fruitless = 0;
  /** Ends waiting for the next attempt. */
  private rest = nothing;

  constructor(private readonly api: Pick<CustomerApi, "session">, private readonly opened: (session: WidgetSession) => void) {}

  async open(): Promise<void> {
    if (this.state.value === "loading" || this.state.value === "ready") return;
    this.state.value = "loading";
    await this.knock();
  }

  /** Somebody else will stand there: what is on the way is not for him. */
  leave(): void {
    this.attempts += 1;
    this.rest();
    this.state.value = "idle";
  }

  private async knock(): Promise<void> {
    this.rest();
    const attempt = ++this.attempts;
    try {
      const session = await this.api.session();
      if (attempt !== this.attempts) return;
      this.fruitless = 0;
      this.opened(session);
    } catch (error) {
      unanswered(error);
      if (attempt !== this.attempts) return;
      this.state.value = "failed";
      // Who was refused for good is asked again by hand alone.
      if (!(error instanceof ApiError && error.status < 429)) this.knockLater(error instanceof ApiError ? error.retryAfterS * 1000 : 0);
    }
  }

  private knockLater(atLeastMs: number): void {
    const wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.fruitless);
    this.fruitless += 1;
    const timer = setTimeout(() => void this.knock(), Math.max(atLeastMs, wait));
    const unwatch = watchPage(() => navigator.onLine && void this.knock());
    this.rest = () => {
      clearTimeout(timer);
      unwatch();
      this.rest = nothing;
    };
  }
}
