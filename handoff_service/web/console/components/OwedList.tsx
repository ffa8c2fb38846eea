import { mayAnswer } from "../rights";
import { spell } from "../text";
import { holds } from "../views";
import { useWorkplace } from "./workplace";

/** What others wait for from me beside my conversations: colleagues who ask, promises that are not kept yet, my tickets. */
export function OwedList() {
  const { state, session, verbs } = useWorkplace();
  const t = state.t.value;
  const { mentions, promises, tickets } = state.desk.value;
  const work = holds(state, "tickets.read") ? tickets.mine : 0;
  if (mentions.length === 0 && promises.length === 0 && work === 0) return null;
  return (
    <section class="owed" aria-label={t("owed.title")}>
      <h2>{t("owed.title")}</h2>
      <ul>
        {mentions.map((mention) => (
          <li key={`${mention.conversation}-${mention.seq}`} class="owed-line">
            <button class="link-row" onClick={() => session.openAt(mention.conversation, mention.seq)}>
              <span>{t("owed.asks", { name: mention.by.name ?? "" })}</span>
            </button>
            <button class="small" aria-label={t("owed.seen_label", { name: mention.by.name ?? "" })}
              onClick={() => void verbs.mentionsSeen(mention.conversation)}>{t("owed.seen")}</button>
          </li>
        ))}
        {promises.map((promise) => (
          <li key={promise.id} class="owed-line">
            <button class="link-row" onClick={() => session.openAt(promise.conversation, promise.seq)}>
              <span class="preview">{promise.text}</span>
              <DueIn at={promise.due_at} />
            </button>
            {mayAnswer(state) && (
              <button class="small" aria-label={t("owed.done_label", { text: promise.text })}
                onClick={() => void verbs.promiseDone(promise.id)}>{t("owed.done")}</button>
            )}
          </li>
        ))}
        {work > 0 && <li class="owed-line"><MyTickets /></li>}
      </ul>
    </section>
  );
}

/** How many tickets are mine, and the way to them. */
function MyTickets() {
  const { state, tickets } = useWorkplace();
  const t = state.t.value;
  const { mine, overdue } = state.desk.value.tickets;
  const show = (): void => {
    state.view.value = "tickets";
    void tickets.search({ ...tickets.filter.peek(), whose: "me" });
  };
  return (
    <button class="link-row" onClick={show}>
      <span>{t("owed.tickets", { count: mine })}</span>
      {overdue > 0 && <span class="due too-long">{t("owed.overdue", { count: overdue })}</span>}
    </button>
  );
}

/** How long something has until it is due, or since when it is late. */
export function DueIn({ at }: { at: string }) {
  const { state } = useWorkplace();
  const left = Date.parse(at) - state.now.value;
  const time = spell(Math.abs(left), state.t.value);
  return <time class={left < 0 ? "due too-long" : "due"} dateTime={at}>{state.t.value(left < 0 ? "owed.late" : "owed.left", { time })}</time>;
}
