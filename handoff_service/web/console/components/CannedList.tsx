import { useEffect } from "preact/hooks";
import { slashQuery } from "../canned";
import { useWorkplace } from "./workplace";

/** The element that holds the list, and the line of it at an index: the text field points at them. */
export const CANNED_ID = "canned-replies";
export const cannedLine = (index: number): string => `${CANNED_ID}-${index}`;

/** The replies that are kept ready, while the text begins with a slash; Enter takes the chosen one, a click any. */
export function CannedList({ conversation }: { conversation: string }) {
  const { state, session, writing, api } = useWorkplace();
  const t = state.t.value;
  const wanted = slashQuery(state.draft.value.reply) !== null;
  useEffect(() => {
    if (!wanted) return;
    let left = false;
    state.canned.value = null;
    void session.attempt(
      async () => {
        const replies = await api.canned(conversation);
        if (!left) state.canned.value = { conversation, replies };
      },
      () => {
        if (!left) state.canned.value = { conversation, replies: null };
      },
    );
    return () => {
      left = true;
    };
  }, [wanted, conversation]);
  if (!wanted) return null;
  const found = state.offeredReplies.value;
  const at = state.cannedAt.value;
  const chosen = found[at];
  return (
    <div class="canned">
      <p class="hint" role="status">
        {chosen === undefined ? <Missing conversation={conversation} /> : (
          <span class="sr-only">{t("canned.choice", { title: chosen.title, n: at + 1, count: found.length })}</span>
        )}
      </p>
      <ul id={CANNED_ID} role="listbox" aria-label={t("canned.title")}>
        {found.map((reply, index) => (
          <li key={reply.id} id={cannedLine(index)} role="option" aria-selected={index === at} class="link-row"
            onPointerMove={() => (state.cannedAt.value = index)} onClick={() => writing.useCanned(conversation, reply)}>
            <span class="ticket-line"><strong>{reply.title}</strong>{index === at && <kbd>Enter</kbd>}</span>
            <span class="preview">{reply.text}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Why nothing is listed, and that Enter sends nothing. */
function Missing({ conversation }: { conversation: string }) {
  const { state } = useWorkplace();
  const t = state.t.value;
  const canned = state.canned.value;
  if (canned === null || canned.conversation !== conversation) return <>{t("canned.loading")}</>;
  if (canned.replies === null) return <>{t("canned.failed")}</>;
  return <>{t("canned.none")} {t("canned.literal")}</>;
}
