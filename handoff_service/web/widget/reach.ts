import type { ReadonlySignal } from "@preact/signals";
import { type CustomerApi, type Preferred, unanswered } from "./api";

/** How the customer is reached elsewhere than on this page. */
export class Reach {
  constructor(
    private readonly chat: { readonly conv: ReadonlySignal<string | null>; readonly locale: ReadonlySignal<string> },
    private readonly api: Pick<CustomerApi, "mailTranscript" | "preferred" | "prefer">,
  ) {}

  /** Sends a code to an address, or with the code this conversation; null when it went, else why not. */
  async mail(to: string, code: string | null): Promise<string | null> {
    const conv = this.chat.conv.value;
    return conv === null ? "not_found" : this.api.mailTranscript(conv, to, code, this.chat.locale.value);
  }

  /** Where he is told of his requests; null when the server cannot be asked. */
  preferred(): Promise<Preferred | null> {
    return this.api.preferred().catch(unanswered);
  }

  /** False if the server did not take it. */
  async prefer(channel: string | null): Promise<boolean> {
    return (await this.api.prefer(channel).then(() => true, unanswered)) === true;
  }
}
