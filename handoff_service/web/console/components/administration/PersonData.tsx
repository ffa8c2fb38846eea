import { useState } from "preact/hooks";
import { fullTime } from "../../../shared/time";
import { actorName } from "../../actors";
import { channelName, type KeptConversation, type KeptData, mayErase } from "../../privacy";
import { useWorkplace } from "../workplace";

const COUNTS = ["conversations", "entries", "tickets", "files"] as const;

/** What is kept about one customer, and what can be done with it. */
export function PersonData({ kept }: { kept: KeptData }) {
  const { state, privacy } = useWorkplace();
  const t = state.t.value;
  const { name, person, counts, conversations } = kept;
  const all = Math.max(conversations.length, counts.conversations);
  const identities = person.flatMap(({ identities: known }) => known);
  return (
    <div class="person-data">
      <div class="ticket-line">
        <h3 dir="auto">{name || t("list.anonymous")}</h3>
        {kept.verified && <span class="badge good">{t("contact.verified")}</span>}
        <button class="small" onClick={() => void privacy.show(null)}>{t("privacy.other")}</button>
      </div>
      <dl class="facts">
        {identities.map(({ channel, external_id }) => (
          <Fact key={`${channel}:${external_id}`} name={channelName(channel, t)} value={external_id} />
        ))}
        <Fact name={t("privacy.id")} value={person.map(({ id }) => id).join(", ")} />
        {COUNTS.map((each) => <Fact key={each} name={t(`privacy.${each}`)} value={String(counts[each])} />)}
      </dl>
      {person.length > 1 && <p class="hint">{t("privacy.merged", { n: person.length })}</p>}
      {(counts.held > 0 || mayErase(kept)) && (
        <p class="ticket-line">
          <button disabled={privacy.busy.value} onClick={() => void privacy.save(kept)}>{t("privacy.export")}</button>
          <span class="hint">{t("privacy.export_hint")}</span>
        </p>
      )}
      <h4>{t("privacy.holds")}</h4>
      <p class="hint">{t("privacy.holds_hint")}</p>
      {conversations.length < all && <p class="hint">{t("privacy.some", { n: conversations.length })}</p>}
      <ul class="rows accounts">{conversations.map((one) => <Conversation key={one.id} kept={kept} of={one} />)}</ul>
      <Erase kept={kept} />
    </div>
  );
}

const Fact = ({ name, value }: { name: string; value: string }) => (
  <>
    <dt>{name}</dt>
    <dd><code>{value}</code></dd>
  </>
);

function Conversation({ kept, of: one }: { kept: KeptData; of: KeptConversation }) {
  const { state } = useWorkplace();
  const t = state.t.value;
  const language = state.language.value;
  const [asking, setAsking] = useState(false);
  const held = kept.holds[one.id];
  return (
    <li data-conversation={one.id}>
      <span class="ticket-line">
        <strong>{channelName(one.channel, t)}</strong>
        {one.hold && <span class="badge bad">{t("privacy.on_hold")}</span>}
        {!one.kept && <span class="badge">{t("privacy.emptied")}</span>}
        {one.closed_at === null && <span class="badge">{t("privacy.still_open")}</span>}
        <time class="due">{fullTime(one.opened_at, language)}</time>
      </span>
      {one.hold && held !== undefined && (
        <span class="hint">{t("privacy.held_by", { name: actorName(state, held.actor), time: fullTime(held.at, language), reference: held.detail.reference ?? "–" })}</span>
      )}
      <span class="hint"><code>{one.id}</code></span>
      {asking ? <HoldForm of={one} done={() => setAsking(false)} /> : (one.hold || one.kept) && (
        <span class="ticket-line"><button class="small" onClick={() => setAsking(true)}>{t(one.hold ? "privacy.lift" : "privacy.hold")}</button></span>
      )}
    </li>
  );
}

/** A hold is set, and lifted, for a case: its number goes into the audit, which is never erased, so it names nobody. */
function HoldForm({ of: one, done }: { of: KeptConversation; done: () => void }) {
  const { state, privacy } = useWorkplace();
  const t = state.t.value;
  const [reference, setReference] = useState("");
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (await privacy.hold(one, !one.hold, reference)) done();
  };
  return (
    <form class="article-form" onSubmit={(event) => void submit(event)}>
      <label>{t(one.hold ? "privacy.lift_reference" : "privacy.reference")}
        <input required maxLength={64} pattern="[A-Za-z0-9_.\/\-]+" title={t("privacy.reference_form")} placeholder="case-2026-17" autocomplete="off" value={reference}
          onInput={(event) => setReference(event.currentTarget.value)} />
      </label>
      <footer>
        <button class="primary" disabled={privacy.busy.value}>{t(one.hold ? "privacy.lift" : "privacy.hold")}</button>
        <button type="button" onClick={done}>{t("dialog.cancel")}</button>
      </footer>
    </form>
  );
}

/** A name as one can type it after reading it: no spaces that nobody sees, no signs in two ways of writing. */
const plain = (name: string): string => name.normalize("NFKC").replace(/\p{Cf}/gu, "").replace(/\s+/gu, " ").trim();

/** Erasing him, or why that cannot be. */
function Erase({ kept }: { kept: KeptData }) {
  const t = useWorkplace().state.t.value;
  if (kept.counts.held > 0) return <p class="page-failed">{t("privacy.held", { n: kept.counts.held })}</p>;
  return mayErase(kept) ? <EraseForm kept={kept} /> : <p class="hint" role="status">{t("privacy.nothing_left")}</p>;
}

/** Says what goes and what stays, and is confirmed by typing his name. */
function EraseForm({ kept }: { kept: KeptData }) {
  const { state, privacy } = useWorkplace();
  const t = state.t.value;
  const [asking, setAsking] = useState(false);
  const [typed, setTyped] = useState("");
  const { counts, contact } = kept;
  const name = plain(kept.name) || contact;
  const isConfirmed = plain(typed) === name;
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (isConfirmed && (await privacy.erase(kept))) setAsking(false);
  };
  if (!asking) return <p><button class="danger" onClick={() => setAsking(true)}>{t("privacy.erase")}</button></p>;
  return (
    <form class="article-form erase" aria-label={t("privacy.erase")} onSubmit={(event) => void submit(event)}>
      <p><strong>{t("privacy.goes")}</strong> {t("privacy.goes_list", counts)}</p>
      <p><strong>{t("privacy.stays")}</strong> {t("privacy.stays_list")}</p>
      {counts.open > 0 && <p>{t("privacy.closes", { n: counts.open })}</p>}
      <label>{t("privacy.type", { name })}
        <input autocomplete="off" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
      </label>
      <footer>
        <button class="danger" disabled={!isConfirmed || privacy.busy.value}>{t("privacy.erase_yes")}</button>
        <button type="button" onClick={() => setAsking(false)}>{t("dialog.cancel")}</button>
      </footer>
    </form>
  );
}
