import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { useChat } from "./context";

interface Props {
  class: string;
  /** Of a button that shows no words. */
  name?: string;
  accept: string;
  multiple?: boolean;
  children: ComponentChildren;
}

/** Opens the system's chooser; what is chosen waits for Send. On a phone its own sheet offers the camera as well. */
export function FilePicker({ class: look, name, accept, multiple = true, children }: Props) {
  const chat = useChat();
  const input = useRef<HTMLInputElement>(null);
  const chosen = () => {
    const element = input.current;
    if (element === null) return;
    chat.uploads.add([...(element.files ?? [])]);
    element.value = ""; // the same file can be chosen again
  };
  return (
    <>
      <button type="button" class={look} aria-label={name} title={name} onClick={() => input.current?.click()}>{children}</button>
      <input ref={input} class="hidden" type="file" multiple={multiple} tabIndex={-1} aria-hidden="true" accept={accept} onChange={chosen} />
    </>
  );
}
