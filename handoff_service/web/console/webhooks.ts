import { signal } from "@preact/signals";
import type { Api } from "./api";
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

/** Whether nothing has become yet of its first attempt since it was begun (anew). */
export const isUntried = ({ state, attempts, under_way }: Delivery): boolean => state === "waiting" && (attempts === 0 || (attempts === 1 && under_way === true));

/** When it is tried: now, at its time, or not before its webhook is switched on. */
export function whenTried({ attempts, under_way, created_at, next_at }: Delivery, { disabled }: Webhook): "now" | "later" | "off" {
  if (under_way) return "now";
  if (disabled) return "off";
  return attempts === 0 && next_at === created_at ? "now" : "later";
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
  private readonly fetching = new Fetching();
  readonly failed = this.fetching.failed;
  private watch = 0;

  constructor(private readonly parts: { api: Api; session: Session; state: DeskState; pause?: () => Promise<unknown> }) {}

  /** Reads anew what is shown: the list, and the deliveries and attempts that are open. */
  async start(): Promise<void> {
    const { api } = this.parts;
    const { shown, open } = this;
    await Promise.all([
      this.fetching.ask("webhooks", () => api.webhooks(), ({ webhooks, events = [] }) => {
        this.list.value = webhooks;
        this.events.value = events;
      }),
      shown.value !== null && this.look(shown.value.webhook, shown.value.state),
      open.value !== null && this.show(open.value.id),
    ]);
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

  /** A new secret beside the present one: both sign until the older one is ended. */
  rotate({ id, url }: Webhook): Promise<boolean> {
    return this.drawing(url, () => this.parts.api.webhookCommand(`/${id}/rotate`, null));
  }

  finishRotation({ id }: Webhook): Promise<boolean> {
    return this.act(() => this.parts.api.webhookCommand(`/${id}/finish-rotation`, null));
  }

  async remove({ id }: Webhook): Promise<boolean> {
    if (this.shown.value?.webhook === id) this.hide();
    return this.act(() => this.parts.api.webhookCommand(`/${id}/remove`, null));
  }

  /** Sends an event that means nothing, and shows what becomes of it. */
  async test({ id }: Webhook): Promise<void> {
    const mine = this.begin();
    await this.parts.session.attempt(async () => {
      const { message } = await this.parts.api.webhookCommand<{ message: string }>(`/${id}/test`, null);
      await this.look(id, null);
      await this.show(message);
      await this.follow(mine);
    });
  }

  /** The deliveries of one webhook, the latest first; `state` null: all. */
  look(webhook: string, state: DeliveryState | null): Promise<void> {
    return this.fetching.ask("deliveries", () => this.parts.api.deliveries(webhook, state, null), (page) => {
      this.shown.value = { webhook, state, ...page };
    });
  }

  hide(): void {
    this.fetching.forget("deliveries");
    this.fetching.forget("delivery");
    this.shown.value = null;
    this.open.value = null;
  }

  async more(): Promise<void> {
    const before = this.shown.value;
    if (before === null) return;
    await this.fetching.ask("deliveries", () => this.parts.api.deliveries(before.webhook, before.state, before.cursor), (page) => {
      this.shown.value = { ...before, ...page, messages: [...before.messages, ...page.messages] };
    });
  }

  /** The attempts of one delivery; of null: of none. */
  async show(delivery: string | null): Promise<void> {
    if (delivery === null) {
      this.fetching.forget("delivery");
      this.open.value = null;
      return;
    }
    await this.fetching.ask("delivery", () => this.parts.api.delivery(delivery), (found) => {
      this.open.value = found;
    });
  }

  /** Begins anew with one that is dead. */
  replay({ id }: Delivery): Promise<void> {
    return this.again(`/messages/${id}/replay`);
  }

  /** The same with everything of a webhook that is dead. */
  replayAll({ id }: Webhook): Promise<void> {
    return this.again(`/${id}/replay`);
  }

  private async again(path: string): Promise<void> {
    const mine = this.begin();
    const { api, session, state } = this.parts;
    await session.attempt(async () => {
      const { replayed } = await api.webhookCommand<{ replayed: number }>(path, null);
      session.notify("good", state.t.value("webhooks.replayed", { n: replayed }));
      // What is sent again is not dead any more: it is shown among all.
      if (this.shown.value !== null) await this.look(this.shown.value.webhook, null);
      await this.follow(mine);
    });
  }

  /** From now on only what is asked here is looked after. */
  private begin(): number {
    this.watch += 1;
    return this.watch;
  }

  /** Reads anew until everything that was just begun has been tried once; for as long as somebody looks. */
  private async follow(mine: number): Promise<void> {
    for (let looks = 0; looks < LOOKS && this.watch === mine; looks += 1) {
      await this.start();
      const seen = [...(this.shown.value?.messages ?? []), ...(this.open.value === null ? [] : [this.open.value])];
      if (!seen.some(isUntried)) return;
      await (this.parts.pause ?? (() => new Promise((resolve) => setTimeout(resolve, LOOK_MS))))();
    }
  }

  private drawing(url: string, run: () => Promise<{ secret?: string | null }>): Promise<boolean> {
    return this.act(async () => {
      const { secret } = await run();
      if (secret) this.made.value = { url, secret };
    });
  }

  private async act(run: () => Promise<unknown>): Promise<boolean> {
    const done = await this.parts.session.attempt(run);
    await this.start();
    return done;
  }
}
