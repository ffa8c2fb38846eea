import { useState } from "preact/hooks";
import { handTypes } from "../../tickets";
import { FormDialog } from "../Modal";
import { useWorkplace } from "../workplace";
import { typeName } from "./TicketsPage";

/** A ticket of the open conversation, by hand. */
export function TicketForm() {
  const { state, session, tickets } = useWorkplace();
  const t = state.t.value;
  const types = handTypes(state.me.value.tenant.ticket_types ?? []);
  const [subject, setSubject] = useState("");
  const [type, setType] = useState("");
  const [conversation] = useState(state.current.peek());
  const run = async (): Promise<string | boolean> => {
    if (subject.trim() === "" || type === "") return t("ticket.subject_missing");
    const done = await tickets.create(subject.trim(), type, conversation);
    if (done) session.notify("good", t("ticket.made"));
    return done;
  };
  return (
    <FormDialog name="ticket" title={t("ticket.make")} submit={t("ticket.make")} run={run}>
      <p>{t("ticket.make_lead")}</p>
      <div class="field">
        <label for="ticket-subject">{t("ticket.subject")}</label>
        <input id="ticket-subject" data-first maxLength={500} value={subject} onInput={(event) => setSubject(event.currentTarget.value)} />
      </div>
      <div class="field">
        <label for="ticket-type">{t("tickets.type")}</label>
        <select id="ticket-type" value={type} onChange={(event) => setType(event.currentTarget.value)}>
          <option value="">–</option>
          {types.map((each) => <option key={each} value={each}>{typeName(each, t)}</option>)}
        </select>
      </div>
    </FormDialog>
  );
}
