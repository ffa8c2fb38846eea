// What agents get over HTTP; a part of the protocol (protocol.ts), which gives it on to all who import it.
import type { HandoffReason, Language, Owner, Person, PresenceStatus } from "./protocol";

export interface Colleague {
  id: string;
  name: string;
  status: PresenceStatus;
  open: number;
  capacity: number;
  /** Why he is away or busy: his own words, or that he let offers pass. */
  reason?: string;
  /** Whether he may read conversations, and speak with customers; a gateway of the release before does not say. */
  reads?: boolean;
  answers?: boolean;
}
/** Something that a tenant has named in both languages. */
export interface Choice {
  id: string;
  zh: string;
  en: string;
}
/** What a tenant gives its agents at hand. */
export interface DeskTools {
  playbooks: Playbook[];
  forbidden: { word: string; action: "block" | "warn"; instead?: string }[];
  translates: boolean;
  /** Ids of articles that new colleagues read first. */
  reading?: string[];
}
/** The steps of one type of case; `cases`: tags, queues and tasks of the bot by which it is known. */
export interface Playbook extends Choice {
  cases: string[];
  steps: Choice[];
}
/** A name by language; of a gateway of the release before the same for all. */
export type Named = string | Partial<Record<Language, string>>;
export interface Me {
  /** The companies as whose agent he may act, his own among them; a gateway of the release before does not tell. */
  clients?: { tenant: string; name: Named }[];
  agent: {
    id: string;
    name: string;
    email: string;
    role: "agent" | "supervisor";
    languages: Language[];
    capacity: number;
    status: PresenceStatus;
    /** What the role may do; a gateway of the release before does not tell. */
    permissions?: string[];
  };
  tenant: {
    id: string;
    name: Named;
    queues: { id: string; name: string }[];
    wrap_up_codes: Choice[];
    /** How agents are asked to write, by language; a gateway of the release before does not tell. */
    tone?: Readonly<Record<string, string>>;
    /** What a gateway of the release before does not tell. */
    tags?: Choice[];
    ticket_types?: string[];
    complaints?: { categories: Choice[]; causes: Choice[]; remedies: Choice[]; currency: string };
    desk?: DeskTools;
  };
  colleagues: Colleague[];
}
export interface Call {
  n: number;
  rung: "queued" | "agent" | "team" | "supervisor" | (string & {});
  at: string;
  shown: boolean;
}
export interface Card {
  conversation: string;
  contact: Person;
  channel: string;
  language: Language;
  owner: Owner;
  epoch: number;
  last_seq: number;
  unread: number;
  preview: string;
  updated_at: string;
  handoff: null | {
    id: string;
    reason: HandoffReason;
    priority: number;
    queue: string;
    requested_at: string;
    place: number | null;
    /** The last call that is for me: my page confirms that it was shown. Null: nobody calls me. Not of older gateways. */
    call?: Call | null;
  };
  offer: null | { agent: Person | string; deadline: string };
  mood: number | null;
  /** What a gateway of the release before does not tell. */
  tags?: string[];
  aside_until?: string | null;
  /** How far the customer has read, by his page or his platform; 0: nobody has told. */
  customer_read?: number;
  /** Of an offer: how far his page has received the conversation; 0: it has never told. */
  customer_has?: number;
}
export interface PacketLine {
  text: string;
  entries: number[];
}
export interface Packet {
  goal: PacketLine | null;
  reason: PacketLine | null;
  evidence: { label: string; value: string | number; entries: number[] }[];
  tried: { article: string; language: Language; title: string; probability: number; entries: number[] }[];
  facts: {
    kind: "order_number" | "tracking_number" | "amount" | "date" | "phone" | "email" | "address" | (string & {});
    value: string;
    entries: number[];
  }[];
  mood: { seq: number; unhappy: number }[];
  /** What a gateway of the release before does not tell. */
  tasks?: { name: string; entries: number[] }[];
  promises?: { by: "agent" | "bot"; text: string; entries: number[] }[];
  missing?: PacketLine[];
  attachments?: { id: string; name: string; type: string; entries: number[] }[];
}
/** How long something may take, and how long it has taken; `due_at` is null while the customer is awaited. */
export interface SlaClock {
  clock: "first_reply" | "next_reply" | "resolution" | (string & {});
  state: "running" | "paused" | "met" | "missed" | "cancelled" | (string & {});
  due_at: string | null;
  warned_at: string | null;
  breached_at: string | null;
}
export interface Promised {
  id: string;
  conversation: string;
  seq: number;
  text: string;
  by?: { kind: string; id: string | null };
  due_at: string;
  state: "open" | "kept" | "cancelled" | (string & {});
  overdue: boolean;
}
/** A note in which one colleague asks another. */
export interface Mention {
  conversation: string;
  seq: number;
  by: Person;
  at: string;
}
export interface Handoff {
  /** What a gateway of the release before does not tell. */
  sla?: SlaClock[];
  promises?: Promised[];
  id: string;
  conversation: string;
  reason: HandoffReason;
  priority: number;
  queue: string;
  language: Language;
  receipt: {
    stage: "requested" | "queued" | "offered" | "accepted" | "first_reply" | "closed";
    at: string;
    by: string | Person | null;
  }[];
  /** Who was called, and where it is now with what follows by itself; a gateway of the release before does not tell. */
  calls?: { n: number; rung: Call["rung"]; agent: Person | null; at: string; shown_at: string | null; shown_to: string | null }[];
  standing?: { stage: string; deadline: string | null; next: string | null };
  packet: Packet;
}
export interface ConversationDetail {
  card: Card;
  handoffs: Handoff[];
  contact: {
    id: string;
    name: string;
    verified: boolean;
    identities: { channel: string; external_id: string }[];
    /** What a gateway of the release before does not tell. */
    person?: string[];
    /** On which channels he, whichever contact he is, has written, and where he wants to be told of his tickets. */
    channels?: string[];
    prefers?: string | null;
    attributes?: Record<string, string | number | boolean>;
    /** Since when nobody is bothered with what he writes. */
    blocked?: { by: string; at: string };
  };
  /** What is done of playbooks; a gateway of the release before does not tell. */
  steps?: { playbook: string; step: string; by: string; at: string }[];
}
export interface KnowledgeHit {
  article: string;
  language: Language;
  title: string;
  category: string;
  answer: string;
  probability: number;
  /** For agents to read; no customer may get it. */
  internal?: boolean;
}
export interface KnowledgeAnswer {
  generation: string;
  hits: KnowledgeHit[];
}
export interface Accepted {
  conversation: string;
  epoch: number;
}

