import { useState } from "preact/hooks";
import { FormDialog, NoteField } from "./Modal";
import { useWorkplace } from "./workplace";

interface Receiver {
  readonly to: { agent: string } | { queue: string };
  readonly name: string;
}

/** Colleagues who can take one more come first; the offline ones are shown but cannot be chosen. */
export function TransferForm() {
  const { state, verbs } = useWorkplace();
  const t = state.t.value;
  const [receiver, setReceiver] = useState<Receiver | null>(null);
  const [note, setNote] = useState("");
  const me = state.me.value;
  const colleagues = (state.desk.value.agents.length > 0 ? state.desk.value.agents : me.colleagues)
    .filter(({ id, answers }) => id !== me.agent.id && answers !== false)
    .toSorted((one, other) => rank(one) - rank(other));
  const run = async (): Promise<string | boolean> =>
    receiver === null ? t("transfer.nobody") : verbs.transfer(receiver.to, receiver.name, note);
  return (
    <FormDialog name="transfer" title={t("transfer.title")} submit={t("transfer.submit")} run={run}>
      <fieldset class="choices">
        <legend>{t("transfer.agents")}</legend>
        {colleagues.map(({ id, name, status, open, capacity }, index) => (
          <label key={id} class="choice">
            <input type="radio" name="receiver" disabled={status === "offline" || open >= capacity} data-first={index === 0 ? true : undefined}
              onChange={() => setReceiver({ to: { agent: id }, name })} />
            <span>{name}</span>
            <span class={`status-dot ${status}`}>{t(`presence.${status}`)}</span>
            <span class="load">{t("presence.load", { open, capacity })}</span>
          </label>
        ))}
      </fieldset>
      <fieldset class="choices">
        <legend>{t("transfer.queues")}</legend>
        {me.tenant.queues.map(({ id, name }) => (
          <label key={id} class="choice">
            <input type="radio" name="receiver" onChange={() => setReceiver({ to: { queue: id }, name })} />
            <span>{name}</span>
          </label>
        ))}
      </fieldset>
      <NoteField label={t("transfer.note")} value={note} onValue={setNote} />
    </FormDialog>
  );
}

const rank = ({ status, open, capacity }: { status: string; open: number; capacity: number }): number =>
  status === "offline" ? 2 : status === "away" || open >= capacity ? 1 : 0;
