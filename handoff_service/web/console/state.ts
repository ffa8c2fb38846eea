import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { ConnectionState } from "../shared/client";
import type { Card, ConversationDetail, Language, Me } from "../shared/protocol";
import { type Alerts, SILENT } from "./alerts";
import { cannedFor, type CannedReplies, type CannedReply, slashQuery } from "./canned";
import { type Blocked, blockedReply, type Draft, EMPTY_DRAFT, type Mode, type Refusal, type WaitingFile } from "./composer";
import { type Desk, EMPTY_DESK, findCard, newestStanding, type Section, type Standing } from "./desk";
import { EMPTY_TIMELINE, standingAt, type Timeline } from "./timeline";
import { type Translate, translator } from "./text";
import { holds } from "./views";

export type Pane = "lists" | "conversation" | "details";
export type View = "desk" | "wall" | "tickets" | "articles" | "training" | "reports" | "administration";
export type SideTab = "handoff" | "knowledge";
export type DialogKind = "transfer" | "give_back" | "aside" | "escalate" | "sign_off" | "offline" | "close" | "ticket" | "block" | "export" | "bulk" | "photos" | "palette" | "shortcuts";
export interface Notice {
  readonly id: number;
  readonly tone: "good" | "bad";
  readonly text: string;
  /** What it is about, where the agent may want to go; null: it needs no way. */
  readonly conversation: string | null;
  /** Takes back what it tells of; null: that cannot be. */
  readonly undo: (() => Promise<unknown>) | null;
}
export interface Highlight {
  readonly conversation: string;
  readonly seqs: readonly number[];
}
export interface Typing {
  readonly name: string;
  /** Milliseconds since 1970 after which it is no longer true. */
  readonly until: number;
}
type ByConversation<T> = ReadonlyMap<string, T>;

/** Everything the desk shows; changed only by the session (`session.ts`) and by the panes' own switches. */
export class DeskState {
  readonly language: Signal<Language>;
  readonly t: ReadonlySignal<Translate> = computed(() => translator(this.language.value));
  readonly me: Signal<Me>;
  readonly connection = signal<ConnectionState>("connecting");
  /** The server's limit on one message, characters. */
  readonly limit = signal(8000);
  /** The server's clock, milliseconds, ticking every second. */
  readonly now = signal(Date.now());

  readonly desk = signal<Desk>(EMPTY_DESK);
  readonly alerts = signal<Alerts>(SILENT);
  readonly muted = signal(false);
  readonly plainKeys = signal(true);
  readonly folded = signal<ReadonlySet<Section>>(new Set<Section>(["aside", "others", "closed"]));

  readonly current = signal<string | null>(null);
  readonly view = signal<View>("desk");
  readonly pane = signal<Pane>("lists");
  readonly side = signal<SideTab>("handoff");
  readonly dialog = signal<DialogKind | null>(null);
  readonly notices = signal<readonly Notice[]>([]);
  readonly highlight = signal<Highlight | null>(null);
  /** The keyboard focus should go to the composer as soon as it can be written in. */
  readonly focusWanted = signal(false);

  readonly timelines = signal<ByConversation<Timeline>>(new Map());
  readonly standings = signal<ByConversation<Standing>>(new Map());
  readonly details = signal<ByConversation<ConversationDetail>>(new Map());
  readonly typing = signal<ByConversation<Typing>>(new Map());
  readonly drafts = signal<ByConversation<Draft>>(new Map());
  readonly modes = signal<ByConversation<Mode>>(new Map());
  readonly refusals = signal<ByConversation<Refusal>>(new Map());
  /** Raised whenever the client's outbox changed. */
  readonly outbox = signal(0);
  /** Files that were pasted, dropped or refused and go out on a click. */
  readonly files = signal<ByConversation<readonly WaitingFile[]>>(new Map());
  /** The file that is on its way to the server: which of those that wait, and what ends its way. */
  readonly attaching = signal<{ readonly key: number; readonly name: string; readonly stop: AbortController } | null>(null);
  readonly canned = signal<CannedReplies | null>(null);
  /** Which of `offeredReplies` Enter takes. */
  readonly cannedAt = signal(0);

  /** Where the cursor was in the composer, so that an article is inserted there; null: at the end. */
  cursor: number | null = null;

  constructor(parts: { me: Me; language: Signal<Language>; storedDraft: (conversation: string) => Draft }) {
    this.me = signal(parts.me);
    this.language = parts.language;
    this.draft = computed(() => {
      const conversation = this.current.value;
      if (conversation === null) return EMPTY_DRAFT;
      return this.drafts.value.get(conversation) ?? parts.storedDraft(conversation);
    });
  }

  readonly timeline = computed(() => this.of(this.timelines.value) ?? EMPTY_TIMELINE);
  readonly detail = computed(() => this.of(this.details.value));
  readonly card = computed<Card | null>(() => {
    const conversation = this.current.value;
    if (conversation === null) return null;
    return findCard(this.desk.value, conversation)?.card ?? this.detail.value?.card ?? null;
  });
  readonly standing = computed<Standing | null>(() =>
    newestStanding(this.of(this.standings.value), this.card.value, this.detail.value?.card, standingAt(this.timeline.value)),
  );
  readonly draft: ReadonlySignal<Draft>;
  readonly refusal = computed(() => this.of(this.refusals.value));
  readonly blocked = computed<Blocked | null>(() =>
    holds(this, "conversations.answer")
      ? blockedReply(this.standing.value, this.me.value.agent.id)
      : { key: "composer.blocked.rights", name: "" },
  );
  readonly mode = computed<Mode>(() => this.of(this.modes.value) ?? "reply");
  readonly holding = computed(() => this.blocked.value === null);
  readonly waitingFiles = computed(() => (this.of(this.files.value) ?? []).filter(({ mode }) => mode === this.mode.value));
  /** The canned replies of this conversation that fit what is typed after the slash. */
  readonly offeredReplies = computed<readonly CannedReply[]>(() => {
    const query = slashQuery(this.draft.value.reply);
    const canned = this.canned.value;
    if (query === null || canned === null || canned.conversation !== this.current.value) return [];
    return cannedFor(canned.replies ?? [], query);
  });

  private of<T>(map: ByConversation<T>): T | null {
    const conversation = this.current.value;
    return conversation === null ? null : (map.get(conversation) ?? null);
  }
}

/** The map with one value set, or taken out when it is null. */
export function put<T>(map: ByConversation<T>, key: string, value: T | null): ByConversation<T> {
  const next = new Map(map);
  if (value === null) next.delete(key);
  else next.set(key, value);
  return next;
}
