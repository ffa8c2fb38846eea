import { batch, computed, signal, type ReadonlySignal, type Signal } from "@preact/signals";
import { TandemClient, type ClientOptions, type ConnectionState, type Draft, type SendError } from "../shared/client";
import { translator, type Translate } from "../shared/i18n";
import { newId } from "../shared/ids";
import { isDrafts } from "../shared/outbox";
import type { Author, Body, Entry, Language, Owner, StatusFrame, WidgetSession } from "../shared/protocol";
import { readJson, type KeyValueStorage } from "../shared/storage";
import { ApiError, type CustomerApi } from "./api";
import { answerDue, buildRows, currentOwner, pressable, unreadCount, votes, type Failed, type Logged } from "./rows";
import { en } from "./texts/en";
import { zh } from "./texts/zh";

export type Loading = "idle" | "loading" | "ready" | "failed";
export type Action = "feedback" | "rating" | "ask-human" | "solved" | "leave-message";

export interface ChatOptions {
  api: CustomerApi;
  storage: KeyValueStorage;
  device: string;
  baseUrl: string;
  language: Language;
  socket?: ClientOptions["socket"];
  clock?: ClientOptions["clock"];
}

const TYPING_SHOWN_MS = 5_000;
const ANSWER_DUE_MS = 20_000;
const DRAW_MS = 30;

/** Everything the customer's page knows and can do; the components only draw it. */
export class Chat {
  readonly language: Signal<Language>;
  readonly t: Translate<keyof typeof zh>;
  readonly loading = signal<Loading>("idle");
  readonly session = signal<WidgetSession | null>(null);
  readonly connection = signal<ConnectionState>("offline");
  /** True once a connection was lost and as long as there is no new one. */
  readonly cut = signal(false);
  readonly open = signal(false);
  readonly conv = signal<string | null>(null);
  readonly log = signal<readonly Logged[]>([]);
  readonly outgoing = signal<readonly Draft[]>([]);
  readonly failed: Signal<readonly Failed[]>;
  readonly status = signal<StatusFrame | null>(null);
  readonly typist = signal<Author | null>(null);
  /** For a while after a message was sent from this page. */
  readonly answerExpected = signal(false);
  readonly actionError = signal<Action | null>(null);
  /** Why, in the server's code; null when it could not be asked. */
  readonly actionCode = signal<string | null>(null);
  readonly busy = signal<Action | null>(null);
  readonly rated = signal(false);
  /** Counts the customers of this page; what was written for one is not the next one's. */
  readonly writer = signal(0);
  private readonly seen = signal<Readonly<Record<string, number>>>({});

  readonly rows = computed(() => buildRows(this.log.value, this.outgoing.value, this.failed.value));
  readonly pressable = computed(() => pressable(this.log.value, this.outgoing.value));
  readonly votes = computed(() => votes(this.log.value));
  readonly owner: ReadonlySignal<Owner | null> = computed(() => currentOwner(this.log.value, this.conv.value, this.status.value));
  readonly unread = computed(() => unreadCount(this.log.value, (conv) => this.seen.value[conv] ?? 0));
  readonly typingName: ReadonlySignal<string | null> = computed(() => this.whoTypes());

  private readonly client: TandemClient;
  private readonly storage: KeyValueStorage;
  private readonly api: CustomerApi;
  /** Whose messages this page holds. */
  private contact: string | null;
  private readonly opIds = new Map<string, string>();
  /** Own messages whose entry is on its way: client_id → conversation and seq. */
  private readonly settling = new Map<string, { conv: string; seq: number }>();
  private arrived: Logged[] = [];
  private drawTimer: ReturnType<typeof setTimeout> | null = null;
  private drawnAt = 0;
  private typistTimer: ReturnType<typeof setTimeout> | undefined;
  private dueTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(options: ChatOptions) {
    this.api = options.api;
    this.storage = options.storage;
    this.contact = options.storage.getItem("contact");
    this.language = signal(options.language);
    this.t = translator({ zh, en }, () => this.language.value);
    this.failed = signal(readJson(options.storage, "failed", isFailed, []));
    this.seen.value = readJson(options.storage, "seen", isSeen, {});
    this.client = new TandemClient({
      ...options,
      getTicket: () => options.api.ticket(),
      fetchEntries: (conv, after) => options.api.entries(conv, after),
    });
    this.outgoing.value = this.client.pending();
    this.listen();
  }

  /** Gets a session and connects; again after a failure. */
  async start(): Promise<void> {
    if (this.loading.value === "loading" || this.loading.value === "ready") return;
    this.loading.value = "loading";
    try {
      const session = await this.api.session();
      this.serve(session.contact.id);
      this.session.value = session;
      this.loading.value = "ready";
    } catch (error) {
      this.loading.value = "failed";
      if (!(error instanceof ApiError || error instanceof TypeError || error instanceof DOMException)) throw error;
      return;
    }
    this.client.connect();
  }

  stop(): void {
    this.client.close();
  }

  setOpen(open: boolean): void {
    this.open.value = open;
    if (!open) return;
    void this.start();
    this.markSeen();
  }

  setLanguage(language: Language): void {
    this.language.value = language;
    this.storage.setItem("language", language);
  }

  sendText(text: string): void {
    this.send({ text });
  }

  press(seq: number, index: number): void {
    this.send({ press: { seq, index } });
  }

  resend(failed: { draft: Draft }): void {
    this.discard(failed);
    this.send(failed.draft.body);
  }

  discard(failed: { draft: Draft }): void {
    this.setFailed(this.failed.value.filter(({ draft }) => draft.client_id !== failed.draft.client_id));
  }

  typed(): void {
    const conv = this.conv.value;
    const kind = this.owner.value?.kind;
    // A person sees it; the bot waits a moment with its answer.
    if (conv !== null && (kind === "agent" || kind === "bot")) this.client.typing(conv);
  }

  /** Runs a command on the current conversation; false (and `actionError`) if the server did not do it. */
  async act(action: Action, fields: object = {}): Promise<boolean> {
    const conv = this.conv.value;
    if (conv === null) return false;
    const key = JSON.stringify([action, conv, fields]);
    const opId = this.opIds.get(key) ?? newId();
    this.opIds.set(key, opId); // a repeat after a lost answer must not count twice
    this.busy.value = action;
    this.actionError.value = null;
    try {
      await this.api.act(conv, action, fields, opId);
      this.opIds.delete(key);
      if (action === "rating") this.rated.value = true;
      return true;
    } catch (error) {
      if (error instanceof ApiError && !(error.status >= 500)) this.opIds.delete(key);
      this.actionCode.value = error instanceof ApiError ? error.code : null;
      this.actionError.value = action;
      return false;
    } finally {
      this.busy.value = null;
    }
  }

  /** Before the first message there is no conversation to hand off: saying it starts one. */
  async askHuman(): Promise<void> {
    if (this.conv.value === null || this.owner.value?.kind === "closed") this.sendText(this.t("talkToPersonMessage"));
    else await this.act("ask-human");
  }

  /** Everything on screen was seen by a person, if the panel is open and the page visible. */
  markSeen(): void {
    if (!this.open.value || document.visibilityState !== "visible") return;
    const seen = { ...this.seen.value };
    let changed = false;
    for (const { conv, entry } of this.log.value) {
      if (entry.seq <= (seen[conv] ?? 0)) continue;
      seen[conv] = entry.seq;
      changed = true;
    }
    if (!changed) return;
    this.seen.value = seen;
    this.storage.setItem("seen", JSON.stringify(seen));
    const conv = this.conv.value;
    if (conv !== null) this.client.read(conv, seen[conv] ?? 0);
  }

  get draft(): string {
    return this.storage.getItem("draft") ?? "";
  }

  set draft(text: string) {
    if (text === "") this.storage.removeItem("draft");
    else this.storage.setItem("draft", text);
  }

  private send(body: Body): void {
    const conv = "press" in body ? this.conv.value : null;
    const clientId = this.client.send(conv, body);
    const draft = this.client.pending().find((item) => item.client_id === clientId);
    if (draft === undefined) return;
    this.outgoing.value = [...this.outgoing.value, draft];
    this.expectAnswer();
  }

  private listen(): void {
    const { client } = this;
    client.on("state", (state) => {
      this.connection.value = state;
      if (state === "online") this.cut.value = false;
      else if (state === "offline" || state === "unauthorized") this.cut.value = true;
    });
    client.on("welcome", (welcome) => {
      this.serve(welcome.principal.id); // another tab may have changed the token that we reconnect with
      if (welcome.current !== null) this.conv.value = welcome.current.conv;
    });
    client.on("entry", (conv, entry) => this.entered(conv, entry));
    client.on("status", (status) => {
      this.status.value = status;
      this.conv.value = status.conv;
      if (status.owner.kind !== "closed") this.rated.value = false;
    });
    client.on("typing", ({ author }) => this.types(author));
    client.on("sent", ({ client_id, conv, seq }) => {
      if (this.log.value.some((item) => item.conv === conv && item.entry.seq >= seq)) this.settled(client_id);
      else this.settling.set(client_id, { conv, seq });
    });
    client.on("sendError", (error) => this.refused(error));
    client.on("reset", () => this.startOver());
  }

  /** Drops all that came from the server, and shows what still waits to be sent. */
  private startOver(): void {
    this.arrived = [];
    this.settling.clear();
    batch(() => {
      this.log.value = [];
      this.status.value = null;
      this.conv.value = null;
      this.seen.value = {};
      this.outgoing.value = this.client.pending();
    });
  }

  /** The server says who this is; if it is another customer than before, nothing of theirs is sent or shown. */
  private serve(contact: string): void {
    const before = this.contact;
    this.contact = contact;
    if (before === null || before === contact) return;
    this.client.discardPending();
    batch(() => {
      this.startOver();
      this.failed.value = [];
      this.writer.value += 1;
    });
  }

  /** Collects what comes in one rush (a resume) into few drawings; a single entry is drawn at once. */
  private entered(conv: string, entry: Entry): void {
    this.arrived.push({ conv, entry });
    const rest = this.drawnAt + DRAW_MS - performance.now();
    if (rest <= 0) this.draw();
    else this.drawTimer ??= setTimeout(() => this.draw(), rest);
  }

  private draw(): void {
    if (this.drawTimer !== null) clearTimeout(this.drawTimer);
    this.drawTimer = null;
    this.drawnAt = performance.now();
    const arrived = this.arrived;
    this.arrived = [];
    batch(() => {
      this.log.value = [...this.log.value, ...arrived];
      for (const { conv, entry } of arrived) this.absorb(conv, entry);
    });
    this.markSeen();
  }

  private absorb(conv: string, entry: Entry): void {
    this.conv.value = conv;
    for (const [clientId, place] of this.settling) if (place.conv === conv && place.seq <= entry.seq) this.settled(clientId);
    if (entry.kind === "state") this.typist.value = null;
    if (entry.kind !== "message") return;
    if (entry.author.kind !== "customer") this.typist.value = null;
  }

  private settled(clientId: string): void {
    this.settling.delete(clientId);
    if (this.outgoing.value.some((draft) => draft.client_id === clientId)) {
      this.outgoing.value = this.outgoing.value.filter((draft) => draft.client_id !== clientId);
    }
  }

  private refused({ draft, code }: SendError): void {
    this.settled(draft.client_id);
    this.setFailed([...this.failed.value, { draft, code }]);
  }

  private setFailed(failed: readonly Failed[]): void {
    this.failed.value = failed;
    if (failed.length === 0) this.storage.removeItem("failed");
    else this.storage.setItem("failed", JSON.stringify(failed));
  }

  private types(author: Author): void {
    clearTimeout(this.typistTimer);
    this.typist.value = author;
    this.typistTimer = setTimeout(() => (this.typist.value = null), TYPING_SHOWN_MS);
  }

  private expectAnswer(): void {
    clearTimeout(this.dueTimer);
    this.answerExpected.value = true;
    this.dueTimer = setTimeout(() => (this.answerExpected.value = false), ANSWER_DUE_MS);
  }

  private whoTypes(): string | null {
    const typist = this.typist.value;
    if (typist !== null && typist.kind !== "customer") {
      return typist.kind === "bot" ? this.t("bot") : typist.name || this.t("agentUnnamed");
    }
    const kind = this.owner.value?.kind ?? "bot";
    const botSpeaks = kind === "bot" || kind === "queue" || kind === "closed";
    const due = botSpeaks && this.answerExpected.value && answerDue(this.log.value, this.outgoing.value);
    return due && this.connection.value === "online" ? this.t("bot") : null;
  }
}

function isFailed(value: unknown): value is Failed[] {
  return Array.isArray(value) && value.every((item) => typeof item?.code === "string") && isDrafts(value.map((item) => item.draft));
}

function isSeen(value: unknown): value is Record<string, number> {
  return typeof value === "object" && value !== null && Object.values(value).every((seq) => typeof seq === "number");
}
