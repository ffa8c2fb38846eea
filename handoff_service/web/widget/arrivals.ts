const DRAW_MS = 30;

/** Collects what comes in one rush (a resume) into few drawings; a single one is drawn at once. */
export class Arrivals<T> {
  private waiting: T[] = [];
  private timer: ReturnType<typeof setTimeout> | null = null;
  private drawnAt = 0;

  constructor(private readonly draw: (arrived: readonly T[]) => void) {}

  add(item: T): void {
    this.waiting.push(item);
    const rest = this.drawnAt + DRAW_MS - performance.now();
    if (rest <= 0) this.drawNow();
    else this.timer ??= setTimeout(() => this.drawNow(), rest);
  }

  clear(): void {
    this.waiting = [];
  }

  private drawNow(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.drawnAt = performance.now();
    const arrived = this.waiting;
    this.waiting = [];
    this.draw(arrived);
  }
}
