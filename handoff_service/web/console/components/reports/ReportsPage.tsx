import { useEffect } from "preact/hooks";
import { locale } from "../../../shared/i18n";
import { actorName } from "../../actors";
import { cause } from "../../problem";
import { byRule, DAYS, KEPT_DAYS, type KeptTimes, type SignalsReport } from "../../reports";
import { keyFor, percent } from "../../text";
import { holds } from "../../views";
import { PageHead } from "../PageHead";
import { useWorkplace } from "../workplace";
import { StaffingPanel } from "./StaffingPanel";

const RULES_SHOWN = 15;

/** How much comes, who is needed for it, what was kept, and what the bot noticed: figures, no words of customers. */
export function ReportsPage() {
  const { state, reports } = useWorkplace();
  const t = state.t.value;
  const failed = reports.failed.value;
  useEffect(() => void reports.open(), []);
  return (
    <main class="page reports">
      <PageHead title={t("reports.title")} lead={t("reports.lead")} />
      {failed !== null && <p class="page-failed" role="alert">{cause(failed, t)}</p>}
      <div class="report-panels">
        <StaffingPanel />
        <KeptPanel />
        <SignalsPanel />
        {holds(state, "audit.read") && <AuditPanel />}
      </div>
    </main>
  );
}

function KeptPanel() {
  const { state, reports } = useWorkplace();
  const t = state.t.value;
  const kept = reports.kept.value;
  return (
    <section class="page-panel" aria-labelledby="kept-title">
      <h2 id="kept-title">{t("reports.kept", { days: KEPT_DAYS })}</h2>
      {kept === null && <p class="hint" role="status">{t("page.loading")}</p>}
      {kept?.length === 0 && <p class="hint">{t("reports.kept_none")}</p>}
      {kept !== null && kept.length > 0 && <KeptTable kept={kept} />}
    </section>
  );
}

function KeptTable({ kept }: { kept: readonly KeptTimes[] }) {
  const { state } = useWorkplace();
  const t = state.t.value;
  const { queues } = state.me.value.tenant;
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{t("wall.queue")}</th>
          <th scope="col">{t("reports.time")}</th>
          <th scope="col" class="number">{t("reports.met")}</th>
          <th scope="col" class="number">{t("reports.missed")}</th>
          <th scope="col" class="number">{t("reports.share")}</th>
        </tr>
      </thead>
      <tbody>
        {kept.map(({ queue, clock, met, missed, kept_share }) => {
          const key = keyFor("sla", clock);
          return (
            <tr key={`${queue}/${clock}`}>
              <th scope="row">{queues.find(({ id }) => id === queue)?.name ?? queue}</th>
              <td>{key === null ? clock : t(key)}</td>
              <td class="number">{met}</td>
              <td class="number">{missed}</td>
              <td class="number">{kept_share === null ? "–" : percent(kept_share)}</td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function SignalsPanel() {
  const { state, reports } = useWorkplace();
  const t = state.t.value;
  const found = reports.signals.value;
  return (
    <section class="page-panel" aria-labelledby="signals-title">
      <h2 id="signals-title">{t("reports.signals")}</h2>
      <div class="filters">
        <label>{t("reports.span")} <select value={reports.days.value} onChange={(event) => void reports.chooseDays(Number(event.currentTarget.value))}>
          {DAYS.map((days) => <option key={days} value={days}>{t("reports.days", { days })}</option>)}
        </select></label>
      </div>
      {found === null && <p class="hint" role="status">{t("page.loading")}</p>}
      {found !== null && <Signals found={found} />}
    </section>
  );
}

function Signals({ found }: { found: SignalsReport }) {
  const { state } = useWorkplace();
  const t = state.t.value;
  const named = (signal: string): string => {
    const key = keyFor("reports.signal", signal);
    return key === null ? signal : t(key);
  };
  const rules = byRule(found);
  return (
    <>
      <dl class="figures">
        {Object.entries(found.totals).map(([signal, { seen, handed_over }]) => (
          <div key={signal}>
            <dt>{named(signal)}</dt>
            <dd>{t("reports.seen", { seen, handed: handed_over })}</dd>
          </div>
        ))}
      </dl>
      {rules.length === 0 && <p class="hint">{t("reports.signals_none")}</p>}
      {rules.length > 0 && (
        <table>
          <thead>
            <tr>
              <th scope="col">{t("reports.signal")}</th>
              <th scope="col">{t("reports.rule")}</th>
              <th scope="col" class="number">{t("reports.times")}</th>
              <th scope="col" class="number">{t("reports.handed")}</th>
            </tr>
          </thead>
          <tbody>
            {rules.slice(0, RULES_SHOWN).map(({ signal, rule, seen, handed_over }) => (
              <tr key={`${signal}/${rule}`}>
                <td>{named(signal)}</td>
                <th scope="row"><code>{rule}</code></th>
                <td class="number">{seen}</td>
                <td class="number">{handed_over}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

/** Who has done what to data, accounts and settings, the latest first. */
function AuditPanel() {
  const { state, reports } = useWorkplace();
  const t = state.t.value;
  const { colleagues } = state.me.value;
  const moment = new Intl.DateTimeFormat(locale(state.language.value), { dateStyle: "short", timeStyle: "short" });
  return (
    <section class="page-panel" aria-labelledby="audit-title">
      <h2 id="audit-title">{t("reports.audit")}</h2>
      <p class="hint">{t("reports.audit_hint")}</p>
      <table>
        <thead>
          <tr>
            <th scope="col">{t("reports.at")}</th>
            <th scope="col">{t("reports.who")}</th>
            <th scope="col">{t("reports.what")}</th>
            <th scope="col">{t("reports.whom")}</th>
          </tr>
        </thead>
        <tbody>
          {reports.audit.value.map(({ n, at, actor, action, subject }) => (
            <tr key={n}>
              <td class="number">{moment.format(new Date(at))}</td>
              <th scope="row">{actorName(state, actor)}</th>
              <td><code>{action}</code></td>
              <td>{colleagues.find(({ id }) => id === subject)?.name ?? <code>{subject}</code>}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {reports.moreAudit.value && <button class="small" onClick={() => void reports.olderAudit()}>{t("page.more")}</button>}
    </section>
  );
}
