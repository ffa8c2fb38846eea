// What a page can do with the widget, and what it is told: the one global, `Tandem`.
type Value = string | number | boolean | null;
export type Attributes = Record<string, Value>;

export interface TandemEvents {
  ready: undefined;
  open: undefined;
  close: undefined;
  /** Somebody else than the customer said something. */
  message: { from: "bot" | "agent" | "system"; name: string | null; text: string };
  unread: number;
  /** Who may speak now: bot, queue, agent, mailbox, closed. */
  owner: { kind: string; name: string | null };
}
export type EventName = keyof TandemEvents;
type Handler = (detail: never) => void;

export interface TandemApi {
  open(): void;
  close(): void;
  toggle(): void;
  setLanguage(language: string): void;
  /** Who the customer is, signed by the tenant's site (JWT); null signs him out and forgets him on this browser. */
  identify(token: string | null): void;
  /** What the page knows about him: {"app": "ios", "version": "5.2"}. Agents see it; it proves nothing. */
  setAttributes(attributes: Attributes): void;
  on(event: EventName, handler: Handler): void;
  off(event: EventName, handler: Handler): void;
  /** ["open"], ["setAttributes", {…}]: what a page calls before this file has come, on a plain array. */
  push(call: ApiCall): void;
}
export type ApiCall = readonly [name: Exclude<keyof TandemApi, "push">, ...args: unknown[]];

const NAMES = ["open", "close", "toggle", "setLanguage", "identify", "setAttributes", "on", "off"] as const;

export function isApiCall(value: unknown): value is ApiCall {
  return Array.isArray(value) && (NAMES as readonly unknown[]).includes(value[0]);
}

/** An API that remembers every call until there is one that carries them out. */
export function record(): { api: TandemApi; replay: (to: TandemApi) => void } {
  const calls: ApiCall[] = [];
  let real: TandemApi | null = null;
  const call = (one: ApiCall) => {
    if (real === null) calls.push(one);
    else carryOut(real, one);
  };
  const api = Object.fromEntries(NAMES.map((name) => [name, (...args: unknown[]) => call([name, ...args])]));
  const push = (one: ApiCall) => {
    if (isApiCall(one)) call(one);
  };
  return {
    api: { ...api, push } as unknown as TandemApi,
    replay: (to) => {
      real = to;
      for (const one of calls.splice(0)) carryOut(to, one);
    },
  };
}

function carryOut(api: TandemApi, [name, ...args]: ApiCall): void {
  (api[name] as (...args: unknown[]) => void)(...args);
}
