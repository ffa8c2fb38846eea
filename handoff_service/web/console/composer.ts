import { composes } from "../shared/keys";
import type { Owner } from "../shared/protocol";
import type { Standing } from "./desk";
import type { TextKey } from "./text";

export type Mode = "reply" | "note";
export interface QuotedArticle {
  readonly id: string;
  readonly language: "zh" | "en";
  readonly title: string;
}
/** What is written but not sent. Reply and note are two texts: switching must never send a note to the customer. */
export interface Draft {
  readonly reply: string;
  readonly note: string;
  readonly article: QuotedArticle | null;
  /** The canned reply that the text began as. */
  readonly canned?: string;
  /** What the agent wrote, if the reply is a translation of it. */
  readonly original?: string;
  /** The agent whom alone the note is for; it stays with the text, or a whisper would become a note for everybody. */
  readonly whisper?: string;
  /** A request for photos that was refused: its words and their names, to be sent again. */
  readonly asked?: AskedPhotos;
}
export interface AskedPhotos {
  readonly text: string;
  readonly photos: readonly string[];
}
/** A file that waits for the agent's word: not uploaded yet (`content`), or uploaded and refused when it was sent (`file`). */
export interface WaitingFile {
  readonly key: number;
  readonly name: string;
  /** Who it was brought for: as with texts, switching must never send to the customer what was for colleagues. */
  readonly mode: Mode;
  readonly content: Blob | null;
  /** The id that the server gave it. */
  readonly file: string | null;
}
/** Why a reply cannot be sent now, as a text and its parameters. */
export interface Blocked {
  readonly key: TextKey;
  readonly name: string;
}
/** A reply that was refused, with who owns the conversation now. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly owner: Owner | null;
}

export const EMPTY_DRAFT: Draft = { reply: "", note: "", article: null };

export const isEmpty = (draft: Draft): boolean =>
  draft.reply === "" && draft.note === "" && draft.article === null && draft.asked === undefined;

/** The draft without what its emptied text began as or was translated from: what is written next is something else. */
export function withoutLeftovers(draft: Draft): Draft {
  if (draft.reply.trim() !== "") return draft;
  const { canned: _gone, original: _too, ...rest } = draft;
  return rest;
}

/** The draft whose note is for one agent only, or for all colleagues again (null). */
export function withWhisper(draft: Draft, agent: string | null): Draft {
  const { whisper: _before, ...rest } = draft;
  return agent === null ? rest : { ...rest, whisper: agent };
}

/** Why this agent may not reply to the customer, or null when he may. Notes are always allowed. */
export function blockedReply(standing: Standing | null, me: string): Blocked | null {
  if (standing === null) return { key: "composer.blocked.loading", name: "" };
  const { kind, agent } = standing.owner;
  const name = agent?.name ?? "";
  if (kind === "agent") return agent?.id === me ? null : { key: "composer.blocked.agent", name };
  if (kind === "offer") {
    return agent?.id === me ? { key: "composer.blocked.offer_mine", name } : { key: "composer.blocked.offer_other", name };
  }
  return { key: `composer.blocked.${kind}`, name };
}

/** Characters as the server counts them (code points). */
export const length = (text: string): number => [...text].length;

/** Whether this text may be sent now: something in it, not too long, and the mode is open to me. */
export function sendable(text: string, options: { mode: Mode; blocked: Blocked | null; limit: number }): boolean {
  if (text.trim() === "" || length(text) > options.limit) return false;
  return options.mode === "note" || options.blocked === null;
}

/** The draft with an article's answer put where the cursor is; the customer sees which article it is. */
export function withArticle(
  draft: Draft,
  article: QuotedArticle & { answer: string },
  cursor: number = draft.reply.length,
): Draft {
  const before = draft.reply.slice(0, cursor);
  const after = draft.reply.slice(cursor);
  const gap = before === "" || before.endsWith("\n") ? "" : "\n";
  const { id, language, title } = article;
  return { ...draft, reply: `${before}${gap}${article.answer}${after}`, article: { id, language, title } };
}

/** The draft with a refused text back in it, ahead of whatever was written since; nothing is lost. */
export function withReturned(draft: Draft, mode: Mode, text: string, article: QuotedArticle | null = null): Draft {
  const since = draft[mode];
  if (text === "") return draft;
  const whole = since === "" || since === text ? text : `${text}\n${since}`;
  return { ...draft, [mode]: whole, article: draft.article ?? article };
}

/** Whether the key sends: Enter alone, never while an input method is composing Chinese. */
export function isSendKey(event: Pick<KeyboardEvent, "key" | "shiftKey" | "isComposing" | "keyCode">): boolean {
  return event.key === "Enter" && !event.shiftKey && !composes(event);
}
