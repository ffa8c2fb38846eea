import { computed, effect, type ReadonlySignal, signal } from "./signals";
import { newId } from "../shared/ids";
import type { IceServer } from "../shared/protocol";
import { type StandingCall, standingCall } from "../shared/standing_call";
import type { Chat } from "./chat";
import type { Problem, Talk } from "./talk";

/** What the conversation's log says of its call, and the call that this page is in; loaded when somebody rings. */
export class Calls {
  /** The call that rings or goes on, wherever the customer has taken it. */
  readonly standing: ReadonlySignal<StandingCall | null>;
  /** The call that this page took. */
  readonly talk = signal<Talk | null>(null);
  /** Why it could not be taken here. */
  readonly problem = signal<{ readonly call: string; readonly why: Problem } | null>(null);

  constructor(readonly parts: Pick<Chat, "log" | "conv" | "owner" | "client" | "api">) {
    this.standing = computed(() => {
      const conv = parts.conv.value;
      if (conv === null) return null;
      const entries = parts.log.value.filter((one) => one.conv === conv).map(({ entry }) => entry);
      return standingCall(conv, entries, parts.owner.value);
    });
    // The log is the truth: whoever ended it, and when somebody else has the conversation, this page lets go of it.
    effect(() => {
      const call = this.standing.value;
      const talk = this.talk.peek();
      if (talk !== null && talk.call.id !== call?.id) this.letGo();
    });
  }

  decline(): Promise<unknown> {
    const call = this.standing.value;
    return call === null ? Promise.resolve() : this.answer(call, false).catch(outrun);
  }

  /** Ends the call, also one that another page has or a reload has cut off. */
  hangUp(): Promise<unknown> {
    const call = this.talk.value?.call ?? this.standing.value;
    this.letGo();
    return call === null ? Promise.resolve() : this.parts.api.call("POST", `${path(call)}/end`, { op_id: newId(), call: call.id }).catch(outrun);
  }

  /** Says yes or no. */
  answer(call: StandingCall, accept: boolean): Promise<{ ice: readonly IceServer[] }> {
    return this.parts.api.call("POST", `${path(call)}/respond`, { op_id: newId(), call: call.id, accept });
  }

  private letGo(): void {
    const talk = this.talk.value;
    this.talk.value = null;
    talk?.close();
  }
}

const path = (call: StandingCall): string => `/v1/conversations/${encodeURIComponent(call.conv)}/call`;

/** The call was over before, or the server cannot be asked: then the log will say how it ended. */
function outrun(error: unknown): void {
  console.warn("Tandem: the server was not told what became of the call.", error);
}
