import { useState } from "preact/hooks";
import { dayTime, duration } from "../../shared/time";
import { useChat } from "./context";
import { useFocus } from "./focus";
import { MailIcon, PhoneIcon } from "./icons";
import { lazy } from "./lazy";
import { Problem } from "./problem";

const RatingCard = lazy(() => import("./extras/rating").then((file) => file.RatingCard), Over);

/** What the customer can know and do about where the conversation stands: queue, mailbox, closed. */
export function StateCard() {
  const chat = useChat();
  switch (chat.owner.value?.kind) {
    case "queue":
    case "offer":
      return <QueueCard />;
    case "mailbox":
      return (
        <section class="card">
          <h3><MailIcon size={18} />{chat.t("mailboxTitle")}</h3>
          <p>{chat.t("mailboxText")}</p>
          <Promises />
        </section>
      );
    case "closed":
      return <ClosedCard />;
    default:
      return null;
  }
}

function QueueCard() {
  const chat = useChat();
  const { t } = chat;
  const [form, setForm] = useState<"message" | "call" | null>(null);
  if (form === "message") return <LeaveMessage back={() => setForm(null)} />;
  if (form === "call") return <CallBack back={() => setForm(null)} />;
  const offered = chat.owner.value?.kind === "offer";
  const place = offered ? null : (chat.status.value?.place ?? null);
  const wait = offered ? null : (chat.status.value?.wait_s ?? null);
  return (
    <section class="card" aria-label={t("queueTitle")}>
      <div class="queue">
        {place === null ? <span class="pulse" aria-hidden="true" /> : <span class="place" aria-hidden="true">{place}</span>}
        <div role="status">
          <h3>{offered ? t("queueOffer") : place === null ? t("queueTitle") : t("queuePlace", { place })}</h3>
          {wait !== null && <p>{waitText(chat, wait)}</p>}
        </div>
      </div>
      <p class="quiet">{t("queueBotHelps")}</p>
      <Promises />
      <div class="actions choices-grid">
        <button type="button" class="button plain-button" onClick={() => setForm("message")}>{t("leaveMessage")}</button>
        {chat.may("callback") && <button type="button" class="button plain-button" onClick={() => setForm("call")}>{t("callBack")}</button>}
        {chat.may("leave-queue") && (
          <button type="button" class="button plain-button" disabled={chat.busy.value === "leave-queue"} onClick={() => void chat.act("leave-queue")}>{t("leaveQueue")}</button>
        )}
        <button type="button" class="button plain-button" disabled={chat.busy.value === "solved"} onClick={() => void chat.act("solved")}>{t("solved")}</button>
      </div>
      <Problem action="solved" />
      <Problem action="leave-queue" />
    </section>
  );
}

function LeaveMessage({ back }: { back: () => void }) {
  const chat = useChat();
  const { t } = chat;
  const field = useFocus<HTMLTextAreaElement>();
  const [text, setText] = useState("");
  const [replyTo, setReplyTo] = useState("");
  const submit = async (event: Event) => {
    event.preventDefault();
    const reply = replyTo.trim();
    if (await chat.act("leave-message", { text: text.trim(), ...(reply === "" ? {} : { reply_to: reply }) })) back();
  };
  return (
    <form class="card form" onSubmit={(event) => void submit(event)} aria-label={t("leaveMessage")}>
      <h3><MailIcon size={18} />{t("leaveMessage")}</h3>
      <label>
        {t("messageText")}
        <textarea ref={field} required rows={3} maxLength={4000} dir="auto" value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      <label>
        {t("replyTo")}
        <input type="text" inputMode="email" autocomplete="email" maxLength={200} value={replyTo} onInput={(event) => setReplyTo(event.currentTarget.value)} />
      </label>
      <div class="actions">
        <button type="submit" class="button" disabled={text.trim() === "" || chat.busy.value === "leave-message"}>{t("sendMessage")}</button>
        <button type="button" class="button plain-button" onClick={back}>{t("back")}</button>
      </div>
      <Problem action="leave-message" />
    </form>
  );
}

/** The range where it is known how sure the number is, else the number. */
function waitText(chat: ReturnType<typeof useChat>, seconds: number): string {
  const words = (value: number) => duration(value, chat.locale.value);
  const range = chat.status.value?.wait;
  if (!range || words(range.low_s) === words(range.high_s)) return chat.t("queueWait", { time: words(seconds) });
  return chat.t("queueWaitRange", { low: words(range.low_s), high: words(range.high_s) });
}

/** What the team has promised and not yet kept. */
function Promises() {
  const chat = useChat();
  const promises = chat.status.value?.promises ?? [];
  return (
    <>
      {promises.map(({ seq, text, due_at }) => (
        <p key={seq} class="quiet" dir="auto">{chat.t("promised", { text, due: dayTime(due_at, chat.locale.value) })}</p>
      ))}
    </>
  );
}

/** A wish to be called, which becomes a ticket with a number and a time. */
function CallBack({ back }: { back: () => void }) {
  const chat = useChat();
  const { t } = chat;
  const field = useFocus<HTMLInputElement>();
  const [number, setNumber] = useState("");
  const [when, setWhen] = useState("");
  const submit = async (event: Event) => {
    event.preventDefault();
    const at = when === "" ? {} : { at: new Date(when).toISOString() };
    if (await chat.act("callback", { number: number.trim(), ...at })) back();
  };
  const opens = chat.actionError.value === "callback" ? chat.actionDetails.value["opens"] : undefined;
  return (
    <form class="card form" onSubmit={(event) => void submit(event)} aria-label={t("callBack")}>
      <h3><PhoneIcon size={18} />{t("callBack")}</h3>
      <label>
        {t("callPhone")}
        <input ref={field} type="tel" required dir="ltr" autocomplete="tel" maxLength={24} value={number} onInput={(event) => setNumber(event.currentTarget.value)} />
      </label>
      <label>
        {t("callWhen")}
        <input type="datetime-local" value={when} onInput={(event) => setWhen(event.currentTarget.value)} />
      </label>
      <div class="actions">
        <button type="submit" class="button" disabled={number.trim() === "" || chat.busy.value === "callback"}>{t("callSend")}</button>
        <button type="button" class="button plain-button" onClick={back}>{t("keepWaiting")}</button>
      </div>
      {typeof opens === "string" ? <p class="problem" role="alert">{t("callClosed", { opens: dayTime(opens, chat.locale.value) })}</p> : <Problem action="callback" />}
    </form>
  );
}

function ClosedCard() {
  const chat = useChat();
  const { t } = chat;
  if (chat.rated.value) return <section class="card" role="status"><h3>{t("rateThanks")}</h3><p>{t("closedText")}</p></section>;
  if (chat.status.value?.rate) return <RatingCard />;
  return <Over />;
}

function Over() {
  return <p class="quiet centred">{useChat().t("closedText")}</p>;
}
