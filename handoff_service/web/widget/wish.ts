import type { Chat } from "./chat";
import type { Service } from "./config";
import { effect, signal } from "./signals";

/** People who are asked for by a message that is on its way: until it has arrived there is no conversation to hand off. */
export class Wish {
  private readonly wanted = signal<Pick<Service, "queue"> | null>(null);

  constructor(private readonly chat: Chat) {
    effect(() => {
      const kind = chat.owner.value?.kind;
      const { value } = this.wanted;
      if (value === null || chat.outgoing.value.length > 0 || kind === undefined || kind === "closed") return;
      this.forget();
      if (kind === "bot") void chat.act("ask-human", value.queue === null ? {} : { queue: value.queue });
    });
  }

  /** Says what was chosen, and asks for the people who do it. */
  choose({ queue }: Service, words: string): void {
    this.chat.sendText(words);
    this.wanted.value = { queue };
  }

  forget(): void {
    this.wanted.value = null;
  }
}
