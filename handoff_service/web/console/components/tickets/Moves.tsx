import { useState } from "preact/hooks";
import type { Ticket } from "../../tickets";
import { useWorkplace } from "../workplace";

const PRIORITIES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9] as const;

/** Whose a ticket becomes, how urgent it is, and into which other one it goes. */
export function Moves({ ticket }: { ticket: Ticket }) {
  const { state, tickets } = useWorkplace();
  const t = state.t.value;
  const [into, setInto] = useState("");
  const me = state.me.value;
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
      <form class="try" onSubmit={(event) => void merge(event)}>
        <input value={into} maxLength={64} aria-label={`${t("ticket.merge")} ${t("ticket.merge_hint")}`} placeholder={t("ticket.merge_hint")}
          onInput={(event) => setInto(event.currentTarget.value)} />
        <button disabled={into.trim() === ""}>{t("ticket.merge_do")}</button>
      </form>
    </details>
  );
}
