import type { Action } from "../chat";
import { useChat } from "./context";

/** What went wrong when this was asked of the server, under the button that asked. */
export function Problem({ action }: { action: Action }) {
  const chat = useChat();
  if (chat.actionError.value !== action) return null;
  const stays = chat.actionCode.value === "stays_with_people";
  return <p class="problem" role="alert">{chat.t(stays ? "staysInQueue" : "actionFailed")}</p>;
}
