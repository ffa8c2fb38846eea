import { useEffect, useState } from "preact/hooks";
import { dayLabel } from "../../shared/time";
import type { Card } from "../../shared/protocol";
import { ApiError } from "../api";
import { cause } from "../problem";
import { keyFor } from "../text";
import { useWorkplace } from "./workplace";

/** What else this customer wrote, on any channel. */
export function HistoryView({ contact }: { contact: string }) {
  const { state, session, api } = useWorkplace();
  const t = state.t.value;
  const [found, setFound] = useState<readonly Card[] | ApiError | null>(null);
  useEffect(() => {
    let left = false;
    const load = async (): Promise<void> => {
      try {
        const cards = await api.history(contact);
        if (!left) setFound(cards);
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        if (!left) setFound(error);
      }
    };
    void load();
    return () => {
      left = true;
    };
  }, [contact]);
  const others = Array.isArray(found) ? found.filter((card) => card.conversation !== state.current.value) : [];
  return (
    <section class="history" aria-label={t("history.title")}>
      <h3>{t("history.title")}</h3>
      {found === null && <p class="hint">{t("page.loading")}</p>}
      {found instanceof ApiError && <p class="hint">{cause(found, t)}</p>}
      {Array.isArray(found) && others.length === 0 && <p class="hint">{t("history.none")}</p>}
      <ul>
        {others.map((card) => {
          const channel = keyFor("channel", card.channel);
          return (
            <li key={card.conversation}>
              <button class="link-row" onClick={() => session.open(card.conversation)}>
                <span class="hint">{dayLabel(card.updated_at, state.language.value)} · {channel === null ? card.channel : t(channel)}</span>
                <span class="preview" lang={card.language}>{card.preview || t("list.no_preview")}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
