import css from "../../styles/attached.css?inline";
import type { Upload } from "../../uploads";
import { useChat } from "../context";
import { dress } from "../dress";
import { CloseIcon } from "../icons";
import { FileIcon, RetryIcon } from "./icons";
import { Picture } from "./picture";

dress(css);

/** Files that wait for Send: what each is, how far it is, and a way out. */
export function Tray() {
  const chat = useChat();
  return (
    <>
      <ul class="tray" aria-label={chat.t("attached")}>
        {chat.uploads.all.value.map((upload) => <Item key={upload.key} upload={upload} />)}
      </ul>
      {chat.uploads.tooMany.value !== null && <p class="problem" role="alert">{chat.t("filesTooMany", { count: chat.uploads.tooMany.value })}</p>}
    </>
  );
}

function Item({ upload }: { upload: Upload }) {
  const { t, uploads } = useChat();
  const { name, state, content } = upload;
  const isPicture = content !== null && content.type.startsWith("image/");
  return (
    <li class={`waiting-file ${state}`}>
      {isPicture ? <Picture load={() => Promise.resolve(content)} name={name} small /> : <span class="file-mark"><FileIcon size={20} /></span>}
      <span class="file-text">
        <bdi class="file-name">{name}</bdi>
        <span class={state === "failed" ? "file-state problem" : "file-state"} role="status">{stateText(upload, t)}</span>
        {state === "uploading" && <progress max={1} value={upload.share} aria-label={name} />}
      </span>
      {state === "failed" && content !== null && upload.code !== "too_large" && upload.code !== "invalid" && (
        <button type="button" class="tool" aria-label={t("fileRetry", { name })} onClick={() => uploads.retry(upload.key)}><RetryIcon size={18} /></button>
      )}
      <button type="button" class="tool" aria-label={t("fileRemove", { name })} onClick={() => uploads.remove(upload.key)}><CloseIcon size={18} /></button>
    </li>
  );
}

function stateText({ state, share, code }: Upload, t: ReturnType<typeof useChat>["t"]): string {
  if (state === "uploading") return t("fileUploading", { percent: Math.round(share * 100) });
  if (state === "ready") return t("fileReady");
  return t(code === "too_large" ? "fileTooLarge" : code === "invalid" ? "fileWrongType" : "fileFailed");
}
