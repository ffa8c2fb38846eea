import type { SideTab } from "../state";
import { ContactView } from "./ContactView";
import { DeadlinesView } from "./DeadlinesView";
import { HistoryView } from "./HistoryView";
import { Icon } from "./Icon";
import { Knowledge } from "./Knowledge";
import { OrdersView } from "./OrdersView";
import { PacketView } from "./PacketView";
import { PlaybookView } from "./PlaybookView";
import { ReceiptView } from "./ReceiptView";
import { TagsView } from "./TagsView";
import { TicketsOfView } from "./tickets/TicketsOfView";
import { newestFirst } from "../packet";
import { holds } from "../views";
import { useWorkplace } from "./workplace";

const TABS: readonly SideTab[] = ["handoff", "knowledge"];

/** What helps to answer: the handoff, the customer, the knowledge base. */
export function SidePane() {
  const { state } = useWorkplace();
  const t = state.t.value;
  const chosen = state.side.value;
  return (
    <section class="side" aria-label={t("conversation.details")}>
      <h2 class="sr-only">{t("conversation.details")}</h2>
      <div class="side-head">
        <button class="icon-button narrow-only" aria-label={t("conversation.details_back")}
          onClick={() => (state.pane.value = "conversation")}>
          <Icon name="back" />
        </button>
        <div class="tabs" role="tablist">
          {TABS.map((tab) => (
            <button key={tab} role="tab" id={`tab-${tab}`} aria-selected={tab === chosen} aria-controls={`panel-${tab}`}
              class="tab" onClick={() => (state.side.value = tab)}>
              {t(`side.${tab}`)}
            </button>
          ))}
        </div>
      </div>
      <div class="panel" role="tabpanel" id="panel-handoff" aria-labelledby="tab-handoff" hidden={chosen !== "handoff"}>
        {state.current.value === null ? <p class="hint">{t("side.none")}</p> : <HandoffPanel />}
      </div>
      <div class="panel" role="tabpanel" id="panel-knowledge" aria-labelledby="tab-knowledge" hidden={chosen !== "knowledge"}>
        <Knowledge />
      </div>
    </section>
  );
}

function HandoffPanel() {
  const { state, session } = useWorkplace();
  const t = state.t.value;
  const detail = state.detail.value;
  if (detail === null) return <p class="hint">{t("conversation.loading")}</p>;
  const person = (detail.contact.person ?? [detail.contact.id]).join(" "); // whom merging makes another one
  const [newest, ...earlier] = newestFirst(detail.handoffs);
  return (
    <>
      {newest === undefined && <p class="hint">{t("packet.none")}</p>}
      {newest !== undefined && (
        <>
          <PacketView handoff={newest} t={t} cite={(seqs) => session.cite(seqs)} />
          <DeadlinesView handoff={newest} />
          <ReceiptView handoff={newest} />
        </>
      )}
      <PlaybookView key={`playbook-${detail.card.conversation}`} detail={detail} />
      <ContactView detail={detail} />
      <OrdersView key={`orders-${detail.card.conversation}`} detail={detail} />
      <TagsView key={`tags-${detail.card.conversation}`} card={detail.card} />
      {holds(state, "tickets.work") && (
        <button class="open-ticket" onClick={() => (state.dialog.value = "ticket")}><Icon name="note" /><span>{t("ticket.make")}</span></button>
      )}
      {holds(state, "tickets.read") && <TicketsOfView key={`tickets-${person}`} contact={detail.contact.id} />}
      <HistoryView key={`history-${person}`} contact={detail.contact.id} />
      {earlier.length > 0 && (
        <details class="earlier">
          <summary>{t("packet.earlier")} ({earlier.length})</summary>
          {earlier.map((handoff) => (
            <PacketView key={handoff.id} handoff={handoff} t={t} cite={(seqs) => session.cite(seqs)} />
          ))}
        </details>
      )}
    </>
  );
}
