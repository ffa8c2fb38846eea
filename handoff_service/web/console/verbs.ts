import { batch } from "@preact/signals";
import type { Accepted, Card, PresenceStatus } from "../shared/protocol";
import { download } from "../widget/download";
import { answered, callKey } from "./alerts";
import { type Api, ApiError, type SignOff, type Target } from "./api";
import type { Calls } from "./calls";
import { acceptable } from "./desk";
import { mayAnswer } from "./rights";
import type { Outcome, Session, SignedOut } from "./session";
import type { DeskState } from "./state";
import type { Writing } from "./writing";

export interface VerbParts {
  readonly state: DeskState;
  readonly api: Api;
  readonly session: Session;
  readonly writing: Writing;
  readonly calls: Calls;
  readonly signedOut: SignedOut;
}

/** What an agent does to conversations: each verb is one request, its refusal one notice. */
export class Verbs {
  constructor(private readonly parts: VerbParts) {}

  /** Accepts this card, or what the agent most likely means: the open conversation, else the oldest offer. */
  async accept(card?: Card): Promise<void> {
    const { state, api } = this.parts;
    if (!mayAnswer(state)) return;
    const chosen = card ?? acceptable(state.desk.value, state.current.value);
    if (chosen?.handoff == null) return;
    await this.answer(chosen.handoff, async (handoff) => this.took(await api.accept(handoff)));
  }

  async decline(card: Card): Promise<void> {
    if (card.handoff !== null) await this.answer(card.handoff, (handoff) => this.parts.api.decline(handoff));
  }

  /** However it ends, this call does not ring again. */
  private async answer(handoff: NonNullable<Card["handoff"]>, run: (handoff: string) => Promise<unknown>): Promise<void> {
    const { session, state } = this.parts;
    session.remember(answered(state.alerts.value, callKey(handoff)));
    await session.attempt(() => run(handoff.id));
  }

  async takeOver(): Promise<void> {
    this.tell(await this.act(async (target) => this.took(await this.parts.api.takeOver(target))));
  }

  /** A supervisor speaks himself: joins a colleague's conversation, or takes it from the bot. */
  async stepIn({ conversation, epoch, owner }: Card): Promise<boolean> {
    const { session, api } = this.parts;
    const command = owner.kind === "agent" ? api.join : api.takeOver;
    return session.attempt(async () => this.took(await command({ conversation, epoch })));
  }

  private took({ conversation, epoch }: Accepted): void {
    const { state, session, writing } = this.parts;
    const { id, name } = state.me.value.agent;
    batch(() => {
      session.stand(conversation, { owner: { kind: "agent", agent: { id, name }, queue: null }, epoch });
      writing.forgive(conversation);
      // Who is in the middle of a note goes on with the note.
      if (writing.draftOf(conversation).note.trim() === "") writing.setMode(conversation, "reply");
      session.open(conversation, { focus: true });
    });
  }

  async transfer(to: { agent: string } | { queue: string }, name: string, note: string): Promise<Outcome> {
    const receiver = "agent" in to ? { to_agent: to.agent } : { to_queue: to.queue };
    const done = this.parts.state.t.value("transfer.done", { name });
    return this.act((target) => this.parts.api.transfer(target, receiver, note), done);
  }

  giveBack(summary: string): Promise<Outcome> {
    return this.act((target) => this.parts.api.giveBack(target, summary), this.parts.state.t.value("give_back.done"));
  }

  escalate(reason: string): Promise<Outcome> {
    return this.act((target) => this.parts.api.escalate(target, reason), this.parts.state.t.value("escalate.done"));
  }

  /** Out of the way until then; taken back, it is where it was before. */
  putAside(until: Date): Promise<Outcome> {
    const { api, session, state } = this.parts;
    const before = state.card.value?.aside_until ?? null;
    const back = (target: Target): Promise<void> => (before === null ? api.bringBack(target) : api.putAside(target, before));
    return this.act(
      (target) => api.putAside(target, until.toISOString()), state.t.value("aside.done"),
      (target) => session.attempt(() => back(target)),
    );
  }

  async bringBack(): Promise<void> {
    this.tell(await this.act((target) => this.parts.api.bringBack(target)));
  }

  /** Sets all tags of a conversation; taken back, it has those of before. */
  async tag({ conversation, tags: before = [] }: Card, tags: readonly string[]): Promise<boolean> {
    const { session, api, state } = this.parts;
    const set = async (now: readonly string[]): Promise<boolean> => {
      const done = await session.attempt(() => api.tag(conversation, now));
      if (done) session.refresh(conversation);
      return done;
    };
    const done = await set(tags);
    if (done) session.notify("good", state.t.value("tags.saved"), { undo: () => set(before) });
    return done;
  }

  async tick(conversation: string, playbook: string, step: string, done: boolean): Promise<void> {
    const { session, api } = this.parts;
    await session.attempt(() => api.tick(conversation, playbook, step, done));
    session.refresh(conversation);
  }

  merge(conversation: string, contact: string, other: string): Promise<boolean> {
    return this.onContact(conversation, () => this.parts.api.merge(contact, other));
  }

  part(conversation: string, contact: string): Promise<boolean> {
    return this.onContact(conversation, () => this.parts.api.part(contact));
  }

  /** From a dialog: what is open with the contact ends, and nobody is bothered with what he writes. */
  async block(conversation: string, contact: string): Promise<Outcome> {
    const { session, api, state } = this.parts;
    const outcome = await session.outcome(() => api.block(contact));
    if (outcome === true) session.notify("good", state.t.value("block.done"));
    session.refresh(conversation);
    return outcome;
  }

  /** What the customer is called from now on. */
  call(conversation: string, contact: string, name: string): Promise<boolean> {
    return this.onContact(conversation, () => this.parts.api.call(contact, name));
  }

  prefer(conversation: string, contact: string, channel: string | null): Promise<boolean> {
    return this.onContact(conversation, () => this.parts.api.prefer(contact, channel));
  }

  unblock(conversation: string, contact: string): Promise<boolean> {
    return this.onContact(conversation, () => this.parts.api.unblock(contact));
  }

  private async onContact(conversation: string, run: () => Promise<unknown>): Promise<boolean> {
    const { session } = this.parts;
    const done = await session.attempt(run);
    session.refresh(conversation); // refused, the form shows again what is true
    return done;
  }

  /** Saves the conversation as a file on the agent's computer. */
  exportFile(conversation: string, what: { format: "text" | "json"; notes: boolean }): Promise<Outcome> {
    const { session, api, state } = this.parts;
    return session.outcome(async () => {
      const content = await api.exported(conversation, { ...what, language: state.language.value });
      download(`${conversation}.${what.format === "text" ? "txt" : "json"}`, content);
    });
  }

  /** What I promised is done; the next snapshot would tell as much. */
  async promiseDone(promise: string): Promise<void> {
    const { api, session, state } = this.parts;
    if (!(await session.attempt(() => api.promiseDone(promise)))) return;
    const { desk } = state;
    desk.value = { ...desk.value, promises: desk.value.promises.filter((each) => each.id !== promise) };
  }

  /** I have looked at what colleagues ask me in this conversation. */
  async mentionsSeen(conversation: string): Promise<void> {
    const { api, session, state } = this.parts;
    if (!(await session.attempt(() => api.mentionsSeen(conversation)))) return;
    const { desk } = state;
    desk.value = { ...desk.value, mentions: desk.value.mentions.filter((each) => each.conversation !== conversation) };
  }

  async close(wrapUp: string, note: string): Promise<Outcome> {
    const done = await this.act((target) => this.parts.api.close(target, wrapUp, note), this.parts.state.t.value("close.done"));
    if (done === true) void this.parts.session.loadClosed();
    return done;
  }

  /** Runs a verb on the open conversation under the epoch that the agent sees; `done` is said when it worked, with `undo`. */
  private async act(run: (target: Target) => Promise<unknown>, done?: string, undo?: (target: Target) => Promise<unknown>): Promise<Outcome> {
    const { state, session } = this.parts;
    const conversation = state.current.value;
    const standing = state.standing.value;
    if (conversation === null || standing === null) return state.t.value("error.conflict");
    const target = { conversation, epoch: standing.epoch };
    const outcome = await session.outcome(() => run(target));
    if (outcome === true && done !== undefined) session.notify("good", done, { undo: undo === undefined ? null : () => undo(target) });
    return outcome;
  }

  /** A verb outside of a dialog says as a notice why it did not work. */
  private tell(outcome: Outcome): void {
    if (outcome !== true) this.parts.session.notify("bad", outcome);
  }

  /** Whoever goes offline with conversations left open says first what becomes of them. */
  async presence(status: PresenceStatus): Promise<void> {
    const { session, api, state } = this.parts;
    const ask = (): void => void (state.dialog.value = "offline");
    if (status === "offline" && this.hasOpen()) return ask();
    const run = async (): Promise<void> => {
      await api.presence(status);
      session.setStatus(status);
    };
    await session.attempt(run, ({ code }) => code === "open_conversations" && ask());
  }

  /** Goes; with conversations left open, only after saying what becomes of them. */
  async signOut(): Promise<void> {
    if (this.hasOpen()) this.parts.state.dialog.value = "sign_off";
    else await this.leave();
  }

  private hasOpen(): boolean {
    const { mine, aside } = this.parts.state.desk.value.lists;
    return mine.length + aside.length > 0;
  }

  /** Goes offline and says what becomes of what is open; `leaves`: and signs out. */
  async signOff(what: SignOff, { leaves }: { leaves: boolean }): Promise<Outcome> {
    const { api, session, calls } = this.parts;
    await calls.hangUp();
    const done = await session.outcome(async () => {
      try {
        await api.signOff(what);
      } catch (error) {
        // A gateway of the release before knows no signing off: its conversations wait as they always did. Only the
        // colleague of a transfer may be what is not found.
        const unknown = error instanceof ApiError && error.status === 404 && what.conversations !== "transfer";
        if (!unknown) throw error;
        if (!leaves) await api.presence("offline");
      }
    });
    if (done !== true) return done;
    if (leaves) await this.leave();
    else session.setStatus("offline");
    return true;
  }

  private async leave(): Promise<void> {
    const { session, api, writing, calls, signedOut } = this.parts;
    await calls.hangUp(); // while the server still knows whose call it is
    if (!(await session.attempt(() => api.signOut()))) return;
    writing.forgetAll();
    signedOut("left");
  }
}
