import { useState } from "preact/hooks";
import { composes } from "../../shared/keys";
import type { ConversationDetail } from "../../shared/protocol";
import { useFocused } from "../focus";
import { mayAnswer } from "../rights";
import { keyFor } from "../text";
import { holds } from "../views";
import { CareView } from "./CareView";
import { SamePersonView } from "./SamePersonView";
import { useWorkplace } from "./workplace";

export function ContactView({ detail }: { detail: ConversationDetail }) {
  const { state, verbs } = useWorkplace();
  const { contact, card } = detail;
  const t = state.t.value;
  const { agent, colleagues } = state.me.value;
  const by = [agent, ...colleagues].find(({ id }) => id === contact.blocked?.by);
  const named = (prefix: string, name: string): string => {
    const key = keyFor(prefix, name);
    return key === null ? name : t(key);
  };
  return (
    <section class="contact" aria-label={t("side.contact")}>
      <h3>{t("side.contact")}</h3>
      <dl>
        <dt>{t("contact.name")}</dt>
        <dd><ContactName key={contact.id} detail={detail} /></dd>
        <dt>{t("contact.identity")}</dt>
        <dd>{t(contact.verified ? "contact.verified" : "contact.unverified")}</dd>
        <dt>{t("contact.language")}</dt>
        <dd>{t(`language.${card.language}`)}</dd>
        {contact.identities.map((identity) => (
          <Identity key={`${identity.channel}:${identity.external_id}`} channel={named("channel", identity.channel)} id={identity.external_id} />
        ))}
        {Object.entries(contact.attributes ?? {}).map(([name, value]) => (
          <Identity key={`said-${name}`} channel={named("attribute", name)} id={String(value)} />
        ))}
      </dl>
      {mayAnswer(state) && ((contact.channels ?? []).length > 1 || contact.prefers) && (
        <label class="ticket-line">
          <span>{t("contact.prefers")}</span>
          <select value={contact.prefers ?? ""} onChange={(event) => void verbs.prefer(card.conversation, contact.id, event.currentTarget.value || null)}>
            <option value="">{t("contact.prefers_none")}</option>
            {(contact.channels ?? []).map((name) => <option key={name} value={name}>{named("channel", name)}</option>)}
          </select>
        </label>
      )}
      <CareView contact={contact.id} />
      {contact.blocked !== undefined && (
        <p class="page-failed ticket-line">
          <span>{t("block.is", { name: by?.name ?? contact.blocked.by })}</span>
          {mayAnswer(state) && (
            <button class="small" onClick={() => void verbs.unblock(card.conversation, contact.id)}>{t("block.undo")}</button>
          )}
        </p>
      )}
      <SamePersonView key={contact.id} detail={detail} />
      <DataLink contact={contact.id} />
    </section>
  );
}

/** What the customer is called; of who has not signed in an agent writes it down when he hears it. */
function ContactName({ detail }: { detail: ConversationDetail }) {
  const { state } = useWorkplace();
  const t = state.t.value;
  const { contact } = detail;
  const [editing, setEditing] = useState(false);
  const name = contact.name || t("list.anonymous");
  if (editing) return <NameForm detail={detail} done={() => setEditing(false)} />;
  return (
    <>
      {name}{" "}
      {mayAnswer(state) && !contact.verified && (
        <button class="link" aria-label={t("contact.rename", { name })} onClick={() => setEditing(true)}>{t("people.edit")}</button>
      )}
    </>
  );
}

function NameForm({ detail: { contact, card }, done }: { detail: ConversationDetail; done: () => void }) {
  const { state, verbs } = useWorkplace();
  const t = state.t.value;
  const field = useFocused<HTMLInputElement>();
  const [typed, setTyped] = useState(contact.name ?? "");
  const save = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const name = typed.trim();
    if (name === contact.name || (await verbs.call(card.conversation, contact.id, name))) done();
  };
  return (
    <form class="contact-name" onSubmit={(event) => void save(event)}>
      <input ref={field} required maxLength={80} dir="auto" value={typed} aria-label={t("contact.name")}
        onInput={(event) => setTyped(event.currentTarget.value)} onKeyDown={(event) => event.key === "Escape" && !composes(event) && done()} />
      <button class="small primary">{t("people.save")}</button>
      <button type="button" class="small" onClick={done}>{t("dialog.cancel")}</button>
    </form>
  );
}

const Identity = ({ channel, id }: { channel: string; id: string }) => (
  <>
    <dt>{channel}</dt>
    <dd class="id">{id}</dd>
  </>
);

/** The way to everything that is kept about the customer, for who may erase it. */
function DataLink({ contact }: { contact: string }) {
  const { state, administration, privacy } = useWorkplace();
  if (!holds(state, "privacy.execute") || !holds(state, "settings.read")) return null;
  const go = (): void => {
    administration.part.value = "privacy";
    void privacy.show(contact);
    state.view.value = "administration";
  };
  return <button class="link" onClick={go}>{state.t.value("privacy.open")}</button>;
}
