import { useRef, useState } from "preact/hooks";
import type { Card, ConversationDetail } from "../../shared/protocol";
import { mayAnswer } from "../rights";
import { keyFor } from "../text";
import { SearchField } from "./SearchField";
import { useWorkplace } from "./workplace";

/** Says that this customer and one who wrote elsewhere are the same person, or that they are not. */
export function SamePersonView({ detail: { contact, card } }: { detail: ConversationDetail }) {
  const { state, session, verbs, api } = useWorkplace();
  const t = state.t.value;
  const [open, setOpen] = useState(false);
  const [words, setWords] = useState("");
  const [found, setFound] = useState<readonly Card[] | null>(null);
  const asked = useRef(0);
  const others = (contact.person ?? []).filter((each) => each !== contact.id);
  if (!mayAnswer(state) || contact.person === undefined) return null;
  const search = (typed: string): void => {
    setWords(typed);
    setFound(null);
    asked.current += 1;
    const mine = asked.current;
    if (typed.length < 2) return;
    void session.attempt(async () => {
      const cards = await api.search(typed);
      // The answer to what was typed before would offer the wrong people to be merged.
      if (mine === asked.current) setFound(cards);
    });
  };
  const merge = async (other: string): Promise<void> => {
    if (await verbs.merge(card.conversation, contact.id, other)) setOpen(false);
  };
  const known = new Set(contact.person);
  const candidates = (found ?? []).filter((each, index, all) =>
    !known.has(each.contact.id) && all.findIndex((one) => one.contact.id === each.contact.id) === index);
  return (
    <div class="same-person">
      {others.length > 0 && (
        <p class="ticket-line">
          <span class="hint">{t("person.merged", { count: others.length })}</span>
          <button class="small" onClick={() => void verbs.part(card.conversation, contact.id)}>{t("person.part")}</button>
        </p>
      )}
      {!open && <button class="small" onClick={() => setOpen(true)}>{t("person.merge")}</button>}
      {open && (
        <>
          <SearchField label={t("person.search")} value={words} search={search} />
          <ul>
            {candidates.map((each) => {
              const channel = keyFor("channel", each.channel);
              return (
                <li key={each.contact.id} class="ticket-line">
                  <span>{each.contact.name || t("list.anonymous")} <span class="hint">{channel === null ? each.channel : t(channel)} · {each.preview}</span></span>
                  <button class="small" onClick={() => void merge(each.contact.id)}>{t("person.same")}</button>
                </li>
              );
            })}
          </ul>
          {found !== null && candidates.length === 0 && <p class="hint" role="status">{t("search.nothing")}</p>}
          <button class="small" onClick={() => setOpen(false)}>{t("dialog.cancel")}</button>
        </>
      )}
    </div>
  );
}
