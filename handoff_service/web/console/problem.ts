import type { ApiError } from "./api";
import { keyFor, type Translate } from "./text";

/** What an agent should read when the server refused: his language, the other's name where there is one. */
export function problem(error: ApiError, t: Translate): string {
  if (error.code === "already_taken") {
    return error.holder === null ? t("accept.taken_unknown") : t("accept.taken", { name: error.holder.name });
  }
  const known = keyFor("error", error.code);
  return known === null ? t("error.other", { message: error.message }) : t(known);
}

/** What the sign-in form says. */
export function signInProblem(error: ApiError, t: Translate): string {
  if (error.status === 0) return t("sign_in.unreachable");
  if (error.status === 401 || error.status === 403) return t("sign_in.refused");
  if (error.status === 429) return t("sign_in.rate");
  return t("sign_in.failed", { message: error.message });
}
