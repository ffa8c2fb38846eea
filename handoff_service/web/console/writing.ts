import { batch } from "@preact/signals";
import type { SendError, TandemClient } from "../shared/client";
import { type Draft, type Mode, type QuotedArticle, withReturned } from "./composer";
import { namedOwner } from "./desk";
import type { Api } from "./api";
import type { CannedReply } from "./canned";
import type { Drafts } from "./drafts";
import { whisperable } from "./rights";
import type { Session } from "./session";
import { type DeskState, put } from "./state";

export interface WritingParts {
  readonly state: DeskState;
  readonly client: TandemClient;
  readonly api: Api;
  readonly drafts: Drafts;
  readonly session: Session;
}

/** What the agent writes: drafts, sending, and getting a refused text back. */
export class Writing {
  constructor(private readonly parts: WritingParts) {
    const { session, state } = parts;
    session.listen("sent", () => void (state.outbox.value += 1));
    session.listen("sendError", (error) => this.refused(error));
  }

  draftOf(conversation: string): Draft {
    return this.parts.state.drafts.value.get(conversation) ?? this.parts.drafts.read(conversation);
  }

  write(conversation: string, draft: Draft): void {
    const { state, drafts } = this.parts;
    state.drafts.value = put(state.drafts.value, conversation, draft);
    drafts.write(conversation, draft);
  }

  setMode(conversation: string, mode: Mode): void {
    const { modes } = this.parts.state;
    modes.value = put(modes.value, conversation, mode);
  }

  toggleMode(): void {
    const { current, mode, focusWanted } = this.parts.state;
    if (current.value === null) return;
    this.setMode(current.value, mode.value === "reply" ? "note" : "reply");
    focusWanted.value = true;
  }

  /** The customer sees that somebody is typing; a note is nobody's business. */
  typed(conversation: string): void {
    const { state, client } = this.parts;
    if (state.mode.value === "reply" && state.holding.value) client.typing(conversation);
  }

  /** Sends what is written in the current mode; the text leaves the composer and comes back if it is refused. */
  send(): void {
    const { current, mode } = this.parts.state;
    const conversation = current.value;
    if (conversation === null) return;
    const draft = this.draftOf(conversation);
    if (mode.value === "note") {
      this.dispatch(conversation, "note", draft.note.trim(), null);
      this.write(conversation, { ...draft, note: "" });
    } else {
      this.dispatch(conversation, "reply", draft.reply.trim(), draft.article, draft.canned);
      this.write(conversation, { reply: "", note: draft.note, article: null });
    }
  }

  /** Puts a canned reply where the slash was; it can be changed before it goes out. */
  useCanned(conversation: string, { id, text }: CannedReply): void {
    this.write(conversation, { ...this.draftOf(conversation), reply: text, canned: id });
    this.parts.state.focusWanted.value = true;
  }

  sendArticle(answer: string, article: QuotedArticle): void {
    const conversation = this.parts.state.current.value;
    if (conversation !== null) this.dispatch(conversation, "reply", answer, article);
  }

  /** Uploads a file and sends it at once, as a message of its own; what is being written stays. */
  async attach(conversation: string, content: Blob, name: string): Promise<boolean> {
    const { state, client, api, session } = this.parts;
    const audience = state.modes.value.get(conversation) === "note" ? "internal" : "public";
    const epoch = state.standings.value.get(conversation)?.epoch ?? state.standing.value?.epoch;
    state.attaching.value = name;
    const done = await session.attempt(async () => {
      const file = await api.upload(conversation, content, name);
      client.send(conversation, { text: "", file: file.id }, epoch === undefined ? { audience } : { audience, epoch });
      state.outbox.value += 1;
    });
    state.attaching.value = null;
    return done;
  }

  /** A reply carries the epoch that the agent saw while writing, so that the server can refuse a stale one. */
  private dispatch(conversation: string, mode: Mode, text: string, article: QuotedArticle | null, canned?: string): void {
    const { state, client } = this.parts;
    const whisper = mode === "note" && state.whispers.value.has(conversation) ? whisperable(state)?.id : undefined;
    const body = { text, ...(whisper != null && { whisper }), ...(article !== null && { article }), ...(canned !== undefined && { canned }) };
    const epoch = state.standing.value?.epoch;
    const audience = mode === "note" ? "internal" : "public";
    batch(() => {
      client.send(conversation, body, epoch === undefined ? { audience } : { audience, epoch });
      state.outbox.value += 1;
      this.forgive(conversation);
    });
  }

  private refused({ draft: { conv, body, audience }, code, message, owner, epoch }: SendError): void {
    const { state, session } = this.parts;
    state.outbox.value += 1;
    if (conv === null || !("text" in body)) return;
    const mode: Mode = audience === "internal" ? "note" : "reply";
    this.write(conv, withReturned(this.draftOf(conv), mode, body.text, body.article ?? null));
    const holder = owner === undefined ? null : namedOwner(owner, state.desk.value.agents);
    if (holder !== null && epoch !== undefined) session.stand(conv, { owner: holder, epoch });
    state.refusals.value = put(state.refusals.value, conv, { code, message, owner: holder });
    session.refresh(conv);
  }

  /** The agent has seen that a text came back. */
  forgive(conversation: string): void {
    const { refusals } = this.parts.state;
    refusals.value = put(refusals.value, conversation, null);
  }

  /** What this conversation still has in the outbox. */
  pending = () => this.parts.client.pending(this.parts.state.current.value);

  forgetAll(): void {
    this.parts.drafts.clear();
    this.parts.state.drafts.value = new Map();
  }
}
