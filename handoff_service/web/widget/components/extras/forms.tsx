import { useState } from "preact/hooks";
import { dayTime } from "../../../shared/time";
import forms from "../../styles/forms.css?inline";
import { useChat } from "../context";
import { dress } from "../dress";
import { useFocus } from "../focus";
import { MailIcon } from "../icons";
import { Problem } from "../problem";
import { PhoneIcon } from "./icons";

dress(forms);

/** Words for the team instead of waiting, and where the answer goes. */
export function LeaveMessage({ back }: { back: () => void }) {
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

/** A wish to be called, which becomes a ticket with a number and a time. */
export function CallBack({ back }: { back: () => void }) {
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
