import { useState } from "preact/hooks";
import type { Language } from "../../../shared/protocol";
import { holds } from "../../views";
import { useWorkplace } from "../workplace";

const LANGUAGES: readonly Language[] = ["zh", "en"];

/** Drafts that were made of agents' answers and wait for somebody to decide. */
export function LearnedPanel() {
  const { state, learning, articles } = useWorkplace();
  const t = state.t.value;
  const drafts = learning.drafts.value;
  const placed = learning.placed.value;
  if (drafts.length === 0 && placed === null) return null;
  return (
    <section class="page-panel" aria-label={t("learning.drafts")}>
      <h2>{t("learning.drafts")}</h2>
      {placed !== null && <p role="status">{t("learning.placed", { path: placed.path ?? "" })}</p>}
      <ul class="rows">
        {drafts.map((draft) => (
          <li key={draft.id}>
            <button class="link-row" aria-current={learning.open.value?.id === draft.id ? "true" : undefined}
              onClick={() => {
                articles.leave();
                learning.show(draft);
              }}>
              <strong lang={draft.language}>{draft.title || draft.questions[0]?.text || draft.article}</strong>
              <span class="hint">{draft.extends ? t("learning.extends", { article: draft.article }) : t("learning.new_article")}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Questions whose answer no draft may make worse. */
export function GoldenPanel() {
  const { state, learning } = useWorkplace();
  const t = state.t.value;
  const golden = learning.golden.value;
  const decides = holds(state, "knowledge.decide");
  if (golden.length === 0 && !decides) return null;
  return (
    <section class="page-panel" aria-label={t("learning.golden")}>
      <details>
        <summary><h2>{t("learning.golden")} ({golden.length})</h2></summary>
        <p class="hint">{t("learning.golden_lead")}</p>
        <ul class="rows">
          {golden.map(({ key, text, language, article }) => (
            <li key={key} class="ticket-line">
              <span lang={language}>{text}</span>
              <span class="hint">→ {article ?? t("learning.golden_none")}</span>
              {decides && <button class="small" onClick={() => void learning.dropGolden(key)}>{t("learning.golden_drop")}</button>}
            </li>
          ))}
        </ul>
        {decides && <GoldenForm />}
      </details>
    </section>
  );
}

function GoldenForm() {
  const { state, learning } = useWorkplace();
  const t = state.t.value;
  const [text, setText] = useState("");
  const [article, setArticle] = useState("");
  const [language, setLanguage] = useState<Language>(state.language.value);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (await learning.addGolden(text.trim(), article.trim() || null, language)) setText("");
  };
  return (
    <form class="golden-form" onSubmit={(event) => void submit(event)}>
      <label>{t("learning.golden_text")}
        <input required maxLength={500} lang={language} value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      <label>{t("learning.golden_article")}
        <input maxLength={100} value={article} onInput={(event) => setArticle(event.currentTarget.value)} />
      </label>
      <label>{t("articles.language")}
        <select value={language} onChange={(event) => setLanguage(event.currentTarget.value as Language)}>
          {LANGUAGES.map((each) => <option key={each} value={each}>{t(`language.${each}`)}</option>)}
        </select>
      </label>
      <footer><button class="small primary" disabled={learning.busy.value}>{t("learning.golden_add")}</button></footer>
    </form>
  );
}
