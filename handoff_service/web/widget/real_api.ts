// The page's API on a running conversation.
import { effect } from "./signals";
import type { Chat } from "./chat";
import type { EventName, TandemApi, TandemEvents } from "./page_api";

export function realApi(chat: Chat): TandemApi {
  const handlers = new Map<EventName, Set<(detail: never) => void>>();
  const tell = <E extends EventName>(event: E, detail: TandemEvents[E]) => {
    for (const handler of [...(handlers.get(event) ?? [])]) {
      try {
        (handler as (detail: TandemEvents[E]) => void)(detail);
      } catch (error) {
        reportError(error); // the page's own mistake must not stop the conversation
      }
    }
  };
  listen(chat, tell);
  const api: TandemApi = {
    open: () => chat.setOpen(true),
    close: () => chat.setOpen(false),
    toggle: () => chat.setOpen(!chat.open.value),
    setLanguage: (language) => void chat.setLanguage(String(language)),
    identify: (token) => void chat.identify(typeof token === "string" && token !== "" ? token : null),
    setAttributes: (attributes) => chat.setAttributes(attributes),
    on: (event, handler) => {
      handlers.set(event, (handlers.get(event) ?? new Set()).add(handler));
      if (event === "ready") (handler as (detail: undefined) => void)(undefined);
    },
    off: (event, handler) => void handlers.get(event)?.delete(handler),
    push: ([name, ...args]) => (api[name] as (...args: unknown[]) => void)(...args),
  };
  return api;
}

function listen(chat: Chat, tell: <E extends EventName>(event: E, detail: TandemEvents[E]) => void): void {
  let open = chat.open.value;
  effect(() => {
    if (chat.open.value !== open) tell((open = chat.open.value) ? "open" : "close", undefined);
  });
  let unread = 0;
  effect(() => {
    if (chat.unread.value !== unread) tell("unread", (unread = chat.unread.value));
  });
  let owner = "";
  effect(() => {
    const now = { kind: chat.owner.value?.kind ?? "bot", name: chat.owner.value?.agent?.name ?? null };
    const key = `${now.kind}:${now.name ?? ""}`;
    if (owner !== "" && key !== owner) tell("owner", now);
    owner = key;
  });
  // What a resume brings again is no news: only what is newer than what was seen.
  let last = "";
  effect(() => {
    const item = chat.log.value.at(-1);
    const key = item === undefined ? "" : `${item.conv}:${item.entry.seq}`;
    if (key === last) return;
    last = key;
    const entry = item?.entry;
    if (entry?.kind !== "message" || entry.author.kind === "customer" || chat.wasSeen(item!)) return;
    tell("message", { from: entry.author.kind, name: entry.author.name ?? null, text: entry.body.text });
  });
}
