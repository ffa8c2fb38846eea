import { h, render } from "preact";
import type { KeyValueStorage } from "../shared/storage";
import { CustomerApi } from "./api";
import { Chat } from "./chat";
import { App } from "./components/app";
import type { Mode } from "./components/context";
import { dress, dressIn } from "./components/dress";
import type { Config } from "./config";
import { claimDevice } from "./device";
import type { TandemApi } from "./page_api";
import { realApi } from "./real_api";
import answers from "./styles/answers.css?inline";
import buttons from "./styles/buttons.css?inline";
import files from "./styles/files.css?inline";
import messages from "./styles/messages.css?inline";
import panel from "./styles/panel.css?inline";
import { chooseTag, loadCatalogue } from "./texts/catalogue";

export interface MountOptions {
  /** Already in the tenant's colours (dressing.ts). */
  root: ShadowRoot;
  mode: Mode;
  /** The gateway's address without a slash at the end. */
  baseUrl: string;
  tenant: string;
  /** Of the tenant: what stays on this browser, and what is this tab's. */
  storage: KeyValueStorage;
  tab: KeyValueStorage;
  identity: string | null;
  /** The page's wish; what the customer chose in the widget goes before it. */
  language: string | null;
  /** Null when the gateway did not say: the usual looks and texts. */
  config: Config | null;
  /** Resolves when nobody is in the middle of pressing what stands there now: it would be taken away under his finger. */
  released?: () => Promise<void>;
}
export interface Mounted {
  chat: Chat;
  api: TandemApi;
}

/** Draws the chat into a shadow root and returns what the page can do with it. */
export async function mount(options: MountOptions): Promise<Mounted> {
  const { root, storage, tab } = options;
  const catalogue = await loadCatalogue(chooseTag([storage.getItem("language"), options.language, ...navigator.languages]));
  await options.released?.();
  const api: CustomerApi = new CustomerApi({ ...options, language: () => chat.language.value });
  const chat: Chat = new Chat({ ...options, api, device: claimDevice(tab), catalogue });

  dressIn(root);
  dress([panel, messages, buttons, files, answers].join("\n"));
  if (options.mode === "page" || tab.getItem("open") === "1") chat.setOpen(true);
  else if (api.known) void chat.start();
  if (options.mode === "widget") chat.open.subscribe((open) => tab.setItem("open", open ? "1" : "0"));
  root.replaceChildren();
  render(h(App, { chat, mode: options.mode }), root);
  return { chat, api: realApi(chat) };
}
