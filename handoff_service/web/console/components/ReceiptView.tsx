import type { Handoff } from "../../shared/protocol";
import { clockTime, fullTime } from "../../shared/time";
import { keyFor, spell } from "../text";
import { useWorkplace } from "./workplace";

/** How far this handoff has come, with the time each stage took. */
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
    </section>
  );

  /** Beside agents' names the server says why it was requested and how it was closed, as codes. */
  function nameOf(by: string): string {
    const code = state.me.value.tenant.wrap_up_codes.find((each) => each.id === by);
    const key = keyFor("reason", by) ?? keyFor("author", by);
    return code?.[language] ?? (key === null ? by : t(key));
  }
}
