// A shop's page with the widget on it, and the gateway played by the test: set up before each test of a file that imports it.
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, vi } from "vitest";
import type { Entry, Language, Owner, OwnerKind, StatusFrame } from "../shared/protocol";
import { memoryStorage, type KeyValueStorage } from "../shared/storage";
import { CustomerApi } from "../widget/api";
import { Chat } from "../widget/chat";
import { App } from "../widget/components/app";
import type { Config } from "../widget/config";
import type { Catalogue } from "../widget/texts/catalogue";
import { catalogue as en } from "../widget/texts/catalogues/en";
import { catalogue as zh } from "../widget/texts/catalogues/zh-Hans";
import { FakeNetwork, message, settle, welcome } from "./fakes";

export const CONV = "c_1";
export const SESSION = {
  token: "tok_1",
  contact: { id: "cus_1", name: null },
  tenant: {
    id: "demo", name: "蓝屿商城", languages: ["zh", "en"],
    greeting: { zh: "您好!", en: "Hello!" }, suggestions: { zh: ["多久能退款?"], en: ["How long does a refund take?"] },
  },
};

export interface Call {
  path: string;
  body: Record<string, unknown>;
  token: string | null;
}
export let calls: Call[];
export let answers: Record<string, () => Response>;
export let network: FakeNetwork;
export let storage: KeyValueStorage;
/** Of the page that is open; another tab has its own. */
let newTab: KeyValueStorage;
export let chat: Chat;
export let config: Config | null;
export let page: HTMLElement;

export const json = (value: unknown, status = 200) => new Response(JSON.stringify(value), { status });
export const refusal = (status: number) => json({ error: { code: "refused", message: "No.", retryable: false } }, status);

async function gateway(input: string | URL | Request, init: RequestInit = {}): Promise<Response> {
  const path = String(input).replace("https://chat.example", "");
  const token = new Headers(init.headers).get("authorization");
  calls.push({ path, body: init.body ? (JSON.parse(String(init.body)) as Record<string, unknown>) : {}, token });
  return (answers[path] ?? (() => json({ ok: true })))();
}

/** `tab`: of another page than the one that is open, which starts with an empty one. */
export function newChat(language: Language = "zh", identity: string | null = null, own?: Catalogue, tab = newTab): Chat {
  const api = new CustomerApi({ baseUrl: "https://chat.example", tenant: "demo", identity, storage, language: () => language });
  const catalogue: Catalogue = own ?? (language === "zh" ? zh : en);
  return new Chat({ api, storage, tab, device: "d_1", baseUrl: "https://chat.example", catalogue, config, socket: network.open });
}

export async function show(language: Language = "zh", catalogue?: Catalogue): Promise<void> {
  chat = newChat(language, null, catalogue);
  await draw();
}

export const draw = () => act(() => render(<App chat={chat} mode="widget" />, page));

/** Opens the panel and connects; `last_seq` > 0 announces a conversation. */
export async function online(entries: Entry[] = []): Promise<void> {
  await act(async () => {
    chat.setOpen(true);
    await vi.waitFor(() => expect(network.sockets).not.toHaveLength(0));
    network.last.accept();
    network.last.say(welcome({ current: entries.length > 0 ? { conv: CONV, last_seq: entries.length } : null }));
  });
  await receive(...entries);
}

export async function receive(...entries: Entry[]): Promise<void> {
  await act(async () => {
    for (const entry of entries) network.last.say({ t: "entry", conv: CONV, entry });
    await new Promise((done) => setTimeout(done, 40)); // longer than one collected drawing
  });
}

export const owner = (kind: OwnerKind, name?: string): Owner => ({ kind, agent: name ? { name } : null });
export async function status(kind: OwnerKind, more: Partial<StatusFrame> = {}): Promise<void> {
  await act(() => {
    network.last.say({ t: "status", conv: CONV, owner: owner(kind), epoch: 5, place: null, wait_s: null, language: "zh", rate: false, ...more });
  });
  await parts();
}

/** Every part of the widget that is being loaded is there. */
export const parts = () => act(async () => { await vi.dynamicImportSettled(); });

export const find = <E extends HTMLElement = HTMLElement>(selector: string) => page.querySelector<E>(selector);
export const button = (name: string) =>
  [...page.querySelectorAll("button")].find((node) => node.getAttribute("aria-label") === name || node.textContent?.trim() === name);
export const press = (name: string) => act(async () => { button(name)!.click(); await settle(); await vi.dynamicImportSettled(); });
export async function type(selector: string, text: string): Promise<void> {
  await act(() => {
    const field = find<HTMLTextAreaElement>(selector)!;
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
}
export const key = (selector: string, init: KeyboardEventInit) =>
  act(() => { find(selector)!.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...init })); });

export const answer = message(3, {
  author: { kind: "bot" },
  body: { text: "**两小时**内", kind: "answer", sources: [{ article: "refund-timing", language: "zh", title: "退款多久到账" }] },
});

beforeEach(() => {
  calls = [];
  config = null;
  answers = {
    "/v1/widget/sessions": () => json(SESSION, 201),
    "/v1/ws-ticket": () => json({ ticket: "t", expires_in: 30 }),
    "/v1/widget/preferred-channel": () => json({ channel: null, channels: ["web"] }),
  };
  network = new FakeNetwork();
  storage = memoryStorage();
  newTab = memoryStorage();
  vi.stubGlobal("fetch", gateway);
  // happy-dom's own never calls back.
  Object.defineProperty(navigator, "locks", { configurable: true, value: { request: (_name: string, run: () => unknown) => run() } });
  page = document.body.appendChild(document.createElement("div"));
});
afterEach(async () => {
  await vi.dynamicImportSettled(); // what is on its way meets the fakes that it was begun with
  chat.stop();
  render(null, page);
  page.remove();
  vi.unstubAllGlobals();
});

/** The page's chat from now on; the one before stays as it is. */
export function meet(next: Chat): Chat {
  return (chat = next);
}
export function configure(next: Partial<Config>): void {
  config = {
    tenant: "demo", name: {}, languages: ["zh", "en"], timezone: "Asia/Shanghai", look: {}, texts: {}, welcome: [], help: false, voice: false, ...next,
  };
}
