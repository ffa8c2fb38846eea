import { batch, computed, signal, type ReadonlySignal, type Signal } from "./signals";
import { TandemClient, type ClientOptions, type ConnectionState, type Draft, type SendError } from "../shared/client";
import { fill, type Translate } from "../shared/i18n";
import { newId } from "../shared/ids";
import { fileLabel, type Body, type Entry, type Language, type Owner, type StatusFrame, type WidgetSession } from "../shared/protocol";
import type { KeyValueStorage } from "../shared/storage";
import { ApiError, type CustomerApi } from "./api";
import { Arrivals } from "./arrivals";
import type { Calls } from "./calls";
import { chooseWelcome, type Config } from "./config";
import { Door, type Loading } from "./door";
import { Faces } from "./faces";
import { Help } from "./help";
import type { Attributes } from "./page_api";
import { PageFacts } from "./page_facts";
import { answerDue, buildRows, currentOwner, isCalled, isRead, lastOwn, pressable, unreadCount, votes, type Failed, type Logged } from "./rows";
import type { Photos } from "./photos";
import { Refused } from "./refused";
import { Seen } from "./seen";
import { chooseTag, loadCatalogue, type Catalogue, type Key } from "./texts/catalogue";
import { Typist } from "./typist";
import { Uploads } from "./uploads";
import { Wish } from "./wish";
import { Written } from "./written";

export type Action = "feedback" | "rating" | "ask-human" | "ask-senior" | "solved" | "leave-queue" | "leave-message" | "callback";

export interface ChatOptions {
  api: CustomerApi;
  storage: KeyValueStorage;
  /** What is this tab's alone. */
  tab: KeyValueStorage;
  device: string;
  baseUrl: string;
  catalogue: Catalogue;
  /** Null when the gateway did not say. */
  config?: Config | null;
  socket?: ClientOptions["socket"];
  clock?: ClientOptions["clock"];
}

/** Everything the customer's page knows and can do; the components only draw it. */
export class Chat {
  readonly catalogue: Signal<Catalogue>;
  /** What bot and agents speak with this customer. */
  readonly language: ReadonlySignal<Language> = computed(() => this.catalogue.value.speaks);
  /** How times and numbers are written. */
  readonly locale: ReadonlySignal<string> = computed(() => this.catalogue.value.tag);
  readonly t: Translate<Key>;
  readonly config: Config | null;
  readonly uploads: Uploads;
  readonly help: Help;
  readonly faces: Faces;
  /** Once somebody has rung: its file is loaded then. */
  calls: Calls | null = null;
  /** Once an agent has asked for some. */
  photos: Photos | null = null;
  readonly loading: ReadonlySignal<Loading>;
  /** The customer looks at his orders. */
  readonly orders = signal(false);
  readonly session = signal<WidgetSession | null>(null);
  readonly connection = signal<ConnectionState>("offline");
  /** True once a connection was lost and as long as there is no new one. */
  readonly cut = signal(false);
  readonly open = signal(false);
  readonly conv = signal<string | null>(null);
  readonly log = signal<readonly Logged[]>([]);
  readonly outgoing = signal<readonly Draft[]>([]);
  readonly written: Written;
  readonly wish: Wish;
  readonly failed: Refused;
  readonly status = signal<StatusFrame | null>(null);
  readonly typist = new Typist();
  readonly actionError = signal<Action | null>(null);
  /** Why, in the server's code; null when it could not be asked. */
  readonly actionCode = signal<string | null>(null);
  /** What the server told besides, such as when people are there next. */
  readonly actionDetails = signal<Readonly<Record<string, unknown>>>({});
  readonly busy = signal<Action | null>(null);
  readonly rated = signal(false);
  /** Counts the customers of this page; what was written for one is not the next one's. */
  readonly writer = signal(0);

  readonly rows = computed(() => buildRows(this.log.value, this.outgoing.value, this.failed.all.value));
  /** Nothing was asked yet, or all that was is over: what is offered at the beginning is offered again. */
  readonly fresh = computed(() => this.outgoing.value.length === 0 && (this.rows.value.length === 0 || this.owner.value?.kind === "closed"));
  readonly pressable = computed(() => pressable(this.log.value, this.outgoing.value));
  readonly votes = computed(() => votes(this.log.value));
  readonly lastOwn = computed(() => lastOwn(this.log.value));
  readonly owner: ReadonlySignal<Owner | null> = computed(() => currentOwner(this.log.value, this.conv.value, this.status.value));
  readonly unread = computed(() => unreadCount(this.log.value, (conv) => this.seen.of(conv)));
  /** Whether a call may ring or go on; `calls` knows. */
  readonly called = computed(() => isCalled(this.log.value, this.conv.value));
  readonly typingName: ReadonlySignal<string | null> = computed(() => this.whoTypes());

  readonly client: TandemClient;
  private readonly door: Door;
  private readonly storage: KeyValueStorage;
  private readonly seen: Seen;
  private readonly facts: PageFacts;
  readonly api: CustomerApi;
  /** Whose messages this page holds. */
  private contact: string | null;
  private readonly opIds = new Map<string, string>();
  /** Own messages whose entry is on its way: client_id → conversation and seq. */
  private readonly settling = new Map<string, { conv: string; seq: number }>();
  private readonly arrivals = new Arrivals<Logged>((arrived) => this.draw(arrived));

  constructor(options: ChatOptions) {
    this.api = options.api;
    this.storage = options.storage;
    this.contact = options.storage.getItem("contact");
    this.catalogue = signal(options.catalogue);
    this.config = options.config ?? null;
    this.t = (key, values = {}) => {
      const { tag, texts } = this.catalogue.value;
      return fill(this.config?.texts[tag]?.[key] ?? texts[key], values);
    };
    this.uploads = new Uploads(options.api, options.storage);
    this.faces = new Faces(options.baseUrl);
    this.facts = new PageFacts(options.api);
    this.help = new Help(options.api, () => this.language.value);
    this.failed = new Refused(options.storage);
    this.written = new Written(options.storage, options.tab);
    this.seen = new Seen(options.storage);
    this.client = new TandemClient({
      ...options,
      language: options.catalogue.speaks,
      getTicket: () => options.api.ticket(),
      fetchEntries: (conv, after) => options.api.entries(conv, after),
    });
    this.outgoing.value = this.client.pending();
    this.door = new Door(options.api, (session) => this.enter(session));
    this.loading = this.door.state;
    this.wish = new Wish(this);
    this.listen();
  }

  /** Gets a session and connects, as soon as that can be done. */
  start(): Promise<void> {
    return this.door.open();
  }

  stop = (): void => {
    this.door.leave();
    this.client.close();
  };

  setOpen(open: boolean): void {
    this.open.value = open;
    if (!open) return;
    void this.start();
    this.markSeen();
  }

  async setLanguage(wish: string): Promise<void> {
    const tag = chooseTag([wish]);
    this.catalogue.value = await loadCatalogue(tag);
    this.storage.setItem("language", tag);
  }

  /** Somebody signed in on the page (a JWT of the tenant's site), or out (null): then nothing of him stays here. */
  async identify(token: string | null): Promise<void> {
    this.door.leave();
    void this.calls?.hangUp();
    this.client.close();
    this.api.identify(token);
    if (token === null) this.forget();
    if (token !== null || this.open.value) await this.start();
  }

  /** Told with the next message, or at once where a conversation is open. */
  setAttributes(attributes: Attributes): void {
    this.facts.add(attributes);
    if (this.conv.value !== null) this.facts.tell();
  }

  /** The first words for this hour, page and customer. */
  get welcome(): { text: string | undefined; suggestions: readonly string[] } {
    const tenant = this.session.value?.tenant;
    const language = this.language.value;
    const rule = this.config && chooseWelcome(this.config, location.pathname, new Date(), this.facts.attributes.value);
    return {
      text: rule?.text[language] ?? tenant?.greeting[language],
      suggestions: rule?.suggestions?.[language] ?? tenant?.suggestions[language] ?? [],
    };
  }

  /** Begins a message that the customer goes on writing; what stood there before comes after it. */
  prefill(text: string): void {
    this.written.text = text + this.written.text;
    this.writer.value += 1;
  }

  /** The words with the first file that waits for them, each other file alone. */
  sendText(text: string): void {
    const [first, ...others] = this.uploads.take();
    if (first === undefined) return this.send({ text });
    this.send({ file: first.id, text: text || fileLabel(first.name) });
    for (const file of others) this.send({ file: file.id, text: fileLabel(file.name) });
  }

  press(seq: number, index: number): void {
    this.send({ press: { seq, index } }, this.conv.value);
  }

  resend(failed: Failed): void {
    this.failed.remove(failed);
    this.send(failed.draft.body, failed.draft.conv);
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
      this.actionDetails.value = error instanceof ApiError ? error.details : {};
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
    if (!this.seen.mark(this.log.value)) return;
    const conv = this.conv.value;
    if (conv !== null) this.client.read(conv, this.seen.of(conv));
  }

  isRead = (conv: string, seq: number): boolean => isRead(this.log.value, this.status.value, conv, seq);

  /** Whether he can look at his orders. */
  get hasOrders(): boolean {
    return this.config?.orders === true && this.session.value !== null && this.api.signedIn;
  }

  /** Whether the server offers this now. */
  may = (action: Action): boolean => this.status.value?.choices?.includes(action) ?? false;

  file = (id: string): Promise<Blob> => this.api.file(id);

  wasSeen = ({ conv, entry }: Logged): boolean => entry.seq <= this.seen.of(conv);

  /** `conv`: where a button or a request for photos stands; null for whatever is open. */
  send(body: Body, conv: string | null = null): void {
    const clientId = this.client.send(conv, body);
    const draft = this.client.pending().find((item) => item.client_id === clientId);
    if (draft === undefined) return;
    this.outgoing.value = [...this.outgoing.value, draft];
    this.facts.tell();
    this.typist.expectAnswer();
  }

  private enter(session: WidgetSession): void {
    this.serve(session.contact.id);
    this.session.value = session;
    this.door.state.value = "ready";
    this.client.connect();
  }

  /** This browser belongs to nobody any more. */
  private forget(): void {
    this.contact = null;
    batch(() => {
      this.dropAll();
      this.written.keep(); // nothing of his: also not in this tab's own storage
      this.session.value = null;
    });
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
    client.on("entry", (conv, entry) => this.arrivals.add({ conv, entry }));
    client.on("status", (status) => {
      this.status.value = status;
      this.faces.learn(status.owner);
      this.conv.value = status.conv;
      if (status.owner.kind !== "closed") this.rated.value = false;
    });
    client.on("typing", ({ author }) => this.typist.types(author));
    client.on("sent", ({ client_id, conv, seq }) => {
      if (this.log.value.some((item) => item.conv === conv && item.entry.seq >= seq)) this.settled(client_id);
      else this.settling.set(client_id, { conv, seq });
    });
    client.on("sendError", (error) => this.refused(error));
    client.on("reset", () => this.startOver());
  }

  /** Drops all that came from the server, and shows what still waits to be sent. */
  private startOver(): void {
    this.arrivals.clear();
    this.settling.clear();
    batch(() => {
      this.log.value = [];
      this.status.value = null;
      this.conv.value = null;
      this.seen.forget();
      this.outgoing.value = this.client.pending();
    });
  }

  /** The server says who this is; if it is another customer than before, nothing of theirs is sent or shown. */
  private serve(contact: string): void {
    const before = this.contact;
    this.contact = contact;
    if (before === null) this.written.keep();
    else if (before !== contact) this.dropAll();
  }

  private dropAll(): void {
    this.client.discardPending();
    this.uploads.forget();
    this.photos?.forget();
    this.written.reload();
    batch(() => {
      this.startOver();
      this.failed.all.value = [];
      this.orders.value = false;
      this.wish.forget();
      this.writer.value += 1;
    });
  }

  private draw(arrived: readonly Logged[]): void {
    batch(() => {
      this.log.value = [...this.log.value, ...arrived];
      for (const { conv, entry } of arrived) this.absorb(conv, entry);
    });
    this.markSeen();
  }

  private absorb(conv: string, entry: Entry): void {
    this.conv.value = conv;
    for (const [clientId, place] of this.settling) if (place.conv === conv && place.seq <= entry.seq) this.settled(clientId);
    if (entry.kind === "state") this.typist.stops();
    if (entry.kind !== "message") return;
    if (entry.author.kind !== "customer") this.typist.stops();
  }

  private settled(clientId: string): void {
    this.settling.delete(clientId);
    if (this.outgoing.value.some((draft) => draft.client_id === clientId)) {
      this.outgoing.value = this.outgoing.value.filter((draft) => draft.client_id !== clientId);
    }
  }

  private refused({ draft, code }: SendError): void {
    this.settled(draft.client_id);
    this.failed.add({ draft, code });
    this.wish.forget(); // the words that asked for these people have not arrived
  }

  private whoTypes(): string | null {
    const typist = this.typist.author.value;
    if (typist !== null && typist.kind !== "customer") {
      return typist.kind === "bot" ? this.t("bot") : typist.name || this.t("agentUnnamed");
    }
    const kind = this.owner.value?.kind ?? "bot";
    const botSpeaks = kind === "bot" || kind === "queue" || kind === "closed";
    const due = botSpeaks && this.typist.expected.value && answerDue(this.log.value, this.outgoing.value);
    return due && this.connection.value === "online" ? this.t("bot") : null;
  }
}
