import { locale } from "../../../shared/i18n";
import { byWeek, hoursOfWork, type HourNeed, isShort, type Staffing, week, WEEKS } from "../../reports";
import { percent, spell } from "../../text";
import { useWorkplace } from "../workplace";

/** Any Monday: only the names of the days are taken from it. */
const MONDAY = Date.UTC(2026, 10, 2);
const DAY_MS = 86_400_000;
const SECOND_MS = 1000;

/** How many agents a queue needs in each hour of the week, and how many its roster has. */
export function StaffingPanel() {
  const { state, reports } = useWorkplace();
  const t = state.t.value;
  const staffing = reports.staffing.value;
  return (
    <section class="page-panel wide" aria-labelledby="staffing-title">
      <h2 id="staffing-title">{t("reports.staffing")}</h2>
      <div class="filters">
        <label>{t("wall.queue")} <select value={reports.queue.value} onChange={(event) => void reports.chooseQueue(event.currentTarget.value)}>
          {state.me.value.tenant.queues.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
        </select></label>
        <label>{t("reports.span")} <select value={reports.weeks.value} onChange={(event) => void reports.chooseWeeks(Number(event.currentTarget.value))}>
          {WEEKS.map((weeks) => <option key={weeks} value={weeks}>{t("reports.weeks", { weeks })}</option>)}
        </select></label>
      </div>
      {staffing === null && reports.failed.value === null && <p class="hint" role="status">{t("page.loading")}</p>}
      {staffing !== null && <Need staffing={staffing} />}
    </section>
  );
}

function Need({ staffing }: { staffing: Staffing }) {
  const { state } = useWorkplace();
  const t = state.t.value;
  const day = new Intl.DateTimeFormat(locale(state.language.value), { day: "numeric", month: "short" });
  const { needed, planned } = hoursOfWork(staffing);
  if (staffing.hours.length === 0) return <p class="hint">{t("reports.nobody_came")}</p>;
  const { share, within_s } = staffing.level;
  return (
    <>
      <p class="hint">
        {t("reports.level", { share: percent(share), within: spell(within_s * SECOND_MS, t) })}{" "}
        {staffing.service_s === null ? t("reports.no_length") : t("reports.length", { length: spell(staffing.service_s * SECOND_MS, t) })}
      </p>
      <dl class="figures">
        <div><dt>{t("reports.needed")}</dt><dd>{staffing.service_s === null ? "–" : needed}</dd></div>
        <div><dt>{t("reports.planned")}</dt><dd>{planned ?? t("reports.no_roster")}</dd></div>
        {byWeek(staffing).map(({ monday, came }) => (
          <div key={monday.getTime()}><dt>{t("reports.week_of", { day: day.format(monday) })}</dt><dd>{t("reports.came", { came })}</dd></div>
        ))}
      </dl>
      <Hours staffing={staffing} />
    </>
  );
}

function Hours({ staffing }: { staffing: Staffing }) {
  const { state } = useWorkplace();
  const t = state.t.value;
  const name = new Intl.DateTimeFormat(locale(state.language.value), { weekday: "short", timeZone: "UTC" });
  return (
    <div class="wide-table" tabIndex={0} role="region" aria-labelledby="staffing-title"><table class="hours">
      <caption class="hint">{t("reports.cells")}</caption>
      <thead>
        <tr>
          <th scope="col">{t("reports.hour")}</th>
          {[0, 1, 2, 3, 4, 5, 6].map((day) => <th key={day} scope="col" class="number">{name.format(MONDAY + day * DAY_MS)}</th>)}
        </tr>
      </thead>
      <tbody>
        {week(staffing).map(({ hour, days }) => (
          <tr key={hour}>
            <th scope="row">{String(hour).padStart(2, "0")}:00</th>
            {days.map((need, day) => <Cell key={day} need={need} />)}
          </tr>
        ))}
      </tbody>
    </table></div>
  );
}

function Cell({ need }: { need: HourNeed | null }) {
  const t = useWorkplace().state.t.value;
  if (need === null) return <td class="number" />;
  const { came, most, agents, open, on_shift } = need;
  if (!open) return <td class="number hint" title={t("reports.cell", { came, most })}>{t("reports.closed")}<small>{came}</small></td>;
  const short = isShort(need);
  return (
    <td class={short ? "number too-long" : "number"} title={t("reports.cell", { came, most })}>
      {agents ?? "–"}{on_shift !== null && ` / ${on_shift}`}
      {short && <span class="sr-only"> {t("reports.short")}</span>}
      <small>{came}</small>
    </td>
  );
}
