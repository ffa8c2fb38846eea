import { useState } from "preact/hooks";
import { dayLabel } from "../../../shared/time";
import { linesOf } from "../../articles";
import { type Change, inTheWay, type LearnedDraft, type Outcome, type Replay } from "../../learning";
import { keyFor, type Translate } from "../../text";
import { holds } from "../../views";
import { Icon } from "../Icon";
import { useWorkplace } from "../workplace";

const KNOWN_CATEGORIES = "categories-of-drafts";
const WORDS = ["title", "category"] as const;

/** A draft of an agent's answer: where it comes from, its words, what it would change, and the decision. */
export function LearnedForm({ draft }: { draft: LearnedDraft }) {
  const { state, learning, articles } = useWorkplace();
  const t = state.t.value;
  const stored = { article: draft.article, title: draft.title, category: draft.category, answer: draft.answer };
  const [fields, setFields] = useState(stored);
  const [questions, setQuestions] = useState(draft.questions.map(({ text }) => text).join("\n"));
  const words = { ...fields, questions: linesOf(questions) };
  const changed = JSON.stringify(words) !== JSON.stringify({ ...stored, questions: draft.questions.map(({ text }) => text) });
  const save = (event: SubmitEvent): void => {
    event.preventDefault();
    void learning.save(draft, draft.extends ? { questions: words.questions } : words);
  };
  return (
    <form class="page-panel article-form" onSubmit={save} aria-label={t("learning.draft")}>
      <header>
        <h2>{t("learning.draft")}</h2>
        <span class="badge">{t("articles.state.draft")}</span>
        <button type="button" class="icon-button" aria-label={t("learning.close")} onClick={() => learning.show(null)}><Icon name="close" /></button>
      </header>
      <Origin draft={draft} />
      {draft.extends && <p class="hint">{t("learning.extends", { article: draft.article })}</p>}
      {!draft.extends && (
        <label>{t("articles.id")}
          <input required pattern="[a-z0-9][a-z0-9\-]{0,63}" title={t("articles.id_hint")} value={fields.article}
            onInput={(event) => setFields({ ...fields, article: event.currentTarget.value })} />
        </label>
      )}
      {!draft.extends && WORDS.map((name) => (
        <label key={name}>{t(`articles.field.${name}`)}
          <input required maxLength={120} lang={draft.language} value={fields[name]} list={name === "category" ? KNOWN_CATEGORIES : undefined}
            onInput={(event) => setFields({ ...fields, [name]: event.currentTarget.value })} />
        </label>
      ))}
      <datalist id={KNOWN_CATEGORIES}>
        {[...articles.categories.value.keys()].map((path) => <option key={path} value={path}>{articles.categoryName(path, state.language.value)}</option>)}
      </datalist>
      <label>{draft.extends ? t("learning.more_questions") : t("articles.questions")}
        <textarea rows={5} lang={draft.language} value={questions} onInput={(event) => setQuestions(event.currentTarget.value)} />
      </label>
      {!draft.extends && (
        <label>{t("articles.answer")}
          <textarea rows={8} required lang={draft.language} value={fields.answer}
            onInput={(event) => setFields({ ...fields, answer: event.currentTarget.value })} />
        </label>
      )}
      <Decision draft={draft} changed={changed} />
    </form>
  );
}

/** The conversation and the answer that it was made of. */
function Origin({ draft }: { draft: LearnedDraft }) {
  const { state, session } = useWorkplace();
  const t = state.t.value;
  const { conversation, agent, at } = draft.provenance;
  const { me } = state;
  const by = [me.value.agent, ...me.value.colleagues].find(({ id }) => id === agent)?.name;
  return (
    <p class="hint">
      {typeof at === "string" ? t("learning.origin", { name: by ?? t("learning.an_agent"), day: dayLabel(at, state.language.value) }) : t("learning.origin_asked")}{" "}
      {typeof conversation === "string" && holds(state, "conversations.read") && (
        <button type="button" class="link" onClick={() => session.open(conversation)}>{t("learning.origin_open")}</button>
      )}
    </p>
  );
}

function Decision({ draft, changed }: { draft: LearnedDraft; changed: boolean }) {
  const { state, learning } = useWorkplace();
  const t = state.t.value;
  const busy = learning.busy.value;
  const decides = holds(state, "knowledge.decide");
  const replay = learning.replayed.value?.of === draft.id && !changed ? learning.replayed.value.replay : null;
  const blocked = replay === null ? 0 : inTheWay(replay, draft).length;
  const title = changed ? t("articles.save_first") : blocked > 0 ? t("learning.blocked", { count: blocked }) : undefined;
  return (
    <>
      {replay !== null && <ReplayView draft={draft} replay={replay} />}
      <footer>
        <button class="primary" disabled={!changed || busy}>{t("articles.save")}</button>
        <button type="button" disabled={changed || busy} title={changed ? title : undefined} onClick={() => void learning.replay(draft)}>
          {t(busy ? "learning.busy" : "learning.replay")}
        </button>
        {decides && (
          <button type="button" disabled={changed || busy || blocked > 0} title={title} onClick={() => void learning.publish(draft)}>{t("articles.publish")}</button>
        )}
        {decides && <button type="button" disabled={busy} onClick={() => void learning.discard(draft)}>{t("learning.discard")}</button>}
      </footer>
    </>
  );
}

/** Which questions would be treated in another way; what gets worse first, and its acceptance. */
function ReplayView({ draft, replay }: { draft: LearnedDraft; replay: Replay }) {
  const { state, learning } = useWorkplace();
  const t = state.t.value;
  const open = inTheWay(replay, draft);
  const { past, golden } = replay;
  return (
    <section class="found-out" aria-label={t("learning.replay_title")}>
      <h3>{t("learning.replay_title")}</h3>
      <p role="status">
        {t("learning.replayed", { asked: past.asked, golden })} {t("learning.gained", { now: past.now_answered, lost: past.no_longer_answered })}
      </p>
      {replay.changes.length === 0 && <p class="hint">{t("learning.no_change")}</p>}
      <ul>
        {replay.changes.map((change) => <ChangeLine key={change.key} change={change} accepted={change.key in draft.accepted} />)}
      </ul>
      {open.length > 0 && (
        <p class="ticket-line" role="alert">
          <span>{t("learning.blocked", { count: open.length })}</span>
          {holds(state, "knowledge.decide") && (
            <button type="button" class="small" disabled={learning.busy.value} onClick={() => void learning.accept(draft, open)}>{t("learning.accept")}</button>
          )}
        </p>
      )}
    </section>
  );
}

function ChangeLine({ change, accepted }: { change: Change; accepted: boolean }) {
  const { state } = useWorkplace();
  const t = state.t.value;
  return (
    <li>
      {change.worse && <b>{t(accepted ? "learning.accepted" : "learning.worse")} </b>}
      <q lang={change.language}>{change.text}</q> <span class="hint">({t(`learning.source.${change.source}`)})</span>{" "}
      {outcomeOf(change.before, t)} → {outcomeOf(change.after, t)}
    </li>
  );
}

function outcomeOf({ action, articles }: Outcome, t: Translate): string {
  const key = keyFor("decision", action);
  return [key === null ? action : t(key), articles.join(", ")].filter(Boolean).join(": ");
}
