import { useState } from "preact/hooks";
import type { KnowledgeHit } from "../../shared/protocol";
import { empathyFor } from "../empathy";
import { withArticle } from "../composer";
import { percent } from "../text";
import { questionToAnswer } from "../timeline";
import { Icon } from "./Icon";
import { useKnowledge } from "./knowledge_search";
import { useWorkplace } from "./workplace";

/** An article below this probability is not suggested, only found when searched for. */
const LIKELY = 0.5;

/** What may help with the next reply: an article that answers the customer, words for one who is upset. */
export function Hints({ conversation }: { conversation: string }) {
  const { state, writing } = useWorkplace();
  const t = state.t.value;
  const language = state.card.value?.language ?? state.language.value;
  const asked = questionToAnswer(state.timeline.value);
  const [dismissed, setDismissed] = useState(0);
  const search = useKnowledge(asked !== null && asked.seq > dismissed ? asked.text : "", language);
  const draft = state.draft.value;
  if (asked === null || asked.seq <= dismissed || draft.reply !== "") return null;
  const hit = search.at === "found" ? (search.hits[0] ?? null) : null;
  const suggested = hit !== null && hit.probability >= LIKELY && hit.internal !== true ? hit : null;
  const lines = empathyFor(state.card.value?.mood ?? null, language);
  if (suggested === null && lines.length === 0) return null;

  const use = (reply: string): void => {
    writing.write(conversation, { ...draft, reply });
    state.focusWanted.value = true;
  };
  const insert = ({ article, language: written, title, answer }: KnowledgeHit): void => {
    writing.write(conversation, withArticle(draft, { id: article, language: written, title, answer }));
    state.focusWanted.value = true;
  };
  return (
    <div class="hints" aria-label={t("hints.label")} role="group">
      {lines.map((line) => (
        <button key={line} class="small hint-line" lang={language} onClick={() => use(line)}>{line}</button>
      ))}
      {suggested !== null && (
        <button class="small hint-article" onClick={() => insert(suggested)}>
          <Icon name="book" />
          <span lang={suggested.language}>{suggested.title}</span>
          <span class="hint">{t("knowledge.probability", { percent: percent(suggested.probability) })}</span>
        </button>
      )}
      <button class="icon-button" aria-label={t("hints.dismiss")} title={t("hints.dismiss")} onClick={() => setDismissed(asked.seq)}>
        <Icon name="close" />
      </button>
    </div>
  );
}
