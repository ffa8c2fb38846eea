import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Chat } from "../chat";

export type Mode = "widget" | "page";

const ChatContext = createContext<Chat | null>(null);
export const ChatProvider = ChatContext.Provider;

export function useChat(): Chat {
  const chat = useContext(ChatContext);
  if (chat === null) throw new Error("useChat outside of <ChatProvider>");
  return chat;
}
