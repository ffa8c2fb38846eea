import type { Tried } from "../../articles";
import { percent } from "../../text";
import { useWorkplace } from "../workplace";

/** What the bot does with a question, and the articles that it found. */
export function Found({ tried }: { tried: Tried }) {
  const { state, articles } = useWorkplace();
  const t = state.t.value;
  return (
    <>
      <p role="status">
        <span class={tried.decision.action === "answer" ? "badge good" : "badge"}>{t(decisionKey(tried.decision.action))}</span>{" "}
        {t("articles.decided", { percent: percent(tried.decision.probability), threshold: percent(tried.decision.threshold) })}
      </p>
      <ol class="rows">
        {tried.hits.map((hit) => (
          <li key={`${hit.article}/${hit.language}`}>
            <button type="button" class="link-row" onClick={() => void articles.show(hit.article, hit.language)}>
              <strong lang={hit.language}>{hit.title}</strong>
              <span class="hint">{percent(hit.probability)}</span>
            </button>
          </li>
        ))}
      </ol>
    </>
  );
}

const decisionKey = (action: string): "decision.answer" | "decision.clarify" | "decision.abstain" =>
  action === "answer" || action === "clarify" ? `decision.${action}` : "decision.abstain";
