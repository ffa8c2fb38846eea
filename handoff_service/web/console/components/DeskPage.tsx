import { useEffect } from "preact/hooks";
import { badge, pageTitle } from "../alerts";
import favicon from "../favicon.svg";
import faviconAlert from "../favicon-alert.svg";
import { focusList } from "../focus";
import { type Shortcut, shortcutOf } from "../shortcuts";
import { holds, viewFor } from "../views";
import { AdministrationPage } from "./administration/AdministrationPage";
import { ArticlesPage } from "./articles/ArticlesPage";
import { CallPanel } from "./CallPanel";
import { ConversationPane } from "./ConversationPane";
import { Dialogs } from "./Dialogs";
import { ListsPane } from "./ListsPane";
import { Notices } from "./Notices";
import { OfferBar } from "./OfferBar";
import { ReportsPage } from "./reports/ReportsPage";
import { SidePane } from "./SidePane";
import { TicketsPage } from "./tickets/TicketsPage";
import { TopBar } from "./TopBar";
import { TrainingPage } from "./training/TrainingPage";
import { WallPage } from "./wall/WallPage";
import { useWorkplace } from "./workplace";

/** The three panes; on a narrow screen one at a time. */
export function DeskPage() {
  const { state, session } = useWorkplace();
  useStart();
  useShortcuts();
  useBadge();
  const t = state.t.value;
  const connection = state.connection.value;
  const wired = holds(state, "conversations.read");
  return (
    <div class={`desk show-${state.pane.value}`} onPointerDown={session.unlockSound} onKeyDown={session.unlockSound}>
      <TopBar />
      {wired && connection !== "online" && connection !== "unauthorized" && (
        <p class={`banner ${connection}`} role="status">{t(`connection.${connection}`)}</p>
      )}
      <Shown />
      <CallPanel />
      <Notices />
      <OfferBar />
      <Dialogs />
    </div>
  );
}

function Shown() {
  const { state } = useWorkplace();
  switch (viewFor(state, state.view.value)) {
    case null:
      return <main class="page"><p class="hint">{state.t.value("rights.none")}</p></main>;
    case "desk":
      return <Panes />;
    case "wall":
      return <WallPage />;
    case "tickets":
      return <TicketsPage />;
    case "articles":
      return <ArticlesPage />;
    case "training":
      return <TrainingPage />;
    case "reports":
      return <ReportsPage />;
    case "administration":
      return <AdministrationPage />;
  }
}

function Panes() {
  const { state } = useWorkplace();
  return (
    <main class="panes">
      <h1 class="sr-only">{state.t.value("app.name")}</h1>
      <ListsPane />
      <ConversationPane />
      <SidePane />
    </main>
  );
}

/** Connects, and reopens the conversation that the address names. */
function useStart(): void {
  const { state, session, channels } = useWorkplace();
  useEffect(() => {
    session.start();
    void channels.warn();
    const named = decodeURIComponent(location.hash.slice(1));
    if (named !== "") session.open(named);
    const unfollow = state.current.subscribe((conversation) => {
      const hash = conversation === null ? location.pathname : `#${encodeURIComponent(conversation)}`;
      history.replaceState(null, "", hash);
    });
    return () => {
      unfollow();
      session.stop();
    };
  }, []);
}

function useBadge(): void {
  const { state } = useWorkplace();
  const count = badge(state.alerts.value);
  const name = state.t.value("app.short_name");
  useEffect(() => {
    document.title = pageTitle(count, name);
    document.querySelector("#favicon")?.setAttribute("href", count > 0 ? faviconAlert : favicon);
  }, [count, name]);
}

function useShortcuts(): void {
  const { state, session, verbs, writing } = useWorkplace();
  useEffect(() => {
    const run = (shortcut: Shortcut): void => {
      switch (shortcut.do) {
        case "list":
          return jump(shortcut.section);
        case "next":
          return session.step(1);
        case "previous":
          return session.step(-1);
        case "accept":
          return void verbs.accept();
        case "mode":
          return writing.toggleMode();
        case "help":
          state.dialog.value = "shortcuts";
          return;
        case "palette":
          state.dialog.value = "palette";
      }
    };
    const jump = (section: Parameters<typeof session.fold>[0]): void => {
      state.pane.value = "lists";
      session.fold(section, false);
      requestAnimationFrame(() => focusList(section));
    };
    const pressed = (event: KeyboardEvent): void => {
      const shortcut = shortcutOf(event, { typing: isTextField(event.target), plain: state.plainKeys.value });
      // An open dialog has the keyboard to itself.
      if (shortcut === null || state.dialog.value !== null) return;
      if (state.view.value !== "desk" && !EVERYWHERE.has(shortcut.do)) return;
      event.preventDefault();
      run(shortcut);
    };
    document.addEventListener("keydown", pressed);
    return () => document.removeEventListener("keydown", pressed);
  }, []);
}

/** The shortcuts that work on every page; the others are about the conversations that only the desk shows. */
const EVERYWHERE: ReadonlySet<Shortcut["do"]> = new Set<Shortcut["do"]>(["palette", "help"]);

const isTextField = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
