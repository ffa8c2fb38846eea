import type { Person } from "../shared/protocol";
import type { ApiError } from "./api";
import { keyFor, type Translate } from "./text";

/** What the server said when it refused, over HTTP or the socket; its message is English. */
export interface Refused {
  readonly code: string;
  readonly message: string;
  readonly holder?: Person | null;
}

/** What an agent should read when the server refused: his language, the other's name where there is one. */
export function problem(error: Refused, t: Translate): string {
  return known(error, t) ?? t("error.other", { message: error.message });
}

/** The same for use inside a sentence that already says what did not work; an unknown code gives the server's message. */
export function cause(error: Refused, t: Translate): string {
  return known(error, t) ?? error.message;
}

function known({ code, holder }: Refused, t: Translate): string | null {
  if (code === "already_taken") return holder ? t("accept.taken", { name: holder.name }) : t("accept.taken_unknown");
  const key = keyFor("error", code);
  // `error.other` is our frame around a message, not the sentence of a code.
  return key === null || key === "error.other" ? null : t(key);
}

/** What the sign-in form says. */
export function signInProblem(error: ApiError, t: Translate): string {
  if (error.status === 0) return t("sign_in.unreachable");
  if (error.status === 401 || error.status === 403) return t("sign_in.refused");
  if (error.status === 429) return t("sign_in.rate");
  return t("sign_in.failed", { message: cause(error, t) });
}
