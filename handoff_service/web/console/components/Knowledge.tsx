import { useEffect, useState } from "preact/hooks";
import { markdown } from "../../shared/markdown";
import type { KnowledgeHit, Language } from "../../shared/protocol";
import { withArticle } from "../composer";
import { cause } from "../problem";
import { percent } from "../text";
import { lastQuestion } from "../timeline";
import { Icon } from "./Icon";
import { ReadingList } from "./ReadingList";
import { useKnowledge } from "./knowledge_search";
import { useWorkplace } from "./workplace";

const LANGUAGES: readonly Language[] = ["zh", "en"];

/** Searches the articles as one types; a hit can be put into the reply or sent as it is. */
export function Knowledge() {
  const { state } = useWorkplace();
  const t = state.t.value;
  const [typed, setTyped] = useState("");
  const customers = state.card.value?.language ?? state.language.value;
  const [chosen, setChosen] = useState<Language | null>(null);
  const language = chosen ?? customers;
  const search = useKnowledge(typed.trim(), language);
  const question = lastQuestion(state.timeline.value);
  useEffect(() => setChosen(null), [state.current.value]);

  return (
    <section class="knowledge" aria-label={t("knowledge.label")}>
      <div class="search-box">
        <Icon name="search" />
        <input id="knowledge-search" type="search" value={typed} placeholder={t("knowledge.placeholder")}
          aria-label={t("knowledge.label")} onInput={(event) => setTyped(event.currentTarget.value)} />
        <select aria-label={t("knowledge.language")} value={language}
          onChange={(event) => setChosen(event.currentTarget.value as Language)}>
          {LANGUAGES.map((each) => <option key={each} value={each}>{t(`language.${each}`)}</option>)}
        </select>
      </div>
      {question !== null && question !== typed && (
        <button class="link suggest" onClick={() => setTyped(question)}>{t("knowledge.suggest")}</button>
      )}
      <p class="hint" role="status">
        {search.at === "idle" && t("knowledge.start")}
        {search.at === "busy" && t("knowledge.busy")}
        {search.at === "failed" && t("knowledge.failed", { message: cause(search.error, t) })}
        {search.at === "found" && search.hits.length === 0 && t("knowledge.empty")}
      </p>
      {search.at === "idle" && state.side.value === "knowledge" && <ReadingList />}
      {search.at === "found" && (
        <ul class="hits">{search.hits.map((hit) => <Hit key={`${hit.article}.${hit.language}`} hit={hit} />)}</ul>
      )}
    </section>
  );
}

function Hit({ hit }: { hit: KnowledgeHit }) {
  const { state, writing } = useWorkplace();
  const t = state.t.value;
  const [open, setOpen] = useState(false);
  const { article, language, title, answer, probability } = hit;
  const mine = state.holding.value && state.current.value !== null && hit.internal !== true;
  const quoted = { id: article, language, title };

  const insert = (): void => {
    const conversation = state.current.value;
    if (conversation === null) return;
    writing.setMode(conversation, "reply");
    writing.write(conversation, withArticle(state.draft.value, { ...quoted, answer }, state.cursor ?? undefined));
    state.pane.value = "conversation";
    state.focusWanted.value = true;
  };
  return (
    <li class={open ? "hit open" : "hit"}>
      <header>
        <h3 lang={language}>{title}</h3>
        <b title={t("knowledge.probability", { percent: percent(probability) })}>{percent(probability)}</b>
      </header>
      <progress class="score" max={1} value={probability} aria-hidden="true" />
      {hit.internal === true && <p class="badge bad">{t("knowledge.internal")}</p>}
      <div class="answer" lang={language}>{markdown(answer)}</div>
      <footer>
        <button class="link" aria-expanded={open} onClick={() => setOpen(!open)}>{t(open ? "knowledge.less" : "knowledge.more")}</button>
        <button class="small" disabled={!mine} onClick={insert}>{t("knowledge.insert")}</button>
        <button class="small primary" disabled={!mine} onClick={() => writing.sendArticle(answer, quoted)}>{t("knowledge.send")}</button>
      </footer>
    </li>
  );
}
