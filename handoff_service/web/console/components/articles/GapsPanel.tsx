import type { Gap, ProposedFrom } from "../../learning";
import { keyFor } from "../../text";
import { cause } from "../../problem";
import { useWorkplace } from "../workplace";

/** What customers asked and the bot could not answer, the most asked first, and what can be made of it. */
export function GapsPanel() {
  const { state, learning } = useWorkplace();
  const t = state.t.value;
  const gaps = learning.gaps.value;
  const failed = learning.failed.value;
  if (gaps === null && failed === null) return null;
  return (
    <section class="page-panel gaps" aria-label={t("learning.gaps")}>
      <h2>{t("learning.gaps")}</h2>
      <p class="hint">{t("learning.gaps_lead")}</p>
      {failed !== null && (
        <p class="page-failed" role="alert">
          {cause(failed, t)} <button class="small" onClick={() => void learning.start()}>{t("page.retry")}</button>
        </p>
      )}
      {gaps?.length === 0 && <p class="hint">{t("learning.no_gaps")}</p>}
      <ul class="rows">{gaps?.map((gap) => <GapLine key={gap.id} gap={gap} />)}</ul>
    </section>
  );
}

function GapLine({ gap }: { gap: Gap }) {
  const { state, articles } = useWorkplace();
  const t = state.t.value;
  const { nearest } = gap;
  return (
    <li>
      <details>
        <summary>
          <strong lang={gap.examples[0]?.language}>{gap.title}</strong>{" "}
          <span class={gap.trend === "rising" || gap.trend === "new" ? "badge bad" : "badge"}>{t(`learning.trend.${gap.trend}`)}</span>{" "}
          <span class="hint">
            {t("learning.asked", { count: gap.count, conversations: gap.conversations })} · {t("learning.weeks", { now: gap.last_7_days, before: gap.before_7_days })}
          </span>
        </summary>
        <ul>
          {gap.examples.map(({ text, language, count, conversation, question }) => (
            <li key={`${conversation} ${question}`}><q lang={language}>{text}</q> <span class="hint">× {count}</span></li>
          ))}
        </ul>
        <p class="hint">{reasonsOf(gap).map(([why, count]) => {
          const key = keyFor("learning.why", why);
          return `${key === null ? why : t(key)} ${count}`;
        }).join(" · ")}</p>
        {nearest !== null && (
          <p class="hint">
            {t("learning.nearest")}{" "}
            <button class="link" lang={nearest.language} onClick={() => void articles.show(nearest.article, nearest.language)}>{nearest.title}</button>
          </p>
        )}
        <Ways gap={gap} />
      </details>
    </li>
  );
}

const reasonsOf = ({ why }: Gap): readonly (readonly [string, number])[] =>
  Object.entries(why).sort(([, one], [, other]) => other - one);

/** An agent's answer as an article, more wordings for one that there is, or an article that is written from nothing. */
function Ways({ gap }: { gap: Gap }) {
  const { state, articles, learning } = useWorkplace();
  const t = state.t.value;
  const busy = learning.busy.value;
  const [reply] = gap.replies;
  const [example] = gap.examples;
  const known = gap.extends ?? gap.nearest?.article ?? null;
  const name = gap.nearest?.article === known ? gap.nearest?.title : known;
  const propose = (from: Omit<ProposedFrom, "gap">): void => {
    articles.leave(); // what is typed there is kept
    void learning.propose({ ...from, gap: gap.id });
  };
  const write = (): void => {
    if (example === undefined) return;
    articles.create(example.language, { title: gap.title, questions: gap.examples.map(({ text }) => text) });
  };
  return (
    <p class="ticket-line">
      {reply !== undefined && (
        <button class={gap.extends === null ? "small primary" : "small"} disabled={busy}
          onClick={() => propose(reply)}>{t("learning.from_answer")}</button>
      )}
      {known !== null && example !== undefined && (
        <button class={gap.extends === null ? "small" : "small primary"} disabled={busy}
          onClick={() => propose({ conversation: example.conversation, question: example.question, extends: known })}>
          {t("learning.extend", { article: name ?? known })}
        </button>
      )}
      {!articles.inFiles.value && <button class="small" onClick={write}>{t("learning.write")}</button>}
    </p>
  );
}
