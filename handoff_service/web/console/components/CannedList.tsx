import { useEffect, useState } from "preact/hooks";
import { cannedFor, type CannedReply, slashQuery } from "../canned";
import { useWorkplace } from "./workplace";

/** The replies that are kept ready, while the text begins with a slash; Enter takes the first, a click any. */
export function CannedList({ conversation }: { conversation: string }) {
  const { state, session, writing, api } = useWorkplace();
  const t = state.t.value;
  const query = slashQuery(state.draft.value.reply);
  const [replies, setReplies] = useState<readonly CannedReply[] | null>(null);
  const wanted = query !== null;
  useEffect(() => {
    if (!wanted) return;
    let left = false;
    void session.attempt(async () => {
      const found = await api.canned(conversation);
      if (!left) setReplies(found);
    });
    return () => {
      left = true;
    };
  }, [wanted, conversation]);
  const found = query === null || replies === null ? [] : cannedFor(replies, query);
  state.canned = found[0] ?? null;
  if (query === null) return null;
  return (
    <ul class="canned" aria-label={t("canned.title")}>
      {replies !== null && found.length === 0 && <li class="hint">{t("canned.none")}</li>}
      {found.map((reply, index) => (
        <li key={reply.id}>
          <button class="link-row" onClick={() => writing.useCanned(conversation, reply)}>
            <span class="ticket-line"><strong>{reply.title}</strong>{index === 0 && <kbd>Enter</kbd>}</span>
            <span class="preview">{reply.text}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
