import { useState } from "preact/hooks";
import type { ConversationDetail } from "../../shared/protocol";
import { playbookFor } from "../beside";
import { mayAnswer } from "../rights";
import { useWorkplace } from "./workplace";

/** The steps of this type of case; what is ticked stays with the conversation, for whoever has it next. */
export function PlaybookView({ detail }: { detail: ConversationDetail }) {
  const { state, verbs } = useWorkplace();
  const t = state.t.value;
  const language = state.language.value;
  const playbooks = state.me.value.tenant.desk?.playbooks ?? [];
  const [chosen, setChosen] = useState<string | null>(null);
  if (playbooks.length === 0) return null;
  const suggested = playbookFor(playbooks, detail.card, detail);
  const playbook = chosen === null ? suggested : (playbooks.find(({ id }) => id === chosen) ?? null);
  const done = (detail.steps ?? []).filter((step) => step.playbook === playbook?.id);
  const who = (agent: string): string =>
    agent === state.me.value.agent.id ? t("author.me") : (state.me.value.colleagues.find(({ id }) => id === agent)?.name ?? agent);
  return (
    <section class="playbook" aria-label={t("playbook.title")}>
      <h3>{t("playbook.title")}</h3>
      <select aria-label={t("playbook.choose")} value={playbook?.id ?? ""} onChange={(event) => setChosen(event.currentTarget.value)}>
        <option value="">{t("playbook.none")}</option>
        {playbooks.map((each) => <option key={each.id} value={each.id}>{each[language]}</option>)}
      </select>
      {playbook !== null && (
        <>
          <p class="hint" role="status">{t("playbook.done", { done: done.length, all: playbook.steps.length })}</p>
          <ol>
            {playbook.steps.map((step) => {
              const tick = done.find((each) => each.step === step.id);
              return (
                <li key={step.id} class={tick === undefined ? undefined : "done"}>
                  <label>
                    <input type="checkbox" checked={tick !== undefined} disabled={!mayAnswer(state)}
                      onChange={(event) => void verbs.tick(detail.card.conversation, playbook.id, step.id, event.currentTarget.checked)} />
                    <span>{step[language]}</span>
                  </label>
                  {tick !== undefined && <span class="hint">{who(tick.by)}</span>}
                </li>
              );
            })}
          </ol>
        </>
      )}
    </section>
  );
}
