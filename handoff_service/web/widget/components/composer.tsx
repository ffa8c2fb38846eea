import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { composes } from "../../shared/keys";
import { useChat } from "./context";
import { FilePicker } from "./file_picker";
import { ClipIcon, MicIcon, PersonIcon, SendIcon, SmileIcon } from "./icons";
import { lazy } from "./lazy";

const LIMIT = 8000;
const COUNT_FROM = LIMIT - 500;

const Tray = lazy(() => import("./extras/tray").then((file) => file.Tray));
const Emoji = lazy(() => import("./extras/emoji").then((file) => file.Emoji));
const Recorder = lazy(() => import("./extras/recorder").then((file) => file.Recorder));
const Suggested = lazy(() => import("./extras/articles").then((file) => file.Suggested));

/** Where the customer writes. What stands here survives a reload; Enter sends, Shift+Enter breaks the line. */
export function Composer({ autofocus }: { autofocus: boolean }) {
  const chat = useChat();
  const { t, uploads } = chat;
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(chat.written.text);
  const [extra, setExtra] = useState<"emoji" | "recorder" | null>(null);
  const left = LIMIT - [...text].length;
  const files = uploads.all.value.length > 0;
  const readyWith = (words: string) =>
    (uploads.ready.value || (!files && words.trim() !== "")) && [...words].length <= LIMIT && chat.session.value !== null;
  const ready = readyWith(text);
  const kind = chat.owner.value?.kind ?? "bot";
  const fresh = chat.fresh.value && chat.config?.help === true;

  // Stars are asked for first: what the agent has said is not to be crowded out.
  const rating = chat.status.value?.rate === true && !chat.rated.value;

  useEffect(() => {
    if (autofocus) field.current?.focus({ preventScroll: true });
  }, []);
  useEffect(() => {
    if (!fresh) chat.help.clear();
    else chat.help.look(text);
  }, [fresh]);
  useLayoutEffect(() => {
    const element = field.current;
    if (element === null) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [text]);

  // Sent before support could be reached: it goes out as soon as that is so, unless it is written on.
  const early = useRef(false);
  useEffect(() => {
    if (early.current && chat.session.value !== null) send();
  }, [chat.session.value]);

  const change = (value: string) => {
    early.current = false;
    setText(value);
    chat.written.text = value;
    if (fresh) chat.help.look(value);
  };
  const send = () => {
    const words = chat.written.text; // the text of the last drawing may be older: keys are quicker than drawings
    early.current = chat.session.value === null;
    if (!readyWith(words)) return;
    chat.sendText(words.trim());
    change("");
    setExtra(null);
    field.current?.focus();
  };
  const keyDown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || event.shiftKey || composes(event)) return;
    event.preventDefault();
    send();
  };
  const paste = (event: ClipboardEvent) => {
    const pasted = [...(event.clipboardData?.files ?? [])];
    if (pasted.length === 0) return;
    event.preventDefault();
    uploads.add(pasted);
  };
  const insert = (emoji: string) => {
    const element = field.current;
    const [from, to] = [element?.selectionStart ?? text.length, element?.selectionEnd ?? text.length];
    change(text.slice(0, from) + emoji + text.slice(to));
    element?.focus();
  };
  const recordable = text.trim() === "" && !files && chat.config?.voice === true && mayRecord();
  return (
    <form class="composer" onSubmit={(event) => { event.preventDefault(); send(); }}>
      {fresh && !(rating && text === "") && chat.help.hits.value.length > 0 && <Suggested />}
      {(kind === "bot" || kind === "closed") && (
        <div class="shortcuts">
          <button
            type="button" class="shortcut" disabled={chat.busy.value === "ask-human" || chat.session.value === null}
            onClick={() => void chat.askHuman()}
          >
            <PersonIcon size={17} />{t("talkToPerson")}
          </button>
          {chat.hasOrders && <button type="button" class="shortcut" onClick={() => (chat.orders.value = true)}>{t("orders")}</button>}
          {chat.actionError.value === "ask-human" && <span class="problem" role="alert">{t("actionFailed")}</span>}
        </div>
      )}
      {files && <Tray />}
      {extra === "emoji" && <Emoji choose={insert} />}
      {extra === "recorder" ? <Recorder close={() => setExtra(null)} /> : (
        <div class="write">
          <FilePicker class="tool" name={t("attach")}><ClipIcon /></FilePicker>
          <textarea
            ref={field} rows={1} dir="auto" value={text} aria-label={t("composer")} enterkeyhint="send"
            placeholder={t(kind === "closed" ? "composerClosed" : "composerHint")}
            onInput={(event) => { change(event.currentTarget.value); chat.typed(); }} onKeyDown={keyDown} onPaste={paste}
          />
          <button
            type="button" class="tool emoji-button" aria-label={t("emoji")} title={t("emoji")} aria-expanded={extra === "emoji"}
            onClick={() => setExtra(extra === "emoji" ? null : "emoji")}
          >
            <SmileIcon />
          </button>
          {recordable ? (
            <button type="button" class="tool" aria-label={t("record")} title={t("record")} onClick={() => setExtra("recorder")}><MicIcon /></button>
          ) : (
            <button type="submit" class="send" disabled={!ready} aria-label={t("send")}><SendIcon /></button>
          )}
        </div>
      )}
      {left <= LIMIT - COUNT_FROM && (
        <p class={left < 0 ? "count problem" : "count"} role="status">
          {left < 0 ? t("charactersOver", { count: -left }) : t("charactersLeft", { count: left })}
        </p>
      )}
    </form>
  );
}

/** Whether this browser can record, and the page's own policy lets it (only Chromium can tell beforehand). */
function mayRecord(): boolean {
  const policy = (document as { featurePolicy?: { allowsFeature(name: string): boolean } }).featurePolicy;
  return typeof MediaRecorder !== "undefined" && isSecureContext && (policy?.allowsFeature("microphone") ?? true);
}
