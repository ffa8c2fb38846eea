import { useEffect, useState } from "preact/hooks";
import { fullTime } from "../../../shared/time";
import { keepingFocus } from "../../focus";
import { wrongText } from "../../forms/wrong";
import { cause } from "../../problem";
import { eventName, type Webhook, type WebhookFields, webhookName } from "../../webhooks";
import { useWorkplace } from "../workplace";
import { Deliveries } from "./Deliveries";
import { ShownOnce } from "./ShownOnce";
import { SureButton } from "./Sure";

/** Addresses that are told what happens: whether they take it, what they did not, and what they are told. */
export function WebhooksPanel() {
  const { state, webhooks } = useWorkplace();
  const t = state.t.value;
  const { list, made, failed } = webhooks;
  useEffect(() => {
    void webhooks.start();
    return () => webhooks.leave();
  }, []);
  return (
    <section class="page-panel" aria-label={t("forms.webhooks")}>
      <h2>{t("forms.webhooks")}</h2>
      <p class="hint">{t("webhooks.lead")}</p>
      {failed.value !== null && (
        <p class="page-failed" role="alert">
          {cause(failed.value, t)} <button class="small" onClick={() => void webhooks.start()}>{t("page.retry")}</button>
        </p>
      )}
      {made.value !== null && <ShownOnce key={made.value.secret} words={t("webhooks.made", { url: made.value.url })} secret={made.value.secret} of={made} />}
      {list.value === null && failed.value === null && <p class="hint" role="status">{t("page.loading")}</p>}
      {list.value?.length === 0 && <p class="hint">{t("webhooks.none")}</p>}
      <ul class="rows accounts">{list.value?.map((webhook) => <Line key={webhook.id} webhook={webhook} />)}</ul>
      <NewWebhook />
    </section>
  );
}

function Line({ webhook }: { webhook: Webhook }) {
  const { state, webhooks } = useWorkplace();
  const t = state.t.value;
  const language = state.language.value;
  const { url, events, disabled, waiting, dead, delivered_at, last_error } = webhook;
  const [editing, setEditing] = useState(false);
  const isOpen = webhooks.shown.value?.webhook === webhook.id;
  return (
    <li class={disabled ? "off" : undefined} data-webhook={webhook.id}>
      <span class="ticket-line">
        <strong>{webhookName(webhook)}</strong>
        {disabled && <span class="badge bad">{t("webhooks.off")}</span>}
        {dead > 0 && <span class="badge bad">{t("webhooks.dead", { n: dead })}</span>}
        {waiting > 0 && <span class="badge">{t("webhooks.waiting", { n: waiting })}</span>}
      </span>
      <code class="address">{url}</code>
      <span class="hint">{events.length === 0 ? t("webhooks.all_events") : events.map((event) => eventName(event, t)).join(" · ")}</span>
      <span class="hint">{delivered_at ? t("webhooks.delivered", { time: fullTime(delivered_at, language) }) : t("webhooks.never")}</span>
      {last_error && <span class="page-failed">{t("webhooks.failed", { error: wrongText(last_error.error, t), time: fullTime(last_error.at, language) })}</span>}
      {editing && (
        <WebhookForm of={webhook} submit={t("people.save")} done={() => setEditing(false)} run={(fields) => webhooks.change(webhook, fields)} />
      )}
      {!editing && <Deeds webhook={webhook} isOpen={isOpen} edit={() => setEditing(true)} />}
      {isOpen && <Deliveries webhook={webhook} />}
    </li>
  );
}

function Deeds({ webhook, isOpen, edit }: { webhook: Webhook; isOpen: boolean; edit: () => void }) {
  const { state, webhooks } = useWorkplace();
  const t = state.t.value;
  const busy = webhooks.busy.value;
  const look = (): void => {
    if (isOpen) webhooks.hide();
    else void webhooks.look(webhook.id, webhook.dead > 0 ? "dead" : null);
  };
  return (
    <span class="ticket-line deeds">
      <button class="small" aria-expanded={isOpen} onClick={look}>{t("webhooks.deliveries")}</button>
      <button class="small" disabled={webhook.disabled} aria-disabled={busy} onClick={() => void webhooks.test(webhook)}>{t("webhooks.test")}</button>
      <button class="small" onClick={edit}>{t("people.edit")}</button>
      <button class="small" aria-disabled={busy} onClick={() => void webhooks.setDisabled(webhook, !webhook.disabled)}>{t(webhook.disabled ? "webhooks.switch_on" : "webhooks.switch_off")}</button>
      {(webhook.secrets ?? 1) > 1 ? (
        <>
          <SureButton label={t("webhooks.finish")} question={t("webhooks.finish_sure")} yes={t("webhooks.finish_yes")} run={() => webhooks.finishRotation(webhook)} />
          <SureButton label={t("webhooks.rotate")} question={t("webhooks.rotate_sure")} yes={t("webhooks.rotate_yes")} run={() => webhooks.rotate(webhook)} />
        </>
      ) : <button class="small" aria-disabled={busy} onClick={keepingFocus(() => webhooks.rotate(webhook))}>{t("webhooks.rotate")}</button>}
      <SureButton label={t("form.delete")} question={t("webhooks.delete_sure", { name: webhookName(webhook) })} yes={t("form.delete_yes")} run={() => webhooks.remove(webhook)} />
    </span>
  );
}

function NewWebhook() {
  const { state, webhooks } = useWorkplace();
  const t = state.t.value;
  const [turn, setTurn] = useState(0); // a form that was sent begins anew
  return (
    <>
      <h3>{t("webhooks.new")}</h3>
      <WebhookForm key={turn} of={null} submit={t("people.add")} done={() => setTurn(turn + 1)} run={(fields) => webhooks.add(fields)} />
    </>
  );
}

interface FormProps {
  readonly of: Webhook | null;
  readonly submit: string;
  readonly run: (fields: WebhookFields) => Promise<boolean>;
  readonly done: () => void;
}

/** Address, what it is for, and what it is told; no event chosen: everything. */
function WebhookForm({ of, submit, run, done }: FormProps) {
  const { state, webhooks } = useWorkplace();
  const t = state.t.value;
  const [fields, setFields] = useState<WebhookFields>({ url: of?.url ?? "", description: of?.description ?? "", events: of?.events ?? [] });
  const sent = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (await run(fields)) done();
  };
  return (
    <form class="article-form" aria-label={of === null ? t("webhooks.new") : of.url} onSubmit={(event) => void sent(event)}>
      <label>{t("webhooks.url")}
        <input type="url" required minLength={8} maxLength={2000} placeholder="https://" value={fields.url} onInput={(event) => setFields({ ...fields, url: event.currentTarget.value })} />
      </label>
      <label>{t("webhooks.description")}
        <input maxLength={200} value={fields.description} onInput={(event) => setFields({ ...fields, description: event.currentTarget.value })} />
      </label>
      <fieldset class="choices">
        <legend>{t("webhooks.events")}</legend>
        <div class="chips">
          {[...new Set([...webhooks.events.value, ...fields.events])].map((event) => (
            <label key={event} class="chip" title={event}>
              <input type="checkbox" checked={fields.events.includes(event)}
                onChange={({ currentTarget }) => setFields({ ...fields, events: currentTarget.checked ? [...fields.events, event] : fields.events.filter((one) => one !== event) })} />
              {eventName(event, t)}
            </label>
          ))}
        </div>
      </fieldset>
      <footer>
        <button class="primary" aria-disabled={webhooks.busy.value}>{submit}</button>
        {of !== null && <button type="button" onClick={done}>{t("dialog.cancel")}</button>}
      </footer>
    </form>
  );
}
