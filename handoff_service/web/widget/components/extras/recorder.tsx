import { useEffect, useRef, useState } from "preact/hooks";
import css from "../../styles/writing.css?inline";
import { useChat } from "../context";
import { dress } from "../dress";
import { CheckIcon, CloseIcon } from "../icons";

dress(css);

const MOST_S = 120;
/** Of less, browsers make a file without sound, or an empty one. */
const LEAST_S = 1;
/** What browsers can record, the most widely played first. */
const TYPES = ["audio/mp4", "audio/webm;codecs=opus", "audio/ogg;codecs=opus"];
const ENDINGS: Record<string, string> = { "audio/mp4": "m4a", "audio/webm": "webm", "audio/ogg": "ogg" };

const HINT = "record-short";

/** Records a voice note that then waits with the other files. Closing it throws the recording away. */
export function Recorder({ close }: { close: () => void }) {
  const chat = useChat();
  const { t } = chat;
  const [seconds, setSeconds] = useState(0);
  const [denied, setDenied] = useState(false);
  const recording = useRef<Recording | null>(null);
  const here = useRef<HTMLButtonElement>(null);
  const short = seconds < LEAST_S;

  useEffect(() => {
    let gone = false;
    let timer: ReturnType<typeof setInterval> | undefined;
    startRecording().then(
      (started) => {
        if (gone) return started.stop();
        recording.current = started;
        timer = setInterval(() => setSeconds((before) => before + 1), 1000);
      },
      () => setDenied(true),
    );
    return () => {
      gone = true;
      clearInterval(timer);
      recording.current?.stop();
    };
  }, []);
  // What was pressed has gone: the keyboard goes on here.
  useEffect(() => here.current?.focus(), [denied]);
  const finish = async () => {
    const started = recording.current;
    recording.current = null; // asked for once, however often it is pressed
    const file = await started?.finish();
    if (file) chat.uploads.add([file]);
    close();
  };
  useEffect(() => {
    if (seconds >= MOST_S) void finish();
  }, [seconds]);
  return (
    <div class="write recorder">
      <button ref={denied ? here : null} type="button" class="tool" aria-label={t("cancel")} onClick={close}><CloseIcon /></button>
      {denied ? <p class="problem" role="alert">{t("recordDenied")}</p> : <p class="recording" role="timer"><span class="dot" aria-hidden="true" />{t("recording", { time: clock(seconds) })}</p>}
      {/* Not `disabled`: what cannot be reached by the keyboard cannot say why. */}
      {!denied && (
        <button
          ref={here} type="button" class="send" aria-label={t("recordSend")} title={t(short ? "recordShort" : "recordSend")}
          aria-disabled={short} aria-describedby={short ? HINT : undefined} onClick={() => !short && void finish()}
        ><CheckIcon /></button>
      )}
      <span id={HINT} hidden>{t("recordShort")}</span>
    </div>
  );
}

interface Recording {
  finish(): Promise<File>;
  stop(): void;
}

/** Rejects when there is no microphone, or it may not be used. */
async function startRecording(): Promise<Recording> {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  const type = TYPES.find((one) => MediaRecorder.isTypeSupported(one));
  const recorder = new MediaRecorder(stream, type === undefined ? {} : { mimeType: type });
  const parts: Blob[] = [];
  recorder.ondataavailable = ({ data }) => void parts.push(data);
  const release = () => {
    for (const track of stream.getTracks()) track.stop();
  };
  // It also ends by itself, when the microphone is pulled out.
  const ended = new Promise<unknown>((done) => (recorder.onstop = done));
  const end = () => {
    if (recorder.state !== "inactive") recorder.stop();
  };
  recorder.start();
  return {
    stop: () => {
      end();
      release();
    },
    finish: async () => {
      end();
      await ended;
      release();
      const plain = recorder.mimeType.split(";")[0] ?? "audio/webm";
      return new File(parts, `voice.${ENDINGS[plain] ?? "webm"}`, { type: plain });
    },
  };
}

function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}
