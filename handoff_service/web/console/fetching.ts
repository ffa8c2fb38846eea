import { signal } from "@preact/signals";
import { ApiError } from "./api";

/** What a page asks the server for: the answer to an older question never replaces that to a newer one. */
export class Fetching {
  /** Why the page shows nothing, or no longer the present; null after the next answer to the same question. */
  readonly failed = signal<ApiError | null>(null);
  private readonly failures = new Map<string, ApiError>();
  private readonly turns = new Map<string, number>();

  /**
   * Asks for one part of the page and shows its answer, unless it has been asked for again or forgotten meanwhile.
   * A refusal is shown, anything else is a bug and is thrown.
   */
  async ask<T>(part: string, question: () => Promise<T>, show: (answer: T) => void): Promise<void> {
    const mine = this.turn(part);
    try {
      const answer = await question();
      if (this.turns.get(part) !== mine) return;
      show(answer);
      this.report(part, null);
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      if (this.turns.get(part) === mine) this.report(part, error);
    }
  }

  /** Whatever was asked of this part is not waited for any more, and why it failed is of no interest. */
  forget(part: string): void {
    this.turn(part);
    this.report(part, null);
  }

  hasFailed(part: string): boolean {
    return this.failures.has(part);
  }

  private turn(part: string): number {
    const turn = (this.turns.get(part) ?? 0) + 1;
    this.turns.set(part, turn);
    return turn;
  }

  private report(part: string, error: ApiError | null): void {
    this.failures.delete(part);
    if (error !== null) this.failures.set(part, error);
    this.failed.value = [...this.failures.values()].at(-1) ?? null;
  }
}
