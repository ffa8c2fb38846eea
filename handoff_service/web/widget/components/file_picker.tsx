import type { ComponentChildren, TargetedEvent } from "preact";
import { useRef } from "preact/hooks";
import { useChat } from "./context";

interface Props {
  class: string;
  /** Of a button that shows no words. */
  name?: string;
  /** As a file input's; everything that the gateway takes unless told otherwise. */
  accept?: string;
  children: ComponentChildren;
}

/** Opens the system's chooser; what is chosen waits for Send. On a phone its own sheet offers the camera as well. */
export function FilePicker({ class: look, name, accept = "image/png,image/jpeg,image/gif,image/webp,application/pdf,text/plain", children }: Props) {
  const { uploads } = useChat();
  const input = useRef<HTMLInputElement>(null);
  const chosen = ({ currentTarget }: TargetedEvent<HTMLInputElement>) => {
    uploads.add([...(currentTarget.files ?? [])]);
    currentTarget.value = ""; // the same file can be chosen again
  };
  return (
    <>
      <button type="button" class={look} aria-label={name} title={name} onClick={() => input.current?.click()}>{children}</button>
      <input ref={input} hidden type="file" multiple accept={accept} onChange={chosen} />
    </>
  );
}
