import { useEffect, useRef } from "preact/hooks";
import { locale } from "../../shared/i18n";
import type { Chat } from "../chat";
import { ChatProvider, type Mode } from "./context";
import { ChatIcon, DownIcon } from "./icons";
import { lazy } from "./lazy";
import { Panel } from "./panel";

const CallView = lazy(() => import("./extras/call").then((file) => file.CallView));

/** The launcher with its panel, or the panel alone as a page. */
export function App({ chat, mode }: { chat: Chat; mode: Mode }) {
  const launcher = useRef<HTMLButtonElement>(null);
  const wasOpen = useRef(chat.open.value);
  const open = chat.open.value;

  useEffect(() => {
    if (wasOpen.current && !open) launcher.current?.focus();
    wasOpen.current = open;
  }, [open]);

  return (
    <ChatProvider value={chat}>
      <div class={`tandem ${mode}`} lang={locale(chat.locale.value)} dir={chat.catalogue.value.dir}>
        {(open || mode === "page") && <Panel mode={mode} />}
        {!open && mode === "widget" && chat.called.value && <div class="call-float"><CallView /></div>}
        {mode === "widget" && (
          <button
            ref={launcher} type="button" class={open ? "launcher open" : "launcher"} aria-expanded={open}
            aria-label={launcherName(chat)} onClick={() => chat.setOpen(!open)}
          >
            {open ? <DownIcon size={28} /> : <ChatIcon size={30} />}
            {chat.unread.value > 0 && <span class="badge" aria-hidden="true">{chat.unread.value > 99 ? "99+" : chat.unread.value}</span>}
          </button>
        )}
      </div>
    </ChatProvider>
  );
}

function launcherName(chat: Chat): string {
  if (chat.open.value) return chat.t("launcherClose");
  const count = chat.unread.value;
  return count > 0 ? chat.t("launcherUnread", { count }) : chat.t("launcherOpen");
}
