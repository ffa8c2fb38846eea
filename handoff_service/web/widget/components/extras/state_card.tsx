import { useState } from "preact/hooks";
import { dayTime, duration } from "../../../shared/time";
import css from "../../styles/cards.css?inline";
import { useChat } from "../context";
import { dress } from "../dress";
import { MailIcon } from "../icons";
import { lazy } from "../lazy";
import { Problem } from "../problem";

dress(css);

// Until a form is there, or if it does not come, there is a way back.
const Back = ({ back }: { back: () => void }) => <p class="card"><button type="button" class="button plain-button" onClick={back}>{useChat().t("back")}</button></p>;
const LeaveMessage = lazy(() => import("./forms").then((file) => file.LeaveMessage), Back);
const CallBack = lazy(() => import("./forms").then((file) => file.CallBack), Back);
const Receipt = lazy(() => import("./receipt").then((file) => file.Receipt), Asking);
const RatingCard = lazy(() => import("./rating").then((file) => file.RatingCard), Over);

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
          <NextSteps />
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
  // While the wait is too long, what the team offers instead comes first.
  const peak = chat.status.value?.peak;
  const choice = (kind: "message" | "call", first: boolean, text: string) =>
    <button key={kind} type="button" class={first ? "button" : "button plain-button"} onClick={() => setForm(kind)}>{text}</button>;
  const leaveMessage = choice("message", peak === "message", t("leaveMessage"));
  const callBack = chat.may("callback") && choice("call", peak === "callback", t("callBack"));
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
      <NextSteps />
      <div class="actions choices-grid">
        {(peak === "callback" ? [callBack, leaveMessage] : [leaveMessage, callBack])}
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

/** The receipt of his request, asked for only by who wants to see it. */
function NextSteps() {
  const { t } = useChat();
  const [open, setOpen] = useState(false);
  return (
    <details class="next-steps" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("receipt")}</summary>
      {open && <Receipt />}
    </details>
  );
}

function Asking() {
  return <p class="quiet">{useChat().t("loading")}</p>;
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
