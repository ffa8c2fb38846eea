import type { Handoff } from "../../shared/protocol";
import { clockTime, fullTime } from "../../shared/time";
import { keyFor, spell } from "../text";
import { DueIn } from "./OwedList";
import { useWorkplace } from "./workplace";

/** How far this handoff has come, with the time each stage took, who was called, and what follows by itself. */
export function ReceiptView({ handoff }: { handoff: Handoff }) {
  const { state } = useWorkplace();
  const t = state.t.value;
  const language = state.language.value;
  return (
    <section class="receipt" aria-label={t("receipt.title")}>
      <h3>{t("receipt.title")}</h3>
      <ol>
        {handoff.receipt.map(({ stage, at, by }, index) => {
          const before = handoff.receipt[index - 1];
          const key = keyFor("receipt", stage);
          return (
            <li key={`${stage}-${at}`}>
              <span class="stage">{key === null ? stage : t(key)}</span>
              {by && <span class="by">{typeof by === "string" ? nameOf(by) : by.name}</span>}
              {before !== undefined && <span class="took">+{spell(Date.parse(at) - Date.parse(before.at), t)}</span>}
              <time dateTime={at} title={fullTime(at, language)}>{clockTime(at, language)}</time>
            </li>
          );
        })}
      </ol>
      <Next handoff={handoff} />
      <Calls handoff={handoff} />
    </section>
  );

  /** Beside agents' names the server says why it was requested and how it was closed, as codes. */
  function nameOf(by: string): string {
    const code = state.me.value.tenant.wrap_up_codes.find((each) => each.id === by);
    const key = keyFor("reason", by) ?? keyFor("author", by);
    return code?.[language] ?? (key === null ? by : t(key));
  }
}

/** What happens by itself when nobody does anything, and until when he has time. */
function Next({ handoff: { standing } }: { handoff: Handoff }) {
  const t = useWorkplace().state.t.value;
  if (!standing?.next) return null;
  const key = keyFor("next", standing.next);
  return (
    <p class="next">
      <span>{t("next.title", { what: key === null ? standing.next : t(key) })}</span>
      {standing.deadline !== null && <DueIn at={standing.deadline} />}
    </p>
  );
}

/** Every call of the ladder: to whom, when, and whether a screen has shown it. */
function Calls({ handoff: { calls = [] } }: { handoff: Handoff }) {
  const { state } = useWorkplace();
  const t = state.t.value;
  const language = state.language.value;
  if (calls.length === 0) return null;
  return (
    <details class="calls">
      <summary>{t("rung.title", { count: calls.length })}</summary>
      <ol>
        {calls.map(({ n, rung, agent, at, shown_at, shown_to }) => {
          const key = keyFor("rung", rung);
          return (
            <li key={n}>
              <span class="stage">{agent?.name ?? (key === null ? rung : t(key))}</span>
              <span class="by">{shown_at === null ? t("rung.unseen") : t("rung.seen", { name: shown_to ?? "", time: clockTime(shown_at, language) })}</span>
              <time dateTime={at} title={fullTime(at, language)}>{clockTime(at, language)}</time>
            </li>
          );
        })}
      </ol>
    </details>
  );
}
