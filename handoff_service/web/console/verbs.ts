import { batch } from "@preact/signals";
import type { Accepted, Card, PresenceStatus } from "../shared/protocol";
import { answered } from "./alerts";
import type { Api, SignOff, Target } from "./api";
import { acceptable } from "./desk";
import type { Session, SignedOut } from "./session";
import type { DeskState } from "./state";
import type { Writing } from "./writing";

export interface VerbParts {
  readonly state: DeskState;
  readonly api: Api;
  readonly session: Session;
  readonly writing: Writing;
  readonly signedOut: SignedOut;
}

/** What an agent does to conversations: each verb is one request, its refusal one notice. */
export class Verbs {
  constructor(private readonly parts: VerbParts) {}

  /** Accepts this card, or what the agent most likely means: the open conversation, else the oldest offer. */
  async accept(card?: Card): Promise<void> {
    const { state, api } = this.parts;
    const chosen = card ?? acceptable(state.desk.value, state.current.value);
    if (chosen?.handoff == null) return;
    await this.answer(chosen.handoff.id, async (handoff) => this.took(await api.accept(handoff)));
  }

  async decline(card: Card): Promise<void> {
    if (card.handoff !== null) await this.answer(card.handoff.id, (handoff) => this.parts.api.decline(handoff));
  }

  /** However it ends, this handoff does not call me again. */
  private async answer(handoff: string, run: (handoff: string) => Promise<unknown>): Promise<void> {
    const { session, state } = this.parts;
    session.remember(answered(state.alerts.value, handoff));
    await session.attempt(() => run(handoff));
  }

  async takeOver(): Promise<void> {
    await this.act(async (target) => this.took(await this.parts.api.takeOver(target)));
  }

  private took({ conversation, epoch }: Accepted): void {
    const { state, session, writing } = this.parts;
    const { id, name } = state.me.value.agent;
    batch(() => {
      session.stand(conversation, { owner: { kind: "agent", agent: { id, name }, queue: null }, epoch });
      writing.forgive(conversation);
      writing.setMode(conversation, "reply");
      session.open(conversation, { focus: true });
    });
  }

  async transfer(to: { agent: string } | { queue: string }, name: string, note: string): Promise<boolean> {
    const receiver = "agent" in to ? { to_agent: to.agent } : { to_queue: to.queue };
    const done = await this.act((target) => this.parts.api.transfer(target, receiver, note));
    if (done) this.parts.session.notify("good", this.parts.state.t.value("transfer.done", { name }));
    return done;
  }

  async giveBack(summary: string): Promise<boolean> {
    const done = await this.act((target) => this.parts.api.giveBack(target, summary));
    if (done) this.parts.session.notify("good", this.parts.state.t.value("give_back.done"));
    return done;
  }

  async escalate(reason: string): Promise<boolean> {
    const done = await this.act((target) => this.parts.api.escalate(target, reason));
    if (done) this.parts.session.notify("good", this.parts.state.t.value("escalate.done"));
    return done;
  }

  async putAside(until: Date): Promise<boolean> {
    const done = await this.act((target) => this.parts.api.putAside(target, until.toISOString()));
    if (done) this.parts.session.notify("good", this.parts.state.t.value("aside.done"));
    return done;
  }

  async bringBack(): Promise<boolean> {
    return this.act((target) => this.parts.api.bringBack(target));
  }

  async tag(conversation: string, tags: readonly string[]): Promise<boolean> {
    const { session, api } = this.parts;
    const done = await session.attempt(() => api.tag(conversation, tags));
    if (done) session.refresh(conversation);
    return done;
  }

  async close(wrapUp: string, note: string): Promise<boolean> {
    const done = await this.act((target) => this.parts.api.close(target, wrapUp, note));
    if (!done) return false;
    this.parts.session.notify("good", this.parts.state.t.value("close.done"));
    void this.parts.session.loadClosed();
    return true;
  }

  /** Runs a verb on the open conversation under the epoch that the agent sees. */
  private async act(run: (target: Target) => Promise<unknown>): Promise<boolean> {
    const { current, standing } = this.parts.state;
    const conversation = current.value;
    if (conversation === null || standing.value === null) return false;
    const { epoch } = standing.value;
    return this.parts.session.attempt(() => run({ conversation, epoch }));
  }

  async presence(status: PresenceStatus): Promise<void> {
    const { session, api } = this.parts;
    await session.attempt(async () => {
      await api.presence(status);
      session.setStatus(status);
    });
  }

  /** Goes; with conversations left open, only after saying what becomes of them. */
  async signOut(): Promise<void> {
    const { state } = this.parts;
    const { mine, aside } = state.desk.value.lists;
    if (mine.length + aside.length > 0) state.dialog.value = "sign_off";
    else await this.leave();
  }

  async signOff(what: SignOff): Promise<boolean> {
    const done = await this.parts.session.attempt(() => this.parts.api.signOff(what));
    if (done) await this.leave();
    return done;
  }

  private async leave(): Promise<void> {
    const { session, api, writing, signedOut } = this.parts;
    if (!(await session.attempt(() => api.signOut()))) return;
    writing.forgetAll();
    signedOut("left");
  }
}
