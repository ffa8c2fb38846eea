import { signal } from "@preact/signals";
import type { Api } from "./api";
import { Fetching } from "./fetching";
import type { Session } from "./session";
import type { DeskState } from "./state";

/** A key of an integrator; of the key itself only its hash is kept. */
export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly permissions: readonly string[];
  readonly created_by: string;
  readonly created_at: string;
  readonly last_used_at: string | null;
  readonly revoked_at: string | null;
}

/** A name has two keys at most: the one in use and its successor. */
const MOST_VALID = 2;

/** Whether a key can have a successor beside it. */
export const mayRotate = (key: ApiKey, all: readonly ApiKey[]): boolean =>
  key.revoked_at === null && all.filter(({ name, revoked_at }) => name === key.name && revoked_at === null).length < MOST_VALID;

/** Keys of integrators: who has which, what it opens, and ending it. */
export class ApiKeys {
  readonly list = signal<readonly ApiKey[] | null>(null);
  /** What opens something for a key and I can give. */
  readonly permissions = signal<readonly string[]>([]);
  /** A key that was just made: shown until it is dismissed, and never again. */
  readonly made = signal<{ readonly name: string; readonly key: string } | null>(null);
  readonly busy = signal(false);
  private readonly fetching = new Fetching();
  readonly failed = this.fetching.failed;

  constructor(private readonly parts: { api: Api; session: Session; state: DeskState }) {}

  start(): Promise<void> {
    return this.fetching.ask("keys", () => this.parts.api.apiKeys(), ({ keys, permissions = [] }) => {
      this.list.value = keys;
      this.permissions.value = permissions;
    });
  }

  add(name: string, permissions: readonly string[]): Promise<boolean> {
    return this.drawing(() => this.parts.api.apiKeyCommand("", { name, permissions }));
  }

  /** A successor with the same name and permissions; the older one is valid until it is revoked. */
  rotate({ id }: ApiKey): Promise<boolean> {
    return this.drawing(() => this.parts.api.apiKeyCommand(`/${id}/rotate`, null));
  }

  revoke({ id }: ApiKey): Promise<boolean> {
    return this.act(() => this.parts.api.apiKeyCommand(`/${id}/revoke`, null));
  }

  /** A key that is shown is noted before another one is made. */
  private drawing(run: () => Promise<ApiKey & { key?: string | null }>): Promise<boolean> {
    const { session, state } = this.parts;
    if (this.made.value !== null) {
      session.notify("bad", state.t.value("keys.note_first"));
      return Promise.resolve(false);
    }
    return this.act(async () => {
      const { name, key } = await run();
      if (key) this.made.value = { name, key };
      else session.notify("bad", state.t.value("keys.lost", { name }));
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
