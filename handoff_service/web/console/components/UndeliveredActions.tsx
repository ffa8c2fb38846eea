import type { MessageEntry } from "../../shared/protocol";
import { lostNumbers, lostWords } from "../undelivered";
import { useWorkplace } from "./workplace";

/** What can be done about a message that did not arrive: it goes back into the box, or an approved one is sent. */
export function UndeliveredActions({ entry }: { entry: MessageEntry }) {
  const { state, writing } = useWorkplace();
  const t = state.t.value;
  const conversation = state.current.value;
  const { template } = entry.body;
  const { entries } = state.timeline.value;
  const sent = entries.some((one) => one.kind === "message" && one.seq > entry.seq && one.body.template === template && template !== undefined);
  const words = lostWords(entry.body, entries);
  if (conversation === null || !state.holding.value || (words === "" && template === undefined)) return null;
  return (
    <p class="ticket-line undelivered-actions">
      <span class="seq">{lostNumbers(entry.body)}</span>
      {words !== "" && <button class="small" onClick={() => writing.takeBack(conversation, words)}>{t("undelivered.back")}</button>}
      {template !== undefined && !sent && (
        <button class="small" onClick={() => writing.sendTemplate(conversation, template)}>{t("undelivered.template", { name: template })}</button>
      )}
    </p>
  );
}
