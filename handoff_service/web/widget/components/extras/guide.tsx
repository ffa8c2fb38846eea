import { useState } from "preact/hooks";
import { inlineMarkdown } from "../../../shared/markdown";
import css from "../../styles/guide.css?inline";
import { useChat } from "../context";
import { dress } from "../dress";

dress(css);

/** The steps of an answer one at a time, and at the end whether it worked. */
export function Guide({ seq, steps, close }: { seq: number; steps: readonly string[]; close: () => void }) {
  const chat = useChat();
  const { t } = chat;
  const [step, setStep] = useState(0);
  const [worked, setWorked] = useState<boolean | null>(null);
  const end = step === steps.length;
  const tell = (value: boolean) => {
    setWorked(value);
    void chat.act("feedback", { seq, value: value ? "up" : "down" });
  };
  if (worked !== null) {
    return (
      <div class="guide">
        <p role="status">{t(worked ? "gladItWorked" : "stillHere")}</p>
        {!worked && <div class="actions"><button type="button" class="button plain-button" onClick={() => void chat.askHuman()}>{t("talkToPerson")}</button></div>}
      </div>
    );
  }
  return (
    <div class="guide" role="group" aria-label={t("steps")}>
      <div role="status">
        {end ? <p>{t("didItWork")}</p> : (
          <>
            <p class="step-count">{t("stepOf", { step: step + 1, count: steps.length })}</p>
            <p dir="auto">{inlineMarkdown(steps[step] ?? "")}</p>
          </>
        )}
      </div>
      <div class="actions">
        {end ? (
          <>
            <button type="button" class="button" onClick={() => tell(true)}>{t("itWorked")}</button>
            <button type="button" class="button plain-button" onClick={() => tell(false)}>{t("itDidNot")}</button>
          </>
        ) : (
          <>
            <button type="button" class="button" onClick={() => setStep(step + 1)}>{t("stepNext")}</button>
            <button type="button" class="button plain-button" onClick={() => (step === 0 ? close() : setStep(step - 1))}>{t(step === 0 ? "stepsClose" : "stepBack")}</button>
          </>
        )}
      </div>
    </div>
  );
}
