import type { FeedbackBody } from "../../../shared/protocol";
import css from "../../styles/reasons.css?inline";
import { useChat } from "../context";
import { dress } from "../dress";

dress(css);

const REASONS = ["whyWrong", "whyOther", "whyUnclear", "whyOld"] as const;

/** Why it did not help, in one tap; who does not say it loses nothing. */
export function Reasons({ seq }: { seq: number }) {
  const chat = useChat();
  const { t } = chat;
  const tell = (comment: string) => void chat.act("feedback", { seq, value: "down" satisfies FeedbackBody["value"], comment });
  return (
    <span class="reasons" role="group" aria-label={t("whyNot")}>
      <span class="why">{t("whyNot")}</span>
      {REASONS.map((key) => <button key={key} type="button" class="reason" onClick={() => tell(t(key))}>{t(key)}</button>)}
    </span>
  );
}
