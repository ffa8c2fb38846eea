import type { Clock } from "../shared/clock";
import type { WebSocketLike } from "../shared/connection";
import type { ClientFrame, Entry, ServerFrame, Welcome } from "../shared/protocol";

/** A clock that stands still until it is told to advance. */
export class FakeClock implements Clock {
  time = 1_000_000;
  chance = 1;
  private timers: { at: number; run: () => void }[] = [];

  now = () => this.time;
  random = () => this.chance;
  setTimeout = (run: () => void, ms: number) => {
    const timer = { at: this.time + ms, run };
    this.timers.push(timer);
    return timer;
  };
  clearTimeout = (timer: unknown) => {
    this.timers = this.timers.filter((other) => other !== timer);
  };

  /** Runs everything that is due within the next `ms`, promises included. */
  async advance(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      await settle();
      const next = this.timers.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > end) break;
      this.timers = this.timers.filter((timer) => timer !== next);
      this.time = Math.max(this.time, next.at);
      next.run();
    }
    this.time = end;
  }
}

/** Lets promises that are ready run. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
}

/** The server's end of one WebSocket, played by the test. */
export class FakeSocket implements WebSocketLike {
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  readonly sent: ClientFrame[] = [];
  closedByClient = false;

  constructor(readonly url: string, readonly protocols: string[]) {}

  send(data: string): void {
    this.sent.push(JSON.parse(data) as ClientFrame);
  }
  close(): void {
    this.closedByClient = true;
  }

  accept(): void {
    this.onopen?.({} as never);
  }
  say(frame: ServerFrame): void {
    this.onmessage?.({ data: JSON.stringify(frame) } as never);
  }
  drop(code: number): void {
    this.onclose?.({ code } as never);
  }
  frames<T extends ClientFrame["t"]>(kind: T): Extract<ClientFrame, { t: T }>[] {
    return this.sent.filter((frame): frame is Extract<ClientFrame, { t: T }> => frame.t === kind);
  }
}

/** Collects the sockets that a client opens. */
export class FakeNetwork {
  readonly sockets: FakeSocket[] = [];
  open = (url: string, protocols: string[]): FakeSocket => {
    const socket = new FakeSocket(url, protocols);
    this.sockets.push(socket);
    return socket;
  };
  get last(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (socket === undefined) throw new Error("the client has opened no socket");
    return socket;
  }
}

export function welcome(overrides: Partial<Welcome> = {}): Welcome {
  return {
    t: "welcome", session: "s_1", log_id: "log_1", server_time: "2026-11-21T08:00:00Z",
    principal: { kind: "customer", id: "cus_1", name: null }, limits: { text_chars: 8000 }, current: null,
    ...overrides,
  };
}

/** A message entry; the customer's by default. */
export function message(seq: number, overrides: Partial<Extract<Entry, { kind: "message" }>> = {}): Entry {
  return {
    seq, mid: `m_${seq}`, kind: "message", audience: "public", author: { kind: "customer" }, client_id: null, epoch: 1,
    at: "2026-11-21T08:00:00Z", body: { text: `message ${seq}` }, ...overrides,
  };
}

export function state(seq: number, overrides: Partial<Extract<Entry, { kind: "state" }>> = {}): Entry {
  return {
    seq, mid: `m_${seq}`, kind: "state", audience: "public", author: { kind: "system" }, client_id: null, epoch: 1,
    at: "2026-11-21T08:00:00Z", body: { event: "opened", to: { kind: "bot", agent: null } }, ...overrides,
  };
}
