import type { Audience, Body } from "./protocol";
import { readJson, type KeyValueStorage } from "./storage";

/** A message that the server has not confirmed yet; `at` is the writer's clock in ms. */
export interface Draft {
  client_id: string;
  conv: string | null;
  body: Body;
  epoch?: number;
  audience?: Audience;
  at: number;
}

/**
 * The unconfirmed messages in the order they were written.
 *
 * They are stored, so that they survive the tab. Tabs share the stored list: each writes only its own
 * changes into it, and a new page adopts what an older one left. Sending one draft twice is harmless
 * (same client_id), losing one is not.
 */
export class Outbox {
  private drafts: Draft[];

  constructor(private readonly storage: KeyValueStorage, private readonly key = "outbox") {
    this.drafts = this.stored();
  }

  get all(): readonly Draft[] {
    return this.drafts;
  }

  find(clientId: string): Draft | undefined {
    return this.drafts.find((draft) => draft.client_id === clientId);
  }

  add(draft: Draft): void {
    this.drafts = [...this.drafts, draft];
    this.write([...this.stored().filter((other) => other.client_id !== draft.client_id), draft]);
  }

  remove(clientId: string): Draft | undefined {
    const draft = this.find(clientId);
    if (draft === undefined) return undefined;
    this.drafts = this.drafts.filter((other) => other !== draft);
    this.write(this.stored().filter((other) => other.client_id !== clientId));
    return draft;
  }

  private stored(): Draft[] {
    return readJson(this.storage, this.key, isDrafts, []);
  }

  private write(drafts: Draft[]): void {
    if (drafts.length === 0) this.storage.removeItem(this.key);
    else this.storage.setItem(this.key, JSON.stringify(drafts));
  }
}

export function isDrafts(value: unknown): value is Draft[] {
  return Array.isArray(value) && value.every((item) => typeof item?.client_id === "string" && typeof item.body === "object");
}
