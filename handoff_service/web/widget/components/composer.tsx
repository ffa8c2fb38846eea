import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useChat } from "./context";
import { PersonIcon, SendIcon } from "./icons";

const LIMIT = 8000;
const COUNT_FROM = LIMIT - 500;

/** Where the customer writes. What stands here survives a reload; Enter sends, Shift+Enter breaks the line. */
export function Composer({ autofocus }: { autofocus: boolean }) {
  const chat = useChat();
  const { t } = chat;
  const field = useRef<HTMLTextAreaElement>(null);
  const [text, setText] = useState(() => chat.draft);
  const left = LIMIT - [...text].length;
  const ready = text.trim() !== "" && left >= 0 && chat.session.value !== null;
  const kind = chat.owner.value?.kind ?? "bot";

  useEffect(() => {
    if (autofocus) field.current?.focus({ preventScroll: true });
  }, []);
  useLayoutEffect(() => {
    const element = field.current;
    if (element === null) return;
    element.style.height = "auto";
    element.style.height = `${element.scrollHeight}px`;
  }, [text]);

  const change = (value: string) => {
    setText(value);
    chat.draft = value;
  };
  const send = () => {
    if (!ready) return;
    chat.sendText(text.trim());
    change("");
    field.current?.focus();
  };
  const keyDown = (event: KeyboardEvent) => {
    // While an input method composes, Enter chooses a character; 229 is how older engines tell.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    send();
  };
  return (
    <form class="composer" onSubmit={(event) => { event.preventDefault(); send(); }}>
      {(kind === "bot" || kind === "closed") && (
        <div class="shortcuts">
          <button
            type="button" class="shortcut" disabled={chat.busy.value === "ask-human" || chat.session.value === null}
            onClick={() => void chat.askHuman()}
          >
            <PersonIcon size={17} />{t("talkToPerson")}
          </button>
          {chat.actionError.value === "ask-human" && <span class="problem" role="alert">{t("actionFailed")}</span>}
        </div>
      )}
      <div class="write">
        <textarea
          ref={field} rows={1} dir="auto" value={text} aria-label={t("composer")} enterkeyhint="send"
          placeholder={t(kind === "closed" ? "composerClosed" : "composerHint")}
          onInput={(event) => { change(event.currentTarget.value); chat.typed(); }} onKeyDown={keyDown}
        />
        <button type="submit" class="send" disabled={!ready} aria-label={t("send")}><SendIcon /></button>
      </div>
      {left <= LIMIT - COUNT_FROM && (
        <p class={left < 0 ? "count problem" : "count"} role="status">
          {left < 0 ? t("charactersOver", { count: -left }) : t("charactersLeft", { count: left })}
        </p>
      )}
    </form>
  );
}
