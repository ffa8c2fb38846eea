import type { ComponentChildren, TargetedEvent } from "preact";
import { useRef } from "preact/hooks";
import type { UploadMark } from "../../shared/protocol";
import { useChat } from "./context";

const TAKEN = "image/png,image/jpeg,image/gif,image/webp,application/pdf,text/plain";

interface Props {
  class: string;
  /** Of a button that shows no words. */
  name?: string;
  /** What the bot asks for; everything that the gateway takes otherwise. */
  asked?: UploadMark;
  children: ComponentChildren;
}

/** Opens the system's chooser; what is chosen waits for Send. On a phone its own sheet offers the camera as well. */
export function FilePicker({ class: look, name, asked, children }: Props) {
  const { uploads } = useChat();
  const input = useRef<HTMLInputElement>(null);
  const chosen = ({ currentTarget }: TargetedEvent<HTMLInputElement>) => {
    uploads.add(currentTarget.files ?? [], asked);
    currentTarget.value = ""; // the same file can be chosen again
  };
  return (
    <>
      <button type="button" class={look} aria-label={name} title={name} onClick={() => input.current?.click()}>{children}</button>
      <input ref={input} hidden type="file" multiple={asked?.most !== 1} accept={asked?.accept ?? TAKEN} onChange={chosen} />
    </>
  );
}
