import { useEffect, useState } from "preact/hooks";
import { fullTime } from "../../../shared/time";
import { actorName } from "../../actors";
import { onEscape, placesOf, useFocused, useReturning } from "../../focus";
import { channelName, isWithMerged, type KeptConversation, type KeptData, mayErase } from "../../privacy";
import type { Translate } from "../../text";
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
      <Whose kept={kept} />
      {(counts.held > 0 || mayErase(kept)) && (
        <p class="ticket-line">
          <button aria-disabled={privacy.busy.value} onClick={() => void privacy.save(kept)}>{t("privacy.export")}</button>
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

/** How each is called, with the channels by which he is known; who has no name by his id. */
function called(people: readonly Partial<KeptData["person"][number]>[], t: Translate): string {
  const one = ({ id = "", name = "", identities = [] }: Partial<KeptData["person"][number]>): string => {
    const channels = [...new Set(identities.map(({ channel }) => channelName(channel, t)))];
    return channels.length === 0 ? name || id : t("privacy.called", { name: name || id, channels: channels.join(t("privacy.and")) });
  };
  return people.map(one).join(t("privacy.and"));
}

/** Whose data is shown, copied and erased; whom agents have merged with him belongs to it only when that is chosen. */
function Whose({ kept }: { kept: KeptData }) {
  const { state, privacy } = useWorkplace();
  const t = state.t.value;
  const { merged = [], person } = kept;
  const isMerged = isWithMerged(kept);
  const choose = async (box: HTMLInputElement): Promise<void> => {
    await privacy.show(kept.contact, box.checked);
    const now = privacy.kept.value;
    box.checked = now !== null && isWithMerged(now); // refused: as it was
  };
  return (
    <div class="whose">
      <p role="status">{t(isMerged ? "privacy.whose_merged" : "privacy.whose", { names: called(person, t) })}</p>
      {merged.length > 0 && (
        <>
          <label class="choice">
            <input type="checkbox" aria-describedby="merged-hint" checked={isMerged} onChange={({ currentTarget }) => void choose(currentTarget)} />
            <span>{t("privacy.merged", { names: called(merged, t) })}</span>
          </label>
          <p id="merged-hint" class="hint">{t("privacy.merged_hint")}</p>
        </>
      )}
    </div>
  );
}

function Conversation({ kept, of: one }: { kept: KeptData; of: KeptConversation }) {
  const { state } = useWorkplace();
  const t = state.t.value;
  const language = state.language.value;
  const [asking, setAsking] = useState(false);
  const button = useReturning<HTMLButtonElement>(asking);
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
        <span class="ticket-line"><button ref={button} class="small" onClick={() => setAsking(true)}>{t(one.hold ? "privacy.lift" : "privacy.hold")}</button></span>
      )}
    </li>
  );
}

/** A hold is set, and lifted, for a case: its number goes into the audit, which is never erased, so it names nobody. */
function HoldForm({ of: one, done }: { of: KeptConversation; done: () => void }) {
  const { state, privacy } = useWorkplace();
  const t = state.t.value;
  const [reference, setReference] = useState("");
  const input = useFocused<HTMLInputElement>();
  const rule = `rule-${one.id}`;
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (await privacy.hold(one, !one.hold, reference)) done();
  };
  return (
    <form class="article-form" onKeyDown={onEscape(done)} onSubmit={(event) => void submit(event)}>
      <label>{t(one.hold ? "privacy.lift_reference" : "privacy.reference")}
        <input ref={input} required maxLength={64} pattern="[A-Za-z0-9_.\/\-]+" aria-describedby={rule} title={t("privacy.reference_form")} autocomplete="off" value={reference}
          onInput={(event) => setReference(event.currentTarget.value)} />
      </label>
      <p id={rule} class="hint">{t("privacy.reference_form")}</p>
      <footer>
        <button class="primary" aria-disabled={privacy.busy.value}>{t(one.hold ? "privacy.lift" : "privacy.hold")}</button>
        <button type="button" onClick={done}>{t("dialog.cancel")}</button>
      </footer>
    </form>
  );
}

/** A name as one can type it after reading it: no spaces that nobody sees, no signs in two ways of writing. */
const plain = (name: string): string => name.normalize("NFKC").replace(/\p{Cf}/gu, "").replace(/\s+/gu, " ").trim();

/** Erasing him, or why that cannot be. */
function Erase({ kept }: { kept: KeptData }) {
  const { state, privacy } = useWorkplace();
  const t = state.t.value;
  const [asking, setAsking] = useState(false);
  const button = useReturning<HTMLButtonElement>(asking);
  const isPossible = mayErase(kept);
  useEffect(() => {
    if (!isPossible) setAsking(false);
  }, [isPossible]);
  if (kept.counts.held > 0) return <p class="page-failed">{t("privacy.held", { n: kept.counts.held })}</p>;
  if (!isPossible) return <p class="hint" role="status">{t("privacy.nothing_left")}</p>;
  const ask = (): void => {
    setAsking(true);
    void privacy.again(); // so that what it says goes is what there is now
  };
  if (!asking) return <p><button ref={button} class="danger" onClick={ask}>{t("privacy.erase")}</button></p>;
  // Typed for these, it counts for nobody else.
  return <EraseForm key={kept.person.map(({ id }) => id).join()} kept={kept} done={() => setAsking(false)} />;
}

/** Says what goes and what stays, and is confirmed by typing his name. */
function EraseForm({ kept, done }: { kept: KeptData; done: () => void }) {
  const { state, privacy } = useWorkplace();
  const t = state.t.value;
  const [typed, setTyped] = useState("");
  const input = useFocused<HTMLInputElement>();
  const { counts, contact, person, merged = [] } = kept;
  const name = plain(kept.name) || contact;
  const isConfirmed = plain(typed) === name;
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (!isConfirmed) return;
    const goOn = placesOf(input.current);
    if (!(await privacy.erase(kept))) return;
    done();
    goOn();
  };
  return (
    <form class="article-form erase" aria-label={t("privacy.erase")} onKeyDown={onEscape(done)} onSubmit={(event) => void submit(event)}>
      <p><strong>{t("privacy.goes_whose")}</strong> {called(person, t)}</p>
      {merged.length > 0 && !isWithMerged(kept) && <p><strong>{t("privacy.left_label")}</strong> {t("privacy.left", { names: called(merged, t) })}</p>}
      <p><strong>{t("privacy.goes")}</strong> {t("privacy.goes_list", counts)}</p>
      <p><strong>{t("privacy.stays")}</strong> {t("privacy.stays_list")}</p>
      {counts.open > 0 && <p>{t("privacy.closes", { n: counts.open })}</p>}
      <label>{t("privacy.type", { name })}
        <input ref={input} autocomplete="off" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
      </label>
      <footer>
        <button class="danger" disabled={!isConfirmed} aria-disabled={privacy.busy.value}>{t("privacy.erase_yes")}</button>
        <button type="button" onClick={done}>{t("dialog.cancel")}</button>
      </footer>
    </form>
  );
}
