import type { Person } from "../shared/protocol";
import type { ApiError } from "./api";
import { wrongText } from "./forms/wrong";
import { keyFor, type Translate } from "./text";

/** What the server said when it refused, over HTTP or the socket; its message is English. */
export interface Refused {
  readonly code: string;
  readonly message: string;
  readonly holder?: Person | null;
  /** Everything else that was said of it. */
  readonly extra?: Readonly<Record<string, unknown>>;
}

/** What an agent should read when the server refused: his language, the other's name where there is one. */
export function problem(error: Refused, t: Translate): string {
  return known(error, t) ?? t("error.other", { message: told(error) });
}

/** The same for use inside a sentence that already says what did not work; an unknown code gives the server's message. */
export function cause(error: Refused, t: Translate): string {
  return known(error, t) ?? told(error);
}

/** Codes that say only what kind of refusal it is: our words lead, the server's sentence says which. */
const KINDS: readonly string[] = ["conflict", "not_found", "invalid", "forbidden"];
const MOST_DETAILS = 5;

function known(error: Refused, t: Translate): string | null {
  const { code, holder } = error;
  const ours = KINDS.includes(code) ? wrongText(error.message, t) : error.message;
  if (ours !== error.message) return ours;
  if (code === "already_taken") return holder ? t("accept.taken", { name: holder.name }) : t("accept.taken_unknown");
  const key = keyFor("error", code);
  // `error.other` is our frame around a message, not the sentence of a code.
  if (key === null || key === "error.other") return null;
  return KINDS.includes(code) ? `${t(key)} ${told(error)}`.trim() : t(key);
}

/** The server's sentence with the wrong fields that it does not name; where there are findings, those. */
function told(error: Refused): string {
  const findings = findingsOf(error);
  if (findings.length > 0) return findings.slice(0, MOST_DETAILS).join(" · ");
  const fields = fieldsOf(error).filter((field) => !error.message.includes(field));
  return [error.message, ...fields.slice(0, MOST_DETAILS)].filter(Boolean).join(" · ");
}

/** What a refused publication would contradict, one sentence each. */
export function findingsOf({ extra }: Pick<Refused, "extra">): readonly string[] {
  const found = extra?.["findings"];
  return Array.isArray(found) ? found.filter((one): one is string => typeof one === "string") : [];
}

/** Which fields are wrong and why, "title: is missing". */
function fieldsOf({ extra }: Refused): readonly string[] {
  const fields = extra?.["fields"];
  const isField = (one: unknown): one is { field: string; message: string } =>
    typeof (one as { field?: unknown } | null)?.field === "string" && typeof (one as { message?: unknown }).message === "string";
  return Array.isArray(fields) ? fields.filter(isField).map(({ field, message }) => `${field}: ${message}`) : [];
}

/** What the sign-in form says. */
export function signInProblem(error: ApiError, t: Translate): string {
  if (error.status === 0) return t("sign_in.unreachable");
  if (error.status === 401 || error.status === 403) return t("sign_in.refused");
  if (error.status === 429) return t("sign_in.rate");
  return t("sign_in.failed", { message: cause(error, t) });
}
