import { h, render } from "preact";
import { chooseLanguage } from "../shared/i18n";
import { browserStorage } from "../shared/storage";
import { CustomerApi } from "./api";
import { Chat } from "./chat";
import { App } from "./components/app";
import type { Mode } from "./components/context";
import { claimDevice } from "./device";
import cards from "./styles/cards.css?inline";
import messages from "./styles/messages.css?inline";
import panel from "./styles/panel.css?inline";
import tokens from "./styles/tokens.css?inline";

export interface MountOptions {
  host: HTMLElement;
  mode: Mode;
  /** The gateway's address without a slash at the end. */
  baseUrl: string;
  tenant: string;
  identity: string | null;
  /** The page's wish; what the customer chose in the widget goes before it. */
  language: string | null;
}

/** Draws the chat into a shadow root of `host` and returns what the page can do with it. */
export function mount(options: MountOptions): Chat {
  const storage = browserStorage("localStorage", `tandem.${options.tenant}.`);
  const language = chooseLanguage(storage.getItem("language"), options.language, ...navigator.languages);
  const api: CustomerApi = new CustomerApi({ ...options, storage, language: () => chat.language.value });
  const chat: Chat = new Chat({ api, storage, device: claimDevice(), baseUrl: options.baseUrl, language });

  const root = options.host.attachShadow({ mode: "open" });
  // Constructed sheets are the page's own objects: a strict `style-src` does not block them.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync([tokens, panel, messages, cards].join("\n"));
  root.adoptedStyleSheets = [sheet];

  const tab = browserStorage("sessionStorage", `tandem.${options.tenant}.`);
  if (options.mode === "page" || tab.getItem("open") === "1") chat.setOpen(true);
  else if (api.known) void chat.start();
  if (options.mode === "widget") chat.open.subscribe((open) => tab.setItem("open", open ? "1" : "0"));
  render(h(App, { chat, mode: options.mode }), root);
  return chat;
}
