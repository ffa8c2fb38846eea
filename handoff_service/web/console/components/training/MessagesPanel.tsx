import { useState } from "preact/hooks";
import { keyFor, percent, type Translate } from "../../text";
import { MESSAGE_STATES, type Misunderstood } from "../../training";
import { useWorkplace } from "../workplace";

/** What the bot did not understand: labelled by one, reviewed by another, then trained on. */
export function MessagesPanel() {
  const { state, training, api } = useWorkplace();
  const t = state.t.value;
  const found = training.messages.value;
  const shown = training.shown.value;
  if (found === null) return null;
  return (
    <section class="page-panel" aria-labelledby="messages-title">
      <header><h2 id="messages-title">{t("messages.title")}</h2></header>
      <p class="hint">{t("messages.private")}</p>
      <div class="message-states" role="group" aria-label={t("messages.tabs")}>
        {MESSAGE_STATES.map((each) => (
          <button key={each} aria-pressed={each === shown} onClick={() => void training.show(each)}>
            {t(`messages.${each}`)} <span class="count">{found.counts[each]}</span>
          </button>
        ))}
      </div>
      {found.messages.length === 0 && <p class="hint" role="status">{t(`messages.empty.${shown}`)}</p>}
      <ul class="misunderstood">
        {found.messages.map((message) => (
          <li key={message.id}>
            <Said message={message} t={t} />
            {shown === "open" && <LabelForm message={message} />}
            {shown === "labelled" && <ReviewLine message={message} fourEyes={found.four_eyes} />}
            {shown === "accepted" && <AcceptedLine message={message} />}
          </li>
        ))}
      </ul>
      {found.messages.length < found.counts[shown] && (
        <p class="hint">{t("messages.more", { count: found.messages.length })}</p>
      )}
      {shown === "accepted" && found.messages.length > 0 && (
        <a class="link" href={api.link("/v1/training/lines")} download="reviewed.yml">{t("messages.export")}</a>
      )}
    </section>
  );
}

const intentName = (intent: string, t: Translate): string => {
  const key = keyFor("intent", intent);
  return key === null ? intent : t(key);
};

function Said({ message, t }: { message: Misunderstood; t: Translate }) {
  const reason = keyFor("messages.reason", message.reason);
  const { intent, confidence } = message;
  return (
    <div class="said">
      <blockquote lang={message.language}>{message.text}</blockquote>
      <p class="hint">
        {reason === null ? message.reason : t(reason)} ·{" "}
        {intent === null
          ? t("messages.not_read")
          : t("messages.read_as", { intent: intentName(intent, t), percent: percent(confidence ?? 0) })}
      </p>
    </div>
  );
}

function LabelForm({ message }: { message: Misunderstood }) {
  const { state, training } = useWorkplace();
  const t = state.t.value;
  const [intent, setIntent] = useState(message.label ?? "");
  const [wording, setWording] = useState(message.wording ?? message.text);
  const [missing, setMissing] = useState(false);
  const intents = [...(training.models.value?.intents ?? [])].sort((one, other) =>
    intentName(one, t).localeCompare(intentName(other, t)),
  );
  const submitted = (event: SubmitEvent): void => {
    event.preventDefault();
    const incomplete = intent === "" || wording.trim() === "";
    setMissing(incomplete);
    if (!incomplete) void training.label(message.id, intent, wording.trim());
  };
  return (
    <form onSubmit={submitted}>
      <label>
        <span>{t("messages.wording")}</span>
        <textarea rows={2} maxLength={300} lang={message.language} value={wording}
          onInput={(event) => setWording(event.currentTarget.value)} />
      </label>
      <label>
        <span>{t("messages.intent")}</span>
        <select value={intent} onChange={(event) => setIntent(event.currentTarget.value)}>
          <option value="">{t("messages.choose")}</option>
          {intents.map((each) => <option key={each} value={each}>{intentName(each, t)}</option>)}
        </select>
      </label>
      <p class="form-error" role="alert">{missing ? t("messages.missing") : null}</p>
      <footer>
        <button type="button" class="small" onClick={() => void training.drop(message.id)}>{t("messages.drop")}</button>
        <button class="small primary">{t("messages.save")}</button>
      </footer>
    </form>
  );
}

function Line({ message, t }: { message: Misunderstood; t: Translate }) {
  return (
    <p class="line">
      <b>{intentName(message.label ?? "", t)}</b> <span lang={message.language}>{message.wording}</span>
    </p>
  );
}

function ReviewLine({ message, fourEyes }: { message: Misunderstood; fourEyes: boolean }) {
  const { state, training } = useWorkplace();
  const t = state.t.value;
  const own = fourEyes && message.labelled_by_id === state.me.value.agent.id;
  return (
    <>
      <Line message={message} t={t} />
      <p class="hint">
        {t("messages.labelled_by", { name: message.labelled_by ?? "" })}
        {own && <> · {t("messages.own")}</>}
      </p>
      <footer>
        <button class="small" onClick={() => void training.review(message.id, false)}>{t("messages.reject")}</button>
        <button class="small primary" disabled={own} onClick={() => void training.review(message.id, true)}>
          {t("messages.accept")}
        </button>
      </footer>
    </>
  );
}

function AcceptedLine({ message }: { message: Misunderstood }) {
  const { state, training } = useWorkplace();
  const t = state.t.value;
  return (
    <>
      <Line message={message} t={t} />
      <p class="hint">
        {t("messages.labelled_by", { name: message.labelled_by ?? "" })} ·{" "}
        {t("messages.reviewed_by", { name: message.reviewed_by ?? "" })}
      </p>
      <footer>
        <button class="small" onClick={() => void training.drop(message.id)}>{t("messages.take_out")}</button>
      </footer>
    </>
  );
}
