import { useEffect } from "preact/hooks";
import type { Card, Colleague, Promised } from "../../../shared/protocol";
import { cause } from "../../problem";
import { mayStepIn } from "../../rights";
import { keyFor, spell } from "../../text";
import type { LateClock, QueueLine, WallFigures } from "../../wall";
import { DueIn } from "../OwedList";
import { PageHead } from "../PageHead";
import { useWorkplace } from "../workplace";

/** Waiting this long is shown as an alarm, seconds. */
const TOO_LONG_S = 300;
const SECOND_MS = 1000;

/** What a supervisor keeps an eye on: queues, people, and the conversations that need a look now. */
export function WallPage() {
  const { state, wall } = useWorkplace();
  const t = state.t.value;
  const figures = wall.figures.value;
  const failed = wall.failed.value;
  useEffect(() => {
    void wall.open();
    return () => wall.close();
  }, []);
  return (
    <main class="page wall">
      <PageHead title={t("wall.title")} lead={t("wall.lead")} />
      {failed !== null && <p class="page-failed" role="alert">{cause(failed, t)}</p>}
      {figures === null && failed === null && <p class="hint" role="status">{t("page.loading")}</p>}
      {figures !== null && <Figures figures={figures} />}
    </main>
  );
}

function Figures({ figures }: { figures: WallFigures }) {
  const { state, wall } = useWorkplace();
  const t = state.t.value;
  const late = wall.late.value;
  const promises = wall.promises.value;
  const waiting = figures.queues.reduce((sum, queue) => sum + queue.waiting, 0);
  const held = figures.queues.reduce((sum, queue) => sum + queue.held, 0);
  return (
    <>
      <ul class="tiles" aria-label={t("wall.now")}>
        <Tile value={waiting} label={t("wall.waiting")} alarm={waiting > 0} />
        <Tile value={held} label={t("wall.held")} />
        <Tile value={figures.bot} label={t("wall.bot")} />
        <Tile value={figures.mailbox} label={t("wall.mailbox")} />
        <Tile value={figures.upset.length} label={t("wall.upset")} alarm={figures.upset.length > 0} />
        <Tile value={promises.length} label={t("wall.promises")} alarm={promises.length > 0} />
        <Tile value={figures.overdue.length} label={t("wall.overdue")} alarm={figures.overdue.length > 0} />
        <Tile value={late.length} label={t("wall.late")} alarm={late.length > 0} />
      </ul>
      <div class="wall-panels">
        <Queues queues={figures.queues} />
        <People figures={figures} />
        <Look title={t("wall.upset")} cards={figures.upset} empty={t("wall.upset_none")} />
        <Promises promises={promises} people={figures.agents} />
        <Look title={t("wall.overdue")} cards={figures.overdue} empty={t("wall.overdue_none")} />
        <Late clocks={late} queues={figures.queues} />
      </div>
    </>
  );
}

const Tile = ({ value, label, alarm = false }: { value: number; label: string; alarm?: boolean }) => (
  <li class={alarm ? "tile alarm" : "tile"}>
    <strong>{value}</strong>
    <span>{label}</span>
  </li>
);

function Queues({ queues }: { queues: readonly QueueLine[] }) {
  const { state } = useWorkplace();
  const t = state.t.value;
  return (
    <section class="page-panel">
      <h2>{t("wall.queues")}</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">{t("wall.queue")}</th>
            <th scope="col" class="number">{t("wall.waiting")}</th>
            <th scope="col" class="number">{t("wall.longest")}</th>
            <th scope="col" class="number">{t("wall.held")}</th>
            <th scope="col" class="number">{t("wall.accepted")}</th>
          </tr>
        </thead>
        <tbody>
          {queues.map((queue) => (
            <tr key={queue.id}>
              <th scope="row">
                {queue.name} <span class={queue.open ? "badge good" : "badge"}>{t(queue.open ? "wall.open" : "wall.closed")}</span>
              </th>
              <td class="number">{queue.waiting}</td>
              <td class={(queue.longest_wait_s ?? 0) > TOO_LONG_S ? "number too-long" : "number"}>
                {queue.longest_wait_s === null ? "–" : spell(queue.longest_wait_s * SECOND_MS, t)}
              </td>
              <td class="number">{queue.held}</td>
              <td class="number">{queue.accepted_last_hour}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function People({ figures }: { figures: WallFigures }) {
  const { state } = useWorkplace();
  const t = state.t.value;
  const order = ["online", "busy", "away", "offline"];
  const people = figures.agents.toSorted((one, other) => order.indexOf(one.status) - order.indexOf(other.status));
  return (
    <section class="page-panel">
      <h2>{t("wall.people")}</h2>
      <ul class="people">
        {people.map((agent) => (
          <li key={agent.id} class={`presence-${agent.status}`}>
            <span class="dot" aria-hidden="true" />
            <span class="name">{agent.name}</span>
            <span class="hint">{[t(`presence.${agent.status}`), agent.reason].filter(Boolean).join(" · ")}</span>
            <span class="load">{t("presence.load", { open: agent.open, capacity: agent.capacity })}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Look({ title, cards, empty }: { title: string; cards: readonly Card[]; empty: string }) {
  const { state, verbs } = useWorkplace();
  const t = state.t.value;
  const open = useOpen();
  const join = async (card: Card): Promise<void> => {
    if (await verbs.stepIn(card)) state.view.value = "desk";
  };
  return (
    <section class="page-panel">
      <h2>{title}</h2>
      {cards.length === 0 && <p class="hint">{empty}</p>}
      <ul class="look">
        {cards.map((card) => (
          <li key={card.conversation} class="look-line">
            <button class="link-row" onClick={() => open(card.conversation)}>
              <strong>{card.contact.name || t("list.anonymous")}</strong>
              <span class="preview" lang={card.language}>{card.preview || t("list.no_preview")}</span>
              <span class="hint">{card.owner.agent?.name ?? t(`owner.${card.owner.kind === "agent" || card.owner.kind === "offer" ? "queue" : card.owner.kind}`)}</span>
            </button>
            {mayStepIn(card, state.me.value.agent.id) && (
              <button class="small" onClick={() => void join(card)}>{t(card.owner.kind === "agent" ? "wall.join" : "take_over")}</button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What customers were promised and still wait for, with who has said it. */
function Promises({ promises, people }: { promises: readonly Promised[]; people: readonly Colleague[] }) {
  const { state, session } = useWorkplace();
  const t = state.t.value;
  return (
    <section class="page-panel promises">
      <h2>{t("wall.promises")}</h2>
      {promises.length === 0 && <p class="hint">{t("wall.promises_none")}</p>}
      <ul class="look">
        {promises.map(({ id, conversation, seq, text, by, due_at }) => (
          <li key={id}>
            <button class="link-row" onClick={() => session.openAt(conversation, seq)}>
              <span class="preview">{text}</span>
              <DueIn at={due_at} />
              <span class="hint">{people.find((one) => one.id === by?.id)?.name ?? t(by?.kind === "bot" ? "author.bot" : "author.agent")}</span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** Times that were missed and for which somebody still waits. */
function Late({ clocks, queues }: { clocks: readonly LateClock[]; queues: readonly QueueLine[] }) {
  const { state } = useWorkplace();
  const t = state.t.value;
  const open = useOpen();
  return (
    <section class="page-panel">
      <h2>{t("wall.late")}</h2>
      {clocks.length === 0 && <p class="hint">{t("wall.late_none")}</p>}
      <ul class="look">
        {clocks.map(({ clock, conversation, queue, breached_at }) => {
          const key = keyFor("sla", clock);
          return (
            <li key={`${conversation}/${clock}/${breached_at}`}>
              <button class="link-row" onClick={() => open(conversation)}>
                <strong>{key === null ? clock : t(key)}</strong>
                <span class="too-long">{t("wall.late_by", { time: spell(state.now.value - Date.parse(breached_at), t) })}</span>
                <span class="hint">{queues.find((each) => each.id === queue)?.name ?? queue} · {conversation}</span>
              </button>
            </li>
          );
        })}
      </ul>
    </section>
  );
}

/** Leaves the wall for a conversation. */
function useOpen(): (conversation: string) => void {
  const { state, session } = useWorkplace();
  return (conversation) => {
    state.view.value = "desk";
    session.open(conversation);
  };
}
