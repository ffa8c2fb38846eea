import { useEffect, useState } from "preact/hooks";
import type { Language } from "../../../shared/protocol";
import { ARTICLE_STATES, type ArticleState, draftKey, isChanged, type Kept } from "../../articles";
import { textOf } from "../../importing";
import { cause } from "../../problem";
import { keyFor } from "../../text";
import { holds } from "../../views";
import { PageHead } from "../PageHead";
import { SearchField } from "../SearchField";
import { useWorkplace } from "../workplace";
import { ArticleForm } from "./ArticleForm";
import { Found } from "./Found";
import { GapsPanel } from "./GapsPanel";
import { LearnedForm } from "./LearnedForm";
import { GoldenPanel, LearnedPanel } from "./LearnedPanel";

const LANGUAGES: readonly Language[] = ["zh", "en"];

/** The knowledge base: what there is, what needs its owner, and the article that is being written. */
export function ArticlesPage() {
  const { state, articles, learning } = useWorkplace();
  const t = state.t.value;
  const failed = articles.failed.value;
  const open = articles.open.value;
  const draft = learning.open.value;
  useEffect(() => void Promise.all([articles.start(), learning.start()]), []);
  return (
    <main class="page articles">
      <PageHead title={t("articles.title")} lead={t("articles.lead")} />
      {failed !== null && (
        <p class="page-failed" role="alert">
          {cause(failed, t)} <button class="small" onClick={() => void articles.start()}>{t("page.retry")}</button>
        </p>
      )}
      <div class="page-columns">
        <div>
          <Listed />
          <Tasks />
          <GapsPanel />
          <LearnedPanel />
          <GoldenPanel />
          {!articles.inFiles.value && <ImportTable />}
        </div>
        <div>
          {open !== null ? <ArticleForm key={draftKey(open)} kept={open} /> : draft !== null ? <LearnedForm key={draft.id} draft={draft} /> : <TryOut />}
        </div>
      </div>
    </main>
  );
}

function Listed() {
  const { state, articles } = useWorkplace();
  const t = state.t.value;
  const filter = articles.filter.value;
  const page = articles.listed.value;
  return (
    <section class="page-panel">
      <div class="filters">
        <SearchField label={t("articles.search")} value={filter.text}
          search={(text) => void articles.search({ ...articles.filter.peek(), text })} />
        <select aria-label={t("articles.state")} value={filter.state}
          onChange={(event) => void articles.search({ ...filter, state: event.currentTarget.value as ArticleState | "" })}>
          <option value="">{t("articles.all_states")}</option>
          {ARTICLE_STATES.map((each) => <option key={each} value={each}>{t(`articles.state.${each}`)}</option>)}
        </select>
        <select aria-label={t("articles.language")} value={filter.language}
          onChange={(event) => void articles.search({ ...filter, language: event.currentTarget.value as Language | "" })}>
          <option value="">{t("articles.all_languages")}</option>
          {LANGUAGES.map((each) => <option key={each} value={each}>{t(`language.${each}`)}</option>)}
        </select>
        {!articles.inFiles.value && <button class="primary" onClick={() => articles.create(state.language.value)}>{t("articles.new")}</button>}
      </div>
      {articles.inFiles.value && <p class="hint">{t("articles.in_files")}</p>}
      {page === null && articles.failed.value === null && <p class="hint" role="status">{t("page.loading")}</p>}
      {page !== null && page.articles.length === 0 && <p class="hint">{t("articles.none")}</p>}
      <ul class="rows">
        {page?.articles.map((kept) => <Line key={`${kept.article.id}/${kept.article.language}`} kept={kept} />)}
      </ul>
      {page?.after != null && <button onClick={() => void articles.more()}>{t("page.more")}</button>}
    </section>
  );
}

function Line({ kept }: { kept: Kept }) {
  const { article, state: at, revision, served } = kept;
  const { state, articles } = useWorkplace();
  const t = state.t.value;
  const open = articles.open.value?.article;
  const current = open?.id === article.id && open.language === article.language;
  return (
    <li>
      <button class="link-row" aria-current={current ? "true" : undefined} onClick={() => void articles.show(article.id, article.language)}>
        <strong lang={article.language}>{article.title}</strong>
        <span class="hint">
          {articles.categoryName(article.category, state.language.value)} · {t(`language.${article.language}`)} · {t(`articles.state.${at}`)}
          {served !== null && revision > served && ` · ${t("articles.draft_ahead")}`}
          {isChanged(kept, articles.draftOf(kept)) && <b> · {t("articles.unsaved")}</b>}
        </span>
      </button>
    </li>
  );
}

function Tasks() {
  const { state, articles } = useWorkplace();
  const t = state.t.value;
  const tasks = articles.tasks.value;
  const reviewed = articles.reviewed.value;
  const [busy, setBusy] = useState(false);
  const decides = holds(state, "knowledge.decide");
  const review = async (): Promise<void> => {
    setBusy(true);
    await articles.review();
    setBusy(false);
  };
  if (tasks.length === 0 && !decides) return null;
  return (
    <section class="page-panel">
      <h2>{t("articles.tasks")}</h2>
      {decides && (
        <p class="ticket-line">
          <button class="small" disabled={busy} onClick={() => void review()}>{t("articles.review")}</button>
          <span role="status">{reviewed !== null && t("articles.reviewed", { count: reviewed.findings.length, opened: reviewed.opened })}</span>
        </p>
      )}
      {[...new Set(tasks.map(({ kind }) => kind))].map((kind) => {
        const key = keyFor("articles.task", kind);
        const listed = tasks.filter((task) => task.kind === kind);
        return (
          <details key={kind} open>
            <summary>{key === null ? kind : t(key)} ({listed.length})</summary>
            <ul class="rows">
              {listed.map((task) => (
                <li key={task.id}>
                  <button class="link-row" onClick={() => void articles.show(task.article, task.language)}>
                    <strong>{task.article}</strong>
                    <span>{task.message}</span>
                    <span class="hint">{task.owner} · {t("articles.due", { day: task.due.slice(0, 10) })}</span>
                  </button>
                </li>
              ))}
            </ul>
          </details>
        );
      })}
    </section>
  );
}

/** Many articles at once, as drafts, from a table that a spreadsheet has saved. */
function ImportTable() {
  const { state, articles } = useWorkplace();
  const t = state.t.value;
  const report = articles.imported.value;
  const chosen = async (input: HTMLInputElement): Promise<void> => {
    const [file] = input.files ?? [];
    if (file !== undefined) await articles.importTable(textOf(await file.arrayBuffer()));
    input.value = "";
  };
  return (
    <section class="page-panel">
      <h2>{t("import.title")}</h2>
      <p class="hint">{t("import.lead")}</p>
      <label class="file-choice">{t("import.choose")}
        <input type="file" accept=".csv,.tsv,.txt" disabled={report?.finished === false} onChange={(event) => void chosen(event.currentTarget)} />
      </label>
      {report !== null && <p role="status">{t(report.finished ? "import.done" : "import.running", { done: report.done, all: report.all })}</p>}
      {report !== null && report.failed.length > 0 && (
        <ul class="problems" role="alert">
          {report.failed.map(({ line, why }) => <li key={`${line} ${why}`}><b>{t("configuration.line", { line })}</b> {why}</li>)}
        </ul>
      )}
    </section>
  );
}

/** What the bot would be told about a question now. */
function TryOut() {
  const { state, articles } = useWorkplace();
  const t = state.t.value;
  const [question, setQuestion] = useState("");
  const tried = articles.tried.value;
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (question.trim() !== "") void articles.tryOut(question.trim());
  };
  return (
    <section class="page-panel">
      <h2>{t("articles.try")}</h2>
      <form class="try" onSubmit={submit}>
        <input value={question} aria-label={t("articles.question")} placeholder={t("articles.question")} maxLength={500}
          onInput={(event) => setQuestion(event.currentTarget.value)} />
        <button class="primary">{t("articles.ask")}</button>
      </form>
      {tried !== null && <Found tried={tried} />}
    </section>
  );
}
