import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useWorkplace } from "./workplace";

/** A modal window; Escape and a click beside it (begun there: not a selection that ends there) close it, the focus goes back to where it was. */
export function Modal({ name, label, children }: { name: string; label: string; children: ComponentChildren }) {
  const { state } = useWorkplace();
  const dialog = useRef<HTMLDialogElement>(null);
  const pressed = useRef<EventTarget | null>(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    dialog.current?.querySelector<HTMLElement>("[data-first]")?.focus();
    return () => {
      if (before instanceof HTMLElement && !state.focusWanted.peek()) before.focus();
    };
  }, []);
  const close = (): void => {
    state.dialog.value = null;
  };
  return (
    <dialog ref={dialog} class={`modal modal-${name}`} aria-label={label} onClose={close}
      onPointerDown={(event) => (pressed.current = event.target)}
      onClick={(event) => event.target === dialog.current && pressed.current === dialog.current && close()}>
      {children}
    </dialog>
  );
}

interface FormProps {
  readonly name: string;
  readonly title: string;
  readonly submit: string;
  readonly children: ComponentChildren;
  /** Returns what is missing, or whether it was done. */
  readonly run: () => Promise<string | boolean>;
}

export function FormDialog({ name, title, submit, children, run }: FormProps) {
  const { state } = useWorkplace();
  const [error, setError] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const submitted = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    const result = await run();
    setBusy(false);
    if (result === true) state.dialog.value = null;
    else setError(typeof result === "string" ? result : null);
  };
  return (
    <Modal name={name} label={title}>
      <form onSubmit={submitted}>
        <h2>{title}</h2>
        {children}
        <p class="form-error" role="alert">{error}</p>
        <footer>
          <button type="button" onClick={() => (state.dialog.value = null)}>{state.t.value("dialog.cancel")}</button>
          <button class="primary" disabled={busy}>{submit}</button>
        </footer>
      </form>
    </Modal>
  );
}

export function NoteField({ label, value, onValue }: { label: string; value: string; onValue: (value: string) => void }) {
  return (
    <div class="field">
      <label for="dialog-note">{label}</label>
      <textarea id="dialog-note" class="note-input" rows={3} maxLength={2000} value={value}
        onInput={(event) => onValue(event.currentTarget.value)} />
    </div>
  );
}
