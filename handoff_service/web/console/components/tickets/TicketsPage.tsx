import { useEffect, useState } from "preact/hooks";
import { cause } from "../../problem";
import { keyFor } from "../../text";
import { TICKET_STATES, type Ticket, type TicketState, type Whose } from "../../tickets";
import { holds } from "../../views";
import { PageHead } from "../PageHead";
import { SearchField } from "../SearchField";
import { useWorkplace } from "../workplace";
import { RegisterView } from "./RegisterView";
import { TicketView } from "./TicketView";

const WHOSE: readonly Whose[] = ["all", "me", "none"];
const HIGH_PRIORITY = 5;

/** Work that outlives its conversation: the list on one side, one ticket on the other. */
export function TicketsPage() {
  const { state, tickets } = useWorkplace();
  const t = state.t.value;
  const failed = tickets.failed.value;
  const open = tickets.open.value;
  const [tab, setTab] = useState<"board" | "register">("board");
  useEffect(() => void tickets.start(), []);
  return (
    <main class="page tickets">
      <PageHead title={t("tickets.title")} lead={t("tickets.lead")} />
      {failed !== null && (
        <p class="page-failed" role="alert">
          {cause(failed, t)} <button class="small" onClick={() => void tickets.start()}>{t("page.retry")}</button>
        </p>
      )}
      <div class="page-columns">
        <div>
          {holds(state, "complaints.read") && (
            <div class="tabs" role="tablist">
              {(["board", "register"] as const).map((each) => (
                <button key={each} role="tab" class="tab" aria-selected={each === tab} onClick={() => setTab(each)}>{t(`tickets.${each}`)}</button>
              ))}
            </div>
          )}
          {tab === "board" ? <Board /> : <RegisterView />}
        </div>
        <div>{open === null ? <section class="page-panel empty"><p class="hint">{t("tickets.pick")}</p></section> : <TicketView key={open.ticket.id} whole={open} />}</div>
      </div>
    </main>
  );
}

function Board() {
  const { state, tickets } = useWorkplace();
  const t = state.t.value;
  const filter = tickets.filter.value;
  const page = tickets.listed.value;
  return (
    <section class="page-panel">
      <div class="filters">
        <SearchField label={t("tickets.search")} value={filter.text}
          search={(text) => void tickets.search({ ...tickets.filter.peek(), text })} />
        <select aria-label={t("tickets.whose")} value={filter.whose}
          onChange={(event) => void tickets.search({ ...filter, whose: event.currentTarget.value as Whose })}>
          {WHOSE.map((each) => <option key={each} value={each}>{t(`tickets.whose.${each}`)}</option>)}
        </select>
        <select aria-label={t("tickets.state")} value={filter.state}
          onChange={(event) => void tickets.search({ ...filter, state: event.currentTarget.value as TicketState | "" })}>
          <option value="">{t("tickets.unfinished")}</option>
          {TICKET_STATES.map((each) => <option key={each} value={each}>{t(`ticket.state.${each}`)}</option>)}
        </select>
        <select aria-label={t("tickets.type")} value={filter.type}
          onChange={(event) => void tickets.search({ ...filter, type: event.currentTarget.value })}>
          <option value="">{t("tickets.all_types")}</option>
          {(state.me.value.tenant.ticket_types ?? []).map((each) => <option key={each} value={each}>{typeName(each, t)}</option>)}
        </select>
      </div>
      {page === null && tickets.failed.value === null && <p class="hint" role="status">{t("page.loading")}</p>}
      {page !== null && page.tickets.length === 0 && <p class="hint">{t("tickets.none")}</p>}
      <ul class="rows">{page?.tickets.map((ticket) => <Line key={ticket.id} ticket={ticket} />)}</ul>
      {page?.next != null && <button onClick={() => void tickets.more()}>{t("page.more")}</button>}
    </section>
  );
}

function Line({ ticket }: { ticket: Ticket }) {
  const { state, tickets } = useWorkplace();
  const t = state.t.value;
  const current = tickets.open.value?.ticket.id === ticket.id;
  return (
    <li>
      <button class="link-row" aria-current={current ? "true" : undefined} onClick={() => void tickets.show(ticket.id)}>
        <span class="ticket-line">
          <strong>{ticket.subject || t("list.no_preview")}</strong>
          {ticket.priority >= HIGH_PRIORITY && <span class="priority high">P{ticket.priority}</span>}
          <Due ticket={ticket} />
        </span>
        <span class="hint">
          {ticket.number ?? t("tickets.promise")} · {typeName(ticket.type, t)} · {t(`ticket.state.${ticket.state}`)}
          {ticket.agent !== null && ` · ${ticket.agent.name ?? ""}`}
        </span>
      </button>
    </li>
  );
}

/** When it is due, in the agent's own time; red once that has passed. */
export function Due({ ticket }: { ticket: Ticket }) {
  const { state } = useWorkplace();
  const at = new Date(ticket.due_at);
  const late = ticket.overdue || (at.getTime() < state.now.value && ticket.state !== "resolved" && ticket.state !== "closed");
  const text = at.toLocaleString(state.language.value === "zh" ? "zh-CN" : "en-GB", { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" });
  return <time class={late ? "due too-long" : "due"} dateTime={ticket.due_at}>{state.t.value(late ? "tickets.was_due" : "tickets.due", { time: text })}</time>;
}

/** A type of tickets in the agent's language, or as the tenant has named it. */
export function typeName(type: string, t: ReturnType<typeof useWorkplace>["state"]["t"]["value"]): string {
  const key = keyFor("ticket.type", type);
  return key === null ? type : t(key);
}
