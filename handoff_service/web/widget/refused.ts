import { signal } from "./signals";
import { readJson, type KeyValueStorage } from "../shared/storage";
import { isFailed, type Failed } from "./rows";

/** Messages that the gateway refused for good: shown until their writer sends them anew or throws them away. */
export class Refused {
  readonly all;

  constructor(private readonly storage: KeyValueStorage) {
    this.all = signal<readonly Failed[]>(readJson(storage, "failed", isFailed, []));
  }

  add(failed: Failed): void {
    this.keep([...this.all.value, failed]);
  }

  remove(failed: { draft: { client_id: string } }): void {
    this.keep(this.all.value.filter(({ draft }) => draft.client_id !== failed.draft.client_id));
  }

  private keep(failed: readonly Failed[]): void {
    this.all.value = failed;
    if (failed.length === 0) this.storage.removeItem("failed");
    else this.storage.setItem("failed", JSON.stringify(failed));
  }
}
