import { useState } from "preact/hooks";
import { markdown } from "../../../shared/markdown";
import type { Language } from "../../../shared/protocol";
import { dayLabel } from "../../../shared/time";
import { type ArticleFields, type Kept, linesOf } from "../../articles";
import { holds } from "../../views";
import { Icon } from "../Icon";
import { useWorkplace } from "../workplace";

const LANGUAGES: readonly Language[] = ["zh", "en"];
const WORDS = ["title", "category", "owner"] as const;
const DAYS = ["valid_from", "review_by"] as const;

/** One article: its fields, what customers will read, and the steps of its life. */
export function ArticleForm({ kept }: { kept: Kept }) {
  const { state, articles } = useWorkplace();
  const t = state.t.value;
  const [fields, setFields] = useState<ArticleFields>(kept.article);
  const [questions, setQuestions] = useState(kept.article.questions.join("\n"));
  const [why, setWhy] = useState("");
  const isNew = kept.revision < 0;
  const inFiles = kept.revision === 0;
  const now = { ...fields, questions: linesOf(questions) };
  const changed = isNew || JSON.stringify(now) !== JSON.stringify(kept.article);
  const set = (change: Partial<ArticleFields>): void => setFields({ ...fields, ...change } as ArticleFields);
  const save = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    await articles.save(now, why);
  };
  return (
    <form class="page-panel article-form" onSubmit={(event) => void save(event)}>
      <header>
        <h2>{isNew ? t("articles.new") : kept.article.title}</h2>
        <span class="badge">{t(`articles.state.${kept.state}`)}</span>
        <button type="button" class="icon-button" aria-label={t("articles.close")} onClick={() => articles.leave()}>
          <Icon name="close" />
        </button>
      </header>
      {inFiles && <p class="hint">{t("articles.in_files")}</p>}
      <fieldset disabled={inFiles}>
        {isNew && (
          <div class="pair">
            <label>{t("articles.id")}
              <input value={fields.id} required pattern="[a-z0-9][a-z0-9\-]{0,63}" title={t("articles.id_hint")}
                onInput={(event) => set({ id: event.currentTarget.value })} />
            </label>
            <label>{t("articles.language")}
              <select value={fields.language} onChange={(event) => set({ language: event.currentTarget.value as Language })}>
                {LANGUAGES.map((each) => <option key={each} value={each}>{t(`language.${each}`)}</option>)}
              </select>
            </label>
          </div>
        )}
        {WORDS.map((name) => (
          <label key={name}>{t(`articles.field.${name}`)}
            <input required value={fields[name]} onInput={(event) => set({ [name]: event.currentTarget.value })} />
          </label>
        ))}
        {DAYS.map((name) => (
          <label key={name}>{t(`articles.field.${name}`)}
            <input type="date" required value={fields[name]} onInput={(event) => set({ [name]: event.currentTarget.value })} />
          </label>
        ))}
        <label>{t("articles.audience")}
          <select value={fields.audience} onChange={(event) => set({ audience: event.currentTarget.value })}>
            <option value="public">{t("articles.audience.public")}</option>
            <option value="agents">{t("articles.audience.agents")}</option>
          </select>
        </label>
        <label>{t("articles.questions")}
          <textarea rows={5} lang={fields.language} value={questions} onInput={(event) => setQuestions(event.currentTarget.value)} />
        </label>
        <label>{t("articles.answer")}
          <textarea rows={9} lang={fields.language} required value={fields.answer}
            onInput={(event) => set({ answer: event.currentTarget.value })} />
        </label>
        <details>
          <summary>{t("articles.preview")}</summary>
          <div class="article-preview text" lang={fields.language}>{markdown(fields.answer)}</div>
        </details>
        <label>{t("articles.why")}
          <input value={why} maxLength={1000} onInput={(event) => setWhy(event.currentTarget.value)} />
        </label>
        <footer>
          <button class="primary" disabled={!changed}>{t("articles.save")}</button>
          {!isNew && <Steps kept={kept} why={why} changed={changed} />}
        </footer>
      </fieldset>
      {!isNew && <History />}
    </form>
  );
}

function Steps({ kept, why, changed }: { kept: Kept; why: string; changed: boolean }) {
  const { state, articles } = useWorkplace();
  const t = state.t.value;
  if (!holds(state, "knowledge.decide")) return null;
  const ahead = kept.served === null || kept.revision > kept.served || kept.state !== "published";
  return (
    <>
      <button type="button" disabled={changed || !ahead} title={changed ? t("articles.save_first") : undefined}
        onClick={() => void articles.step("publish", why)}>{t("articles.publish")}</button>
      {kept.state === "published" && (
        <button type="button" onClick={() => void articles.step("retire", why)}>{t("articles.retire")}</button>
      )}
    </>
  );
}

function History() {
  const { state, articles } = useWorkplace();
  const t = state.t.value;
  const steps = articles.history.value;
  if (steps.length === 0) return null;
  const names = new Map(state.me.value.colleagues.map((one) => [one.id, one.name]));
  return (
    <details class="article-history">
      <summary>{t("articles.history")} ({steps.length})</summary>
      <ol>
        {steps.map((step) => (
          <li key={`${step.revision}-${step.at}`}>
            <span>{step.revision}. {step.action}</span>
            <span class="hint">{names.get(step.actor) ?? step.actor} · {dayLabel(step.at, state.language.value)} {step.why}</span>
            {step.revision !== articles.open.value?.revision && holds(state, "knowledge.decide") && (
              <button type="button" class="small" onClick={() => void articles.rollBack(step.revision)}>{t("articles.roll_back")}</button>
            )}
          </li>
        ))}
      </ol>
    </details>
  );
}
