import { useState } from "preact/hooks";
import { markdown } from "../../../shared/markdown";
import type { Language } from "../../../shared/protocol";
import { dayLabel } from "../../../shared/time";
import { actionOf, type ArticleFields, draftKey, isChanged, type Kept } from "../../articles";
import type { DeskState } from "../../state";
import { keyFor } from "../../text";
import { holds } from "../../views";
import { Icon } from "../Icon";
import { useWorkplace } from "../workplace";
import { CompareView } from "./CompareView";
import { MoreFields } from "./MoreFields";

const LANGUAGES: readonly Language[] = ["zh", "en"];
const WORDS = ["title", "category", "owner"] as const;
const KNOWN_CATEGORIES = "known-categories";
const DAYS = ["valid_from", "review_by"] as const;

/** One article: its fields, what customers will read, and the steps of its life. */
export function ArticleForm({ kept }: { kept: Kept }) {
  const { state, articles } = useWorkplace();
  const t = state.t.value;
  const draft = articles.draftOf(kept);
  const { fields, questions, why } = draft;
  const isNew = kept.revision < 0;
  const inFiles = kept.revision === 0;
  const changed = isChanged(kept, draft);
  const set = (change: Partial<ArticleFields>): void => articles.write(kept, { fields: { ...fields, ...change } as ArticleFields });
  const save = (event: SubmitEvent): void => {
    event.preventDefault();
    void articles.save();
  };
  const discard = (): void => {
    articles.discard(kept);
    if (isNew) articles.leave();
  };
  return (
    <form class="page-panel article-form" onSubmit={save}>
      <header>
        <h2>{isNew ? t("articles.new") : kept.article.title}</h2>
        <span class="badge">{t(`articles.state.${kept.state}`)}</span>
        <button type="button" class="icon-button" aria-label={t("articles.close")} onClick={() => articles.leave()}>
          <Icon name="close" />
        </button>
      </header>
      {!isNew && changed && draft.revision !== kept.revision && (
        <p class="page-failed" role="alert">{t("articles.moved_on", { name: nameOf(state, kept.changed_by), revision: kept.revision })}</p>
      )}
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
            <input required value={fields[name]} list={name === "category" ? KNOWN_CATEGORIES : undefined}
              onInput={(event) => set({ [name]: event.currentTarget.value })} />
          </label>
        ))}
        <datalist id={KNOWN_CATEGORIES}>
          {[...articles.categories.value.keys()].map((path) => <option key={path} value={path}>{articles.categoryName(path, state.language.value)}</option>)}
        </datalist>
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
          <textarea rows={5} lang={fields.language} value={questions} onInput={(event) => articles.write(kept, { questions: event.currentTarget.value })} />
        </label>
        <label>{t("articles.answer")}
          <textarea rows={9} lang={fields.language} required value={fields.answer}
            onInput={(event) => set({ answer: event.currentTarget.value })} />
        </label>
        <details>
          <summary>{t("articles.preview")}</summary>
          <div class="article-preview text" lang={fields.language}>{markdown(fields.answer)}</div>
        </details>
        <MoreFields fields={fields} set={(change) => set(change as Partial<ArticleFields>)} />
        <label>{t("articles.why")}
          <input value={why} maxLength={1000} onInput={(event) => articles.write(kept, { why: event.currentTarget.value })} />
        </label>
        <Found kept={kept} changed={changed} />
        <footer>
          <button class="primary" disabled={!changed}>{t("articles.save")}</button>
          {changed && !inFiles && <button type="button" onClick={discard}>{t("articles.discard")}</button>}
          {!isNew && <Steps kept={kept} changed={changed} />}
        </footer>
      </fieldset>
      <CompareView kept={kept} />
      {!isNew && <History changed={changed} />}
    </form>
  );
}

function Steps({ kept, changed }: { kept: Kept; changed: boolean }) {
  const { state, articles } = useWorkplace();
  const t = state.t.value;
  const [deleting, setDeleting] = useState(false);
  if (!holds(state, "knowledge.decide")) return null;
  const ahead = kept.served === null || kept.revision > kept.served || kept.state !== "published";
  const title = changed ? t("articles.save_first") : undefined;
  return (
    <>
      <button type="button" disabled={changed || !ahead} title={title} onClick={() => void articles.step("publish")}>{t("articles.publish")}</button>
      {kept.state === "published" && (
        <button type="button" disabled={changed} title={title} onClick={() => void articles.step("retire")}>{t("articles.retire")}</button>
      )}
      {kept.state !== "published" && !deleting && (
        <button type="button" disabled={changed} title={title} onClick={() => setDeleting(true)}>{t("articles.delete")}</button>
      )}
      {deleting && (
        <span class="sure" role="alert">
          {t("articles.delete_sure")}{" "}
          <button type="button" class="danger" disabled={changed} onClick={() => void articles.step("delete")}>{t("articles.delete_yes")}</button>{" "}
          <button type="button" onClick={() => setDeleting(false)}>{t("dialog.cancel")}</button>
        </span>
      )}
    </>
  );
}

/** What the checks said about the last step, and the way to publish in spite of it. */
function Found({ kept, changed }: { kept: Kept; changed: boolean }) {
  const { state, articles } = useWorkplace();
  const t = state.t.value;
  const findings = articles.findings.value;
  if (findings === null || findings.of !== draftKey(kept)) return null;
  return (
    <section class="found-out" role="alert" aria-label={t("articles.findings")}>
      <h3>{t("articles.findings")}</h3>
      <ul>{findings.messages.map((message) => <li key={message}>{message}</li>)}</ul>
      {findings.publishable && (
        <p class="ticket-line">
          <button type="button" disabled={changed} onClick={() => void articles.step("publish", true)}>{t("articles.publish_anyway")}</button>
          <span class="hint">{t("articles.anyway_hint")}</span>
        </p>
      )}
    </section>
  );
}

function History({ changed }: { changed: boolean }) {
  const { state, articles } = useWorkplace();
  const t = state.t.value;
  const steps = articles.history.value;
  if (steps.length === 0) return null;
  return (
    <details class="article-history">
      <summary>{t("articles.history")} ({steps.length})</summary>
      <ol>
        {steps.map((step) => {
          const { name, to } = actionOf(step);
          const key = keyFor("articles.did", name);
          return (
            <li key={`${step.revision}-${step.at}`}>
              <span>{step.revision}. {key === null ? step.action : t(key, { to })}</span>
              <span class="hint">{nameOf(state, step.actor)} · {dayLabel(step.at, state.language.value)} {step.why}</span>
              {step.revision !== articles.open.value?.revision && holds(state, "knowledge.decide") && (
                <button type="button" class="small" disabled={changed} title={changed ? t("articles.save_first") : undefined}
                  onClick={() => void articles.rollBack(step.revision)}>{t("articles.roll_back")}</button>
              )}
            </li>
          );
        })}
      </ol>
    </details>
  );
}

/** Who did it, by name where it is a colleague. */
function nameOf({ me }: DeskState, actor: string): string {
  const { agent, colleagues } = me.value;
  return [agent, ...colleagues].find((one) => one.id === actor)?.name ?? actor;
}
