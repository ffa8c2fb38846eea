import { signal } from "@preact/signals";
import { type Api, ApiError } from "./api";
import { Fetching } from "./fetching";
import type { Session } from "./session";
import type { DeskState } from "./state";
import { keyFor, type Translate } from "./text";

/** An address that is told what happens; `events` empty: everything. `secrets`: how many are valid, two while they change. */
export interface Webhook {
  readonly id: string;
  readonly url: string;
  readonly description: string;
  readonly events: readonly string[];
  readonly disabled: boolean;
  readonly waiting: number;
  readonly sent: number;
  readonly dead: number;
  /** A gateway of the release before tells none of the following. */
  readonly secrets?: number;
  readonly delivered_at?: string | null;
  readonly last_error?: { readonly message: string; readonly error: string; readonly at: string } | null;
}
export type DeliveryState = "waiting" | "sent" | "dead";
export const DELIVERY_STATES: readonly DeliveryState[] = ["dead", "waiting", "sent"];
export interface Attempt {
  readonly n: number;
  readonly at: string;
  readonly took_ms: number;
  readonly status: number | null;
  readonly error: string | null;
}
/** An event on its way to one webhook; `attempts` has the one that is under way, and begins anew when it is sent again. */
export interface Delivery {
  readonly id: string;
  readonly webhook: string;
  readonly subject: string;
  readonly event: string;
  readonly state: DeliveryState;
  readonly attempts: number;
  readonly error: string | null;
  readonly body: unknown;
  readonly created_at: string;
  readonly next_at: string;
  readonly ended_at: string | null;
  /** A gateway of the release before does not tell it. */
  readonly under_way?: boolean;
}
export interface LoggedDelivery extends Delivery {
  readonly log: readonly Attempt[];
}
export interface DeliveryPage {
  readonly messages: readonly Delivery[];
  readonly cursor: string | null;
}
export interface WebhookFields {
  readonly url: string;
  readonly description: string;
  readonly events: readonly string[];
}
/** Whose deliveries are shown, and which of them. */
export interface Shown extends DeliveryPage {
  readonly webhook: string;
  readonly state: DeliveryState | null;
}

/** What was just begun is looked after so often; an attempt of the gateway takes at most ten seconds. */
const LOOKS = 15;
const LOOK_MS = 1000;
const PAGE = 20;
/** So many the gateway tells at once. */
const MOST_IN_PAGE = 200;

/** Whether nothing has become yet of its first attempt since it was begun (anew). */
export const isUntried = ({ state, attempts, under_way }: Delivery): boolean => state === "waiting" && (attempts === 0 || (attempts === 1 && under_way === true));

/** When it is tried: now, at its time, or not before its webhook is switched on. */
export function whenTried({ attempts, under_way, created_at, next_at }: Delivery, { disabled }: Webhook, now = Date.now()): "now" | "later" | "off" {
  if (under_way) return "now";
  if (disabled) return "off";
  return (attempts === 0 && next_at === created_at) || Date.parse(next_at) <= now ? "now" : "later";
}

/** How a webhook is called: by what it is for, else by the host of its address. */
export function webhookName({ description, url }: Webhook): string {
  return description || (URL.canParse(url) ? new URL(url).host : url);
}

/** What an event is called. */
export function eventName(event: string, t: Translate): string {
  const key = keyFor("webhook_event", event);
  return key === null ? event : t(key);
}

/** Addresses of integrators: what there is, what they were told, what they did not take, and telling them again. */
export class Webhooks {
  readonly list = signal<readonly Webhook[] | null>(null);
  /** The events that one can ask for. */
  readonly events = signal<readonly string[]>([]);
  /** A secret that was just made: whose, and what it is. Shown until it is dismissed, and never again. */
  readonly made = signal<{ readonly url: string; readonly secret: string } | null>(null);
  readonly shown = signal<Shown | null>(null);
  /** The delivery whose attempts are shown. */
  readonly open = signal<LoggedDelivery | null>(null);
  readonly busy = signal(false);
  private readonly fetching = new Fetching();
  readonly failed = this.fetching.failed;
  private watch = 0;
  /** What one wants to see: shown as soon as the answer is there, and asked again where there was none. */
  private wanted: Pick<Shown, "webhook" | "state"> | null = null;
  private opened: string | null = null;

  constructor(private readonly parts: { api: Api; session: Session; state: DeskState; pause?: () => Promise<unknown> }) {}

  /** Reads anew what is shown: the list, and the deliveries and attempts that are open. */
  async start(): Promise<void> {
    await Promise.all([this.readList(), this.readOpen()]);
  }

  /** Nobody looks any more. */
  leave(): void {
    this.watch += 1;
  }

  add(fields: WebhookFields): Promise<boolean> {
    return this.drawing(fields.url, () => this.parts.api.webhookCommand("", fields));
  }

  change({ id }: Webhook, fields: WebhookFields): Promise<boolean> {
    return this.act(() => this.parts.api.webhookCommand(`/${id}`, fields));
  }

  setDisabled({ id }: Webhook, disabled: boolean): Promise<boolean> {
    return this.act(() => this.parts.api.webhookCommand(`/${id}`, { disabled }));
  }

  /** A new secret beside the oldest one that is valid: both sign until the older one is ended. */
  rotate({ id, url }: Webhook): Promise<boolean> {
    return this.drawing(url, () => this.parts.api.webhookCommand(`/${id}/rotate`, null));
  }

  finishRotation({ id }: Webhook): Promise<boolean> {
    return this.act(() => this.parts.api.webhookCommand(`/${id}/finish-rotation`, null));
  }

  async remove({ id }: Webhook): Promise<boolean> {
    if (this.wanted?.webhook === id) this.hide();
    return this.act(() => this.parts.api.webhookCommand(`/${id}/remove`, null));
  }

  /** Sends an event that means nothing, and shows what becomes of it unless one looks at something else by then. */
  async test({ id }: Webhook): Promise<void> {
    await this.begun(async (mine) => {
      const { message } = await this.parts.api.webhookCommand<{ message: string }>(`/${id}/test`, null);
      if (this.watch !== mine) return;
      this.wanted = { webhook: id, state: null };
      this.opened = message;
    });
  }

  /** The deliveries of one webhook, the latest first; `state` null: all. */
  async look(webhook: string, state: DeliveryState | null): Promise<void> {
    this.watch += 1;
    if (this.wanted?.webhook !== webhook) this.close();
    this.wanted = { webhook, state };
    await this.readDeliveries(PAGE);
  }

  hide(): void {
    this.watch += 1;
    this.fetching.forget("deliveries");
    this.wanted = null;
    this.shown.value = null;
    this.close();
  }

  async more(): Promise<void> {
    const before = this.shown.value;
    if (before !== null) await this.readDeliveries(before.messages.length + PAGE);
  }

  /** The attempts of one delivery; of null: of none. */
  async show(delivery: string | null): Promise<void> {
    this.close();
    this.opened = delivery;
    await this.readDelivery();
  }

  /** Begins anew with one that is dead. */
  replay({ id }: Delivery): Promise<void> {
    return this.again(`/messages/${id}/replay`);
  }

  /** The same with everything of a webhook that is dead. */
  replayAll({ id }: Webhook): Promise<void> {
    return this.again(`/${id}/replay`);
  }

  private again(path: string): Promise<void> {
    const { api, session, state } = this.parts;
    return this.begun(async (mine) => {
      const { replayed } = await api.webhookCommand<{ replayed: number }>(path, null);
      session.notify("good", state.t.value("webhooks.replayed", { n: replayed }));
      // What is sent again is not dead any more: it is shown among all.
      if (this.watch === mine && this.wanted !== null) this.wanted = { ...this.wanted, state: null };
    });
  }

  /** Does it, and reads anew until everything that was just begun has been tried once; for as long as nobody looks elsewhere. */
  private async begun(run: (mine: number) => Promise<unknown>): Promise<void> {
    if (this.busy.value) return;
    this.watch += 1;
    const mine = this.watch;
    this.busy.value = true;
    const done = await this.parts.session.attempt(() => run(mine));
    this.busy.value = false;
    for (let looks = 0; done && looks < LOOKS && this.watch === mine; looks += 1) {
      await this.readOpen();
      const seen = [...(this.shown.value?.messages ?? []), ...(this.open.value === null ? [] : [this.open.value])];
      if (!seen.some(isUntried)) break;
      await (this.parts.pause ?? (() => new Promise((resolve) => setTimeout(resolve, LOOK_MS))))();
    }
    await this.readList();
  }

  private async readList(): Promise<void> {
    await this.fetching.ask("webhooks", () => this.parts.api.webhooks(), ({ webhooks, events = [] }) => {
      this.list.value = webhooks;
      this.events.value = events;
    });
  }

  /** The deliveries, as many as are shown, and the one that is open. */
  private async readOpen(): Promise<void> {
    await Promise.all([this.readDeliveries(Math.max(PAGE, this.shown.value?.messages.length ?? 0)), this.readDelivery()]);
  }

  private async readDeliveries(least: number): Promise<void> {
    const { wanted } = this;
    if (wanted === null) return;
    await this.fetching.ask("deliveries", () => this.pagesOf(wanted, least), (page) => {
      this.shown.value = { ...wanted, ...page };
    });
  }

  private async pagesOf({ webhook, state }: Pick<Shown, "webhook" | "state">, least: number): Promise<DeliveryPage> {
    let messages: readonly Delivery[] = [];
    let cursor: string | null = null;
    do {
      const page: DeliveryPage = await this.parts.api.deliveries(webhook, state, cursor, Math.min(least - messages.length, MOST_IN_PAGE));
      messages = [...messages, ...page.messages];
      cursor = page.messages.length === 0 ? null : page.cursor;
    } while (cursor !== null && messages.length < least);
    return { messages, cursor };
  }

  private async readDelivery(): Promise<void> {
    const { opened } = this;
    if (opened === null) return;
    await this.fetching.ask("delivery", () => this.found(opened), (found) => {
      if (found === null) this.close();
      else this.open.value = found;
    });
  }

  /** A delivery with its attempts; null for one that was tidied away meanwhile. */
  private async found(delivery: string): Promise<LoggedDelivery | null> {
    try {
      return await this.parts.api.delivery(delivery);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return null;
      throw error;
    }
  }

  private close(): void {
    this.fetching.forget("delivery");
    this.opened = null;
    this.open.value = null;
  }

  /** A secret that is shown is noted before another one is drawn. */
  private drawing(url: string, run: () => Promise<{ secret?: string | null }>): Promise<boolean> {
    const { session, state } = this.parts;
    if (this.made.value !== null) {
      session.notify("bad", state.t.value("webhooks.note_first"));
      return Promise.resolve(false);
    }
    return this.act(async () => {
      const { secret } = await run();
      if (secret) this.made.value = { url, secret };
      else session.notify("bad", state.t.value("webhooks.lost", { url }));
    });
  }

  /** One at a time: a second click while the first is on its way does nothing. */
  private async act(run: () => Promise<unknown>): Promise<boolean> {
    if (this.busy.value) return false;
    this.busy.value = true;
    const done = await this.parts.session.attempt(run);
    await this.start();
    this.busy.value = false;
    return done;
  }
}
