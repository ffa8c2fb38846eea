import { composes } from "../../shared/keys";
import { mayAccept, mayAnswer, mayTakeOver, ownerText } from "../rights";
import { Composer } from "./Composer";
import { Icon } from "./Icon";
import { TimelineView } from "./TimelineView";
import { useWorkplace } from "./workplace";

export function ConversationPane() {
  const { state } = useWorkplace();
  const t = state.t.value;
  const conversation = state.current.value;
  if (conversation === null) {
    return (
      <section class="conversation none">
        <p>{t("conversation.none")}</p>
        <p class="hint">{t("conversation.none_hint")}</p>
      </section>
    );
  }
  const name = state.card.value?.contact.name || t("list.anonymous");
  return (
    <section class="conversation" aria-label={t("conversation.label", { name })}>
      <ConversationHead name={name} />
      <TimelineView key={`timeline-${conversation}`} />
      <TypingLine />
      <Composer key={`composer-${conversation}`} conversation={conversation} name={name} />
    </section>
  );
}

function ConversationHead({ name }: { name: string }) {
  const { state, session } = useWorkplace();
  const t = state.t.value;
  const standing = state.standing.value;
  return (
    <header class="conversation-head">
      <button class="icon-button narrow-only" aria-label={t("conversation.back")} onClick={() => session.leave()}>
        <Icon name="back" />
      </button>
      <div class="who">
        <h2>{name}</h2>
        {state.card.value?.channel === "public" && <span class="badge bad">{t("channel.public")}</span>}
        {state.detail.value?.contact.verified && (
          <span class="verified" title={t("conversation.verified")}>
            <Icon name="check" />
            <span class="sr-only">{t("conversation.verified")}</span>
          </span>
        )}
        {standing !== null && (
          <span class={`owner owner-${standing.owner.kind}`}>{ownerText(standing.owner, state.me.value.agent.id, t)}</span>
        )}
      </div>
      <Actions />
      <More />
      <button class="icon-button details-button" aria-label={t("conversation.details")} title={t("conversation.details")}
        onClick={() => (state.pane.value = state.pane.value === "details" ? "conversation" : "details")}>
        <Icon name="details" />
      </button>
    </header>
  );
}

/** The verbs that this conversation allows me now. */
function Actions() {
  const { state, verbs, calls } = useWorkplace();
  const t = state.t.value;
  if (state.holding.value) {
    const callable = state.card.value?.channel === "web" && calls.active.value === null && calls.left.value === null;
    return (
      <div class="actions">
        {callable && (["voice", "video"] as const).map((media) => (
          <button key={media} class="icon-button" aria-label={t(`call.${media}`)} title={t(`call.${media}`)} onClick={() => void calls.ring(media)}>
            <Icon name={media === "voice" ? "phone" : "camera"} />
          </button>
        ))}
        <button title={t("action.transfer")} onClick={() => (state.dialog.value = "transfer")}><Icon name="swap" /><span>{t("action.transfer")}</span></button>
        <button title={t("action.escalate")} onClick={() => (state.dialog.value = "escalate")}><Icon name="up" /><span>{t("action.escalate")}</span></button>
        <button title={t("action.give_back")} onClick={() => (state.dialog.value = "give_back")}><Icon name="return" /><span>{t("action.give_back")}</span></button>
        {state.card.value?.aside_until ? (
          <button title={t("action.bring_back")} onClick={() => void verbs.bringBack()}><Icon name="clock" /><span>{t("action.bring_back")}</span></button>
        ) : (
          <button title={t("action.aside")} onClick={() => (state.dialog.value = "aside")}><Icon name="clock" /><span>{t("action.aside")}</span></button>
        )}
        <button class="strong" onClick={() => (state.dialog.value = "close")}><Icon name="check" /><span>{t("action.close")}</span></button>
      </div>
    );
  }
  return (
    <div class="actions">
      {mayAccept(state) && <button class="primary" onClick={() => void verbs.accept()}>{t("accept")}</button>}
      {mayTakeOver(state) && <button onClick={() => void verbs.takeOver()}>{t("take_over")}</button>}
    </div>
  );
}

/** What is seldom wanted, behind one button. */
function More() {
  const { state } = useWorkplace();
  const t = state.t.value;
  return (
    <details class="more" onClick={(event) => event.target instanceof HTMLButtonElement && event.currentTarget.removeAttribute("open")}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || composes(event) || !event.currentTarget.open) return;
        event.stopPropagation();
        event.currentTarget.open = false;
        event.currentTarget.querySelector("summary")?.focus();
      }}>
      <summary aria-label={t("action.more")} title={t("action.more")}>⋯</summary>
      <div class="more-list">
        <button onClick={() => (state.dialog.value = "export")}>{t("action.export")}</button>
        {mayAnswer(state) && state.detail.value !== null && state.detail.value.contact.blocked === undefined && (
          <button onClick={() => (state.dialog.value = "block")}>{t("action.block")}</button>
        )}
      </div>
    </details>
  );
}

function TypingLine() {
  const { state } = useWorkplace();
  const conversation = state.current.value;
  const typing = conversation === null ? undefined : state.typing.value.get(conversation);
  const on = typing !== undefined && typing.until > state.now.value;
  return (
    <p class="typing" role="status">
      {on && state.t.value("conversation.typing", { name: typing.name || state.t.value("author.customer") })}
    </p>
  );
}
