import { useState } from "preact/hooks";
import { mailTranscript } from "../../reach";
import forms from "../../styles/forms.css?inline";
import { useChat } from "../context";
import { dress } from "../dress";
import { useFocus } from "../focus";

dress(forms);

const CODE_DIGITS = 6;

/** The conversation by mail: an address, the code that went there, done. */
export function Letter({ close }: { close: () => void }) {
  const chat = useChat();
  const { t } = chat;
  const [to, setTo] = useState("");
  const [code, setCode] = useState("");
  const [step, setStep] = useState<"address" | "code" | "done">("address");
  const [busy, setBusy] = useState(false);
  const field = useFocus<HTMLInputElement>(step);
  const done = useFocus<HTMLButtonElement>(step);
  const [problem, setProblem] = useState<string | null>(null);

  const ask = async (given: string | null, next: "code" | "done") => {
    setBusy(true);
    setProblem(null);
    const wrong = await mailTranscript(chat, to.trim(), given);
    setBusy(false);
    if (wrong === null) setStep(next);
    else setProblem(t(wrong === "forbidden" ? "mailWrongCode" : wrong === "invalid" ? "mailWrongAddress" : wrong === "rate" ? "mailTooMany" : "actionFailed"));
  };
  const submit = (event: Event) => {
    event.preventDefault();
    void (step === "address" ? ask(null, "code") : ask(code.trim(), "done"));
  };
  if (step === "done") {
    return (
      <div class="ask">
        <p role="status" dir="auto">{t("mailDone", { address: to.trim() })}</p>
        <div class="actions"><button type="button" class="button" ref={done} onClick={close}>{t("close")}</button></div>
      </div>
    );
  }
  return (
    <form class="ask form letter" aria-label={t("mailTranscript")} onSubmit={submit}>
      {step === "address" ? (
        <label>
          {t("mailAddress")}
          <input ref={field} type="email" required dir="ltr" autocomplete="email" maxLength={254} value={to} onInput={(event) => setTo(event.currentTarget.value)} />
        </label>
      ) : (
        <>
          <p role="status" dir="auto">{t("mailCodeSent", { address: to.trim() })}</p>
          <label>
            {t("mailCode")}
            <input
              ref={field} key="code" type="text" required dir="ltr" inputMode="numeric" autocomplete="one-time-code" pattern="[0-9]{6}" maxLength={CODE_DIGITS}
              value={code} onInput={(event) => setCode(event.currentTarget.value)}
            />
          </label>
        </>
      )}
      <div class="actions">
        <button type="submit" class="button" disabled={busy}>{t(step === "address" ? "mailSendCode" : "mailSend")}</button>
        <button type="button" class="button plain-button" onClick={step === "address" ? close : () => { setStep("address"); setCode(""); setProblem(null); }}>{t(step === "address" ? "cancel" : "back")}</button>
      </div>
      {problem !== null && <p class="problem" role="alert">{problem}</p>}
    </form>
  );
}
