// The gateway's protocol, version 1: every JSON shape that crosses the wire, for customers and agents.
import type { Card, Colleague, Mention, Promised } from "./agent_http";

export type * from "./agent_http";

export type Language = "zh" | "en";
export type Audience = "public" | "internal";
export type OwnerKind = "bot" | "queue" | "offer" | "agent" | "mailbox" | "closed";
export type AuthorKind = "customer" | "bot" | "agent" | "system";
export type PresenceStatus = "online" | "away" | "busy" | "offline";
export type HandoffReason = "asked" | "unsure" | "unhappy" | "policy" | "bot_failed" | "reply_timeout";
export type Box = "mine" | "waiting" | "mailbox" | "bot" | "closed" | "all";

export interface Person {
  id: string;
  name: string;
}

/** Customers learn the agent's name only. */
export interface Owner {
  kind: OwnerKind;
  agent: { id?: string; name: string; picture?: string } | null;
  queue?: string | null;
}

export interface Author {
  kind: AuthorKind;
  id?: string;
  name?: string | null;
}

export interface Source {
  article: string;
  language: Language;
  title: string;
  probability?: number;
}

export interface ArticleRef {
  article?: string;
  id?: string;
  language: Language;
  title: string;
}

// ---- what a sender gives

export interface TextBody {
  text: string;
  article?: { id: string; language: Language; title: string };
  /** The canned reply that the text began as. */
  canned?: string;
  /** Of a note: the agent whom alone it is for. */
  whisper?: string;
  /** Of a translated reply: what its author wrote. */
  original?: string;
  /** What its sender has uploaded for this message. */
  file?: string;
  /** Of an agent: the names of the photos that the customer is asked for. */
  photos?: string[];
  /** Of a customer: which of them the file is. */
  photo?: PhotoPlace;
  /** Of an agent: the message that the platform has approved, in place of his own words. */
  template?: string;
}
/** Photo `index` of those that the entry `seq` asked for. */
export interface PhotoPlace {
  seq: number;
  index: number;
}
export interface PressBody {
  press: { seq: number; index: number };
}
export type Body = TextBody | PressBody;

// ---- entries of the timeline

export type MessageKind =
  | "answer" | "clarify" | "offer_human" | "small_talk" | "form" | "soothe" | "handoff" | "notice"
  | (string & {});

/** A request of the bot for files: of which kinds (as a file input's `accept`), how many at once, how large each. */
export interface UploadMark {
  accept: string;
  most?: number;
  max_bytes?: number;
}
export interface MessageBody {
  text: string;
  buttons?: { title: string }[];
  pressed?: { seq: number; index: number };
  sources?: Source[];
  kind?: MessageKind;
  interim?: boolean;
  article?: ArticleRef;
  file?: FileRef;
  call?: CallRef;
  /** The names of the photos that this message asks for. */
  photos?: string[];
  photo?: PhotoPlace;
  /** The bot asks for pictures: what the file chooser may offer. */
  upload?: UploadMark;
  /** Of a note: the agent whom alone it is for. */
  whisper?: string;
  /** Of a note about a message that did not arrive: which it is, the last of several, and what may be sent instead. */
  of?: number;
  upto?: number;
  template?: string;
  /** Of a translated reply, for agents: what its author wrote. */
  original?: string;
}

/** How a voice or video call stands after this message. */
export interface CallRef {
  id: string;
  media: "voice" | "video";
  state: "ringing" | "accepted" | "declined" | "ended" | "missed";
}

export interface FileRef {
  id: string;
  name: string;
  type: string;
  size: number;
}

/** What a message says that is nothing but its file. */
export function fileLabel(name: string): string {
  return `[file: ${name}]`;
}

/** The name of a message's file where its text does not tell it already. */
export function fileName({ text, file }: MessageBody): string | null {
  return file === undefined || text === fileLabel(file.name) ? null : file.name;
}

export type StateEvent =
  | "opened" | "asked" | "unsure" | "unhappy" | "policy" | "bot_failed" | "reply_timeout" | "offer" | "accept"
  | "decline" | "offer_timeout" | "agent_lost" | "claim" | "take_over" | "transfer" | "escalate" | "give_back"
  | "solved" | "leave_message" | "closing_time" | "overflow" | "close" | "idle" | "reopen";

export interface StateBody {
  event: StateEvent;
  from?: OwnerKind;
  to: Owner;
  text?: string;
  [extra: string]: unknown;
}
export interface FeedbackBody {
  of: number;
  value: "up" | "down";
  comment?: string;
}
export interface RatingBody {
  score: number;
  comment?: string;
  of?: number;
}

interface EntryHead {
  seq: number;
  mid: string;
  audience: Audience;
  author: Author;
  client_id: string | null;
  epoch: number;
  at: string;
}
export type MessageEntry = EntryHead & { kind: "message"; body: MessageBody };
export type StateEntry = EntryHead & { kind: "state"; body: StateBody };
export type FeedbackEntry = EntryHead & { kind: "feedback"; body: FeedbackBody };
export type RatingEntry = EntryHead & { kind: "rating"; body: RatingBody };
/** What a customer gets in the place of an internal entry, so that seq stays gapless. */
export interface HiddenEntry {
  seq: number;
  kind: "hidden";
}
export type Entry = MessageEntry | StateEntry | FeedbackEntry | RatingEntry | HiddenEntry;

export interface EntriesPage {
  log_id: string;
  conversation: string;
  entries: Entry[];
  last_seq: number;
}

// ---- errors

export type ErrorCode =
  | "fenced" | "already_taken" | "mismatch" | "too_large" | "invalid" | "rate" | "forbidden" | "not_found"
  | "unavailable" | "not_owner" | (string & {});

export interface ErrorBody {
  code: ErrorCode;
  message: string;
  retryable: boolean;
  holder?: Person;
  owner?: Owner;
  epoch?: number;
  /** What a busy server asks for. */
  retry_after_s?: number;
}

// ---- customer HTTP

export interface WidgetSession {
  token: string;
  contact: { id: string; name: string | null };
  tenant: {
    id: string;
    name: string;
    languages: Language[];
    greeting: Partial<Record<Language, string>>;
    suggestions: Partial<Record<Language, string[]>>;
  };
}
export interface Ticket {
  ticket: string;
  expires_in: number;
}
export interface SentMessage {
  seq: number;
  mid: string;
  conversation: string;
}

// ---- WebSocket frames

export interface Welcome {
  t: "welcome";
  session: string;
  log_id: string;
  server_time: string;
  principal: { kind: "customer" | "agent"; id: string; name: string | null; role?: "agent" | "supervisor" };
  limits: { text_chars: number };
  current: null | { conv: string; last_seq: number };
}
export interface EntryFrame {
  t: "entry";
  conv: string;
  entry: Entry;
}
export interface StatusFrame {
  t: "status";
  conv: string;
  owner: Owner;
  epoch: number;
  place: number | null;
  wait_s: number | null;
  language: Language | null;
  rate: boolean;
  /** Up to where people of the team have read; this and what follows a gateway of the release before does not tell. */
  seen?: number;
  /** What the customer may do now: "callback", "leave-queue", … */
  choices?: string[];
  /** How sure `wait_s` is. */
  wait?: { low_s: number; high_s: number } | null;
  /** What is offered first while the wait is too long. */
  peak?: "message" | "callback" | null;
  promises?: { seq: number; text: string; due_at: string }[];
}
export interface DeskFrame {
  t: "desk";
  waiting: Card[];
  offers: Card[];
  mine: Card[];
  others: Card[];
  mailbox: Card[];
  agents: Colleague[];
  /** What a gateway of the release before does not tell. */
  promises?: Promised[];
  mentions?: Mention[];
  tickets?: { mine: number; free: number; overdue: number };
}
export interface SentFrame {
  t: "sent";
  client_id: string;
  conv: string;
  seq: number;
  mid: string;
}
export type ErrFrame = ErrorBody & { t: "err"; client_id?: string };
export interface TypingFrame {
  t: "typing";
  conv: string;
  author: Author;
}
/** What one browser says to the other before their call stands. */
export interface SignalData {
  description?: RTCSessionDescriptionInit;
  candidate?: RTCIceCandidateInit;
}
export interface SignalFrame {
  t: "signal";
  conv: string;
  call: string;
  data: SignalData;
}
export interface IceServer {
  urls: string[];
  username?: string;
  credential?: string;
}
export interface CallAnswer {
  call: string;
  ice: IceServer[];
}
export type ServerFrame =
  | SignalFrame | Welcome | EntryFrame | StatusFrame | DeskFrame | SentFrame | ErrFrame | TypingFrame | { t: "pong" };

export interface Cursor {
  conv: string;
  after: number;
}
export type ClientFrame =
  | { t: "hello"; proto: 1; ticket: string; device: string; language: string; subs: Cursor[] }
  | { t: "sub"; conv: string; after: number }
  | { t: "unsub"; conv: string }
  | { t: "send"; conv: string | null; client_id: string; body: Body; epoch?: number; audience?: Audience }
  | { t: "ack" | "read"; conv: string; seq: number }
  | { t: "typing"; conv: string }
  | { t: "signal"; conv: string; call: string; data: SignalData }
  | { t: "shown"; calls: { handoff: string; n: number }[] }
  | { t: "ping" };

export const SUBPROTOCOL = "tandem.v1";

export const CLOSE = {
  badFrame: 4400,
  auth: 4401,
  forbidden: 4403,
  slow: 4408,
  replaced: 4409,
  tooLarge: 1009,
  restart: 1012,
} as const;
