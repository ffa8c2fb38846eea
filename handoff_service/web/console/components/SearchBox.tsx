import { useEffect, useRef, useState } from "preact/hooks";
import type { Card } from "../../shared/protocol";
import { Icon } from "./Icon";
import { useWorkplace } from "./workplace";

const PAUSE_MS = 250;
const SHORTEST = 2;

/** Finds conversations of any age by number, customer, tag or last words. */
export function SearchBox() {
  const { state, session, api } = useWorkplace();
  const t = state.t.value;
  const [typed, setTyped] = useState("");
  const [found, setFound] = useState<readonly Card[] | null>(null);
  const asked = useRef(0);
  const words = typed.trim();
  useEffect(() => {
    asked.current += 1;
    const mine = asked.current;
    if (words.length < SHORTEST) {
      setFound(null);
      return;
    }
    const timer = setTimeout(() => {
      void session.attempt(async () => {
        const cards = await api.search(words);
        // The answer to what was typed before must not replace that of what is typed now.
        if (mine === asked.current) setFound(cards);
      });
    }, PAUSE_MS);
    return () => clearTimeout(timer);
  }, [words]);
  return (
    <div class="search" role="search">
      <label class="search-box">
        <Icon name="search" />
        <span class="sr-only">{t("search.label")}</span>
        <input type="search" id="conversation-search" value={typed} placeholder={t("search.placeholder")} maxLength={120}
          onInput={(event) => setTyped(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === "Escape" && !event.isComposing) setTyped("");
          }} />
      </label>
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
