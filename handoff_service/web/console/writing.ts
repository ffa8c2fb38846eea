import { batch } from "@preact/signals";
import type { SendError, TandemClient } from "../shared/client";
import type { TextBody } from "../shared/protocol";
import {
  type Draft, type Mode, type QuotedArticle, type WaitingFile, withoutLeftovers, withReturned, withWhisper,
} from "./composer";
import { findCard, namedOwner } from "./desk";
import type { Api } from "./api";
import type { CannedReply } from "./canned";
import { cause } from "./problem";
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

/** A second click on "Send" beside an article this soon is the same click. */
const SAME_CLICK_MS = 2000;

/** What the agent writes: drafts, sending, and getting a refused text back. */
export class Writing {
  /** Names of the files that this page has uploaded, by id. */
  private readonly names = new Map<string, string>();
  private fileKey = 0;
  private lastArticle = { what: "", at: 0 };

  constructor(private readonly parts: WritingParts) {
    const { session, state } = parts;
    session.listen("sent", () => void (state.outbox.value += 1));
    session.listen("sendError", (error) => this.refused(error));
  }

  draftOf(conversation: string): Draft {
    return this.parts.state.drafts.value.get(conversation) ?? this.parts.drafts.read(conversation);
  }

  write(conversation: string, written: Draft): void {
    const { state, drafts } = this.parts;
    const draft = withoutLeftovers(written);
    // Where the cursor was says nothing about a text that is another one now; the composer tells after each key.
    if (conversation === state.current.value) state.cursor = null;
    state.cannedAt.value = 0;
    state.drafts.value = put(state.drafts.value, conversation, draft);
    drafts.write(conversation, draft);
  }

  setMode(conversation: string, mode: Mode): void {
    const { modes } = this.parts.state;
    modes.value = put(modes.value, conversation, mode);
  }

  private modeOf = (conversation: string): Mode => this.parts.state.modes.value.get(conversation) ?? "reply";

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
    const { reply, note, article, canned, original } = draft;
    if (mode.value === "note") {
      if (!this.mayWhisper(conversation, draft)) return;
      this.dispatch(conversation, "note", { text: note.trim(), ...whispered(draft) });
      this.write(conversation, withWhisper({ ...draft, note: "" }, null));
    } else {
      if (this.stopped(conversation)) return;
      const origin = { ...(canned !== undefined && { canned }), ...(original !== undefined && { original }) };
      this.dispatch(conversation, "reply", { text: reply.trim(), ...quoting(article), ...origin });
      const { canned: _sent, original: _translated, ...rest } = draft;
      this.write(conversation, { ...rest, reply: "", article: null });
    }
  }

  /** Whether the customer has written something that the agent has not seen; it is shown to him, and he sends again. */
  private stopped(conversation: string): boolean {
    const { state, session } = this.parts;
    const missed = session.missed(conversation);
    if (missed.length === 0) return false;
    batch(() => {
      session.cite(missed.map(({ seq }) => seq));
      session.sawAll(conversation);
      const refusal = { code: "missed", message: missed.at(-1)?.body.text ?? "", owner: null };
      state.refusals.value = put(state.refusals.value, conversation, refusal);
    });
    return true;
  }

  /** The note is for this agent only, or for all colleagues again (null). */
  whisper(conversation: string, agent: string | null): void {
    this.write(conversation, withWhisper(this.draftOf(conversation), agent));
  }

  /** False, with the reason beside the text, where a whisper is for somebody who does not hold the conversation any more. */
  private mayWhisper(conversation: string, { whisper }: Draft): boolean {
    const { state } = this.parts;
    if (whisper === undefined || whisperable(state)?.id === whisper) return true;
    const refusal = { code: "whisper_gone", message: "", owner: null };
    state.refusals.value = put(state.refusals.value, conversation, refusal);
    return false;
  }

  /** Puts a canned reply where the slash was; it can be changed before it goes out. */
  useCanned(conversation: string, { id, text }: CannedReply): void {
    this.write(conversation, { ...this.draftOf(conversation), reply: text, canned: id });
    this.parts.state.focusWanted.value = true;
  }

  /** Sends an article as it is; a double click sends it once. */
  sendArticle(answer: string, article: QuotedArticle): void {
    const conversation = this.parts.state.current.value;
    if (conversation === null) return;
    const what = `${conversation} ${article.id} ${article.language}`;
    const now = Date.now();
    if (this.lastArticle.what === what && now - this.lastArticle.at < SAME_CLICK_MS) return;
    this.lastArticle = { what, at: now };
    this.dispatch(conversation, "reply", { text: answer, article });
  }

  /** Asks the customer for photos by name; he fills the places one by one. */
  askForPhotos(conversation: string, text: string, photos: string[]): void {
    const { asked: _before, ...rest } = this.draftOf(conversation);
    this.write(conversation, rest);
    this.dispatch(conversation, "reply", { text, photos });
  }

  // ---- files

  /** Files that were pasted or dropped wait for a click: a picture on the clipboard may be anything. */
  offer(conversation: string, files: readonly File[]): void {
    const mode = this.modeOf(conversation);
    for (const content of files) this.wait(conversation, { name: content.name, mode, content, file: null });
  }

  private wait(conversation: string, waiting: Omit<WaitingFile, "key">): WaitingFile {
    const { files } = this.parts.state;
    const file = { key: (this.fileKey += 1), ...waiting };
    files.value = put(files.value, conversation, [...(files.value.get(conversation) ?? []), file]);
    return file;
  }

  removeFile(conversation: string, key: number): void {
    const { files } = this.parts.state;
    const left = (files.value.get(conversation) ?? []).filter((each) => each.key !== key);
    files.value = put(files.value, conversation, left.length === 0 ? null : left);
  }

  /** Sends a file that waited; one that the server has already is not uploaded again. What could not go out waits on. */
  async sendWaiting(conversation: string, { key, name, mode, content, file }: WaitingFile): Promise<boolean> {
    if (this.parts.state.attaching.value !== null) return false;
    if (mode === "note" && !this.mayWhisper(conversation, this.draftOf(conversation))) return false;
    const uploaded = file ?? (content === null ? null : await this.upload(conversation, key, name, content));
    if (uploaded === null) return false;
    this.removeFile(conversation, key);
    if (!this.sendFile(conversation, uploaded, mode)) this.wait(conversation, { name, mode, content: null, file: uploaded });
    return true;
  }

  /** Uploads a file and sends it at once, as a message of its own; what is being written stays. */
  attach(conversation: string, content: Blob, name: string, mode: Mode = this.modeOf(conversation)): Promise<boolean> {
    return this.sendWaiting(conversation, this.wait(conversation, { name, mode, content, file: null }));
  }

  /** The id of the file; null when it was refused, or stopped by the agent. */
  private async upload(conversation: string, key: number, name: string, content: Blob): Promise<string | null> {
    const { state, api, session } = this.parts;
    const stop = new AbortController();
    const files: string[] = [];
    state.attaching.value = { key, name, stop };
    await session.attempt(async () => {
      try {
        const { id } = await api.upload(conversation, content, name, stop.signal);
        this.names.set(id, name);
        files.push(id);
      } catch (error) {
        if (!stop.signal.aborted) throw error;
      }
    });
    state.attaching.value = null;
    if (!stop.signal.aborted) return files[0] ?? null;
    session.notify("good", state.t.value("files.stopped", { name }));
    return null;
  }

  private sendFile(conversation: string, file: string, mode: Mode): boolean {
    const draft = this.draftOf(conversation);
    if (mode === "note" && !this.mayWhisper(conversation, draft)) return false;
    this.dispatch(conversation, mode, { text: "", file, ...(mode === "note" && whispered(draft)) });
    return true;
  }

  /** The name of a file that this page has uploaded; null for one of an earlier page. */
  fileName = (file: string): string | null => this.names.get(file) ?? null;

  /** A reply carries the epoch that the agent saw while writing, so that the server can refuse a stale one. */
  private dispatch(conversation: string, mode: Mode, body: TextBody): void {
    const { state, client } = this.parts;
    const epoch = this.epochOf(conversation);
    const audience = mode === "note" ? "internal" : "public";
    batch(() => {
      client.send(conversation, body, epoch === undefined ? { audience } : { audience, epoch });
      state.outbox.value += 1;
      this.forgive(conversation);
    });
  }

  private epochOf(conversation: string): number | undefined {
    const { state } = this.parts;
    if (conversation === state.current.value) return state.standing.value?.epoch;
    return state.standings.value.get(conversation)?.epoch ?? findCard(state.desk.value, conversation)?.card.epoch;
  }

  private refused({ draft: { conv, body, audience }, code, message, owner, epoch }: SendError): void {
    const { state, session } = this.parts;
    state.outbox.value += 1;
    if (conv === null || !("text" in body)) return;
    const mode: Mode = audience === "internal" ? "note" : "reply";
    const draft = this.draftOf(conv);
    const { text, photos } = body;
    const back = photos === undefined ? withReturned(draft, mode, text, body.article ?? null) : { ...draft, asked: { text, photos } };
    const returned = body.original === undefined ? back : { ...back, original: body.original };
    // A whisper that comes back in front of a note keeps both from the team; the other way round would tell it.
    this.write(conv, body.whisper === undefined ? returned : withWhisper(returned, body.whisper));
    if (body.file !== undefined) {
      const name = this.fileName(body.file) ?? state.t.value("composer.file");
      this.wait(conv, { name, mode, content: null, file: body.file });
    }
    const holder = owner === undefined ? null : namedOwner(owner, state.desk.value.agents);
    if (holder !== null && epoch !== undefined) session.stand(conv, { owner: holder, epoch });
    state.refusals.value = put(state.refusals.value, conv, { code, message, owner: holder });
    if (conv !== state.current.value || state.view.value !== "desk") this.tellElsewhere(conv, cause({ code, message }, state.t.value));
    session.refresh(conv);
  }

  /** Puts a message that did not arrive back into the box, once, ahead of what is written there. */
  takeBack(conversation: string, text: string): void {
    const draft = this.draftOf(conversation);
    this.setMode(conversation, "reply");
    if (!draft.reply.includes(text)) this.write(conversation, withReturned(draft, "reply", text));
    this.parts.state.focusWanted.value = true;
  }

  /** Sends the message that the platform has approved; the server gives it its words. */
  sendTemplate(conversation: string, template: string): void {
    this.dispatch(conversation, "reply", { text: template, template });
  }

  private tellElsewhere(conversation: string, why: string): void {
    const { state, session } = this.parts;
    const t = state.t.value;
    const name = findCard(state.desk.value, conversation)?.card.contact.name || t("list.anonymous");
    session.notify("bad", t("composer.refused_elsewhere", { name, message: why }), { conversation });
  }

  /** The agent has seen that a text came back. */
  forgive(conversation: string): void {
    const { refusals } = this.parts.state;
    refusals.value = put(refusals.value, conversation, null);
  }

  /** The agent wants nothing more of what came back: photos that he asked for are not kept to be asked for again. */
  dismiss(conversation: string): void {
    const { asked, ...rest } = this.draftOf(conversation);
    if (asked !== undefined) this.write(conversation, rest);
    this.forgive(conversation);
  }

  /** What this conversation still has in the outbox. */
  pending = () => this.parts.client.pending(this.parts.state.current.value);

  forgetAll(): void {
    this.parts.drafts.clear();
    this.parts.state.drafts.value = new Map();
  }
}

const quoting = (article: QuotedArticle | null): Pick<TextBody, "article"> => (article === null ? {} : { article });

const whispered = ({ whisper }: Draft): Pick<TextBody, "whisper"> => (whisper === undefined ? {} : { whisper });
