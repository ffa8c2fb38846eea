import { useState } from "preact/hooks";
import { onEscape, placesOf, useFocused, useReturning } from "../../focus";
import { useWorkplace } from "../workplace";

interface Props {
  readonly label: string;
  readonly question: string;
  readonly yes: string;
  readonly run: () => Promise<unknown>;
}

/** A button that asks once more before it does what cannot be undone. */
export function SureButton(props: Props) {
  const [asking, setAsking] = useState(false);
  const button = useReturning<HTMLButtonElement>(asking);
  if (asking) return <Sure {...props} done={() => setAsking(false)} />;
  return <button ref={button} type="button" class="small danger" onClick={() => setAsking(true)}>{props.label}</button>;
}

function Sure({ question, yes, run, done }: Props & { done: () => void }) {
  const t = useWorkplace().state.t.value;
  const stay = useFocused<HTMLButtonElement>();
  const [busy, setBusy] = useState(false);
  const confirmed = async (): Promise<void> => {
    const goOn = placesOf(stay.current);
    setBusy(true);
    await run();
    done();
    goOn();
  };
  const cancel = (): void => {
    if (!busy) done();
  };
  return (
    <p class="sure" role="alertdialog" aria-label={question} onKeyDown={onEscape(cancel)}>
      <span>{question}</span>
      <button type="button" class="small danger" disabled={busy} onClick={() => void confirmed()}>{yes}</button>
      <button ref={stay} type="button" class="small" onClick={cancel}>{t("dialog.cancel")}</button>
    </p>
  );
}
