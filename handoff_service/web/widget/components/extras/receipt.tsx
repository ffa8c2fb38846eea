import { useEffect, useState } from "preact/hooks";
import { dayTime } from "../../../shared/time";
import { unanswered } from "../../api";
import type { Key } from "../../texts/catalogue";
import { useChat } from "../context";

interface Stage {
  readonly stage: string;
  readonly at: string;
  /** The agent, where the customer knows him. */
  readonly by: string;
}
interface Shown {
  readonly next: { readonly text: string; readonly deadline: string | null };
  readonly handoffs: readonly { readonly stages: readonly Stage[] }[];
}
const STAGES: Readonly<Record<string, Key>> = {
  requested: "stageRequested", queued: "stageQueued", accepted: "stageAccepted", first_reply: "stageFirstReply", closed: "stageClosed",
};
const SOONEST_MS = 15_000;
const LATEST_MS = 600_000;

/** How far the request has come, and what happens next by when; asked again when that moment has passed. */
export function Receipt() {
  const chat = useChat();
  const { t } = chat;
  const conv = chat.conv.value;
  const epoch = chat.status.value?.epoch;
  const [shown, setShown] = useState<Shown | "loading" | "failed">("loading");
  const [times, setTimes] = useState(0);
  useEffect(() => {
    if (conv === null) return;
    let left = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const again = (): void => setTimes(times + 1);
    void chat.api.call<Shown>("GET", `/v1/conversations/${encodeURIComponent(conv)}/receipt`).catch(unanswered).then((found) => {
      if (left) return;
      setShown(found ?? "failed");
      if (found?.next.deadline == null) return;
      const rest = Date.parse(found.next.deadline) - Date.now() + 1_000;
      timer = setTimeout(again, Math.min(LATEST_MS, Math.max(SOONEST_MS, rest || 0)));
    });
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [conv, epoch, times]);
  if (shown === "loading") return <p class="quiet">{t("loading")}</p>;
  if (shown === "failed") {
    return (
      <div class="actions">
        <p class="problem" role="alert">{t("actionFailed")}</p>
        <button type="button" class="button plain-button" onClick={() => setTimes(times + 1)}>{t("retry")}</button>
      </div>
    );
  }
  const { next, handoffs } = shown;
  // The sentence of a message that was left names its time itself.
  const due = chat.owner.value?.kind === "mailbox" ? null : next.deadline;
  return (
    <>
      <ol class="stages">
        {(handoffs.at(-1)?.stages ?? []).map(({ stage, at, by }) => {
          const key = STAGES[stage];
          return (
            <li key={stage}>
              <span>{key === undefined ? stage : t(key, { name: by || t("agentUnnamed") })}</span>
              <time dateTime={at}>{dayTime(at, chat.locale.value)}</time>
            </li>
          );
        })}
      </ol>
      <p dir="auto">{next.text}</p>
      {due !== null && <p class="quiet">{t("receiptBy", { due: dayTime(due, chat.locale.value) })}</p>}
    </>
  );
}
