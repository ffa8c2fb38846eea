import { newId } from "../shared/ids";
import type { EntriesPage, ErrorBody, Language, Ticket, WidgetSession } from "../shared/protocol";
import type { KeyValueStorage } from "../shared/storage";

const TIMEOUT_MS = 15_000;
/** What a customer wrote and did not get sent. */
const UNSENT = ["outbox", "failed", "draft"];

/** The gateway refused: `status` of the answer, `code` of its error. */
export class ApiError extends Error {
  constructor(readonly status: number, readonly code: string, message: string, readonly retryAfterS = 0) {
    super(message);
  }
}

export interface ApiOptions {
  baseUrl: string;
  tenant: string;
  identity: string | null;
  /** Holds `token`, and whose `contact` it is, between pages. */
  storage: KeyValueStorage;
  language: () => Language;
}

/** A customer's HTTP calls; a refused visitor token is renewed silently, once per call. */
export class CustomerApi {
  private starting: Promise<WidgetSession> | null = null;

  constructor(private readonly options: ApiOptions) {
    // A signed-in customer's conversation must not stay open on a shared computer after they signed out.
    if (options.identity === null && options.storage.getItem("identified") !== null) {
      for (const key of ["token", "identified", "contact", ...UNSENT]) options.storage.removeItem(key);
    }
  }

  /** True if this browser was a visitor before: then there may be something unread. */
  get known(): boolean {
    return this.options.identity !== null || this.options.storage.getItem("token") !== null;
  }

  session(): Promise<WidgetSession> {
    this.starting ??= this.startSession().finally(() => (this.starting = null));
    return this.starting;
  }

  async ticket(): Promise<string> {
    return (await this.call<Ticket>("POST", "/v1/ws-ticket", {})).ticket;
  }

  entries(conv: string, after: number): Promise<EntriesPage> {
    return this.call("GET", `/v1/conversations/${encodeURIComponent(conv)}/entries?after=${after}&limit=500`);
  }

  /** A command on a conversation; a repeat with the same op_id is harmless. */
  act(conv: string, verb: "feedback" | "rating" | "ask-human" | "solved" | "leave-message", fields: object = {}, opId = newId()): Promise<unknown> {
    return this.call("POST", `/v1/conversations/${encodeURIComponent(conv)}/${verb}`, { op_id: opId, ...fields });
  }

  private async startSession(): Promise<WidgetSession> {
    const locks = globalThis.navigator?.locks;
    // Two tabs opened together must become one visitor: the second waits and finds the first one's token.
    return locks === undefined ? this.requestSession() : locks.request(`tandem.${this.options.tenant}`, () => this.requestSession());
  }

  private async requestSession(): Promise<WidgetSession> {
    const { tenant, identity, storage, language } = this.options;
    const body = { tenant, token: storage.getItem("token"), identity, language: language() };
    let session: WidgetSession;
    try {
      session = await this.fetch<WidgetSession>("POST", "/v1/widget/sessions", body);
    } catch (error) {
      // The page may be older than its signed identity; the token it brought us still says who this is.
      if (!(error instanceof ApiError) || identity === null || body.token === null || error.status >= 500) throw error;
      session = await this.fetch<WidgetSession>("POST", "/v1/widget/sessions", { ...body, identity: null });
    }
    const before = storage.getItem("contact");
    // Somebody else signed in on this browser: what the last one left unsent must not go out in the new one's name.
    // Only a visitor who never signed in finds the text that he was typing, although his token has expired.
    const gone = identity === null ? UNSENT.filter((key) => key !== "draft") : UNSENT;
    if (before !== null && before !== session.contact.id) for (const key of gone) storage.removeItem(key);
    storage.setItem("contact", session.contact.id);
    storage.setItem("token", session.token);
    if (identity !== null) storage.setItem("identified", "1");
    return session;
  }

  private async call<T>(method: "GET" | "POST", path: string, body?: object): Promise<T> {
    try {
      return await this.fetch<T>(method, path, body);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      await this.session();
      return this.fetch<T>(method, path, body);
    }
  }

  private async fetch<T>(method: "GET" | "POST", path: string, body?: object): Promise<T> {
    const token = this.options.storage.getItem("token");
    const headers: Record<string, string> = {};
    if (token !== null) headers["Authorization"] = `Bearer ${token}`;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const response = await fetch(this.options.baseUrl + path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      credentials: "omit",
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const answer = (await response.json().catch(() => null)) as unknown;
    if (response.ok) return answer as T;
    const error = (answer as { error?: ErrorBody } | null)?.error;
    const message = error?.message ?? `The server answered ${response.status}.`;
    throw new ApiError(response.status, error?.code ?? "unavailable", message, error?.retry_after_s);
  }
}
