import { useEffect, useState } from "preact/hooks";
import { ApiError } from "../../api";
import { cause } from "../../problem";
import { useWorkplace } from "../workplace";
import { Due, typeName } from "./TicketsPage";

/** What is kept for this customer beyond the conversation: his tickets, finished ones too, each with the way to it. */
export function TicketsOfView({ contact }: { contact: string }) {
  const { state, tickets, api } = useWorkplace();
  const t = state.t.value;
  const [found, setFound] = useState<Awaited<ReturnType<typeof api.ticketsOf>> | ApiError | null>(null);
  const made = tickets.made.value;
  useEffect(() => {
    let left = false;
    void api.ticketsOf(contact).then((page) => !left && setFound(page), (error: unknown) => {
      if (!(error instanceof ApiError)) throw error;
      if (!left) setFound(error);
    });
    return () => {
      left = true;
    };
  }, [contact, made]);
  const show = (ticket: string): void => {
    state.view.value = "tickets";
    void tickets.show(ticket);
  };
  if (found === null || (!(found instanceof ApiError) && found.tickets.length === 0)) return null;
  return (
    <section class="history" aria-label={t("tickets.of")}>
      <h3>{t("tickets.of")}</h3>
      {found instanceof ApiError ? <p class="hint">{cause(found, t)}</p> : (
        <ul>
          {found.tickets.map((ticket) => (
            <li key={ticket.id}>
              <button class="link-row" onClick={() => show(ticket.id)}>
                <span class="ticket-line"><span dir="auto">{ticket.subject || t("list.no_preview")}</span><Due ticket={ticket} /></span>
                <span class="hint">{ticket.number ?? t("tickets.promise")} · {typeName(ticket.type, t)} · {t(`ticket.state.${ticket.state}`)}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
