import { newId } from "../shared/ids";
import type { EntriesPage, ErrorBody, FileRef, Language, Ticket, WidgetSession } from "../shared/protocol";
import type { KeyValueStorage } from "../shared/storage";
import type { Action } from "./chat";

const TIMEOUT_MS = 15_000;
/** What a customer wrote and did not get sent. */
const UNSENT = ["outbox", "failed", "draft", "attached"];

/** The gateway refused: `status` of the answer, `code` of its error. */
export class ApiError extends Error {
  constructor(
    readonly status: number, readonly code: string, message: string, readonly retryAfterS = 0,
    readonly details: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

export interface ArticleHit {
  article: string;
  title: string;
  excerpt: string;
}
export interface ArticleText {
  article: string;
  language: Language;
  title: string;
  text: string;
  url: string;
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
  private identity: string | null;

  constructor(private readonly options: ApiOptions) {
    this.identity = options.identity;
    // A signed-in customer's conversation must not stay open on a shared computer after they signed out.
    if (options.identity === null && options.storage.getItem("identified") !== null) this.forget();
  }

  /** True if this browser was a visitor before: then there may be something unread. */
  get known(): boolean {
    return this.identity !== null || this.token !== null;
  }

  /** Whether the tenant's site has said who this is. */
  get signedIn(): boolean {
    return this.options.storage.getItem("identified") !== null;
  }

  /** From now on as whom this signed token names; null: as a stranger. */
  identify(token: string | null): void {
    this.identity = token;
    this.starting = null; // what is on its way belongs to somebody else
    if (token === null) this.forget();
  }

  private forget(): void {
    for (const key of ["token", "identified", "contact", "seen", ...UNSENT]) this.options.storage.removeItem(key);
  }

  session(): Promise<WidgetSession> {
    if (this.starting !== null) return this.starting;
    const starting: Promise<WidgetSession> = this.startSession().finally(() => {
      if (this.starting === starting) this.starting = null;
    });
    return (this.starting = starting);
  }

  async ticket(): Promise<string> {
    return (await this.call<Ticket>("POST", "/v1/ws-ticket", {})).ticket;
  }

  entries(conv: string, after: number): Promise<EntriesPage> {
    return this.call("GET", `/v1/conversations/${encodeURIComponent(conv)}/entries?after=${after}&limit=500`);
  }

  /** A command on a conversation; a repeat with the same op_id is harmless. */
  act(conv: string, verb: Action, fields: object = {}, opId = newId()): Promise<unknown> {
    return this.call("POST", `/v1/conversations/${encodeURIComponent(conv)}/${verb}`, { op_id: opId, ...fields });
  }

  async attributes(attributes: object): Promise<void> {
    await this.call("POST", "/v1/widget/attributes", { attributes });
  }

  /** Public articles of the help centre: what a text is about, or the ones to begin with. */
  articles(query: string, language: Language): Promise<{ articles: ArticleHit[] }> {
    const asked = new URLSearchParams({ tenant: this.options.tenant, language, q: query });
    return this.call("GET", `/v1/widget/articles?${asked}`);
  }

  article(id: string, language: Language): Promise<ArticleText> {
    const asked = new URLSearchParams({ tenant: this.options.tenant, language });
    return this.call("GET", `/v1/widget/articles/${encodeURIComponent(id)}?${asked}`);
  }

  get baseUrl(): string {
    return this.options.baseUrl;
  }

  get tenant(): string {
    return this.options.tenant;
  }

  get token(): string | null {
    return this.options.storage.getItem("token");
  }

  /** The content of a file that this customer may see. */
  file(id: string): Promise<Blob> {
    return this.renewing(async () => {
      const { token } = this;
      const answer = await fetch(`${this.options.baseUrl}/v1/files/${encodeURIComponent(id)}`, {
        headers: token === null ? {} : { Authorization: `Bearer ${token}` },
        credentials: "omit",
      });
      if (!answer.ok) throw new ApiError(answer.status, "unavailable", `The file cannot be read (${answer.status}).`);
      return answer.blob();
    });
  }

  /** Uploads a file (carry.ts). Rejects with ApiError, also when `signal` aborts, and as any file of ours that does not load. */
  async upload(file: File, progress: (share: number) => void, signal: AbortSignal): Promise<FileRef> {
    return (await import("./carry")).carry(this, file, progress, signal);
  }

  private async startSession(): Promise<WidgetSession> {
    const locks = globalThis.navigator?.locks;
    // Two tabs opened together must become one visitor: the second waits and finds the first one's token.
    return locks === undefined ? this.requestSession() : locks.request(`tandem.${this.options.tenant}`, () => this.requestSession());
  }

  private async requestSession(): Promise<WidgetSession> {
    const { tenant, storage, language } = this.options;
    const identity = this.identity;
    const body = { tenant, token: this.token, identity, language: language() };
    let session: WidgetSession;
    try {
      session = await this.fetch<WidgetSession>("POST", "/v1/widget/sessions", body);
    } catch (error) {
      // The page may be older than its signed identity; the token it brought us still says who this is.
      if (!(error instanceof ApiError) || identity === null || body.token === null || error.status >= 500) throw error;
      session = await this.fetch<WidgetSession>("POST", "/v1/widget/sessions", { ...body, identity: null });
    }
    if (identity !== this.identity) return session; // somebody signed in or out meanwhile
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

  call<T>(method: "GET" | "POST", path: string, body?: object): Promise<T> {
    return this.renewing(() => this.fetch<T>(method, path, body));
  }

  /** Again with a new token, once, after the gateway has refused the one that we had. */
  async renewing<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 401) throw error;
      await this.session();
      return work();
    }
  }

  private async fetch<T>(method: "GET" | "POST", path: string, body?: object): Promise<T> {
    const { token } = this;
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
    throw new ApiError(response.status, error?.code ?? "unavailable", message, error?.retry_after_s, { ...error });
  }
}

/** Null for what the server refused, or could not be asked; throws what is none of these. */
export function unanswered(error: unknown): null {
  if (error instanceof ApiError || error instanceof TypeError || error instanceof DOMException) return null;
  throw error;
}
