import type {
  Accepted, Box, CallAnswer, Card, ConversationDetail, EntriesPage, ErrorBody, FileRef, KnowledgeAnswer, Language, Me, Person,
  PresenceStatus, Promised, Ticket,
} from "../shared/protocol";
import type { Account, AccountChange, NewAccount, Plan, Roles } from "./administration";
import type { ApiKey } from "./api_keys";
import type { ArticleFields, ArticlePage, Category, Compared, Edited, Filter, Kept, KnowledgeTask, Reviewed, Revision, Step, Tried } from "./articles";
import type { Orders } from "./beside";
import type { CannedReply } from "./canned";
import type { ChannelAccount, ChannelKinds, Finding } from "./channels";
import type { MentionReport, MentionRow } from "./mentions";
import type { Item } from "./forms/values";
import type { DraftFields, Gap, GoldenQuestion, LearnedDraft, Placed, ProposedFrom, Replay } from "./learning";
import { type RegisterPage, type Span, spanQuery } from "./complaints";
import type { Erasing, Job, KeptData, Reach, SearchAnswer } from "./privacy";
import type { Messages, MessageState, Models } from "./training";
import type { Audited, KeptTimes, SignalsReport, Staffing } from "./reports";
import type { Part, TicketFilter, TicketPage, WholeTicket } from "./tickets";
import type { LateClock, WallFigures } from "./wall";
import type { DeliveryPage, DeliveryState, LoggedDelivery, Webhook } from "./webhooks";

/** The server's answer was an error, or there was no answer (status 0, code "unreachable"). */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly holder: Person | null;
  /** Everything the server said of it. */
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(status: number, body: Partial<ErrorBody>) {
    super(body.message ?? `HTTP ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.code = body.code ?? (status === 0 ? "unreachable" : "error");
    this.holder = body.holder ?? null;
    this.extra = { ...body };
  }
}

/** What becomes of the conversations of an agent who goes. */
export interface SignOff {
  readonly conversations: "requeue" | "transfer" | "keep";
  readonly to_agent?: string;
  readonly back_at?: string;
}
/** Whose customer a contact is, and by how many classes of priority he comes before others. */
export interface Care {
  readonly agent?: string | null;
  readonly name?: string | null;
  readonly classes?: number;
}
export interface Target {
  readonly conversation: string;
  readonly epoch: number;
}
export interface ApiOptions {
  readonly fetch?: typeof fetch;
  readonly newId?: () => string;
  /** Waits between the tries of one action, milliseconds. */
  readonly pauses?: readonly number[];
  /** Of an agent who serves several companies: the tenant as whose he acts; null for his own. */
  readonly speakingAs?: string | null;
}

/** The agent's HTTP verbs. Actions carry an op_id that stays the same until the server has decided. */
export class Api {
  /** Called when the server no longer knows the session. */
  onSignedOut: () => void = () => undefined;
  speakingAs: string | null;
  private readonly fetch: typeof fetch;
  private readonly newId: () => string;
  private readonly pauses: readonly number[];
  private readonly undecided = new Map<string, string>();
  private readonly running = new Map<string, Promise<unknown>>();

  constructor(options: ApiOptions = {}) {
    this.fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.newId = options.newId ?? (() => `op_${crypto.randomUUID()}`);
    this.pauses = options.pauses ?? [400, 1200];
    this.speakingAs = options.speakingAs ?? null;
  }

  me = () => this.get<Me>("/v1/agents/me");
  signIn = (tenant: string, email: string, password: string) =>
    this.post<Me>("/v1/agents/sign-in", { tenant, email, password });
  signOut = () => this.post<void>("/v1/agents/sign-out", {});
  ticket = async () => (await this.post<Ticket>("/v1/ws-ticket", {})).ticket;
  presence = (status: PresenceStatus) => this.post<void>("/v1/agents/me/presence", { status });

  entries = (conversation: string, after: number) =>
    this.get<EntriesPage>(`${conversationPath(conversation)}/entries`, { after: String(after), limit: "500" });
  conversation = (conversation: string) => this.get<ConversationDetail>(conversationPath(conversation));
  box = async (box: Box, limit = 50) =>
    (await this.get<{ conversations: Card[] }>("/v1/conversations", { box, limit: String(limit) })).conversations;
  searchKnowledge = (q: string, language: Language) =>
    this.get<KnowledgeAnswer>("/v1/knowledge/search", { q: [...q].slice(0, QUESTION_CHARS).join(""), language });

  accept = (handoff: string) => this.act<Accepted>(`/v1/handoffs/${encodeURIComponent(handoff)}/accept`, {});
  decline = (handoff: string) => this.act<void>(`/v1/handoffs/${encodeURIComponent(handoff)}/decline`, {});
  takeOver = ({ conversation, epoch }: Target) =>
    this.act<Accepted>(`${conversationPath(conversation)}/take-over`, { epoch });
  join = ({ conversation, epoch }: Target) => this.act<Accepted>(`${conversationPath(conversation)}/join`, { epoch });
  transfer = ({ conversation, epoch }: Target, to: { to_agent: string } | { to_queue: string }, note: string) =>
    this.act<void>(`${conversationPath(conversation)}/transfer`, { epoch, ...to, ...optional({ note }) });
  giveBack = ({ conversation, epoch }: Target, summary: string) =>
    this.act<void>(`${conversationPath(conversation)}/give-back`, { epoch, ...optional({ summary }) });
  close = ({ conversation, epoch }: Target, wrapUp: string, note: string) =>
    this.act<void>(`${conversationPath(conversation)}/close`, { epoch, wrap_up: wrapUp, ...optional({ note }) });

  canned = async (conversation: string) =>
    (await this.get<{ canned_replies: CannedReply[] }>(`${conversationPath(conversation)}/canned-replies`)).canned_replies;
  accounts = async () => (await this.get<{ agents: Account[] }>("/v1/admin/agents")).agents;
  addAccount = (account: NewAccount) => this.administer<{ password?: string }>("/v1/admin/agents", account);
  changeAccount = (agent: string, change: AccountChange) =>
    this.administer<unknown>(`/v1/admin/agents/${encodeURIComponent(agent)}`, change);
  accountCommand = (agent: string, command: string) =>
    this.administer<{ password?: string }>(`/v1/admin/agents/${encodeURIComponent(agent)}/${command}`, null);
  configuration = async () => (await this.wholeConfiguration()).yaml;
  wholeConfiguration = () => this.get<{ yaml: string; document: Item; usual?: Item; version: string }>("/v1/admin/config");
  checkConfiguration = (yaml: string) => this.post<Plan>("/v1/admin/config/check", { yaml });
  applyConfiguration = (yaml: string, version: string) =>
    this.administer<Plan>("/v1/admin/config/apply", { yaml, version });

  channelAccounts = async () => (await this.get<{ accounts: ChannelAccount[] }>("/v1/channels/accounts")).accounts;
  channelKinds = async () => (await this.get<{ kinds: ChannelKinds }>("/v1/channels/kinds")).kinds;
  examineChannel = async (account: string) => (await this.administer<{ findings: Finding[] }>(`${channelPath(account)}/examine`, null)).findings;
  changeChannel = (account: string, change: { disabled: boolean } | { name: string; fields: Readonly<Record<string, string>>; token_until?: string }) =>
    this.administer<unknown>(channelPath(account), change);
  rotateChannel = (account: string, fields: Readonly<Record<string, string>>, end: { token_until?: string }) =>
    this.administer<Record<string, string>>(`${channelPath(account)}/rotate`, { fields, ...end });
  finishChannelRotation = (account: string) => this.administer<unknown>(`${channelPath(account)}/finish-rotation`, null);
  roles = async () => (await this.get<{ roles: Roles }>("/v1/admin/roles")).roles;
  addChannel = (channel: string, name: string, fields: Readonly<Record<string, string>>, end: { token_until?: string }) =>
    this.administer<Record<string, string>>("/v1/channels/accounts", { channel, name, fields, ...end });

  webhooks = () => this.decided(WEBHOOKS, this.get<{ webhooks: Webhook[]; events?: string[] }>(WEBHOOKS));
  /** `path` behind the list of webhooks: "" adds one. */
  webhookCommand = <T>(path: string, body: object | null) => this.administerOnce<T>(`${WEBHOOKS}${path}`, body);
  deliveries = (webhook: string, state: DeliveryState | null, cursor: string | null, limit = 20) =>
    this.get<DeliveryPage>(`${WEBHOOKS}/messages`, { ...optional({ webhook, state: state ?? "", cursor: cursor ?? "" }), limit: String(limit) });
  delivery = (message: string) => this.get<LoggedDelivery>(`${WEBHOOKS}/messages/${encodeURIComponent(message)}`);
  apiKeys = () => this.decided(KEYS, this.get<{ keys: ApiKey[]; permissions?: string[] }>(KEYS));
  apiKeyCommand = (path: string, body: object | null) => this.administerOnce<ApiKey & { key?: string | null }>(`${KEYS}${path}`, body);

  /** It tells what is on hold, too. */
  kept = (contact: string, merged: boolean) =>
    this.decided("/v1/conversations/", this.get<KeptData>(`${contactPath(contact)}/kept`, merged ? { merged: "true" } : {}), "/hold");
  exportPerson = async (contact: string, { merged, contacts }: Reach): Promise<Blob> => {
    const query = new URLSearchParams([...(merged ? [["merged", "true"]] : []), ...contacts.map((one) => ["contacts", one])]);
    return (await this.ask(`${contactPath(contact)}/export?${query}`, { method: "GET" })).blob();
  };
  erase = (contact: string, reach: Reach) => this.act<Erasing>(`${contactPath(contact)}/erase`, reach);
  hold = (conversation: string, hold: boolean, reference: string) => this.act<unknown>(`${conversationPath(conversation)}/hold`, { hold, reference });
  jobs = async () => (await this.get<{ jobs?: Job[] }>("/v1/jobs")).jobs ?? [];

  /** Posts that name the tenant, as conversations marked public; one that was there before is skipped. */
  importMentions = (mentions: readonly MentionRow["mention"][]) => this.post<MentionReport>("/v1/public-mentions", { mentions });

  ring = ({ conversation, epoch }: Target, media: "voice" | "video") => this.act<CallAnswer>(`${conversationPath(conversation)}/call`, { epoch, media });
  hangUp = (conversation: string, call: string) => this.act<unknown>(`${conversationPath(conversation)}/call/end`, { call });
  upload = (conversation: string, content: Blob, name: string, signal: AbortSignal) =>
    this.send(`${conversationPath(conversation)}/files`, content, name, signal);
  /** For a ticket without a conversation; its customer is known. */
  uploadForTicket = (ticket: string, content: Blob, name: string, signal: AbortSignal) =>
    this.send(`/v1/tickets/${encodeURIComponent(ticket)}/upload`, content, name, signal);
  private readonly send = async (where: string, content: Blob, name: string, signal: AbortSignal) => {
    const path = `${where}?${new URLSearchParams({ name })}`;
    const headers = { "X-Requested-By": "console" };
    return (await this.request<{ file: FileRef }>(path, { method: "POST", headers, body: content, signal })).file;
  };
  /** The same place for a link, to which a browser adds no header. */
  link(path: string): string {
    if (this.speakingAs === null) return path;
    return `${path}${path.includes("?") ? "&" : "?"}${new URLSearchParams({ speaking_as: this.speakingAs })}`;
  }

  /** The content of a file that somebody sent. */
  file = async (id: string): Promise<Blob> => (await this.ask(filePath(id), { method: "GET" })).blob();
  promiseDone = (promise: string) => this.act<unknown>(`/v1/promises/${encodeURIComponent(promise)}/done`, {});
  mentionsSeen = (conversation: string) => this.act<unknown>("/v1/mentions/seen", { conversation });
  signOff = (what: SignOff) => this.act<unknown>("/v1/agents/me/sign-off", what);
  escalate = ({ conversation, epoch }: Target, reason: string) => this.act<void>(`${conversationPath(conversation)}/escalate`, { epoch, reason });
  putAside = ({ conversation, epoch }: Target, until: string) => this.act<void>(`${conversationPath(conversation)}/put-aside`, { epoch, until });
  bringBack = ({ conversation, epoch }: Target) => this.act<void>(`${conversationPath(conversation)}/bring-back`, { epoch });
  tag = (conversation: string, tags: readonly string[]) => this.act<void>(`${conversationPath(conversation)}/tags`, { tags });
  orders = (conversation: string) => this.get<Orders>(`${conversationPath(conversation)}/orders`);
  tick = (conversation: string, playbook: string, step: string, done: boolean) =>
    this.act<void>(`${conversationPath(conversation)}/playbook`, { playbook, step, done });
  translate = async (conversation: string, text: string, to: string) =>
    (await this.post<{ text: string }>(`${conversationPath(conversation)}/translate`, { text, to })).text;
  block = (contact: string) => this.act<{ closed: string[] }>(`${contactPath(contact)}/block`, {});
  call = (contact: string, name: string) => this.act<unknown>(`${contactPath(contact)}/name`, { name });
  care = (contact: string) => this.get<Care>(`${contactPath(contact)}/care`);
  setCare = (contact: string, agent: string | null, classes: number) =>
    this.act<Care>(`${contactPath(contact)}/care`, { agent, classes });
  prefer = (contact: string, channel: string | null) =>
    this.act<unknown>(`${contactPath(contact)}/preferred-channel`, { channel });
  unblock = (contact: string) => this.act<unknown>(`${contactPath(contact)}/unblock`, {});
  merge = (contact: string, other: string) => this.act<unknown>(`${contactPath(contact)}/merge`, { other });
  part = (contact: string) => this.act<unknown>(`${contactPath(contact)}/part`, {});
  /** A conversation as a file. */
  exported = async (conversation: string, what: { format: "text" | "json"; notes: boolean; language: Language }): Promise<Blob> => {
    const query = new URLSearchParams({ ...what, notes: String(what.notes) });
    return (await this.ask(`${conversationPath(conversation)}/export?${query}`, { method: "GET" })).blob();
  };
  history = async (contact: string) =>
    (await this.get<{ conversations: Card[] }>(`${contactPath(contact)}/conversations`)).conversations;
  find = (q: string) => this.get<SearchAnswer>("/v1/search", { q });
  search = async (q: string) => (await this.find(q)).conversations;
  wall = () => this.get<WallFigures>("/v1/wall");
  lateClocks = async () => (await this.get<{ clocks: LateClock[] }>("/v1/sla", { box: "late" })).clocks;
  overduePromises = async () => (await this.get<{ promises: Promised[] }>("/v1/promises", { box: "overdue" })).promises;

  staffing = (queue: string, weeks: number) => this.get<Staffing>("/v1/staffing", { queue, weeks: String(weeks) });
  keptTimes = async (days: number) =>
    (await this.get<{ kept?: KeptTimes[] }>("/v1/sla", { box: "ended", days: String(days), limit: "1" })).kept ?? [];
  signals = (days: number) => this.get<SignalsReport>("/api/reports/signals", { days: String(days) });
  audit = async (limit: number, before: number | null) => {
    const page = { limit: String(limit), ...(before !== null && { before: String(before) }) };
    return (await this.get<{ rows?: Audited[] }>("/v1/admin/audit", page)).rows ?? [];
  };

  tickets = ({ whose, state, type, text }: TicketFilter, cursor: string | null) => {
    const owner = whose === "all" ? "" : whose;
    return this.get<TicketPage>("/v1/tickets", { ...optional({ owner, state, type, text, cursor: cursor ?? "" }), limit: "50" });
  };
  ticketsOf = (contact: string) => this.get<TicketPage>("/v1/tickets", { contact, limit: "20" });
  ticketOf = (ticket: string) => this.get<WholeTicket>(`/v1/tickets/${encodeURIComponent(ticket)}`);
  ticketCommand = (ticket: string, path: string, body: object) =>
    this.act<unknown>(`/v1/tickets/${encodeURIComponent(ticket)}/${path}`, body);
  splitTicket = (ticket: string, part: Part) =>
    this.act<{ second: { ticket: string } }>(`/v1/tickets/${encodeURIComponent(ticket)}/split`, part);
  complaintCommand = (ticket: string, path: string, body: object) =>
    this.act<unknown>(`/v1/complaints/${encodeURIComponent(ticket)}/${path}`, body);
  complaints = (span: Span, cursor: string | null) =>
    this.get<RegisterPage>("/v1/complaints", { ...spanQuery(span), ...optional({ cursor: cursor ?? "" }), limit: "50" });
  openTicket = (subject: string, type: string, conversation: string | null) =>
    this.act<{ ticket: string }>("/v1/tickets", { subject, type, ...(conversation !== null && { conversation }) });

  articles = (filter: Filter, after: string | null) =>
    this.get<ArticlePage>("/v1/knowledge/articles", { ...optional({ ...filter, after: after ?? "" }), limit: "50" });
  article = (id: string, language: Language) => this.get<Kept>(articlePath(id, language));
  categories = async () => (await this.get<{ categories: Category[] }>("/v1/knowledge/categories")).categories;
  articleHistory = (id: string, language: Language) => this.get<{ history: Revision[] }>(`${articlePath(id, language)}/history`);
  knowledgeTasks = () => this.get<{ tasks: KnowledgeTask[] }>("/v1/knowledge/tasks");
  tryQuestion = (text: string) => this.post<Tried>("/v1/knowledge/try", { text });
  tryDraft = (article: ArticleFields, text: string) => this.post<Compared>("/v1/knowledge/try-draft", { article, text, language: article.language });
  reviewKnowledge = () => this.post<Reviewed>("/v1/knowledge/review", {});
  createArticle = (article: ArticleFields, why: string) => this.act<Edited>("/v1/knowledge/articles", { article, why });
  editArticle = (article: ArticleFields, revision: number, why: string) =>
    this.act<Edited>(articlePath(article.id, article.language), { article, revision, why });
  articleStep = ({ id, language }: ArticleFields, step: Step | "roll-back", body: object) =>
    this.act<Edited>(`${articlePath(id, language)}/${step}`, body);

  gaps = (days: number) => this.get<{ gaps?: Gap[] }>("/v1/knowledge/gaps", { days: String(days) });
  learnedDrafts = () => this.get<{ drafts?: LearnedDraft[] }>("/v1/knowledge/drafts", { state: "open" });
  proposeDraft = (from: ProposedFrom) => this.post<LearnedDraft>("/v1/knowledge/drafts", from);
  changeDraft = (draft: string, fields: Partial<DraftFields>) => this.post<LearnedDraft>(draftPath(draft), fields);
  replayDraft = (draft: string) => this.post<Replay>(`${draftPath(draft)}/replay`, {});
  acceptChanges = (draft: string, changes: readonly string[]) => this.post<LearnedDraft>(`${draftPath(draft)}/accept`, { changes });
  publishDraft = (draft: string) => this.post<{ placed: Placed }>(`${draftPath(draft)}/publish`, {});
  discardDraft = (draft: string) => this.post<unknown>(`${draftPath(draft)}/discard`, {});
  goldenQuestions = () => this.get<{ golden?: GoldenQuestion[] }>("/v1/knowledge/golden");
  addGolden = (golden: Omit<GoldenQuestion, "key">) => this.post<unknown>("/v1/knowledge/golden", golden);
  dropGolden = (key: string) => this.post<unknown>(`/v1/knowledge/golden/${encodeURIComponent(key)}/drop`, {});

  models = () => this.get<Models>("/v1/training/models");
  trainNow = () => this.act<unknown>("/v1/training/models/train", {});
  putModelLive = (version: string) => this.act<unknown>("/v1/training/models/live", { version });
  rollBackModel = (version: string) => this.act<unknown>("/v1/training/models/rollback", { version });
  misunderstood = (state: MessageState) => this.get<Messages>("/v1/training/messages", { state, limit: "50" });
  collectMisunderstood = () => this.act<unknown>("/v1/training/messages/collect", {});
  labelMessage = (message: string, intent: string, text: string) =>
    this.act<unknown>(`${messagePath(message)}/label`, { intent, text });
  reviewMessage = (message: string, accept: boolean) => this.act<unknown>(`${messagePath(message)}/review`, { accept });
  dropMessage = (message: string) => this.act<unknown>(`${messagePath(message)}/drop`, {});

  private get<T>(path: string, query: Record<string, string> = {}): Promise<T> {
    const search = new URLSearchParams(query).toString();
    return this.request<T>(search === "" ? path : `${path}?${search}`, { method: "GET" });
  }

  private post<T>(path: string, body: object): Promise<T> {
    const headers = { "Content-Type": "application/json", "X-Requested-By": "console" };
    return this.request<T>(path, { method: "POST", headers, body: JSON.stringify(body) });
  }

  /** One change of the administration; asked again after a lost answer, it is another one. */
  private administer<T>(path: string, body: object | null, id = this.newId()): Promise<T> {
    const headers = { "Content-Type": "application/json", "X-Requested-By": "console", "Idempotency-Key": id };
    return this.request<T>(path, { method: "POST", headers, ...(body !== null && { body: JSON.stringify(body) }) });
  }

  /** The same as `act` does it: asked again after a lost answer, it is the same one. */
  private administerOnce<T>(path: string, body: object | null): Promise<T> {
    return this.once(`${path} ${JSON.stringify(body)}`, (id) => this.administer<T>(path, body, id));
  }

  /** One action of the agent: a second click joins the first, a retry repeats its op_id. */
  private act<T>(path: string, body: object): Promise<T> {
    return this.once(`${path} ${JSON.stringify(body)}`, (op_id) => this.post<T>(path, { op_id, ...body }));
  }

  private once<T>(key: string, ask: (id: string) => Promise<T>): Promise<T> {
    const already = this.running.get(key);
    if (already !== undefined) return already as Promise<T>;
    const run = this.attempt<T>(key, ask).finally(() => this.running.delete(key));
    this.running.set(key, run);
    return run;
  }

  /** An answer that shows what has become of the undecided actions below `path`: done again, each is another one. */
  private async decided<T>(path: string, answer: Promise<T>, end = ""): Promise<T> {
    const read = await answer;
    for (const key of this.undecided.keys()) {
      if (key.startsWith(path) && key.slice(0, key.indexOf(" ")).endsWith(end)) this.undecided.delete(key);
    }
    return read;
  }

  private async attempt<T>(key: string, ask: (id: string) => Promise<T>): Promise<T> {
    const id = this.undecided.get(key) ?? this.newId();
    this.undecided.set(key, id);
    for (let tries = 0; ; tries += 1) {
      try {
        const answer = await ask(id);
        this.undecided.delete(key);
        return answer;
      } catch (error) {
        // Undecided (no answer, or the server's trouble): the action may have happened, so its id stays.
        if (!(error instanceof ApiError) || !isUndecided(error)) {
          this.undecided.delete(key);
          throw error;
        }
        const pause = this.pauses[tries];
        if (pause === undefined) throw error;
        await new Promise((resolve) => setTimeout(resolve, pause));
      }
    }
  }

  private async request<T>(path: string, init: RequestInit): Promise<T> {
    return (await readJson(await this.ask(path, init))) as T;
  }

  /** The answer to a request; anything else than success is an ApiError. */
  private async ask(path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      const headers = new Headers(init.headers);
      if (this.speakingAs !== null) headers.set("X-Speaking-As", this.speakingAs);
      response = await this.fetch(path, { ...init, headers, credentials: "same-origin", cache: "no-store" });
    } catch (error) {
      if (error instanceof TypeError) throw new ApiError(0, { message: error.message });
      throw error;
    }
    if (response.ok) return response;
    const answer = await readJson(response);
    const failure = new ApiError(response.status, (answer as { error?: Partial<ErrorBody> } | null)?.error ?? {});
    if (response.status === 401 && !path.endsWith("/sign-in")) this.onSignedOut();
    throw failure;
  }
}

/** What the search reads of a question, characters; a longer one it refuses. */
const QUESTION_CHARS = 500;

const isUndecided = (error: ApiError): boolean => error.status === 0 || error.status >= 500;

/** Where a browser gets a file with the agent's cookie. */
export const filePath = (file: string): string => `/v1/files/${encodeURIComponent(file)}`;

const WEBHOOKS = "/v1/admin/webhooks";
const KEYS = "/v1/admin/api-keys";
const contactPath = (contact: string): string => `/v1/contacts/${encodeURIComponent(contact)}`;
const channelPath = (account: string): string => `/v1/channels/accounts/${encodeURIComponent(account)}`;
const conversationPath = (conversation: string): string => `/v1/conversations/${encodeURIComponent(conversation)}`;

const articlePath = (article: string, language: Language): string =>
  `/v1/knowledge/articles/${encodeURIComponent(article)}/${language}`;

const draftPath = (draft: string): string => `/v1/knowledge/drafts/${encodeURIComponent(draft)}`;

const messagePath = (message: string): string => `/v1/training/messages/${encodeURIComponent(message)}`;

/** The texts that say something, trimmed. */
const optional = (texts: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, text.trim()]).filter(([, text]) => text !== ""));

/** The answer's JSON; null when there is none or a proxy answered with a page. */
async function readJson(response: Response): Promise<unknown> {
  const text = await response.text();
  try {
    return text === "" ? null : (JSON.parse(text) as unknown);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
