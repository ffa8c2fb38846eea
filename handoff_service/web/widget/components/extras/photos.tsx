import { useRef } from "preact/hooks";
import type { MessageEntry } from "../../../shared/protocol";
import { Photos, type Slot } from "../../photos";
import attached from "../../styles/attached.css?inline";
import css from "../../styles/photos.css?inline";
import { useChat } from "../context";
import { dress } from "../dress";
import { CheckIcon } from "../icons";
import { CameraIcon, RetryIcon } from "./icons";
import { Picture } from "./picture";

dress(attached);
dress(css);

/** The photos that an agent asks for, one place each; the camera or a file fills it. */
export function PhotoCard({ conv, entry }: { conv: string; entry: MessageEntry }) {
  const chat = useChat();
  const { t } = chat;
  const photos = (chat.photos ??= new Photos(chat));
  const slots = photos.slots(conv, entry);
  const there = slots.filter(({ state }) => state === "there").length;
  const complete = there === slots.length;
  return (
    <section class={complete ? "photos complete" : "photos"} aria-label={t("photosTitle")}>
      <p class="photos-count" role="status">
        {complete && <CheckIcon size={16} />}
        {complete ? t("photosComplete") : t("photosCount", { there, count: slots.length })}
      </p>
      <ul>
        {slots.map((slot) => (
          <Place key={slot.index} slot={slot} may={chat.conv.value === conv} bring={(file) => void photos.bring(conv, entry.seq, slot.index, slot.name, file)} />
        ))}
      </ul>
    </section>
  );
}

function Place({ slot, may, bring }: { slot: Slot; may: boolean; bring: (file: File) => void }) {
  const chat = useChat();
  const { t } = chat;
  const input = useRef<HTMLInputElement>(null);
  const { name, state, file } = slot;
  const chosen = () => {
    const element = input.current;
    const [picture] = element?.files ?? [];
    if (element === null || picture === undefined) return;
    element.value = ""; // the same picture can be chosen again
    bring(picture);
  };
  const underWay = state === "uploading" || state === "sending";
  return (
    <li class={`photo-place ${state}`}>
      {file !== null ? <Picture key={file.id} load={() => chat.file(file.id)} name={name} small /> : <span class="file-mark"><CameraIcon size={20} /></span>}
      <span class="file-text">
        <bdi class="file-name">{name}</bdi>
        <span class={state === "failed" ? "file-state problem" : "file-state"} role="status">{stateText(slot, t)}</span>
        {state === "uploading" && <progress max={1} value={slot.share} aria-label={name} />}
      </span>
      {may && !underWay && (
        <button type="button" class="tool" aria-label={t(file === null ? "photoTake" : "photoReplace", { name })} title={t(file === null ? "photoTake" : "photoReplace", { name })} onClick={() => input.current?.click()}>
          {file === null ? <CameraIcon /> : <RetryIcon size={18} />}
        </button>
      )}
      <input ref={input} class="hidden" type="file" tabIndex={-1} aria-hidden="true" accept="image/png,image/jpeg,image/gif,image/webp" onChange={chosen} />
    </li>
  );
}

function stateText({ state, share }: Slot, t: ReturnType<typeof useChat>["t"]): string {
  switch (state) {
    case "missing":
      return t("photoMissing");
    case "uploading":
      return t("fileUploading", { percent: Math.round(share * 100) });
    case "sending":
      return t("sending");
    case "failed":
      return t("fileFailed");
    case "there":
      return t("photoThere");
  }
}
