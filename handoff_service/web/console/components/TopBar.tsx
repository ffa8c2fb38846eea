import type { PresenceStatus } from "../../shared/protocol";
import { browserStorage } from "../../shared/storage";
import { Icon } from "./Icon";
import { localName } from "../text";
import { mayAnswer } from "../rights";
import { speakAs } from "../speaking";
import { holds, VIEWS } from "../views";
import { LanguageSwitch } from "./LanguageSwitch";
import { useWorkplace } from "./workplace";

const ICONS = { wall: "chart", tickets: "note", articles: "book", training: "bot", reports: "report", administration: "gear" } as const;
const STATUSES: readonly PresenceStatus[] = ["online", "away", "busy", "offline"];

export function TopBar() {
  const { state, session, verbs, popups } = useWorkplace();
  const t = state.t.value;
  const { agent } = state.me.value;
  const muted = state.muted.value;
  const reason = state.desk.value.agents.find(({ id }) => id === agent.id)?.reason;
  return (
    <header class="top-bar">
      <span class="logo" aria-hidden="true" />
      <Company />
      <button class="find" onClick={() => (state.dialog.value = "palette")}>
        <Icon name="search" />
        <span>{t("palette.label")}</span>
        <kbd aria-hidden="true">Ctrl K</kbd>
      </button>
      <nav class="views" aria-label={t("page.views")}>
        {VIEWS.filter(({ needs }) => holds(state, needs)).map(({ view }) => (
          <button key={view} data-view={view} aria-pressed={state.view.value === view} aria-label={t(`${view}.title`)} title={t(`${view}.title`)}
            onClick={() => (state.view.value = state.view.value === view ? "desk" : view)}>
            <Icon name={ICONS[view]} />
            <span class="label" aria-hidden="true">{t(`${view}.nav`)}</span>
            {view === "tickets" && <TicketCount />}
          </button>
        ))}
      </nav>
      {holds(state, "conversations.read") && (
        <span class={`link-state ${state.connection.value}`} title={t(`connection.${stateText(state.connection.value)}`)} />
      )}
      {mayAnswer(state) && <label class={`presence ${agent.status}`}>
        <span class="sr-only">{t("presence.label")}</span>
        <select value={agent.status} onChange={(event) => {
          const wish = event.currentTarget.value as PresenceStatus;
          event.currentTarget.value = agent.status; // until the server has agreed
          void verbs.presence(wish);
        }}>
          {STATUSES.map((status) => (
            <option key={status} value={status}>{t(`presence.${status}`)}</option>
          ))}
        </select>
      </label>}
      {mayAnswer(state) && reason && <span class="hint" role="status">{reason}</span>}
      {mayAnswer(state) && <Load />}
      {popups.askable.value && holds(state, "conversations.read") && (
        <button class="small wide-only ask-popups" title={t("popup.ask")} onClick={() => void popups.ask()}>
          <Icon name="popup" /><span>{t("popup.ask")}</span>
        </button>
      )}
      <button class="icon-button" aria-pressed={muted} aria-label={t(muted ? "sound.off" : "sound.on")}
        title={t(muted ? "sound.off" : "sound.on")} onClick={() => session.toggleSound()}>
        <Icon name={muted ? "bell_off" : "bell"} />
      </button>
      <button class="icon-button wide-only" aria-label={t("shortcuts.open")} title={`${t("shortcuts.open")} (?)`}
        onClick={() => (state.dialog.value = "shortcuts")}>
        <Icon name="keyboard" />
      </button>
      <LanguageSwitch language={state.language} />
      <span class="agent-name wide-only" title={agent.email}>{agent.name}</span>
      <button class="icon-button" aria-label={t("sign_out")} title={t("sign_out")} onClick={() => void verbs.signOut()}>
        <Icon name="out" />
      </button>
    </header>
  );
}

/** As whose agent I speak; who serves several companies chooses, and the page starts again as that one's. */
function Company() {
  const { state } = useWorkplace();
  const { tenant, clients = [] } = state.me.value;
  const language = state.language.value;
  if (clients.length < 2) return <strong class="tenant">{localName(tenant.name, language)}</strong>;
  const choose = (client: string): void => {
    speakAs(browserStorage("sessionStorage", "tandem.console."), client);
    location.reload();
  };
  return (
    <label class="tenant speaking" title={state.t.value("speaking.hint")}>
      <span>{state.t.value("speaking.label")}</span>
      <select value={tenant.id} onChange={(event) => choose(event.currentTarget.value)}>
        {clients.map((one) => <option key={one.tenant} value={one.tenant}>{localName(one.name, language)}</option>)}
      </select>
    </label>
  );
}

/** How many tickets are mine, red while one of them is overdue. */
function TicketCount() {
  const { state } = useWorkplace();
  const { mine, overdue } = state.desk.value.tickets;
  if (mine === 0) return null;
  return <span class={overdue > 0 ? "unread alarm" : "unread"} title={state.t.value("tickets.count", { mine, overdue })}>{mine}</span>;
}

/** How many conversations I hold of how many I can. */
function Load() {
  const { state } = useWorkplace();
  const { capacity } = state.me.value.agent;
  const { mine, aside } = state.desk.value.lists;
  const open = mine.length + aside.length;
  return (
    <span class={open >= capacity ? "load full" : "load"} title={state.t.value("presence.load_hint", { open, capacity })}>
      {state.t.value("presence.load", { open, capacity })}
    </span>
  );
}

const stateText = (connection: string): "online" | "connecting" | "offline" =>
  connection === "online" || connection === "connecting" ? connection : "offline";
