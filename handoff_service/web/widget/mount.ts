import { h, render } from "preact";
import { browserStorage } from "../shared/storage";
import { CustomerApi } from "./api";
import { Chat } from "./chat";
import { App } from "./components/app";
import type { Mode } from "./components/context";
import type { Config } from "./config";
import { claimDevice } from "./device";
import { lookSheet, type Look } from "./look";
import type { TandemApi } from "./page_api";
import { realApi } from "./real_api";
import answers from "./styles/answers.css?inline";
import cards from "./styles/cards.css?inline";
import dark from "./styles/dark.css?inline";
import files from "./styles/files.css?inline";
import launcher from "./styles/launcher.css?inline";
import messages from "./styles/messages.css?inline";
import panel from "./styles/panel.css?inline";
import tokens from "./styles/tokens.css?inline";
import { chooseTag, loadCatalogue } from "./texts/catalogue";

export interface MountOptions {
  host: HTMLElement;
  root: ShadowRoot;
  mode: Mode;
  /** The gateway's address without a slash at the end. */
  baseUrl: string;
  tenant: string;
  identity: string | null;
  /** The page's wish; what the customer chose in the widget goes before it. */
  language: string | null;
  /** Null when the gateway did not say: the usual looks and texts. */
  config: Config | null;
  /** What the page says otherwise than the config. */
  look: Look;
  /** Resolves when nobody is in the middle of pressing what stands there now: it would be taken away under his finger. */
  released?: () => Promise<void>;
}
export interface Mounted {
  chat: Chat;
  api: TandemApi;
}

/** Draws the chat into a shadow root and returns what the page can do with it. */
export async function mount(options: MountOptions): Promise<Mounted> {
  const { host, root, config, tenant, baseUrl } = options;
  const storage = browserStorage("localStorage", `tandem.${tenant}.`);
  const catalogue = await loadCatalogue(chooseTag([storage.getItem("language"), options.language, ...navigator.languages]));
  await options.released?.();
  const api: CustomerApi = new CustomerApi({ ...options, storage, language: () => chat.language.value });
  const chat: Chat = new Chat({ api, storage, device: claimDevice(), baseUrl, catalogue, config });

  const look = { ...config?.look, ...options.look };
  // Constructed sheets are the page's own objects: a strict `style-src` does not block them.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync([tokens, launcher, panel, messages, cards, files, answers, lookSheet(look, dark)].join("\n"));
  root.adoptedStyleSheets = [sheet];
  host.dataset["position"] = look.position ?? "end";

  const tab = browserStorage("sessionStorage", `tandem.${tenant}.`);
  if (options.mode === "page" || tab.getItem("open") === "1") chat.setOpen(true);
  else if (api.known) void chat.start();
  if (options.mode === "widget") chat.open.subscribe((open) => tab.setItem("open", open ? "1" : "0"));
  root.replaceChildren();
  render(h(App, { chat, mode: options.mode }), root);
  return { chat, api: realApi(chat) };
}
