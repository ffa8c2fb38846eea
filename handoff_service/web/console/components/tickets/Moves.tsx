import { useState } from "preact/hooks";
import { fullTime } from "../../../shared/time";
import { fromLocalInput, laters, localInput } from "../../aside";
import { UNFINISHED, type WholeTicket } from "../../tickets";
import { useWorkplace } from "../workplace";
import { SplitForm } from "./SplitForm";

const PRIORITIES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const;

/** Whose a ticket becomes, how urgent it is, by when, what is asked later, and what becomes of it beside others. */
export function Moves({ whole }: { whole: WholeTicket }) {
  const { ticket } = whole;
  const { state, tickets } = useWorkplace();
  const t = state.t.value;
  const [into, setInto] = useState("");
  const me = state.me.value;
  const unfinished = UNFINISHED.includes(ticket.state);
  const colleagues = state.desk.value.agents.length > 0 ? state.desk.value.agents : me.colleagues;
  const assign = (chosen: string): void => {
    const [kind, id] = [chosen.slice(0, 1), chosen.slice(2)];
    if (id !== "") void tickets.command("assign", kind === "a" ? { to_agent: id } : { to_queue: id });
  };
  const merge = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (into.trim() !== "" && (await tickets.command("merge", { into: into.trim() }))) setInto("");
  };
  return (
    <details class="moves">
      <summary>{t("ticket.more")}</summary>
      <label>{t("ticket.assign")}
        <select value="" onChange={(event) => assign(event.currentTarget.value)}>
          <option value="">{t("ticket.assign_pick")}</option>
          <optgroup label={t("transfer.agents")}>
            {colleagues.map(({ id, name }) => <option key={id} value={`a:${id}`} disabled={id === ticket.agent?.id}>{name}</option>)}
          </optgroup>
          <optgroup label={t("transfer.queues")}>
            {me.tenant.queues.map(({ id, name }) => <option key={id} value={`q:${id}`}>{name}</option>)}
          </optgroup>
        </select>
      </label>
      <label>{t("ticket.priority")}
        <select value={String(ticket.priority)} onChange={(event) => void tickets.command("change", { priority: Number(event.currentTarget.value) })}>
          {PRIORITIES.map((each) => <option key={each} value={String(each)}>P{each}</option>)}
        </select>
      </label>
      {unfinished && <DueForm key={ticket.due_at} due={ticket.due_at} />}
      <form class="try" onSubmit={(event) => void merge(event)}>
        <input value={into} maxLength={64} aria-label={`${t("ticket.merge")} ${t("ticket.merge_hint")}`} placeholder={t("ticket.merge_hint")}
          onInput={(event) => setInto(event.currentTarget.value)} />
        <button disabled={into.trim() === ""}>{t("ticket.merge_do")}</button>
      </form>
      <FollowUpForm whole={whole} />
      {unfinished && <SplitForm whole={whole} />}
    </details>
  );
}

/** By when it is to be done. */
function DueForm({ due }: { due: string }) {
  const { state, tickets } = useWorkplace();
  const t = state.t.value;
  const before = localInput(new Date(due));
  const [typed, setTyped] = useState(before);
  const at = fromLocalInput(typed);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (at !== null) void tickets.command("change", { due_at: at.toISOString() });
  };
  return (
    <form class="try" onSubmit={submit}>
      <label>{t("ticket.due")}<input type="datetime-local" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} /></label>
      <button disabled={typed === before || at === null || at.getTime() <= state.now.value}>{t("ticket.due_set")}</button>
    </form>
  );
}

/** A check after a while: the customer is asked whether all is well, or whoever has the ticket is told to look. */
function FollowUpForm({ whole: { ticket, conversations } }: { whole: WholeTicket }) {
  const { state, tickets } = useWorkplace();
  const t = state.t.value;
  const asks = conversations.length > 0;
  const [kind, setKind] = useState<"message" | "task">(asks ? "message" : "task");
  const [typed, setTyped] = useState(() => localInput(laters(new Date(state.now.peek())).find(({ id }) => id === "tomorrow")!.at));
  const [text, setText] = useState("");
  const at = fromLocalInput(typed);
  const planned = ticket.follow_up ?? null;
  const plan = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (at !== null && (await tickets.command("follow-up", { at: at.toISOString(), kind, text: text.trim() }))) setText("");
  };
  return (
    <form class="part" onSubmit={(event) => void plan(event)} aria-label={t("ticket.follow_up")}>
      <h3>{t("ticket.follow_up")}</h3>
      {planned !== null && (
        <p class="ticket-line planned">
          <span>{fullTime(planned.at, state.language.value)} · {t(`ticket.follow_up.${planned.kind}`)}</span>
          {planned.text !== "" && <q dir="auto">{planned.text}</q>}
          <button type="button" class="small" onClick={() => void tickets.command("follow-up")}>{t("ticket.follow_up_drop")}</button>
        </p>
      )}
      <label>{t("ticket.follow_up_how")}
        <select value={kind} onChange={(event) => setKind(event.currentTarget.value as "message" | "task")}>
          <option value="message" disabled={!asks}>{t("ticket.follow_up.message")}</option>
          <option value="task">{t("ticket.follow_up.task")}</option>
        </select>
      </label>
      <label>{t("ticket.follow_up_at")}<input type="datetime-local" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} /></label>
      <textarea rows={2} maxLength={8000} dir="auto" value={text} aria-label={t(`ticket.follow_up_words.${kind}`)}
        placeholder={t(`ticket.follow_up_words.${kind}`)} onInput={(event) => setText(event.currentTarget.value)} />
      <button disabled={at === null || at.getTime() <= state.now.value || (kind === "task" && text.trim() === "")}>{t("ticket.follow_up_plan")}</button>
    </form>
  );
}
