/**
 * <script async src="{gateway}/widget/v1/widget.js" data-tenant="demo" data-language="zh" data-identity="<jwt>"></script>
 *
 * Draws the launcher; the conversation is another file, which is loaded when somebody wants it or was here before.
 */
import { browserStorage, readJson, type KeyValueStorage } from "../shared/storage";
import { fetchConfig, isConfig, type Config } from "./config";
import { wear } from "./dressing";
import { isLook, type Look } from "./look";
import type { Mounted } from "./mount";
import { isApiCall, record, type ApiCall, type TandemApi } from "./page_api";
import { chooseAmong } from "./texts/tags";

declare global {
  interface Window {
    Tandem?: TandemApi | ApiCall[];
  }
}
/** The file of the conversation, by its hashed name (build.mjs). */
declare const CHAT_FILE: string;

const CONFIG_WAIT_MS = 120;
const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 30_000;
/** On a touch screen the click comes a moment after the finger was lifted. */
const CLICK_MS = 60;
const BUBBLE = "M12 3.5c-5 0-9 3.4-9 7.7 0 2.4 1.3 4.6 3.3 6v3.3l3.4-1.9c.7.2 1.5.2 2.3.2 5 0 9-3.4 9-7.6s-4-7.7-9-7.7z M8 11.2h.01M12 11.2h.01M16 11.2h.01";
/** By language; of each catalogue nothing else comes with this file. */
const NAMES = Object.fromEntries(
  Object.entries(import.meta.glob<string>("./texts/catalogues/*.ts", { eager: true, import: "launcher" }))
    .map(([path, name]) => [path.slice("./texts/catalogues/".length, -".ts".length), name]),
);

function embed(script: HTMLScriptElement): void {
  const { tenant, language = null, identity = null } = script.dataset;
  if (!tenant) throw new Error(`Tandem: the script element of ${script.src} has no data-tenant.`);
  const files = new URL(".", script.src).href;
  const baseUrl = new URL("../..", script.src).href.replace(/\/$/, "");
  const storage = browserStorage("localStorage", `tandem.${tenant}.`);
  const tab = browserStorage("sessionStorage", `tandem.${tenant}.`);

  const host = document.createElement("tandem-widget");
  const root = host.attachShadow({ mode: "open" });
  document.body.append(host);

  let config = readJson<Config | null>(storage, "config", isConfig, null);
  const fetched = fetchConfig(baseUrl, tenant).then((found) => {
    if (found === null) return;
    config = found;
    storage.setItem("config", JSON.stringify(found));
  });
  const ownLook = fromAttributes(script.dataset);
  const dress = () => wear(host, root, { ...config?.look, ...ownLook });

  const { api, replay } = record();
  /** The panel was open before the page was loaded again: it comes back without a closed launcher first. */
  let reopening = tab.getItem("open") === "1";
  let there = false;
  const known = Boolean(identity) || storage.getItem("token") !== null || reopening;
  let mounting: Promise<Mounted> | null = null;
  let released: Promise<void> = Promise.resolve();
  const press = () => (released = release());
  const load = () =>
    (mounting ??= Promise.all([import(/* @vite-ignore */ files + CHAT_FILE) as Promise<typeof import("./mount")>, config ?? fetched])
      .then(([{ mount }]) => {
        dress();
        return mount({ root, mode: "widget", storage, tab, baseUrl, tenant, identity: identity || null, language, config, released: () => released });
      })
      .then((mounted) => ((there = true), replay(mounted.api), mounted)))
      .catch((error: unknown) => {
        mounting = null; // a later click tries again
        throw error;
      });

  /** Loads the conversation; a click that finds no network can be repeated, and what nobody has clicked for repeats itself. */
  const wake = (open = false, wait = FIRST_WAIT_MS) => {
    root.querySelector("button")?.setAttribute("aria-busy", "true");
    load().then(
      ({ chat }) => open && chat.setOpen(true),
      (error: unknown) => {
        console.warn("Tandem: the chat did not load.", error);
        root.querySelector("button")?.removeAttribute("aria-busy");
        reopening = false;
        draw();
        if (known && !open) setTimeout(wake, wait, false, Math.min(2 * wait, LONGEST_WAIT_MS));
      },
    );
  };
  const early = Array.isArray(window.Tandem) ? window.Tandem.filter(isApiCall) : [];
  const waking = (name: "open" | "toggle" | "identify") => (...args: unknown[]) => {
    api.push([name, ...args]);
    wake();
  };
  window.Tandem = { ...api, open: waking("open"), toggle: waking("toggle"), identify: waking("identify") };
  for (const [name, ...args] of early) (window.Tandem[name] as (...args: unknown[]) => void)(...args);

  const draw = () => {
    if (!there) dress();
    if (!there && !reopening) launcher(root, nameFor(storage, language), () => wake(true), () => wake(), press);
  };
  // The usual looks are not shown for a blink before the tenant's; but a slow gateway hides nothing either.
  if (config !== null) draw();
  void Promise.race([fetched, new Promise((done) => setTimeout(done, CONFIG_WAIT_MS))]).then(draw);
  void fetched.then(draw);
  if (known) wake();
}

/** What the page itself says about the looks goes before what the tenant has set. */
function fromAttributes({ accent, position, scheme }: DOMStringMap): Look {
  const look = { ...(accent && { accent }), ...(position && { position }), ...(scheme && { scheme }) };
  return isLook(look) ? look : {};
}

function nameFor(storage: KeyValueStorage, language: string | null): string {
  return NAMES[chooseAmong(Object.keys(NAMES), [storage.getItem("language"), language, ...navigator.languages])] ?? "";
}

/** Until the pointer is let go, and the click that follows has been heard. */
function release(): Promise<void> {
  return new Promise((done) => {
    const soon = () => setTimeout(done, CLICK_MS);
    for (const event of ["pointerup", "pointercancel"]) addEventListener(event, soon, { once: true });
  });
}

/** The button until the conversation's own takes its place; by hand, so that a page that nobody chats on stays light. */
function launcher(root: ShadowRoot, name: string, open: () => void, warm: () => void, press: () => void): void {
  if (root.querySelector("button") !== null) return;
  const frame = document.createElement("div");
  frame.className = "tandem widget";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "launcher";
  button.setAttribute("aria-label", name);
  button.setAttribute("aria-expanded", "false");
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  for (const [key, value] of Object.entries({
    class: "icon", viewBox: "0 0 24 24", width: "30", height: "30", fill: "none", stroke: "currentColor", "stroke-width": "1.8",
    "stroke-linecap": "round", "stroke-linejoin": "round", "aria-hidden": "true",
  })) svg.setAttribute(key, value);
  const path = document.createElementNS(svg.namespaceURI, "path");
  path.setAttribute("d", BUBBLE);
  svg.append(path);
  button.append(svg);
  button.addEventListener("click", open);
  button.addEventListener("pointerenter", warm, { once: true });
  button.addEventListener("pointerdown", press);
  frame.append(button);
  root.append(frame);
}

// currentScript is only set while the script first runs, so it is read before anything waits.
const script = document.currentScript;
// A page that includes the script twice still gets one widget.
if (script instanceof HTMLScriptElement && (window.Tandem === undefined || Array.isArray(window.Tandem))) {
  if (document.body !== null) embed(script);
  else addEventListener("DOMContentLoaded", () => embed(script), { once: true });
}
