import { markdown, tame } from "../../shared/markdown";
import type { Draft } from "../../shared/outbox";
import { type Author, type FeedbackEntry, fileLabel, type MessageBody, type MessageEntry, type RatingEntry, type StateEntry } from "../../shared/protocol";
import { requestWords } from "../../shared/photos";
import { clockTime, dayTime, fullTime } from "../../shared/time";
import { calls } from "../naming";
import { keyFor, percent } from "../text";
import { SentFile } from "./Files";
import { PhotosView } from "./Photos";
import { Icon } from "./Icon";
import { TranslatedMessage } from "./TranslateLine";
import { UndeliveredActions } from "./UndeliveredActions";
import { useWorkplace } from "./workplace";

interface MessageProps {
  readonly entry: MessageEntry;
  readonly feedback: readonly FeedbackEntry[];
  readonly continues: boolean;
  readonly cited: boolean;
  readonly lit: boolean;
}

export function MessageRow({ entry, feedback, continues, cited, lit }: MessageProps) {
  const { state } = useWorkplace();
  const t = state.t.value;
  const internal = entry.audience === "internal";
  const classes = ["message", `by-${entry.author.kind}`, internal && "note", continues && "continues", cited && "cited", lit && "lit"];
  return (
    <article class={classes.filter(Boolean).join(" ")} id={`entry-${entry.seq}`}>
      {!continues && (
        <header>
          {entry.author.kind === "bot" && <Icon name="bot" />}
          <b>{useAuthorName(entry.author)}</b>
          {internal && <span class="note-label"><NoteLabel whisper={entry.body.whisper} /></span>}
          {entry.body.interim && <span class="interim">{t("entry.interim")}</span>}
        </header>
      )}
      <div class="bubble">
        <MessageText entry={entry} />
        {entry.body.original !== undefined && <p class="original" dir="auto"><span class="hint">{t("translate.original")}</span> {tame(entry.body.original)}</p>}
        {entry.author.kind === "customer" && entry.body.file === undefined && <TranslatedMessage seq={entry.seq} text={entry.body.text} />}
        <Attachments body={entry.body} />
        {entry.body.of !== undefined && <UndeliveredActions entry={entry} />}
        {entry.body.photos !== undefined && <PhotosView entry={entry} />}
        <footer>
          <span class="seq" title={cited ? t("entry.cited") : undefined}>#{entry.seq}</span>
          <time dateTime={entry.at} title={fullTime(entry.at, state.language.value)}>{clockTime(entry.at, state.language.value)}</time>
          {!internal && entry.author.kind === "agent" && entry.seq <= (state.card.value?.customer_read ?? 0) && <span>{t("entry.read")}</span>}
        </footer>
      </div>
      {feedback.map((each) => (
        <FeedbackChip key={each.seq} entry={each} lit={false} />
      ))}
    </article>
  );
}

/** Who reads a note: all colleagues, or one to whom it is whispered. */
function NoteLabel({ whisper }: { whisper: string | undefined }) {
  const { state } = useWorkplace();
  const t = state.t.value;
  if (whisper === undefined) return <>{t("entry.note")} · {t("entry.note_hint")}</>;
  const { agent } = state.me.value;
  if (whisper === agent.id) return <>{t("whisper.to_me")}</>;
  return <>{t("whisper.entry", { name: state.desk.value.agents.find((each) => each.id === whisper)?.name ?? "" })}</>;
}

function MessageText({ entry }: { entry: MessageEntry }) {
  const { file } = entry.body;
  const text = requestWords(entry.body);
  if (text === "" || (file !== undefined && text === fileLabel(file.name))) return null;
  // Only bot and agents write Markdown; a customer's stars and dashes are what he typed.
  const isPlain = entry.author.kind === "customer";
  if (entry.audience === "internal") return <div class="text" dir="auto"><NoteText text={tame(text)} /></div>;
  return <div class="text" dir="auto">{isPlain ? <p class="plain">{tame(text)}</p> : markdown(text)}</div>;
}

/** The words of a note; who is asked in them stands out, most of all oneself. */
function NoteText({ text }: { text: string }) {
  const { agent, colleagues } = useWorkplace().state.me.value;
  const mine = `@${agent.name}`.toLowerCase();
  return (
    <p class="plain">
      {calls(text, [agent, ...colleagues]).map((piece, index) =>
        piece.called ? <mark key={index} class={piece.text.toLowerCase() === mine ? "called mine" : "called"}>{piece.text}</mark> : piece.text)}
    </p>
  );
}

/** What belongs to a message besides its words: buttons, the article it quotes, the sources of an answer. */
function Attachments({ body }: { body: MessageBody }) {
  const t = useWorkplace().state.t.value;
  return (
    <>
      {body.pressed !== undefined && <p class="pressed">{t("entry.pressed")} · #{body.pressed.seq}</p>}
      {body.buttons !== undefined && body.buttons.length > 0 && (
        <ul class="buttons">{body.buttons.map(({ title }) => <li key={title}>{title}</li>)}</ul>
      )}
      {body.file !== undefined && body.photo === undefined && <SentFile file={body.file} />}
      {body.article !== undefined && (
        <p class="article-ref"><Icon name="book" />{t("entry.article")}: {body.article.title}</p>
      )}
      {body.sources !== undefined && body.sources.length > 0 && (
        <ul class="sources" aria-label={t("entry.sources")}>
          {body.sources.map(({ article, title, probability }) => (
            <li key={article}><Icon name="book" /><span>{title}</span>{probability !== undefined && <b>{percent(probability)}</b>}</li>
          ))}
        </ul>
      )}
    </>
  );
}

/** A message that the server has not confirmed. */
export function PendingRow({ draft }: { draft: Draft }) {
  const { state, writing } = useWorkplace();
  if (!("text" in draft.body)) return null;
  const { text, file, whisper } = draft.body;
  const status = state.connection.value === "online" ? "entry.sending" : "entry.queued";
  return (
    <article class={`message by-agent pending${draft.audience === "internal" ? " note" : ""}`}>
      <div class="bubble">
        {whisper !== undefined && <span class="note-label"><NoteLabel whisper={whisper} /></span>}
        {text !== "" && <div class="text"><p class="plain">{text}</p></div>}
        {file !== undefined && <p class="article-ref"><Icon name="clip" />{writing.fileName(file) ?? state.t.value("composer.file")}</p>}
        <footer>{state.t.value(status)}</footer>
      </div>
    </article>
  );
}

export function StateLine({ entry, lit }: { entry: StateEntry; lit: boolean }) {
  const { state } = useWorkplace();
  const t = state.t.value;
  const key = keyFor("event", entry.body.event);
  const { agent, queue } = entry.body.to;
  const to = agent?.name ?? queueName(queue ?? null, state.me.value.tenant.queues);
  const outcome = state.me.value.tenant.wrap_up_codes.find((code) => code.id === entry.body["wrap_up"]);
  const due = dayTime(String(entry.body["due_at"] ?? ""), state.language.value);
  const name = useAuthorName(entry.author);
  const who = entry.author.id === state.me.value.agent.id ? t("event.me") : name;
  return (
    <p class={`state-line event-${entry.body.event}${lit ? " lit" : ""}`} id={`entry-${entry.seq}`}>
      <span>{key === null ? (entry.body.text ?? entry.body.event) : t(key, { who, to })}</span>
      {outcome !== undefined && <b>{outcome[state.language.value]}</b>}
      {due !== "" && <b>{t("event.due", { time: due })}</b>}
      <time dateTime={entry.at}>{clockTime(entry.at, state.language.value)}</time>
      {[entry.body["summary"], entry.body["note"], entry.body.event === "escalate" && entry.body["reason"]].map((text) => typeof text === "string" && (
        <q key={text} class="state-note" title={t("entry.note")}>{tame(text)}</q>
      ))}
    </p>
  );
}

const queueName = (id: string | null, queues: readonly { id: string; name: string }[]): string =>
  queues.find((queue) => queue.id === id)?.name ?? id ?? "";

export function FeedbackChip({ entry, lit }: { entry: FeedbackEntry; lit: boolean }) {
  const t = useWorkplace().state.t.value;
  const up = entry.body.value === "up";
  return (
    <p class={`feedback ${entry.body.value}${lit ? " lit" : ""}`} id={`entry-${entry.seq}`}>
      <Icon name={up ? "thumb_up" : "thumb_down"} />
      <span>{t(up ? "entry.helpful" : "entry.not_helpful")}</span>
      {entry.body.comment && <q>{tame(entry.body.comment)}</q>}
    </p>
  );
}

export function RatingLine({ entry, lit }: { entry: RatingEntry; lit: boolean }) {
  const t = useWorkplace().state.t.value;
  return (
    <p class={`rating${lit ? " lit" : ""}`} id={`entry-${entry.seq}`}>
      <span class="stars" aria-hidden="true">{"★".repeat(entry.body.score)}{"☆".repeat(5 - entry.body.score)}</span>
      <span>{t("entry.rating", { score: entry.body.score })}</span>
      {entry.body.comment && <q>{tame(entry.body.comment)}</q>}
    </p>
  );
}

function useAuthorName(author: Author): string {
  const { state } = useWorkplace();
  const t = state.t.value;
  if (author.kind === "bot") return t("author.bot");
  if (author.kind === "agent" && author.id === state.me.value.agent.id) return t("author.me");
  return author.name || t(`author.${author.kind}`);
}
