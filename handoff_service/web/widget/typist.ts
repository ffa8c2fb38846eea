import { signal } from "./signals";
import type { Author } from "../shared/protocol";

const TYPING_SHOWN_MS = 5_000;
const ANSWER_DUE_MS = 20_000;

/** Who is typing, and whether an answer is still expected; both pass by themselves. */
export class Typist {
  readonly author = signal<Author | null>(null);
  /** For a while after a message was sent from this page. */
  readonly expected = signal(false);
  private typistTimer: ReturnType<typeof setTimeout> | undefined;
  private dueTimer: ReturnType<typeof setTimeout> | undefined;

  types(author: Author): void {
    clearTimeout(this.typistTimer);
    this.author.value = author;
    this.typistTimer = setTimeout(() => this.stops(), TYPING_SHOWN_MS);
  }

  stops(): void {
    this.author.value = null;
  }

  expectAnswer(): void {
    clearTimeout(this.dueTimer);
    this.expected.value = true;
    this.dueTimer = setTimeout(() => (this.expected.value = false), ANSWER_DUE_MS);
  }
}
