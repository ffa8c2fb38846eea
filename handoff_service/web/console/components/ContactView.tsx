import type { ConversationDetail } from "../../shared/protocol";
import { keyFor } from "../text";
import { useWorkplace } from "./workplace";

export function ContactView({ detail: { contact, card } }: { detail: ConversationDetail }) {
  const { state } = useWorkplace();
  const t = state.t.value;
  const channel = (name: string): string => {
    const key = keyFor("channel", name);
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
          <Identity key={`${identity.channel}:${identity.external_id}`} channel={channel(identity.channel)} id={identity.external_id} />
        ))}
      </dl>
    </section>
  );
}

const Identity = ({ channel, id }: { channel: string; id: string }) => (
  <>
    <dt>{channel}</dt>
    <dd class="id">{id}</dd>
  </>
);
