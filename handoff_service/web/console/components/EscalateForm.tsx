import { useState } from "preact/hooks";
import { FormDialog } from "./Modal";
import { useWorkplace } from "./workplace";

/** To the senior tier, with what they need to know; the customer is told by when he hears from them. */
export function EscalateForm() {
  const { state, verbs } = useWorkplace();
  const t = state.t.value;
  const [reason, setReason] = useState("");
  const run = async (): Promise<string | boolean> =>
    reason.trim() === "" ? t("escalate.reason_missing") : verbs.escalate(reason.trim());
  return (
    <FormDialog name="escalate" title={t("escalate.title")} submit={t("escalate.submit")} run={run}>
      <p>{t("escalate.lead")}</p>
      <div class="field">
        <label for="escalate-reason">{t("escalate.reason")}</label>
        <textarea id="escalate-reason" data-first rows={3} maxLength={500} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
      </div>
    </FormDialog>
  );
}
