import { systemClock, type Clock } from "./clock";
import { Connection, type ConnectionState, type SocketFactory, type WebSocketLike } from "./connection";
import { newId } from "./ids";
import { Outbox, type Draft } from "./outbox";
import {
  CLOSE,
  type Audience, type Body, type DeskFrame, type EntriesPage, type Entry, type ErrFrame, type ErrorBody,
  type SentFrame, type ServerFrame, type SignalData, type SignalFrame, type StatusFrame, type TypingFrame, type Welcome,
} from "./protocol";
import type { KeyValueStorage } from "./storage";
import { Timelines } from "./timelines";

export type { Clock, ConnectionState, Draft, KeyValueStorage, SocketFactory, WebSocketLike };

export interface ClientOptions {
  /** The gateway, "" for the page's own origin. */
  baseUrl: string;
  device: string;
  /** A fresh single-use ticket; rejecting with `status` 401 or 403 means: sign in first. */
  getTicket: () => Promise<string>;
  fetchEntries: (conv: string, after: number) => Promise<EntriesPage>;
  /** Where unsent messages survive the page. One principal's own: give it a key prefix. */
  storage: KeyValueStorage;
  language: string;
  socket?: SocketFactory;
  clock?: Clock;
}

export interface SendOptions {
  epoch?: number;
  audience?: Audience;
}
/** A message that will not be sent again: what was written, and why it was refused. */
export interface SendError extends ErrorBody {
  draft: Draft;
}

export interface ClientEvents {
  state: [state: ConnectionState];
  welcome: [welcome: Welcome];
  entry: [conv: string, entry: Entry];
  status: [status: StatusFrame];
  desk: [desk: DeskFrame];
  typing: [typing: TypingFrame];
  signal: [signal: SignalFrame];
  sent: [sent: Omit<SentFrame, "t">, draft: Draft];
  sendError: [error: SendError];
  /** The server follows another log: drop everything that came from it, all is delivered again. */
  reset: [logId: string];
}
type Handlers = { [E in keyof ClientEvents]: Set<(...args: ClientEvents[E]) => void> };

const IN_FLIGHT = 8;
const RESEND_MS = 15_000;
const HOLD_FIRST_MS = 1_000;
const HOLD_MOST_MS = 30_000;
const ACK_MS = 1_000;
const TYPING_MS = 3_000;
const TEXT_CHARS = 8_000;

/**
 * The protocol client of both pages.
 *
 * Entries arrive once and in order (`entry`); what is sent is stored until the server confirmed it and is
 * resent in order, with the same client_id, after every reconnect.
 */
export class TandemClient {
  private readonly clock: Clock;
  private readonly connection: Connection;
  private readonly timelines: Timelines;
  private readonly outbox: Outbox;
  private readonly handlers: Handlers = {
    state: new Set(), welcome: new Set(), entry: new Set(), status: new Set(), desk: new Set(), typing: new Set(), signal: new Set(),
    sent: new Set(), sendError: new Set(), reset: new Set(),
  };
  /** client_id → when it went out, in ms. */
  private readonly inFlight = new Map<string, number>();
  private readonly unacked = new Set<string>();
  private readonly lastRead = new Map<string, number>();
  private readonly lastTyping = new Map<string, number>();
  private ackTimer: unknown = null;
  private sendTimer: unknown = null;
  private held = false;
  private holds = 0;
  private logId: string | null = null;
  private textChars = TEXT_CHARS;
  private isCustomer = false;
  private stopWatching: (() => void) | null = null;

  constructor(options: ClientOptions) {
    this.clock = options.clock ?? systemClock;
    this.outbox = new Outbox(options.storage);
    this.timelines = new Timelines(
      {
        fetchEntries: options.fetchEntries,
        deliver: (conv, entry) => this.deliver(conv, entry),
        sameLog: (logId) => this.sameLog(logId),
      },
      this.clock,
    );
    this.connection = new Connection({
      url: socketUrl(options.baseUrl),
      socket: options.socket ?? ((url, protocols) => new WebSocket(url, protocols)),
      clock: this.clock,
      getTicket: options.getTicket,
      hello: (ticket) => ({
        t: "hello", proto: 1, ticket, device: options.device, language: options.language, subs: this.timelines.cursors(),
      }),
      receive: (frame) => this.receive(frame),
      stateChanged: (state) => this.emit("state", state),
      lost: (code) => this.lost(code),
    });
  }

  get state(): ConnectionState {
    return this.connection.state;
  }

  connect(): void {
    this.stopWatching ??= watchPage(() => this.connection.wake());
    this.connection.open();
  }

  close(): void {
    this.stopWatching?.();
    this.stopWatching = null;
    this.connection.close();
    this.lost(null);
  }

  on<E extends keyof ClientEvents>(event: E, handler: (...args: ClientEvents[E]) => void): () => void {
    this.handlers[event].add(handler);
    return () => void this.handlers[event].delete(handler);
  }

  /** Follows a conversation; `after` starts again from that seq even if it is followed already. */
  subscribe(conv: string, after?: number): void {
    if (this.timelines.has(conv) && after === undefined) return;
    this.timelines.track(conv, after);
    this.connection.send({ t: "sub", conv, after: this.timelines.last(conv) });
  }

  unsubscribe(conv: string): void {
    if (!this.timelines.has(conv)) return;
    this.timelines.untrack(conv);
    this.unacked.delete(conv);
    this.connection.send({ t: "unsub", conv });
  }

  /** Stores the message and sends it as soon as it can be sent; the answer is `sent` or `sendError`. */
  send(conv: string | null, body: Body, options: SendOptions = {}): string {
    const draft: Draft = { client_id: newId(), conv, body, ...options, at: this.clock.now() };
    if ("text" in body && [...body.text].length > this.textChars) {
      const message = `The message is longer than ${this.textChars} characters.`;
      queueMicrotask(() => this.emit("sendError", { code: "too_large", message, retryable: false, draft }));
      return draft.client_id;
    }
    this.outbox.add(draft);
    this.flush();
    return draft.client_id;
  }

  /** What waits for `sent`, oldest first: of one conversation, or of all. */
  pending(conv?: string | null): readonly Draft[] {
    return conv === undefined ? this.outbox.all : this.outbox.all.filter((draft) => draft.conv === conv);
  }

  /** Gives up everything that waits for `sent`: it belongs to somebody else. */
  discardPending(): void {
    for (const draft of this.outbox.all) this.outbox.remove(draft.client_id);
    this.inFlight.clear();
  }

  typing(conv: string): void {
    const now = this.clock.now();
    if (now - (this.lastTyping.get(conv) ?? -Infinity) < TYPING_MS) return;
    if (this.connection.send({ t: "typing", conv })) this.lastTyping.set(conv, now);
  }

  /** Says something to the other browser of a call; lost when there is no connection. */
  signal(conv: string, call: string, data: SignalData): void {
    this.connection.send({ t: "signal", conv, call, data });
  }

  /** A person saw everything up to `seq`. */
  read(conv: string, seq: number): void {
    if (seq <= (this.lastRead.get(conv) ?? 0)) return;
    if (this.connection.send({ t: "read", conv, seq })) this.lastRead.set(conv, seq);
  }

  /** These calls are on the screen of a person; false if nobody could be told now. */
  shown(calls: readonly { handoff: string; n: number }[]): boolean {
    return this.connection.send({ t: "shown", calls: [...calls] });
  }

  private emit<E extends keyof ClientEvents>(event: E, ...args: ClientEvents[E]): void {
    for (const handler of [...this.handlers[event]]) handler(...args);
  }

  private receive(frame: ServerFrame): void {
    switch (frame.t) {
      case "welcome":
        return this.welcomed(frame);
      case "entry":
        if (this.isCustomer) this.timelines.track(frame.conv);
        return this.timelines.receive(frame.conv, frame.entry);
      case "sent":
        return this.confirmed(frame.client_id, frame.conv, frame.seq, frame.mid);
      case "err":
        return this.refused(frame);
      case "status":
        return this.emit("status", frame);
      case "desk":
        return this.emit("desk", frame);
      case "typing":
        return this.emit("typing", frame);
      case "signal":
        return this.emit("signal", frame);
    }
  }

  private welcomed(welcome: Welcome): void {
    if (!this.sameLog(welcome.log_id)) return;
    this.isCustomer = welcome.principal.kind === "customer";
    this.textChars = welcome.limits.text_chars;
    if (this.isCustomer && welcome.current !== null) this.timelines.track(welcome.current.conv);
    this.emit("welcome", welcome);
    this.flush();
  }

  /** True if `logId` is the log we follow. Another one means that every cursor is worthless. */
  private sameLog(logId: string): boolean {
    const known = this.logId;
    this.logId = logId;
    if (known === null || known === logId) return true;
    this.timelines.rewind();
    this.lastRead.clear();
    this.emit("reset", logId);
    this.connection.restart();
    return false;
  }

  private deliver(conv: string, entry: Entry): void {
    this.unacked.add(conv);
    this.ackTimer ??= this.clock.setTimeout(() => this.acknowledge(), ACK_MS);
    this.emit("entry", conv, entry);
    // Our own message came back before its `sent`, or instead of it.
    if (entry.kind !== "hidden" && entry.client_id) this.confirmed(entry.client_id, conv, entry.seq, entry.mid);
  }

  private acknowledge(): void {
    this.ackTimer = null;
    for (const conv of this.unacked) this.connection.send({ t: "ack", conv, seq: this.timelines.last(conv) });
    this.unacked.clear();
  }

  private flush(): void {
    if (!this.connection.ready || this.held) return;
    for (const draft of this.outbox.all) {
      if (this.inFlight.has(draft.client_id)) continue;
      if (this.inFlight.size >= IN_FLIGHT) break;
      this.inFlight.set(draft.client_id, this.clock.now());
      const { at: _at, ...frame } = draft;
      this.connection.send({ t: "send", ...frame });
    }
    if (this.inFlight.size > 0 && this.sendTimer === null) this.later(RESEND_MS);
  }

  /** Sends again what got no answer for 15 s, or what had to wait after a retryable refusal. */
  private later(ms: number): void {
    this.clock.clearTimeout(this.sendTimer);
    this.sendTimer = this.clock.setTimeout(() => {
      this.sendTimer = null;
      this.held = false;
      const stale = this.clock.now() - RESEND_MS;
      for (const [clientId, at] of this.inFlight) if (at <= stale) this.inFlight.delete(clientId);
      this.flush();
    }, ms);
  }

  private confirmed(clientId: string, conv: string, seq: number, mid: string): void {
    this.inFlight.delete(clientId);
    const draft = this.outbox.remove(clientId);
    if (draft === undefined) return;
    this.holds = 0;
    this.emit("sent", { client_id: clientId, conv, seq, mid }, draft);
    this.flush();
  }

  private refused(error: ErrFrame): void {
    if (error.client_id === undefined || this.outbox.find(error.client_id) === undefined) return;
    this.inFlight.delete(error.client_id);
    if (error.retryable) {
      this.held = true;
      this.later(Math.min(HOLD_MOST_MS, HOLD_FIRST_MS * 2 ** this.holds));
      this.holds += 1;
      return;
    }
    this.giveUp(error.client_id, error);
    this.flush();
  }

  private giveUp(clientId: string, error: ErrorBody): void {
    const draft = this.outbox.remove(clientId);
    if (draft !== undefined) this.emit("sendError", { ...error, draft });
  }

  private lost(code: number | null): void {
    const [first] = this.inFlight.keys();
    this.inFlight.clear();
    this.held = false;
    this.clock.clearTimeout(this.sendTimer);
    this.clock.clearTimeout(this.ackTimer);
    this.sendTimer = this.ackTimer = null;
    // The frame that the server found too large would close every following connection as well.
    if (code === CLOSE.tooLarge && first !== undefined) {
      this.giveUp(first, { code: "too_large", message: "The message is too large.", retryable: false });
    }
  }
}

function socketUrl(baseUrl: string): string {
  const url = new URL(`${baseUrl.replace(/\/$/, "")}/v1/ws`, globalThis.location?.href);
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
}

/** Calls `wake` whenever the network or the page comes back, if somebody looks at it; returns what stops it. */
export function watchPage(wake: () => void): () => void {
  if (typeof window === "undefined") return () => undefined;
  const seen = () => {
    if (document.visibilityState === "visible") wake();
  };
  const events: [EventTarget, string][] = [
    [window, "online"], [window, "offline"], [window, "pageshow"], [document, "visibilitychange"],
  ];
  for (const [target, name] of events) target.addEventListener(name, seen);
  return () => {
    for (const [target, name] of events) target.removeEventListener(name, seen);
  };
}
