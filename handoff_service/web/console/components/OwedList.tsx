import { spell } from "../text";
import { useWorkplace } from "./workplace";

/** What others wait for from me beside my conversations: colleagues who ask, and promises that are not kept yet. */
export function OwedList() {
  const { state, session } = useWorkplace();
  const t = state.t.value;
  const { mentions, promises } = state.desk.value;
  if (mentions.length === 0 && promises.length === 0) return null;
  return (
    <section class="owed" aria-label={t("owed.title")}>
      <h2>{t("owed.title")}</h2>
      <ul>
        {mentions.map((mention) => (
          <li key={`${mention.conversation}-${mention.seq}`}>
            <button class="link-row" onClick={() => session.open(mention.conversation)}>
              <span>{t("owed.asks", { name: mention.by.name ?? "" })}</span>
            </button>
          </li>
        ))}
        {promises.map((promise) => (
          <li key={promise.id}>
            <button class="link-row" onClick={() => session.open(promise.conversation)}>
              <span class="preview">{promise.text}</span>
              <DueIn at={promise.due_at} />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** How long something has until it is due, or since when it is late. */
export function DueIn({ at }: { at: string }) {
  const { state } = useWorkplace();
  const left = Date.parse(at) - state.now.value;
  const time = spell(Math.abs(left), state.t.value);
  return <time class={left < 0 ? "due too-long" : "due"} dateTime={at}>{state.t.value(left < 0 ? "owed.late" : "owed.left", { time })}</time>;
}
