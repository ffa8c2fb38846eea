import type { Signal } from "@preact/signals";
import { useState } from "preact/hooks";
import { placesOf } from "../../focus";
import { useWorkplace } from "../workplace";

interface Props {
  readonly words: string;
  readonly secret: string;
  /** What is emptied when it was noted. */
  readonly of: Signal<unknown>;
}

/** A secret that nobody sees again, to be copied; `words` say whose it is, and are all of it that is read aloud. */
export function ShownOnce({ words, secret, of }: Props) {
  const t = useWorkplace().state.t.value;
  const [copied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    // Refused by the browser: it can still be marked and copied by hand.
    await navigator.clipboard.writeText(secret).then(() => setCopied(true), () => setCopied(false));
  };
  const noted = ({ currentTarget }: { currentTarget: Element }): void => {
    const goOn = placesOf(currentTarget);
    of.value = null;
    goOn();
  };
  return (
    <div class="drawn" role="group" aria-label={words}>
      <p role="alert">{words}</p>
      <p class="ticket-line">
        <code class="secret">{secret}</code>
        {"clipboard" in navigator && <button class="small" onClick={() => void copy()}>{t(copied ? "integrations.copied" : "integrations.copy")}</button>}
        <button class="small" onClick={noted}>{t("people.noted")}</button>
      </p>
    </div>
  );
}
