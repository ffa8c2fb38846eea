import { useState } from "preact/hooks";
import { fromLocalInput, laters, localInput } from "../aside";
import { FormDialog } from "./Modal";
import { useWorkplace } from "./workplace";

/** Until when the open conversation is out of the way. */
export function AsideForm() {
  const { state, verbs } = useWorkplace();
  const t = state.t.value;
  const [offered] = useState(() => laters(new Date(state.now.value)));
  const [typed, setTyped] = useState(() => localInput(offered[0]?.at ?? new Date(state.now.value)));
  const run = async (): Promise<string | boolean> => {
    const until = fromLocalInput(typed);
    return until === null || until.getTime() <= state.now.value ? t("aside.in_the_past") : verbs.putAside(until);
  };
  return (
    <FormDialog name="aside" title={t("aside.title")} submit={t("aside.submit")} run={run}>
      <p>{t("aside.lead")}</p>
      <fieldset class="choices">
        <legend>{t("aside.until")}</legend>
        {offered.map(({ id, at }, index) => (
          <label key={id} class="choice">
            <input type="radio" name="later" data-first={index === 0 ? true : undefined} checked={typed === localInput(at)}
              onChange={() => setTyped(localInput(at))} />
            {t(`aside.${id}`)}
          </label>
        ))}
      </fieldset>
      <div class="field">
        <label for="aside-until">{t("aside.exactly")}</label>
        <input id="aside-until" type="datetime-local" value={typed} onInput={(event) => setTyped(event.currentTarget.value)} />
      </div>
    </FormDialog>
  );
}
