import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { markdown, steps, tame } from "../../shared/markdown";
import { requestWords } from "../../shared/photos";
import { fileLabel, type MessageEntry, type StateEntry } from "../../shared/protocol";
import { clockTime } from "../../shared/time";
import type { Chat } from "../chat";
import type { Row } from "../rows";
import { useChat } from "./context";
import { FilePicker } from "./file_picker";
import { AlertIcon, BookIcon, CheckIcon, ChecksIcon, ClockIcon, DownvoteIcon, PersonIcon, SparkIcon, UpIcon } from "./icons";
import { lazy } from "./lazy";
import { Portrait } from "./portrait";

const Attachment = lazy(() => import("./extras/attachment").then((file) => file.Attachment), ({ file }) => <p class="source"><bdi>{file.name}</bdi></p>);
const PhotoCard = lazy(() => import("./extras/photos").then((file) => file.PhotoCard));
const Reasons = lazy(() => import("./extras/reasons").then((file) => file.Reasons));
const Guide = lazy(() => import("./extras/guide").then((file) => file.Guide));

/** The tenant's first words, and while nothing is asked what one could ask. */
export function Greeting({ fresh }: { fresh: boolean }) {
  const chat = useChat();
  if (chat.session.value === null) return chat.loading.value === "failed" ? <Unreachable /> : <p class="loading">{chat.t("loading")}</p>;
  const { text: greeting, suggestions: offered } = chat.welcome;
  const suggestions = fresh ? offered : [];
  const services = (fresh && chat.config?.suggestions) || [];
  return (
    <>
      {greeting && (
        <div class="message bot">
          <Face kind="bot" name={null} />
          <div class="stack"><div class="bubble">{markdown(greeting)}</div></div>
        </div>
      )}
      {suggestions.length + services.length > 0 && (
        <div class="choices suggestions">
          {suggestions.map((text) => <button key={text} type="button" class="choice" dir="auto" onClick={() => chat.sendText(text)}>{text}</button>)}
          {services.map((service, index) => {
            const words = service.text[chat.language.value] ?? Object.values(service.text)[0]!;
            return <button key={index} type="button" class="choice service" dir="auto" onClick={() => chat.wish.choose(service, words)}><PersonIcon size={17} />{words}</button>;
          })}
        </div>
      )}
    </>
  );
}

function Unreachable() {
  const chat = useChat();
  return (
    <div class="unreachable" role="alert">
      <p>{chat.t("loadFailed")}</p>
      <button type="button" class="button" onClick={() => void chat.start()}>{chat.t("retry")}</button>
    </div>
  );
}

export function Message({ conv, entry, named }: { conv: string; entry: MessageEntry; named: boolean }) {
  const chat = useChat();
  const { t } = chat;
  const { author, body } = entry;
  if (body.call !== undefined) return <p class="notice" dir="auto">{tame(body.text)}</p>;
  if (body.photo !== undefined) return <p class="notice" dir="auto">{t("photoSent", { name: tame(body.text) })}</p>;
  const own = author.kind === "customer";
  const name = speakerName(chat, entry);
  const wordless = body.file !== undefined && body.text === fileLabel(body.file.name);
  return (
    <div class={`message ${author.kind}${named ? " named" : ""}`}>
      {!own && <Face kind={author.kind} name={author.name} hidden={!named} />}
      <div class="stack">
        {named && !own ? <p class="name"><bdi>{name}</bdi>{body.interim && <span> · {t("interim")}</span>}</p> : <span class="hidden">{name}: </span>}
        {!wordless && <div class="bubble">{own ? <PlainText text={body.text} /> : markdown(requestWords(body))}</div>}
        {body.photos !== undefined && <PhotoCard conv={conv} entry={entry} />}
        {body.file !== undefined && <Attachment file={body.file} />}
        {!own && <Sources body={body} />}
        <div class="foot">
          <time dateTime={entry.at}>{clockTime(entry.at, chat.locale.value)}</time>
          {chat.lastOwn.value === entry && <Mark read={chat.isRead(conv, entry.seq)} />}
          {author.kind === "bot" && body.kind === "answer" && <Votes conv={conv} seq={entry.seq} />}
        </div>
        {author.kind === "bot" && body.kind === "answer" && <Steps seq={entry.seq} text={body.text} />}
        {chat.pressable.value === entry && (
          <div class="choices">
            {body.upload && <FilePicker class="choice" asked={body.upload}>{t("addPhotos")}</FilePicker>}
            {body.buttons?.map((button, index) => (
              <button key={index} type="button" class="choice" dir="auto" onClick={() => chat.press(entry.seq, index)}>{button.title}</button>
            ))}
          </div>
        )}
      </div>
    </div>
  );
}

function speakerName({ t }: Chat, { author }: MessageEntry): string {
  switch (author.kind) {
    case "customer":
      return t("you");
    case "bot":
      return t("bot");
    case "agent":
      return author.name || t("agentUnnamed");
    case "system":
      return t("system");
  }
}

function Face({ kind, name, hidden = false }: { kind: string; name: string | null | undefined; hidden?: boolean }) {
  if (hidden) return <span class="face none" aria-hidden="true" />;
  if (kind === "agent") return <Portrait kind="face" name={name} />;
  return <span class={`face ${kind}`} aria-hidden="true"><SparkIcon size={16} /></span>;
}

function PlainText({ text }: { text: string }) {
  return <p class="plain" dir="auto">{tame(text)}</p>;
}

/** Which articles an answer is from; they can be read in full where there is a help centre. */
function Sources({ body }: { body: MessageEntry["body"] }) {
  const chat = useChat();
  const named = [...(body.sources ?? []), ...(body.article === undefined ? [] : [body.article])];
  const byTitle = new Map(named.map((one) => [one.title, one.article ?? ("id" in one ? one.id : undefined)]));
  return (
    <>
      {[...byTitle].map(([title, article]) => {
        const text = <bdi>{chat.t("source", { title })}</bdi>;
        return chat.config?.help && article !== undefined ? (
          <button key={title} type="button" class="source source-link" onClick={() => void chat.help.open(article)}><BookIcon size={14} />{text}</button>
        ) : <p key={title} class="source"><BookIcon size={14} />{text}</p>;
      })}
    </>
  );
}

/** Where the customer's last message is: with us, or read. */
function Mark({ read }: { read: boolean }) {
  const { t } = useChat();
  return <span class={read ? "mark read" : "mark"}>{read ? <ChecksIcon size={15} /> : <CheckIcon size={15} />}{t(read ? "read" : "sent")}</span>;
}

function Steps({ seq, text }: { seq: number; text: string }) {
  const { t } = useChat();
  const [open, setOpen] = useState(false);
  const found = steps(text);
  if (found.length === 0) return null;
  if (open) return <Guide seq={seq} steps={found} close={() => setOpen(false)} />;
  return <button type="button" class="choice steps-button" onClick={() => setOpen(true)}>{t("steps")}</button>;
}

function Votes({ conv, seq }: { conv: string; seq: number }) {
  const chat = useChat();
  const { t } = chat;
  const vote = chat.votes.value.get(`${conv}:${seq}`);
  const button = (value: "up" | "down", name: string, icon: ComponentChildren) => (
    <button
      type="button" class="vote" aria-label={name} title={name} aria-pressed={vote?.value === value}
      onClick={() => void chat.act("feedback", { seq, value })}
    >
      {icon}
    </button>
  );
  return (
    <>
      <span class="votes">
        {button("up", t("helpful"), <UpIcon size={17} />)}
        {button("down", t("unhelpful"), <DownvoteIcon size={17} />)}
        {vote !== undefined && <span class="voted" role="status">{t(vote.value === "up" || vote.comment ? "feedbackThanks" : "feedbackSorry")}</span>}
      </span>
      {vote?.value === "down" && !vote.comment && <Reasons seq={seq} />}
    </>
  );
}

/** What happened, in a quiet line: the server's sentence, or ours where it sent none. */
export function Notice({ entry }: { entry: StateEntry }) {
  const chat = useChat();
  const text = entry.body.text ?? noticeText(chat, entry);
  if (text === null) return null;
  return <p class="notice" dir="auto">{text}</p>;
}

function noticeText({ t }: Chat, { body }: StateEntry): string | null {
  switch (body.event) {
    case "accept":
    case "claim":
    case "take_over":
      return t("stateJoined", { name: body.to.agent?.name || t("agentUnnamed") });
    case "transfer":
      return body.to.kind === "agent" ? t("stateJoined", { name: body.to.agent?.name || t("agentUnnamed") }) : t("stateQueued");
    case "give_back":
      return t("stateBackToBot");
    case "leave_message":
    case "closing_time":
      return t("stateMailbox");
    case "overflow":
      return body.to.kind === "mailbox" ? t("stateMailbox") : t("stateQueued");
    case "close":
    case "idle":
      return t("stateClosed");
    case "reopen":
      return t("stateReopened");
    default:
      return null;
  }
}

export function Unsent({ row }: { row: Extract<Row, { kind: "pending" | "failed" }> }) {
  const chat = useChat();
  const { t } = chat;
  return (
    <div class={`message customer ${row.kind}`}>
      <div class="stack">
        <span class="hidden">{t("you")}: </span>
        <div class="bubble"><PlainText text={row.text} /></div>
        {row.kind === "pending" ? (
          <div class="foot"><ClockIcon size={14} />{t("sending")}</div>
        ) : (
          <div class="foot problem" role="alert">
            <AlertIcon size={15} />
            {t(row.code === "too_large" ? "failedTooLarge" : row.code === "rate" ? "failedRate" : "failed")}
            <button type="button" class="link-button" onClick={() => chat.resend(row)}>{t("resend")}</button>
            <button type="button" class="link-button" onClick={() => chat.failed.remove(row)}>{t("discard")}</button>
          </div>
        )}
      </div>
    </div>
  );
}
