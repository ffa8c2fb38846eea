import { useEffect } from "preact/hooks";
import type { Choice } from "../../../shared/protocol";
import { dayTime } from "../../../shared/time";
import { exportPath, type RegisterLine } from "../../complaints";
import { cause } from "../../problem";
import { useWorkplace } from "../workplace";
import { Due } from "./TicketsPage";

/** The register of complaints of some days, and the way to have it as a file. */
export function RegisterView() {
  const { state, register } = useWorkplace();
  const t = state.t.value;
  const span = register.span.value;
  const page = register.listed.value;
  const failed = register.failed.value;
  useEffect(() => void register.show(register.span.peek()), []);
  return (
    <section class="page-panel" aria-label={t("tickets.register")}>
      <div class="filters ends">
        {(["from", "to"] as const).map((end) => (
          <label key={end}>{t(`register.${end}`)}{" "}
            <input type="date" value={span[end]} onChange={(event) => void register.show({ ...span, [end]: event.currentTarget.value })} />
          </label>
        ))}
        <a class="button" href={exportPath(span)} download="complaints.csv">{t("register.export")}</a>
      </div>
      <p class="hint">{t("register.hint")}</p>
      {failed !== null && <p class="page-failed" role="alert">{cause(failed, t)}</p>}
      {page === null && failed === null && <p class="hint" role="status">{t("page.loading")}</p>}
      {page !== null && page.complaints.length === 0 && <p class="hint">{t("register.none")}</p>}
      <ul class="rows">{page?.complaints.map((line) => <Line key={line.ticket.id} line={line} />)}</ul>
      {page?.next != null && <button onClick={() => void register.more()}>{t("page.more")}</button>}
    </section>
  );
}

function Line({ line: { ticket, category, cause: why, threat, filed_at, answered_at } }: { line: RegisterLine }) {
  const { state, tickets } = useWorkplace();
  const t = state.t.value;
  const { categories = [], causes = [] } = state.me.value.tenant.complaints ?? {};
  const named = (choices: readonly Choice[], id: string): string => choices.find((each) => each.id === id)?.[state.language.value] ?? id;
  const current = tickets.open.value?.ticket.id === ticket.id;
  return (
    <li>
      <button class="link-row" aria-current={current ? "true" : undefined} onClick={() => void tickets.show(ticket.id)}>
        <span class="ticket-line">
          <strong>{ticket.subject || t("list.no_preview")}</strong>
          {threat !== null && <span class="badge bad" title={t("complaint.threat")}>!</span>}
          <Due ticket={ticket} />
        </span>
        <span class="hint">
          {ticket.number} · {named(categories, category)}{why !== null && ` · ${named(causes, why)}`} · {t(`ticket.state.${ticket.state}`)}
          {" · "}{t("register.filed")} {dayTime(filed_at, state.language.value)} · {t(answered_at === null ? "register.unanswered" : "register.answered")}
        </span>
      </button>
    </li>
  );
}
