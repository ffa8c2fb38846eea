import { useRef, useState } from "preact/hooks";
import type { Card } from "../../shared/protocol";
import { SearchField } from "./SearchField";
import { useWorkplace } from "./workplace";

const SHORTEST = 2;

/** Finds conversations of any age by number, customer, tag or last words. */
export function SearchBox() {
  const { state, session, api } = useWorkplace();
  const t = state.t.value;
  const [words, setWords] = useState("");
  const [found, setFound] = useState<readonly Card[] | null>(null);
  const asked = useRef(0);
  const search = (typed: string): void => {
    setWords(typed);
    asked.current += 1;
    const mine = asked.current;
    if (typed.length < SHORTEST) return setFound(null);
    void session.attempt(async () => {
      const cards = await api.search(typed);
      // The answer to what was typed before must not replace that of what is typed now.
      if (mine === asked.current) setFound(cards);
    });
  };
  return (
    <div class="search" role="search">
      <SearchField id="conversation-search" label={t("search.label")} hint={t("search.placeholder")} value={words} search={search} />
      {found !== null && (
        <ul class="found" aria-label={t("search.found")}>
          {found.length === 0 && <li class="list-empty">{t("search.nothing")}</li>}
          {found.map((card) => (
            <li key={card.conversation}>
              <button class="link-row" onClick={() => session.open(card.conversation)}>
                <strong>{card.contact.name || t("list.anonymous")}</strong>
                <span class="preview" lang={card.language}>{card.preview || t("list.no_preview")}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
