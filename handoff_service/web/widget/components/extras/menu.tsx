import { useEffect, useRef, useState } from "preact/hooks";
import { composes } from "../../../shared/keys";
import { downloadText } from "../../download";
import { askPreferred, eraseMe, type Preferred } from "../../reach";
import { languageName, TAGS } from "../../texts/catalogue";
import { transcript } from "../../transcript";
import css from "../../styles/menu.css?inline";
import { useChat } from "../context";
import { dress } from "../dress";
import { useFocus } from "../focus";
import { lazy } from "../lazy";

dress(css);

const Letter = lazy(() => import("./letter").then((file) => file.Letter));
const Reach = lazy(() => import("./reach").then((file) => file.Reach));

/** What is rarely wanted: another language, a copy of the conversation, to be forgotten. */
export function Menu({ brand, close: leave }: { brand: string; close: (comeBack: boolean) => void }) {
  const chat = useChat();
  const { t } = chat;
  const [asking, setAsking] = useState<"erase" | "mail" | "reach" | null>(null);
  const preferred = usePreferred();
  const [state, setState] = useState<"" | "busy" | "failed" | "done" | "begun">("");
  const box = useRef<HTMLDivElement>(null);
  const close = () => leave(true);

  useEffect(() => {
    const root = box.current?.getRootNode() as Document | ShadowRoot | undefined;
    box.current?.querySelector<HTMLElement>("button, a")?.focus();
    const away = (event: Event) => {
      if (box.current !== null && !event.composedPath().includes(box.current)) leave(false);
    };
    const timer = setTimeout(() => root?.addEventListener("click", away)); // not the click that opened it
    return () => {
      clearTimeout(timer);
      root?.removeEventListener("click", away);
    };
  }, []);
  const keyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape" || composes(event)) return;
    event.stopPropagation();
    close();
  };
  const erase = async () => {
    setState("busy");
    setState((await eraseMe(chat)) ?? "failed");
  };
  const save = () => {
    downloadText(`${brand}.txt`, transcript(chat, brand));
    close();
  };
  return (
    <div ref={box} class="menu" role="group" aria-label={t("menu")} onKeyDown={keyDown}>
      {state === "done" || state === "begun" ? <Erased text={t(state === "done" ? "eraseDone" : "eraseBegun")} close={close} /> : asking === "mail" ? <Letter close={close} /> : asking === "reach" && preferred !== null ? <Reach preferred={preferred} close={close} /> : asking === "erase" ? (
        <div class="ask" role="alertdialog" aria-label={t("eraseMe")}>
          <p>{t("eraseAsk")}</p>
          {state === "failed" && <p class="problem" role="alert">{t("actionFailed")}</p>}
          <div class="actions">
            <button type="button" class="button danger" disabled={state === "busy"} onClick={() => void erase()}>{t("eraseYes")}</button>
            <button type="button" class="button plain-button" onClick={close}>{t("cancel")}</button>
          </div>
        </div>
      ) : (
        <>
          {chat.config?.help && <a class="menu-item" href={chat.help.url} target="_blank" rel="noopener">{t("openHelp")}</a>}
          {chat.hasOrders && <button type="button" class="menu-item" onClick={() => { close(); chat.orders.value = true; }}>{t("orders")}</button>}
          {chat.may("ask-senior") && (
            <button type="button" class="menu-item" onClick={() => void chat.act("ask-senior").then((done) => done && close())}>{t("askSenior")}</button>
          )}
          {chat.actionError.value === "ask-senior" && <p class="problem" role="alert">{t("actionFailed")}</p>}
          <button type="button" class="menu-item" disabled={chat.log.value.length === 0} onClick={save}>{t("saveTranscript")}</button>
          {chat.config?.mail && <button type="button" class="menu-item" disabled={chat.conv.value === null} onClick={() => setAsking("mail")}>{t("mailTranscript")}</button>}
          {preferred !== null && <button type="button" class="menu-item" onClick={() => setAsking("reach")}>{t("reach")}</button>}
          <button type="button" class="menu-item" disabled={chat.session.value === null} onClick={() => setAsking("erase")}>{t("eraseMe")}</button>
          <fieldset class="languages">
            <legend>{t("language")}</legend>
            {TAGS.map((tag) => (
              <button
                key={tag} type="button" class="language" lang={tag} aria-pressed={tag === chat.locale.value}
                onClick={() => void chat.setLanguage(tag).then(close)}
              >
                {languageName(tag)}
              </button>
            ))}
          </fieldset>
        </>
      )}
    </div>
  );
}

function Erased({ text, close }: { text: string; close: () => void }) {
  const button = useFocus<HTMLButtonElement>();
  return (
    <div class="ask">
      <p role="status">{text}</p>
      <div class="actions"><button ref={button} type="button" class="button" onClick={close}>{useChat().t("close")}</button></div>
    </div>
  );
}

/** Where he is told of his requests; null while it is not known, and where there is nothing to choose from. */
function usePreferred(): Preferred | null {
  const chat = useChat();
  const [preferred, setPreferred] = useState<Preferred | null>(null);
  useEffect(() => {
    if (chat.conv.value !== null) void askPreferred(chat).then((found) => found !== null && found.channels.length > 1 && setPreferred(found));
  }, []);
  return preferred;
}
