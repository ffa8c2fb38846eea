import type { Clock } from "./clock";
import { CLOSE, SUBPROTOCOL, type ClientFrame, type ServerFrame } from "./protocol";

export type ConnectionState = "connecting" | "online" | "offline" | "unauthorized";

export interface WebSocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}
export type SocketFactory = (url: string, protocols: string[]) => WebSocketLike;

export interface ConnectionOptions {
  url: string;
  socket: SocketFactory;
  clock: Clock;
  getTicket(): Promise<string>;
  /** The first frame of a connection. */
  hello(ticket: string): ClientFrame;
  receive(frame: ServerFrame): void;
  stateChanged(state: ConnectionState): void;
  /** The connection ended; `code` is the close code, or null when it was found dead. */
  lost(code: number | null): void;
}

const PING_MS = 20_000;
const DEAD_MS = 45_000;
const PROBE_MS = 5_000;
const BACKOFF_FIRST_MS = 500;
const BACKOFF_MOST_MS = 60_000;
const HEALTHY_MS = 30_000;
const REFUSED_TICKETS = 2;

/**
 * One living WebSocket: ticket, hello, heartbeat, and a new one with full-jitter back-off when it dies: a wait of up
 * to twice as long as it has waited since it was healthy. So nobody stays away much longer than the gateway did,
 * whereas doubling the ceiling with each attempt punishes whoever drew short waits.
 *
 * `getTicket` that rejects with `retryAfterS` is asked again after that time. With `status` 401 or 403, repeated 4401 and 4403 end in `unauthorized`; only
 * `open()` starts again from there. 4409 (the same device connected elsewhere) waits until the page is looked at.
 */
export class Connection {
  state: ConnectionState = "offline";
  private socket: WebSocketLike | null = null;
  private welcomed = false;
  private wanted = false;
  private attempt = 0;
  private waitedMs = 0;
  private refused = 0;
  private timers: Record<"retry" | "ping" | "dead" | "healthy", unknown> = { retry: null, ping: null, dead: null, healthy: null };

  constructor(private readonly options: ConnectionOptions) {}

  get ready(): boolean {
    return this.welcomed;
  }

  open(): void {
    if (this.wanted && this.state !== "unauthorized") return;
    this.wanted = true;
    this.waitedMs = 0;
    this.refused = 0;
    void this.dial();
  }

  close(): void {
    this.wanted = false;
    this.hangUp(1000);
    this.enter("offline");
  }

  /** Drops the connection and dials again at once. */
  restart(): void {
    if (!this.wanted) return;
    this.hangUp(1000);
    this.options.lost(null);
    void this.dial();
  }

  send(frame: ClientFrame): boolean {
    if (!this.welcomed || this.socket === null) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  /** The network or the page came back: dial now, or make the server prove within 5 s that it is there. */
  wake(): void {
    if (!this.wanted || this.state === "unauthorized") return;
    if (this.welcomed) {
      this.send({ t: "ping" });
      this.expectWithin(PROBE_MS);
    } else if (this.socket === null && this.state === "offline") {
      void this.dial();
    }
  }

  private async dial(): Promise<void> {
    this.hangUp(1000);
    const attempt = ++this.attempt;
    this.enter("connecting");
    this.expectWithin(DEAD_MS);
    let ticket: string;
    try {
      ticket = await this.options.getTicket();
    } catch (error) {
      if (attempt !== this.attempt) return;
      const { status, retryAfterS = 0 } = (error ?? {}) as { status?: number; retryAfterS?: number };
      if (status === 401 || status === 403) this.stop();
      else this.retryLater(retryAfterS * 1000);
      return;
    }
    if (attempt === this.attempt) this.plug(ticket);
  }

  private plug(ticket: string): void {
    const socket = this.options.socket(this.options.url, [SUBPROTOCOL]);
    this.socket = socket;
    socket.onopen = () => socket.send(JSON.stringify(this.options.hello(ticket)));
    socket.onmessage = (event: { data: unknown }) => this.heard(event.data);
    socket.onclose = (event: { code: number }) => this.closed(event.code);
    socket.onerror = () => undefined; // a close always follows
  }

  private heard(data: unknown): void {
    this.expectWithin(DEAD_MS);
    let frame: ServerFrame;
    try {
      frame = JSON.parse(String(data)) as ServerFrame;
    } catch {
      return;
    }
    if (frame.t === "pong") return;
    if (frame.t === "welcome") this.greeted();
    this.options.receive(frame);
  }

  private greeted(): void {
    this.welcomed = true;
    this.refused = 0;
    const { clock } = this.options;
    this.timers.healthy = clock.setTimeout(() => (this.waitedMs = 0), HEALTHY_MS);
    const ping = () => {
      this.send({ t: "ping" });
      this.timers.ping = clock.setTimeout(ping, PING_MS);
    };
    this.timers.ping = clock.setTimeout(ping, PING_MS);
    this.enter("online");
  }

  private closed(code: number | null): void {
    this.hangUp(null);
    this.options.lost(code);
    if (!this.wanted) return;
    if (code === CLOSE.forbidden) return this.stop();
    if (code === CLOSE.replaced) return this.enter("offline");
    if (code === CLOSE.auth) {
      this.refused += 1;
      if (this.refused >= REFUSED_TICKETS) return this.stop();
      void this.dial();
      return;
    }
    this.retryLater();
  }

  /** `atLeastMs` is what a busy server asks for; chance comes on top, or all would come back together. */
  private retryLater(atLeastMs = 0): void {
    this.hangUp(1000);
    const { clock } = this.options;
    const ceiling = Math.min(BACKOFF_MOST_MS, Math.max(BACKOFF_FIRST_MS, 2 * this.waitedMs));
    const wait = atLeastMs + clock.random() * ceiling;
    this.waitedMs += wait;
    this.timers.retry = clock.setTimeout(() => void this.dial(), wait);
    this.enter("offline");
  }

  private stop(): void {
    this.hangUp(1000);
    this.enter("unauthorized");
  }

  private expectWithin(ms: number): void {
    const { clock } = this.options;
    clock.clearTimeout(this.timers.dead);
    this.timers.dead = clock.setTimeout(() => this.closed(null), ms);
  }

  /** Forgets the socket and every timer; late events of it reach nobody. */
  private hangUp(code: number | null): void {
    this.attempt += 1;
    this.welcomed = false;
    for (const name of ["retry", "ping", "dead", "healthy"] as const) {
      this.options.clock.clearTimeout(this.timers[name]);
      this.timers[name] = null;
    }
    const socket = this.socket;
    this.socket = null;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    socket.close(code ?? 1000);
  }

  private enter(state: ConnectionState): void {
    if (this.state === state) return;
    this.state = state;
    this.options.stateChanged(state);
  }
}
