import { useEffect, useRef, useState } from "preact/hooks";
import type { FileRef } from "../../shared/protocol";
import { ApiError, filePath } from "../api";
import type { WaitingFile } from "../composer";
import { isPicture } from "../files";
import { cause } from "../problem";
import type { Translate } from "../text";
import { Icon } from "./Icon";
import { useWorkplace } from "./workplace";

/** What was pasted, dropped or refused: each goes out, or away, on a click. */
export function WaitingFiles({ conversation }: { conversation: string }) {
  const { state } = useWorkplace();
  const files = state.waitingFiles.value;
  if (files.length === 0) return null;
  return (
    <ul class="waiting-files" aria-label={state.t.value("files.waiting")}>
      {files.map((file) => <li key={file.key}><Chip conversation={conversation} file={file} /></li>)}
    </ul>
  );
}

function Chip({ conversation, file }: { conversation: string; file: WaitingFile }) {
  const { state, writing } = useWorkplace();
  const away = useRef<HTMLButtonElement>(null);
  const t = state.t.value;
  const { key, name, content } = file;
  const address = useAddress(content !== null && isPicture(content) ? content : null);
  const attaching = state.attaching.value;
  const sending = attaching?.key === key;
  const blocked = attaching !== null || (state.mode.value === "reply" && !state.holding.value);
  const label = t(sending ? "files.stop" : "files.remove", { name });
  const send = async (): Promise<void> => {
    away.current?.focus(); // the button that was pressed can be pressed no more, and this is the next thing to do
    const sent = await writing.sendWaiting(conversation, file);
    // The keyboard goes on in the text, if it was on what goes away now.
    if (sent && [away.current, document.body].includes(document.activeElement as HTMLElement)) state.focusWanted.value = true;
  };
  return (
    <>
      {address !== null && <img src={address} alt="" />}
      <span class="file-name">{name}</span>
      <button class="small primary" disabled={blocked} aria-label={t("files.send", { name })} onClick={() => void send()}>{t("composer.send")}</button>
      <button ref={away} class="icon-button" aria-label={label} title={label}
        onClick={() => (sending ? attaching.stop.abort() : writing.removeFile(conversation, key))}>
        <Icon name="close" />
      </button>
    </>
  );
}

/** A file that came with a message: a picture is shown, anything can be saved. */
export function SentFile({ file }: { file: FileRef }) {
  const { state } = useWorkplace();
  return (
    <div class="sent-file">
      {isPicture(file) && <Picture file={file} />}
      <FileLink file={file} t={state.t.value} />
    </div>
  );
}

export function FileLink({ file: { id, name }, t }: { file: Pick<FileRef, "id" | "name">; t: Translate }) {
  const { api } = useWorkplace();
  return (
    <a class="file-link" href={api.link(filePath(id))} download={name} title={t("files.download", { name })}>
      <Icon name="clip" />
      <span>{name}</span>
    </a>
  );
}

function Picture({ file }: { file: FileRef }) {
  const { api, state } = useWorkplace();
  const [content, setContent] = useState<Blob | ApiError | null>(null);
  useEffect(() => {
    let left = false;
    api.file(file.id).then(
      (blob) => left || setContent(blob),
      (error: unknown) => {
        if (!(error instanceof ApiError)) throw error;
        if (!left) setContent(error);
      },
    );
    return () => {
      left = true;
    };
  }, [file.id]);
  const t = state.t.value;
  const address = useAddress(content instanceof ApiError ? null : content);
  if (content instanceof ApiError) return <p class="hint">{t("files.failed", { message: cause(content, t) })}</p>;
  return address === null ? null : <img class="picture" src={address} alt={file.name} />;
}

/** An address under which this page alone can show the content, as long as it is shown. */
function useAddress(content: Blob | null): string | null {
  const [address, setAddress] = useState<string | null>(null);
  useEffect(() => {
    if (content === null) return setAddress(null);
    const made = URL.createObjectURL(content);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [content]);
  return address;
}
