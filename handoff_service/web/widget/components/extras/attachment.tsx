import { useEffect, useRef, useState } from "preact/hooks";
import type { FileRef } from "../../../shared/protocol";
import { download } from "../../download";
import css from "../../styles/attached.css?inline";
import { useChat } from "../context";
import { dress } from "../dress";
import { FileIcon, PauseIcon, PlayIcon } from "./icons";
import { Picture } from "./picture";

dress(css);

/** A file of a message: a picture is shown, a voice note can be heard, everything can be saved. */
export function Attachment({ file }: { file: FileRef }) {
  const chat = useChat();
  const [failed, setFailed] = useState(false);
  const load = () => chat.file(file.id);
  const save = () => {
    setFailed(false);
    void load().then((content) => download(file.name, content)).catch(() => setFailed(true));
  };
  if (file.type.startsWith("audio/")) return <Voice load={load} />;
  return (
    <>
      <button type="button" class={file.type.startsWith("image/") ? "attachment picture-button" : "attachment"} aria-label={chat.t("fileSave", { name: file.name })} onClick={save}>
        {file.type.startsWith("image/") ? <Picture load={load} name={file.name} /> : <><FileIcon size={20} /><bdi>{file.name}</bdi><span class="file-size">{size(file.size, chat.locale.value)}</span></>}
      </button>
      {failed && <p class="problem" role="alert">{chat.t("actionFailed")}</p>}
    </>
  );
}

function size(bytes: number, locale: string): string {
  const [value, unit] = bytes < 1024 * 1024 ? [Math.max(1, Math.round(bytes / 1024)), "kilobyte"] : [Math.round(bytes / 104_857.6) / 10, "megabyte"];
  return new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "short" }).format(value);
}

/** Played by Web Audio, which no page's `media-src` forbids. */
function Voice({ load }: { load: () => Promise<Blob> }) {
  const { t } = useChat();
  const [state, setState] = useState<"still" | "playing" | "failed">("still");
  const playing = useRef<{ context: AudioContext } | null>(null);
  const stop = () => {
    void playing.current?.context.close();
    playing.current = null;
    setState("still");
  };
  useEffect(() => stop, []);
  const play = async () => {
    const context = new AudioContext();
    playing.current = { context };
    setState("playing");
    try {
      const sound = await context.decodeAudioData(await (await load()).arrayBuffer());
      const source = context.createBufferSource();
      source.buffer = sound;
      source.connect(context.destination);
      source.onended = stop;
      source.start();
    } catch {
      stop();
      setState("failed");
    }
  };
  return (
    <button type="button" class="attachment" aria-label={t(state === "playing" ? "pause" : "play")} onClick={() => (state === "playing" ? stop() : void play())}>
      {state === "playing" ? <PauseIcon size={20} /> : <PlayIcon size={20} />}
      {t(state === "failed" ? "fileUnseen" : "voiceNote")}
    </button>
  );
}
