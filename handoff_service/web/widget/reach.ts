// How the customer is reached elsewhere than on this page; loaded with the menu.
import { ApiError, unanswered } from "./api";
import type { Chat } from "./chat";

/** `channel` null: wherever each request was made; `channels`: those on which he has written. */
export interface Preferred {
  readonly channel: string | null;
  readonly channels: readonly string[];
}

const PREFERRED = "/v1/widget/preferred-channel";

/** Sends a code to an address, or with the code this conversation; null when it went, else the server's code why not. */
export async function mailTranscript({ api, conv, locale }: Chat, to: string, code: string | null): Promise<string | null> {
  if (conv.value === null) return "not_found";
  try {
    await api.call("POST", `/v1/conversations/${encodeURIComponent(conv.value)}/transcript`, { to, code, language: locale.value });
    return null;
  } catch (error) {
    return error instanceof ApiError ? error.code : (unanswered(error) ?? "unavailable");
  }
}

/** Where he wants to be told of his requests, and where he could be; null when the server cannot be asked. */
export const askPreferred = ({ api }: Chat): Promise<Preferred | null> => api.call<Preferred>("GET", PREFERRED).catch(unanswered);

/** False if the server did not take it. */
export async function prefer({ api }: Chat, channel: string | null): Promise<boolean> {
  return (await api.call("POST", PREFERRED, { channel }).then(() => true, unanswered)) === true;
}

/** Erases this customer on the server and here; "begun": the server goes on by itself, null: it did not take it. */
export async function eraseMe(chat: Chat): Promise<"done" | "begun" | null> {
  let state = "done";
  try {
    ({ state } = await chat.api.call<{ state: string }>("POST", "/v1/widget/erase", {}));
  } catch (error) {
    // Refused for who he is: erased before.
    if (!(error instanceof ApiError && error.status === 401) && unanswered(error) === null) return null;
  }
  await chat.identify(null);
  return state === "done" ? "done" : "begun";
}
