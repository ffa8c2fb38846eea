import { batch } from "@preact/signals";
import type { ClientEvents, KeyValueStorage, TandemClient } from "../shared/client";
import type { DeskFrame, Entry, MessageEntry, PresenceStatus } from "../shared/protocol";
import { readJson } from "../shared/storage";
import { type Alerts, hear, SILENT, unconfirmed } from "./alerts";
import { type Api, ApiError } from "./api";
import {
  neighbour, type Section, type Standing, standingOf, walkable, withClosed, withdrawn, withMessage, withSeen, withSnapshot,
} from "./desk";
import type { Popups } from "./popups";
import { problem } from "./problem";
import type { Bell } from "./sound";
import { type DeskState, type Notice, put } from "./state";
import { EMPTY_TIMELINE, lastSeq, withEntries } from "./timeline";
import { holds, viewFor } from "./views";

export interface SessionParts {
  readonly state: DeskState;
  readonly client: TandemClient;
  readonly api: Api;
  readonly bell: Bell;
  readonly popups: Popups;
  /** Which handoffs rang, and whether the sound is off. */
  readonly memory: KeyValueStorage;
  readonly signedOut: SignedOut;
}
/** True: it was done. Otherwise why not, in the agent's language. */
export type Outcome = true | string;
/** The agent left, or the server ended his session. */
export type SignedOut = (why: "left" | "ended") => void;

const TYPING_MS = 5000;
const NOTICE_MS = 7000;
const UNDO_MS = 20_000;
const BURST_MS = 120;
/** So many entries of a second are shown one by one, the others every so often. */
const AT_ONCE = 40;
const FLOOD_MS = 100;
/** Conversations that stay subscribed, so that going back to them is instant. */
const FOLLOWED = 12;

/** What the server says and what the agent looks at, applied to the desk's state. */
export class Session {
  private readonly stops: (() => void)[] = [];
  private readonly reloads = new Map<string, number>();
  private readonly seen = new Map<string, number>();
  private readonly confirmed = new Set<string>();
  private followed: readonly string[] = [];
  /** Entries that came and are not shown yet, by conversation. */
  private readonly arriving = new Map<string, Entry[]>();
  private burst = 0;
  private flood: number | null = null;
  private skew = 0;
  private noticeId = 0;

  constructor(private readonly parts: SessionParts) {
    const { state, memory, bell } = parts;
    const rung = readJson(memory, "rung", isStrings, []);
    state.alerts.value = { ...SILENT, rung: new Set(rung) };
    state.muted.value = bell.muted = memory.getItem("muted") === "yes";
    state.plainKeys.value = memory.getItem("plain_keys") !== "no";
    state.view.value = viewFor(state, "desk") ?? "desk";
  }

  start(): void {
    const { state, client, signedOut } = this.parts;
    this.listen("state", (connection) => {
      state.connection.value = connection;
      if (connection === "unauthorized") signedOut("ended");
    });
    this.listen("welcome", ({ server_time, limits }) => {
      this.skew = Date.parse(server_time) - Date.now();
      state.limit.value = limits.text_chars;
    });
    this.listen("desk", (frame) => this.deskChanged(frame));
    this.listen("entry", (conversation, entry) => this.arrived(conversation, entry));
    this.listen("status", (status) => {
      this.stand(status.conv, standingOf(status));
      this.refresh(status.conv);
    });
    this.listen("typing", ({ conv, author }) => {
      state.typing.value = put(state.typing.value, conv, { name: author.name ?? "", until: this.time() + TYPING_MS });
    });
    this.listen("sent", ({ conv }) => this.refresh(conv));
    this.listen("reset", () => {
      state.timelines.value = new Map();
      this.arriving.clear();
      this.seen.clear();
    });
    const tick = setInterval(() => {
      this.burst = this.burst > AT_ONCE ? AT_ONCE : 0;
      state.now.value = this.time();
    }, 1000);
    document.addEventListener("visibilitychange", this.confirmShown);
    this.stops.push(
      () => document.removeEventListener("visibilitychange", this.confirmShown),
      () => clearInterval(tick),
      () => client.close(),
    );
    // Whose role reads no conversations has no socket; the server would refuse it as if the session had ended.
    if (holds(state, "conversations.read")) client.connect();
  }

  /** Runs this when the agent leaves or his session ends. */
  atStop(end: () => void): void {
    this.stops.push(end);
  }

  stop(): void {
    for (const stop of this.stops.splice(0)) stop();
  }

  // ---- what the server says

  /** Applies every change that one event makes at once. */
  listen<E extends keyof ClientEvents>(event: E, handler: (...args: ClientEvents[E]) => void): void {
    this.stops.push(this.parts.client.on(event, (...args: ClientEvents[E]) => batch(() => handler(...args))));
  }

  private deskChanged(frame: DeskFrame): void {
    const { state } = this.parts, t = state.t.value;
    for (const { contact } of withdrawn(state.desk.value, frame, Date.now())) this.notify("good", t("offer.withdrawn", { name: contact.name || t("list.anonymous") }));
    state.desk.value = withSeen(withSnapshot(state.desk.value, frame), this.seen);
    const self = frame.agents.find((agent) => agent.id === state.me.value.agent.id);
    // To the others I am offline until this page is connected; that is not what I chose.
    if (self !== undefined && self.status !== "offline") this.setStatus(self.status);
    for (const { conversation } of frame.mine) this.follow(conversation);
    this.listenUp();
    this.confirmShown();
  }

  /** Tells the server which calls a person has before his eyes; without that it calls somebody else. */
  private confirmShown = (): void => {
    if (document.hidden) return;
    const { state, client } = this.parts;
    const name = ({ handoff, n }: { handoff: string; n: number }): string => `${handoff}/${n}`;
    const fresh = unconfirmed(state.desk.value).filter((call) => !this.confirmed.has(name(call)));
    if (fresh.length > 0 && client.shown(fresh)) for (const call of fresh) this.confirmed.add(name(call));
  };

  /** Calls the agent if the desk has something that he was not called for yet. */
  private listenUp(): void {
    const { state, bell, popups } = this.parts;
    const { alerts, ring } = hear(state.alerts.value, state.desk.value);
    this.remember(alerts);
    // Who does not want to be disturbed sees what came in the lists and in the title of the window.
    if (ring === null || state.me.value.agent.status === "busy") return;
    // A message rings only for who is not looking; a handoff always does.
    if (ring === "handoff" || document.hidden) bell.ring(ring);
    if (!document.hasFocus()) {
      popups.show(ring, state.t.value(`popup.${ring}`), () => this.toLists());
    }
  }

  /** To what waits: the window, the desk, its lists. */
  private toLists(): void {
    const { state } = this.parts;
    window.focus();
    state.view.value = "desk";
    state.pane.value = "lists";
  }

  /** One entry is shown at once; of a flood, as when a long conversation is opened, those of a moment together. */
  private arrived(conversation: string, entry: Entry): void {
    const waiting = this.arriving.get(conversation);
    if (waiting === undefined) this.arriving.set(conversation, [entry]);
    else waiting.push(entry);
    this.burst += 1;
    if (this.burst <= AT_ONCE) return this.showArrived();
    if (this.flood === null) {
      this.flood = window.setTimeout(() => {
        this.flood = null;
        batch(() => this.showArrived());
      }, FLOOD_MS);
    }
  }

  private showArrived(): void {
    const { state } = this.parts;
    const arrived = [...this.arriving];
    this.arriving.clear();
    for (const [conversation, entries] of arrived) {
      const timeline = state.timelines.value.get(conversation) ?? EMPTY_TIMELINE;
      state.timelines.value = put(state.timelines.value, conversation, withEntries(timeline, entries));
      const shown = entries.filter((entry) => entry.kind !== "hidden");
      if (shown.length > 0 && state.typing.value.has(conversation)) state.typing.value = put(state.typing.value, conversation, null);
      if (shown.some((entry) => entry.kind === "state")) this.refresh(conversation);
      const said = shown.filter((entry) => entry.kind === "message");
      for (const message of said) state.desk.value = withMessage(state.desk.value, conversation, message);
      if (said.length > 0) this.listenUp();
    }
  }

  stand(conversation: string, standing: Standing): void {
    const { standings } = this.parts.state;
    standings.value = put(standings.value, conversation, standing);
  }

  /** Fetches the packet, receipt and contact of the conversation on the screen, once per burst of changes. */
  refresh(conversation: string): void {
    if (conversation !== this.parts.state.current.value) return;
    window.clearTimeout(this.reloads.get(conversation));
    this.reloads.set(conversation, window.setTimeout(() => void this.loadDetail(conversation), BURST_MS));
  }

  private loadDetail(conversation: string): Promise<boolean> {
    const { state, api } = this.parts;
    const load = async (): Promise<void> => {
      state.details.value = put(state.details.value, conversation, await api.conversation(conversation));
    };
    return this.attempt(load, (error) => {
      if (error.status === 404 && state.current.value === conversation) this.leave();
    });
  }

  // ---- what the agent looks at

  open(conversation: string, options: { focus?: boolean } = {}): void {
    const { state } = this.parts;
    if (!holds(state, "conversations.read")) return;
    batch(() => {
      if (state.current.value !== conversation) state.cursor = null;
      state.view.value = "desk";
      state.current.value = conversation;
      state.notices.value = state.notices.value.filter((notice) => notice.conversation !== conversation);
      state.pane.value = "conversation";
      state.highlight.value = null;
      state.focusWanted.value = options.focus ?? false;
    });
    this.follow(conversation);
    void this.loadDetail(conversation);
  }

  /** Opens a conversation at one of its entries. */
  openAt(conversation: string, seq: number): void {
    this.open(conversation);
    this.cite([seq]);
  }

  /** Subscribes; what was opened long ago and is not mine is let go. */
  private follow(conversation: string): void {
    const { client, state } = this.parts;
    client.subscribe(conversation);
    const { lists } = state.desk.value;
    const mine = new Set([...lists.mine, ...lists.aside].map((card) => card.conversation));
    const followed = [conversation, ...this.followed.filter((each) => each !== conversation)];
    const keep = (each: string): boolean => mine.has(each) || each === state.current.value;
    this.followed = followed.filter((each, index) => index < FOLLOWED || keep(each));
    for (const old of followed.slice(FOLLOWED).filter((each) => !keep(each))) {
      client.unsubscribe(old);
      this.arriving.delete(old);
      state.timelines.value = put(state.timelines.value, old, null);
      state.standings.value = put(state.standings.value, old, null);
    }
  }

  leave(): void {
    const { state } = this.parts;
    batch(() => {
      state.current.value = null;
      state.pane.value = "lists";
    });
  }

  /** The person has the end of the current conversation before his eyes; a dialog covers it. */
  saw(): void {
    const { state, client } = this.parts;
    const conversation = state.current.value;
    const seq = lastSeq(state.timeline.value);
    if (conversation === null || seq === 0 || document.hidden || state.dialog.value !== null) return;
    client.read(conversation, seq);
    this.seen.set(conversation, seq);
    batch(() => {
      state.desk.value = withSeen(state.desk.value, this.seen);
      state.alerts.value = hear(state.alerts.value, state.desk.value).alerts;
    });
  }

  /** What the customer wrote below what the agent has seen; nothing while he has seen nothing of it on this page. */
  missed(conversation: string): readonly MessageEntry[] {
    const seen = this.seen.get(conversation);
    if (seen === undefined) return [];
    const { entries } = this.parts.state.timelines.value.get(conversation) ?? EMPTY_TIMELINE;
    return entries.filter((entry): entry is MessageEntry => entry.kind === "message" && entry.seq > seen && entry.author.kind === "customer");
  }

  /** The agent was shown what he had missed. */
  sawAll(conversation: string): void {
    this.seen.set(conversation, lastSeq(this.parts.state.timelines.value.get(conversation) ?? EMPTY_TIMELINE));
  }

  step(direction: 1 | -1): void {
    const { desk, folded, current } = this.parts.state;
    const next = neighbour(walkable(desk.value, folded.value), current.value, direction);
    if (next !== null) this.open(next);
  }

  fold(section: Section, folded: boolean): void {
    const { state } = this.parts;
    const next = new Set(state.folded.value);
    if (folded) next.add(section);
    else next.delete(section);
    state.folded.value = next;
    if (section === "closed" && !folded) void this.loadClosed();
  }

  /** Lists the closed conversations if the agent has that list open. */
  async loadClosed(): Promise<void> {
    const { state, api } = this.parts;
    if (state.folded.value.has("closed")) return;
    await this.attempt(async () => {
      state.desk.value = withClosed(state.desk.value, await api.box("closed"));
    });
  }

  /** Shows the entries that a line of the packet cites. */
  cite(seqs: readonly number[]): void {
    const { state } = this.parts;
    const conversation = state.current.value;
    if (conversation === null || seqs.length === 0) return;
    batch(() => {
      state.highlight.value = { conversation, seqs };
      state.pane.value = "conversation";
    });
  }

  // ---- the agent himself

  setStatus(status: PresenceStatus): void {
    const { me } = this.parts.state;
    if (me.value.agent.status !== status) me.value = { ...me.value, agent: { ...me.value.agent, status } };
  }

  toggleSound(): void {
    const { state, bell, memory } = this.parts;
    const muted = !state.muted.value;
    state.muted.value = bell.muted = muted;
    memory.setItem("muted", muted ? "yes" : "no");
    if (!muted) bell.ring("message");
  }

  /** Whether keys without Ctrl or Alt are shortcuts; kept in this browser, like the sound. */
  usePlainKeys(wanted: boolean): void {
    this.parts.state.plainKeys.value = wanted;
    this.parts.memory.setItem("plain_keys", wanted ? "yes" : "no");
  }

  unlockSound = (): void => this.parts.bell.unlock();

  remember(alerts: Alerts): void {
    const { state, memory } = this.parts;
    const learned = alerts.rung !== state.alerts.value.rung;
    state.alerts.value = alerts;
    if (learned) memory.setItem("rung", JSON.stringify([...alerts.rung]));
  }

  /** Says it for a while; what concerns a conversation elsewhere stays until the agent goes there or dismisses it. */
  notify(tone: Notice["tone"], text: string, { conversation = null, undo = null }: Partial<Notice> = {}): void {
    const { notices } = this.parts.state;
    const id = (this.noticeId += 1);
    notices.value = [...notices.value, { id, tone, text, conversation, undo }];
    if (conversation === null) window.setTimeout(() => this.dismiss(id), undo === null ? NOTICE_MS : UNDO_MS);
  }

  dismiss(id: number): void {
    const { notices } = this.parts.state;
    notices.value = notices.value.filter((notice) => notice.id !== id);
  }

  /** Runs one request; a refusal becomes a notice in the agent's language, anything else is a bug and is thrown. */
  async attempt(run: () => Promise<unknown>, refused?: (error: ApiError) => void): Promise<boolean> {
    const error = await this.refusal(run);
    if (error === null) return true;
    if (error.status !== 401) this.notify("bad", problem(error, this.parts.state.t.value));
    refused?.(error);
    return false;
  }

  /** Runs one request of a dialog: true, or the sentence that the dialog shows in place of a notice behind it. */
  async outcome(run: () => Promise<unknown>): Promise<Outcome> {
    const error = await this.refusal(run);
    return error === null ? true : problem(error, this.parts.state.t.value);
  }

  private async refusal(run: () => Promise<unknown>): Promise<ApiError | null> {
    try {
      await run();
      return null;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      return error;
    }
  }

  private time = (): number => Date.now() + this.skew;
}

const isStrings = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === "string");
