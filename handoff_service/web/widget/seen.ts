import { signal } from "./signals";
import { readJson, type KeyValueStorage } from "../shared/storage";
import type { Logged } from "./rows";

type Seqs = Readonly<Record<string, number>>;

/** How far a person has seen each conversation on this browser. */
export class Seen {
  private readonly seqs = signal<Seqs>({});

  constructor(private readonly storage: KeyValueStorage) {
    this.seqs.value = readJson(storage, "seen", isSeqs, {});
  }

  of(conv: string): number {
    return this.seqs.value[conv] ?? 0;
  }

  /** True if something of it had not been seen before. */
  mark(log: readonly Logged[]): boolean {
    const seqs = { ...this.seqs.value };
    let changed = false;
    for (const { conv, entry } of log) {
      if (entry.seq <= (seqs[conv] ?? 0)) continue;
      seqs[conv] = entry.seq;
      changed = true;
    }
    if (changed) {
      this.seqs.value = seqs;
      this.storage.setItem("seen", JSON.stringify(seqs));
    }
    return changed;
  }

  forget(): void {
    this.seqs.value = {};
  }
}

function isSeqs(value: unknown): value is Record<string, number> {
  return typeof value === "object" && value !== null && Object.values(value).every((seq) => typeof seq === "number");
}
