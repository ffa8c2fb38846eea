import { useState } from "preact/hooks";
import { composes } from "../../../shared/keys";
import { draftKey, type Kept } from "../../articles";
import { useWorkplace } from "../workplace";
import { Found } from "./Found";

/** A question asked of what is published, beside what the article as it is written now would make of it. */
export function CompareView({ kept }: { kept: Kept }) {
  const { state, articles } = useWorkplace();
  const t = state.t.value;
  const [question, setQuestion] = useState("");
  const [busy, setBusy] = useState(false);
  const compared = articles.compared.value?.of === draftKey(kept) ? articles.compared.value : null;
  const ask = async (): Promise<void> => {
    if (question.trim() === "" || busy) return;
    setBusy(true);
    await articles.compare(kept, question.trim());
    setBusy(false);
  };
  return (
    <section class="compare" aria-label={t("compare.title")}>
      <h3>{t("compare.title")}</h3>
      <div class="try">
        <input value={question} lang={kept.article.language} aria-label={t("articles.question")} placeholder={t("articles.question")} maxLength={500}
          onInput={(event) => setQuestion(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== "Enter" || composes(event)) return;
            event.preventDefault(); // the form around it saves the article
            void ask();
          }} />
        <button type="button" disabled={busy || question.trim() === ""} onClick={() => void ask()}>{t(busy ? "compare.busy" : "compare.ask")}</button>
      </div>
      {compared !== null && (
        <div class="compared">
          <div><h4>{t("compare.live")}</h4><Found tried={compared.live} /></div>
          <div><h4>{t("compare.draft")}</h4><Found tried={compared.draft} /></div>
        </div>
      )}
    </section>
  );
}
