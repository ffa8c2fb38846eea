import { useState } from "preact/hooks";
import { handTypes, type WholeTicket, words } from "../../tickets";
import { useWorkplace } from "../workplace";
import { typeName } from "./TicketsPage";

/** So many characters tell which line of the log is meant. */
const LINE_CHARS = 80;

/** A second ticket for a part of this one, with lines of its log quoted and conversations moved; a complaint is filed anew instead. */
export function SplitForm({ whole: { ticket, log, conversations } }: { whole: WholeTicket }) {
  const { state, tickets } = useWorkplace();
  const t = state.t.value;
  const types = handTypes(state.me.value.tenant.ticket_types ?? []).filter((type) => type !== "complaint");
  const [subject, setSubject] = useState("");
  const [type, setType] = useState(types.includes(ticket.type) ? ticket.type : "");
  const [lines, setLines] = useState<readonly number[]>([]);
  const [moved, setMoved] = useState<readonly string[]>([]);
  const split = (event: SubmitEvent): void => {
    event.preventDefault();
    void tickets.split({ subject: subject.trim(), type, lines, conversations: moved });
  };
  const said = log.filter(({ body }) => words(body) !== "");
  return (
    <form class="part" onSubmit={split} aria-label={t("ticket.split")}>
      <h3>{t("ticket.split")}</h3>
      <label>{t("ticket.subject")}<input dir="auto" maxLength={500} value={subject} onInput={(event) => setSubject(event.currentTarget.value)} /></label>
      <label>{t("tickets.type")}
        <select value={type} onChange={(event) => setType(event.currentTarget.value)}>
          <option value="">–</option>
          {types.map((each) => <option key={each} value={each}>{typeName(each, t)}</option>)}
        </select>
      </label>
      {said.length > 0 && (
        <fieldset>
          <legend>{t("ticket.split_lines")}</legend>
          {said.map(({ n, body }) => (
            <label key={n} class="choice">
              <input type="checkbox" checked={lines.includes(n)} onChange={() => setLines(toggled(lines, n))} />
              <span dir="auto">{words(body).slice(0, LINE_CHARS)}</span>
            </label>
          ))}
        </fieldset>
      )}
      {conversations.length > 1 && (
        <fieldset>
          <legend>{t("ticket.split_conversations")}</legend>
          {conversations.slice(1).map((each, index) => (
            <label key={each} class="choice">
              <input type="checkbox" checked={moved.includes(each)} onChange={() => setMoved(toggled(moved, each))} />
              {t("tickets.conversation", { n: index + 2 })}
            </label>
          ))}
        </fieldset>
      )}
      <button disabled={subject.trim() === "" || type === ""}>{t("ticket.split_do")}</button>
    </form>
  );
}

const toggled = <T,>(all: readonly T[], one: T): readonly T[] => (all.includes(one) ? all.filter((each) => each !== one) : [...all, one]);
