import type { Handoff } from "../../shared/protocol";
import { keyFor } from "../text";
import { DueIn } from "./OwedList";
import { useWorkplace } from "./workplace";

/** The clocks of a handoff and what was promised in its conversation, with a way to what was said. */
export function DeadlinesView({ handoff }: { handoff: Handoff }) {
  const { state, session } = useWorkplace();
  const t = state.t.value;
  const clocks = (handoff.sla ?? []).filter((clock) => clock.state === "running" || clock.state === "paused" || clock.breached_at !== null);
  const promises = (handoff.promises ?? []).filter((promise) => promise.state === "open");
  if (clocks.length === 0 && promises.length === 0) return null;
  return (
    <section class="deadlines" aria-label={t("deadlines.title")}>
      <h3>{t("deadlines.title")}</h3>
      <ul>
        {clocks.map((clock) => {
          const key = keyFor("sla", clock.clock);
          return (
            <li key={clock.clock} class="ticket-line">
              <span>{key === null ? clock.clock : t(key)}</span>
              {clock.breached_at !== null && <span class="badge bad">{t("sla.missed")}</span>}
              {clock.due_at === null ? <span class="hint">{t("sla.paused")}</span> : clock.breached_at === null && <DueIn at={clock.due_at} />}
            </li>
          );
        })}
        {promises.map((promise) => (
          <li key={promise.id}>
            <button class="link-row" onClick={() => session.cite([promise.seq])}>
              <span class="preview">{promise.text}</span>
              <DueIn at={promise.due_at} />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}
