import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { dayLabel } from "../../shared/time";
import { waitsForPhotos, type Row } from "../rows";
import { useChat } from "./context";
import { DownIcon } from "./icons";
import { Greeting, Message, Notice, Unsent } from "./message";

const SHOWN = 150;
const NEAR_BOTTOM_PX = 80;

/** The log; it follows new messages as long as the reader is at its end. */
export function MessageList() {
  const chat = useChat();
  const { t } = chat;
  const [shown, setShown] = useState(SHOWN);
  const rows = chat.rows.value;
  const typing = chat.typingName.value;
  const { list, content, behind, toEnd, scrolled } = useFollowing(rows.at(-1)?.key, chat.outgoing.value.length);
  const start = Math.max(0, rows.length - shown);
  // What is asked of the customer stays before his eyes, however much was said since.
  const asked = rows.slice(0, start).findLast((row) => row.kind === "message" && row.conv === chat.conv.value && waitsForPhotos(chat.log.value, row.conv, row.entry));
  return (
    <div class="list-frame">
      <div ref={list} class="list" tabIndex={0} role="log" aria-live="polite" aria-relevant="additions" aria-label={t("messages")} onScroll={scrolled}>
        <div ref={content} class="rows">
          {start > 0 && (
            <button type="button" class="link-button earlier" onClick={() => setShown(shown + SHOWN)}>{t("earlier")}</button>
          )}
          {start === 0 && <Greeting fresh={rows.length === 0} />}
          {asked !== undefined && <Line key={asked.key} row={asked} />}
          {rows.slice(start).map((row) => <Line key={row.key} row={row} />)}
          {rows.length > 0 && chat.fresh.value && <Greeting fresh />}
          {typing !== null && <div class="typing" aria-hidden="true"><span /><span /><span /></div>}
        </div>
      </div>
      <div class="hidden" role="status">{typing === null ? "" : t("typing", { name: typing })}</div>
      {behind && (
        <button type="button" class="jump" onClick={toEnd}><DownIcon size={18} />{t("newMessages")}</button>
      )}
    </div>
  );
}

function Line({ row }: { row: Row }) {
  const chat = useChat();
  switch (row.kind) {
    case "day":
      return <div class="day"><time dateTime={row.at}>{dayLabel(row.at, chat.locale.value)}</time></div>;
    case "message":
      return <Message conv={row.conv} entry={row.entry} named={row.named} />;
    case "notice":
      return <Notice entry={row.entry} />;
    default:
      return <Unsent row={row} />;
  }
}

/** Keeps a list at its end unless its reader scrolled up; own messages always bring it back there. */
function useFollowing(lastKey: string | undefined, own: number) {
  const list = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const atEnd = useRef(true);
  const lastTop = useRef(0);
  const [behind, setBehind] = useState(false);

  // First words are read from their beginning.
  const begun = useRef(false);
  begun.current = lastKey !== undefined;

  const toEnd = () => {
    const element = list.current;
    if (element === null || !begun.current) return;
    element.scrollTop = element.scrollHeight;
    atEnd.current = true;
    setBehind(false);
  };
  useLayoutEffect(() => {
    if (own > 0 || atEnd.current) toEnd();
    else setBehind(true);
  }, [lastKey, own]);
  useLayoutEffect(() => {
    if (atEnd.current) toEnd();
  });
  useEffect(() => {
    // The on-screen keyboard and the cards below change the height of the list, pictures that arrive that of its content.
    if (list.current === null || content.current === null || typeof ResizeObserver === "undefined") return;
    const observer = new ResizeObserver(() => atEnd.current && toEnd());
    observer.observe(list.current);
    observer.observe(content.current);
    return () => observer.disconnect();
  }, []);
  const scrolled = () => {
    const element = list.current;
    if (element === null) return;
    // Only the reader scrolls up; a card that opens below only makes the list lower.
    const wentUp = element.scrollTop < lastTop.current - 1;
    lastTop.current = element.scrollTop;
    if (element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_BOTTOM_PX) {
      atEnd.current = true;
      setBehind(false);
    } else if (wentUp) {
      atEnd.current = false;
    }
  };
  return { list, content, behind, toEnd, scrolled };
}
