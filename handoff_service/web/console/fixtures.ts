import { signal } from "@preact/signals";
import type { WebSocketLike } from "../shared/client";
import type {
  Card, ClientFrame, DeskFrame, Entry, ErrFrame, Handoff, Language, Me, Owner, ServerFrame,
} from "../shared/protocol";
import { browserStorage } from "../shared/storage";
import { Api } from "./api";
import { createDesk, type Workplace } from "./composition";
import { Drafts } from "./drafts";

/** Shapes of the protocol for tests, complete so that the compiler checks them. */
export const LIN = { id: "a_lin", name: "林晓" };
export const MIA = { id: "a_mia", name: "Mia" };

export const ME: Me = {
  agent: { ...LIN, email: "lin@lanyu.example", role: "agent", languages: ["zh", "en"], capacity: 5, status: "online" },
  tenant: {
    id: "demo",
    name: "蓝屿商城",
    queues: [{ id: "support", name: "客服一组" }],
    wrap_up_codes: [{ id: "solved", zh: "已解决", en: "Solved" }],
  },
  colleagues: [],
};

export const owner = (kind: Owner["kind"], agent: Owner["agent"] = null): Owner => ({ kind, agent, queue: null });

export function card(conversation: string, change: Partial<Card> = {}): Card {
  return {
    conversation,
    contact: { id: "cus_1", name: "陈女士" },
    channel: "web",
    language: "zh",
    owner: owner("queue"),
    epoch: 2,
    last_seq: 3,
    unread: 0,
    preview: "转人工",
    updated_at: "2026-11-21T08:00:00Z",
    handoff: {
      id: `h_${conversation}`,
      reason: "asked",
      priority: 3,
      queue: "support",
      requested_at: "2026-11-21T08:00:00Z",
      place: 1,
    },
    offer: null,
    mood: null,
    ...change,
  };
}

export function deskFrame(change: Partial<Omit<DeskFrame, "t">> = {}): DeskFrame {
  return { t: "desk", waiting: [], offers: [], mine: [], others: [], mailbox: [], agents: [], ...change };
}

type Spoken = Extract<Entry, { kind: "message" }>;

export function message(seq: number, text: string, change: Partial<Spoken> = {}): Spoken {
  return {
    seq,
    mid: `m_${seq}`,
    kind: "message",
    audience: "public",
    author: { kind: "customer", id: "cus_1", name: "陈女士" },
    client_id: null,
    epoch: 1,
    at: "2026-11-21T08:00:00Z",
    body: { text },
    ...change,
  };
}

export const HANDOFF: Handoff = {
  id: "h_1",
  conversation: "c_1",
  reason: "unsure",
  priority: 2,
  queue: "support",
  language: "zh",
  receipt: [{ stage: "requested", at: "2026-11-21T08:00:00Z", by: "bot" }],
  packet: {
    goal: { text: "三方合同", entries: [2] },
    reason: { text: "两次没有找到答案", entries: [2, 4] },
    evidence: [
      { label: "最高匹配度", value: 0.31, entries: [4] },
      { label: "阈值", value: 0.6, entries: [] },
    ],
    tried: [{ article: "vat-invoice", language: "zh", title: "专用发票", probability: 0.314, entries: [3] }],
    facts: [{ kind: "order_number", value: "LY20261103001", entries: [2] }],
    mood: [],
  },
};

/** The server's end of the page's WebSocket, played by the test. */
export class ScriptedSocket implements WebSocketLike {
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  /** What the page sent, oldest first. */
  readonly frames: ClientFrame[] = [];

  say(frame: ServerFrame): void {
    this.onmessage?.({ data: JSON.stringify(frame) } as never);
  }
  get sends(): Extract<ClientFrame, { t: "send" }>[] {
    return this.frames.filter((frame) => frame.t === "send");
  }
  /** The server refuses the newest message. */
  refuse(error: Pick<ErrFrame, "code" | "message" | "owner" | "epoch">): void {
    const last = this.sends.at(-1);
    if (last === undefined) throw new Error("nothing was sent");
    this.say({ t: "err", client_id: last.client_id, retryable: false, ...error });
  }
  send(data: string): void {
    this.frames.push(JSON.parse(data) as ClientFrame);
  }
  close(): void {}
}

export const welcome = (log_id: string): ServerFrame => ({
  t: "welcome",
  session: "s_1",
  log_id,
  server_time: new Date().toISOString(),
  principal: { kind: "agent", ...LIN, role: "agent" },
  limits: { text_chars: 8000 },
  current: null,
});

export interface Answer {
  readonly status: number;
  readonly body: object;
}
export interface Trial extends Workplace {
  readonly server: ScriptedSocket;
  readonly requests: { path: string; body: unknown }[];
  /** What would be there after a reload. */
  readonly stored: Drafts;
}

/** A whole connected desk; only the server is played. `answers`: what the paths that end so answer, others get {}. */
export async function trial(answers: Record<string, Answer> = {}, language: Language = "zh", me: Me = ME): Promise<Trial> {
  localStorage.clear();
  const requests: Trial["requests"] = [];
  const answer = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const path = String(input);
    requests.push({ path, body: typeof init?.body === "string" ? JSON.parse(init.body) : null });
    const found = Object.entries(answers).find(([end]) => path.endsWith(end))?.[1];
    const unasked = path.endsWith("/v1/channels/accounts") ? { accounts: [] } : {};
    return new Response(JSON.stringify(found?.body ?? unasked), { status: found?.status ?? 200 });
  };
  const server = new ScriptedSocket();
  let plug = (): void => undefined;
  const plugged = new Promise<void>((resolve) => (plug = resolve));
  const socket = (): ScriptedSocket => {
    plug();
    return server;
  };
  const api = new Api({ fetch: answer, pauses: [] });
  const workplace = createDesk({ me, api, language: signal(language), signedOut: () => undefined, socket });
  const desk = { ...workplace, server, requests, stored: new Drafts(browserStorage("localStorage", `tandem.console.${LIN.id}.`)) };
  workplace.session.start();
  if (me.agent.permissions?.includes("conversations.read") === false) return desk;
  await plugged;
  await Promise.resolve();
  server.onopen?.({} as never);
  server.say(welcome("log_1"));
  return desk;
}

/** Somebody whose role may do this and nothing else. */
export const whoMay = (...permissions: string[]): Me => ({ ...ME, agent: { ...ME.agent, permissions } });
