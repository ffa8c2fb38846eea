import { fullTime } from "../../../shared/time";
import { wrongText } from "../../forms/wrong";
import { type Delivery, DELIVERY_STATES, type DeliveryState, eventName, type LoggedDelivery, type Webhook, whenTried } from "../../webhooks";
import { useWorkplace } from "../workplace";

/** What one webhook was told, the latest first: what became of it, every attempt, and sending it again. */
export function Deliveries({ webhook }: { webhook: Webhook }) {
  const { state, webhooks } = useWorkplace();
  const t = state.t.value;
  const shown = webhooks.shown.value;
  if (shown === null) return null;
  const chosen = (value: string): DeliveryState | null => DELIVERY_STATES.find((each) => each === value) ?? null;
  return (
    <section class="deliveries" aria-label={t("webhooks.deliveries")}>
      <div class="filters">
        <select aria-label={t("webhooks.which")} value={shown.state ?? ""} onChange={(event) => void webhooks.look(webhook.id, chosen(event.currentTarget.value))}>
          <option value="">{t("webhooks.state.all")}</option>
          {DELIVERY_STATES.map((each) => <option key={each} value={each}>{t(`webhooks.state.${each}`)}</option>)}
        </select>
        {webhook.dead > 0 && <button class="small" aria-disabled={webhooks.busy.value} onClick={() => void webhooks.replayAll(webhook)}>{t("webhooks.replay_all", { n: webhook.dead })}</button>}
        <button class="small" onClick={() => void webhooks.start()}>{t("webhooks.refresh")}</button>
      </div>
      {shown.messages.length === 0 && <p class="hint">{t("webhooks.nothing")}</p>}
      <ul class="rows">{shown.messages.map((delivery) => <Line key={delivery.id} delivery={delivery} webhook={webhook} />)}</ul>
      {shown.cursor !== null && <button class="small" onClick={() => void webhooks.more()}>{t("page.more")}</button>}
      <p class="hint">{t("webhooks.kept")}</p>
    </section>
  );
}

function Line({ delivery, webhook }: { delivery: Delivery; webhook: Webhook }) {
  const { state, webhooks } = useWorkplace();
  const t = state.t.value;
  const open = webhooks.open.value?.id === delivery.id ? webhooks.open.value : null;
  const language = state.language.value;
  return (
    <li data-delivery={delivery.id}>
      <button class="link-row" aria-expanded={open !== null} onClick={() => void webhooks.show(open === null ? delivery.id : null)}>
        <span class="ticket-line">
          <strong>{eventName(delivery.event, t)}</strong>
          <span class={delivery.state === "dead" ? "badge bad" : "badge"}>{t(`webhooks.state.${delivery.state}`)}</span>
          <time class="due">{fullTime(delivery.created_at, language)}</time>
        </span>
        {delivery.state !== "sent" && delivery.error !== null && <span class="hint">{wrongText(delivery.error, t)}</span>}
      </button>
      {delivery.state === "dead" && <button class="small" aria-disabled={webhooks.busy.value} onClick={() => void webhooks.replay(delivery)}>{t("webhooks.replay")}</button>}
      {open !== null && <Log delivery={open} webhook={webhook} />}
    </li>
  );
}

/** Every attempt with its answer, when the next one is, and what is sent. */
function Log({ delivery, webhook }: { delivery: LoggedDelivery; webhook: Webhook }) {
  const { state } = useWorkplace();
  const t = state.t.value;
  const language = state.language.value;
  return (
    <div class="delivery-log">
      {delivery.log.length > 0 && (
        <ol class="ticket-log">
          {delivery.log.map(({ n, at, took_ms, status, error }) => (
            <li key={n} class={error === null ? "public" : undefined}>
              <span class="ticket-line">
                <span>{t("webhooks.attempt", { n })}</span>
                <span>{error === null ? t("webhooks.taken", { status: status ?? 0 }) : wrongText(error, t)}</span>
                <span class="due">{fullTime(at, language)} · {t("webhooks.took", { ms: took_ms })}</span>
              </span>
            </li>
          ))}
        </ol>
      )}
      {delivery.state === "waiting" && <p class="hint">{t(`webhooks.tried_${whenTried(delivery, webhook)}`, { time: fullTime(delivery.next_at, language) })}</p>}
      <pre class="plan" tabIndex={0} aria-label={t("webhooks.body")}>{JSON.stringify(delivery.body, null, 2)}</pre>
      <p class="hint">webhook-id: <code>{delivery.id}</code></p>
    </div>
  );
}
