import { useEffect, useState } from "preact/hooks";
import { ApiError, type Care } from "../api";
import { holds } from "../views";
import { useWorkplace } from "./workplace";

/** Classes of priority by which a customer may come before others. */
const CLASSES = [0, 1, 2, 3] as const;

/** Whose customer the contact is, and whether he comes before others: everybody sees it, supervisors set it. */
export function CareView({ contact }: { contact: string }) {
  const { state, session, api } = useWorkplace();
  const t = state.t.value;
  const [care, setCare] = useState<Care | null>(null);
  const [tries, setTries] = useState(0);
  useEffect(() => {
    let left = false;
    setCare(null);
    // A gateway of the release before knows nothing of it: there is nothing to say then.
    api.care(contact).then((found) => !left && setCare(found), (error: unknown) => {
      if (!(error instanceof ApiError)) throw error;
    });
    return () => {
      left = true;
    };
  }, [contact, tries]);
  if (care === null) return null;
  const { agent = null, classes = 0 } = care;
  const { agent: me, colleagues } = state.me.value;
  const people = [me, ...colleagues.filter(({ id, answers }) => id !== me.id && answers !== false)];
  // Shown at once, so that a second choice does not undo the first; what was refused shows again what is true.
  const set = async (next: { agent: string | null; classes: number }): Promise<void> => {
    setCare(next);
    const done = await session.attempt(() => api.setCare(contact, next.agent, next.classes));
    if (!done) setTries(tries + 1);
  };
  if (!holds(state, "conversations.supervise")) {
    const told = [agent !== null && t("care.of", { name: care.name ?? "" }), classes > 0 && t("care.before")].filter(Boolean);
    return told.length === 0 ? null : <p class="hint">{told.join(" · ")}</p>;
  }
  return (
    <>
      <label class="ticket-line">
        <span>{t("care.agent")}</span>
        <select value={agent ?? ""} onChange={(event) => void set({ agent: event.currentTarget.value || null, classes })}>
          <option value="">{t("care.nobody")}</option>
          {agent !== null && !people.some(({ id }) => id === agent) && <option value={agent}>{care.name ?? agent}</option>}
          {people.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
        </select>
      </label>
      <label class="ticket-line">
        <span>{t("care.priority")}</span>
        <select value={String(classes)} onChange={(event) => void set({ agent, classes: Number(event.currentTarget.value) })}>
          {CLASSES.map((each) => <option key={each} value={String(each)}>{t(`care.classes.${each}`)}</option>)}
        </select>
      </label>
    </>
  );
}
