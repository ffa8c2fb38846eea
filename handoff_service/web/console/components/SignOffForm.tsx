import { useState } from "preact/hooks";
import { fromLocalInput, localInput } from "../aside";
import { FormDialog } from "./Modal";
import { useWorkplace } from "./workplace";

const FATES = ["requeue", "transfer", "keep"] as const;
type Fate = (typeof FATES)[number];
const NIGHT_MS = 12 * 3_600_000;

/** Who goes, out of the house (`leaves`) or offline only, says what becomes of the conversations that he leaves open. */
export function SignOffForm({ leaves }: { leaves: boolean }) {
  const { state, verbs } = useWorkplace();
  const t = state.t.value;
  const { mine, aside } = state.desk.value.lists;
  const [fate, setFate] = useState<Fate>("requeue");
  const [colleague, setColleague] = useState("");
  const [back, setBack] = useState(() => localInput(new Date(state.now.value + NIGHT_MS)));
  const there = state.desk.value.agents.filter((agent) => agent.id !== state.me.value.agent.id && agent.status !== "offline");
  const run = async (): Promise<string | boolean> => {
    if (fate === "transfer" && colleague === "") return t("transfer.nobody");
    const at = fate === "keep" ? fromLocalInput(back) : null;
    if (fate === "keep" && at === null) return t("aside.in_the_past");
    return verbs.signOff({
      conversations: fate, ...(fate === "transfer" && { to_agent: colleague }), ...(at !== null && { back_at: at.toISOString() }),
    }, { leaves });
  };
  const count = mine.length + aside.length;
  return (
    <FormDialog name="sign-off" title={t(leaves ? "sign_off.title" : "sign_off.offline", { count })} submit={t(leaves ? "sign_out" : "sign_off.go_offline")} run={run}>
      <fieldset class="choices">
        <legend>{t("sign_off.what")}</legend>
        {FATES.map((each, index) => (
          <label key={each} class="choice">
            <input type="radio" name="fate" data-first={index === 0 ? true : undefined} checked={fate === each} onChange={() => setFate(each)} />
            {t(`sign_off.${each}`)}
          </label>
        ))}
      </fieldset>
      {fate === "transfer" && (
        <div class="field">
          <label for="sign-off-to">{t("transfer.agents")}</label>
          <select id="sign-off-to" value={colleague} onChange={(event) => setColleague(event.currentTarget.value)}>
            <option value="">–</option>
            {there.map(({ id, name }) => <option key={id} value={id}>{name}</option>)}
          </select>
        </div>
      )}
      {fate === "keep" && (
        <div class="field">
          <label for="sign-off-back">{t("sign_off.back")}</label>
          <input id="sign-off-back" type="datetime-local" value={back} onInput={(event) => setBack(event.currentTarget.value)} />
        </div>
      )}
    </FormDialog>
  );
}
