import type { ConversationDetail } from "../../shared/protocol";
import { mayAnswer } from "../rights";
import { keyFor } from "../text";
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
        <dd>{contact.name || t("list.anonymous")}</dd>
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
      {contact.blocked !== undefined && (
        <p class="page-failed ticket-line">
          <span>{t("block.is", { name: by?.name ?? contact.blocked.by })}</span>
          {mayAnswer(state) && (
            <button class="small" onClick={() => void verbs.unblock(card.conversation, contact.id)}>{t("block.undo")}</button>
          )}
        </p>
      )}
      <SamePersonView key={contact.id} detail={detail} />
    </section>
  );
}

const Identity = ({ channel, id }: { channel: string; id: string }) => (
  <>
    <dt>{channel}</dt>
    <dd class="id">{id}</dd>
  </>
);
