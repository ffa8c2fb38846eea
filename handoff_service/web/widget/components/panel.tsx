import { useEffect, useRef } from "preact/hooks";
import { Composer } from "./composer";
import { useChat, type Mode } from "./context";
import { Header } from "./header";
import { MessageList } from "./message_list";
import { StateCard } from "./state_card";

const PHONE = "(max-width: 640px)";

/** The conversation: a dialog over the shop's page (modal on a phone, where it covers everything), or a page. */
export function Panel({ mode }: { mode: Mode }) {
  const chat = useChat();
  const { t } = chat;
  const panel = useRef<HTMLDivElement>(null);
  const modal = mode === "widget" && matchMedia(PHONE).matches;

  useEffect(() => {
    const seen = () => chat.markSeen();
    document.addEventListener("visibilitychange", seen);
    return () => document.removeEventListener("visibilitychange", seen);
  }, [chat]);

  const brand = chat.session.value?.tenant.name ?? t("brandFallback");
  const keyDown = (event: KeyboardEvent) => {
    if (mode === "page" || event.isComposing) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      chat.setOpen(false);
    } else if (event.key === "Tab" && modal && panel.current !== null) {
      keepFocus(panel.current, event);
    }
  };
  const role = mode === "widget" ? ({ role: "dialog", "aria-modal": modal } as const) : ({ role: "main" } as const);
  return (
    <div ref={panel} class="panel" {...role} aria-label={t("panel", { brand })} onKeyDown={keyDown}>
      <Header mode={mode} brand={brand} />
      <Banner />
      {chat.loading.value === "failed" && chat.session.value === null ? <Unreachable /> : <MessageList />}
      <StateCard />
      <Composer key={chat.writer.value} autofocus={mode === "widget"} />
    </div>
  );
}

function Banner() {
  const chat = useChat();
  if (!chat.cut.value) return null;
  return (
    <div class="banner" role="status">
      {chat.t(chat.connection.value === "unauthorized" ? "refused" : "offline")}
    </div>
  );
}

function Unreachable() {
  const chat = useChat();
  return (
    <div class="unreachable" role="alert">
      <p>{chat.t("loadFailed")}</p>
      <button type="button" class="button" onClick={() => void chat.start()}>{chat.t("retry")}</button>
    </div>
  );
}

/** Tab stays inside the dialog. */
function keepFocus(panel: HTMLElement, event: KeyboardEvent): void {
  const stops = [...panel.querySelectorAll<HTMLElement>("button, textarea, input, a[href], [tabindex='0']")].filter(
    (stop) => !stop.hasAttribute("disabled") && stop.getClientRects().length > 0,
  );
  const edge = event.shiftKey ? stops[0] : stops.at(-1);
  const root = panel.getRootNode() as Document | ShadowRoot;
  if (root.activeElement !== edge) return;
  event.preventDefault();
  (event.shiftKey ? stops.at(-1) : stops[0])?.focus();
}
