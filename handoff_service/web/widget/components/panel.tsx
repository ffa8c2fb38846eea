import { useEffect, useRef, useState } from "preact/hooks";
import { composes } from "../../shared/keys";
import { Composer } from "./composer";
import { useChat, type Mode } from "./context";
import { Header } from "./header";
import { lazy } from "./lazy";
import { MessageList } from "./message_list";

const ArticleView = lazy(() => import("./extras/articles").then((file) => file.ArticleView));
const CallView = lazy(() => import("./extras/call").then((file) => file.CallView));
const OrdersView = lazy(() => import("./extras/orders").then((file) => file.OrdersView));
const StateCard = lazy(() => import("./extras/state_card").then((file) => file.StateCard));
const PHONE = "(max-width: 640px)";

/** The conversation: a dialog over the shop's page (modal on a phone, where it covers everything), or a page. */
export function Panel({ mode }: { mode: Mode }) {
  const chat = useChat();
  const { t } = chat;
  const panel = useRef<HTMLDivElement>(null);
  const modal = mode === "widget" && matchMedia(PHONE).matches;
  const dropping = useDropping((files) => chat.uploads.add(files));

  useEffect(() => {
    const seen = () => chat.markSeen();
    document.addEventListener("visibilitychange", seen);
    return () => document.removeEventListener("visibilitychange", seen);
  }, [chat]);

  const brand = chat.session.value?.tenant.name ?? t("brandFallback");
  const keyDown = (event: KeyboardEvent) => {
    if (mode === "page" || composes(event)) return;
    if (event.key === "Escape") {
      event.stopPropagation();
      chat.setOpen(false);
    } else if (event.key === "Tab" && modal && panel.current !== null) {
      keepFocus(panel.current, event);
    }
  };
  const role = mode === "widget" ? ({ role: "dialog", "aria-modal": modal } as const) : ({ role: "main" } as const);
  return (
    <div ref={panel} class="panel" {...role} {...dropping.handlers} aria-label={t("panel", { brand })} onKeyDown={keyDown}>
      <Header mode={mode} brand={brand} />
      <Banner />
      {chat.called.value && <CallView />}
      <MessageList />
      {!["bot", "agent"].includes(chat.owner.value?.kind ?? "bot") && <StateCard />}
      <Composer key={chat.writer.value} autofocus={mode === "widget"} />
      {chat.help.article.value !== null && <ArticleView />}
      {chat.orders.value && <OrdersView />}
      {dropping.over && <p class="drop" aria-hidden="true">{t("dropHere")}</p>}
    </div>
  );
}

/** Files that are dragged over the panel and let go there. */
function useDropping(take: (files: File[]) => void) {
  const [over, setOver] = useState(false);
  const dragged = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;
  const handlers = {
    onDragOver: (event: DragEvent) => {
      if (!dragged(event)) return;
      event.preventDefault();
      setOver(true);
    },
    onDragLeave: (event: DragEvent) => {
      if (event.relatedTarget === null || !(event.currentTarget as Node).contains(event.relatedTarget as Node)) setOver(false);
    },
    onDrop: (event: DragEvent) => {
      setOver(false);
      if (!dragged(event)) return;
      event.preventDefault();
      take([...(event.dataTransfer?.files ?? [])]);
    },
  };
  return { over, handlers };
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
