import { computed, signal, type Signal } from "./signals";
import { newId } from "../shared/ids";
import type { FileRef, UploadMark } from "../shared/protocol";
import { readJson, type KeyValueStorage } from "../shared/storage";
import { ApiError, type CustomerApi } from "./api";

export type UploadState = "uploading" | "ready" | "failed";
export interface Upload {
  key: string;
  name: string;
  type: string;
  /** What to show before it is sent; null after a reload. */
  content: File | null;
  state: UploadState;
  /** 0 to 1. */
  share: number;
  /** Why it failed: too_large, invalid, … */
  code: string | null;
  ref: FileRef | null;
}

/** The gateway's own limit unless it is set otherwise; asked before the bytes travel. */
const MOST_BYTES = 10 * 1024 * 1024;
const MOST_FILES = 10;

/** Files that were chosen and wait for Send. What is on the server already survives a reload. */
export class Uploads {
  readonly all: Signal<readonly Upload[]>;
  readonly busy = computed(() => this.all.value.some(({ state }) => state === "uploading"));
  /** More were chosen at once than may wait, which are so many; said until one of those that wait goes. */
  readonly tooMany = signal<number | null>(null);
  readonly ready = computed(() => this.all.value.length > 0 && this.all.value.every(({ state }) => state === "ready"));
  private readonly stops = new Map<string, AbortController>();

  constructor(private readonly api: CustomerApi, private readonly storage: KeyValueStorage) {
    this.all = signal(readJson(storage, "attached", isRefs, []).map((ref) => waiting(ref)));
  }

  /** `asked`: how many may wait, and how large each may be, where the bot says it. */
  add(files: Iterable<File>, { most = MOST_FILES, max_bytes = MOST_BYTES }: Partial<UploadMark> = {}): void {
    for (const file of files) {
      if (this.all.value.length >= Math.min(most, MOST_FILES)) {
        this.tooMany.value = Math.min(most, MOST_FILES);
        return;
      }
      const upload: Upload = { key: newId(), name: file.name, type: file.type, content: file, state: "uploading", share: 0, code: null, ref: null };
      this.all.value = [...this.all.value, upload];
      if (file.size > Math.min(max_bytes, MOST_BYTES)) this.change(upload.key, { state: "failed", code: "too_large" });
      else void this.carry(upload.key, file);
    }
  }

  retry(key: string): void {
    const content = this.all.value.find((one) => one.key === key)?.content;
    if (content) void this.carry(key, content);
  }

  /** Takes one back; what is on the way there stops. */
  remove(key: string): void {
    this.stops.get(key)?.abort();
    this.all.value = this.all.value.filter((one) => one.key !== key);
    this.remember();
  }

  /** What is ready to be sent with a message; it does not wait any more. */
  take(): FileRef[] {
    const ready = this.all.value.flatMap(({ ref }) => (ref === null ? [] : [ref]));
    this.all.value = this.all.value.filter(({ ref }) => ref === null);
    this.remember();
    return ready;
  }

  /** Another customer sits here: what the one before has chosen is nothing of his. */
  forget(): void {
    for (const stop of this.stops.values()) stop.abort();
    this.all.value = [];
    this.remember();
  }

  private async carry(key: string, file: File): Promise<void> {
    const stop = new AbortController();
    this.stops.set(key, stop);
    this.change(key, { state: "uploading", share: 0, code: null });
    try {
      const ref = await this.api.upload(file, (share) => this.change(key, { share }), stop.signal);
      this.change(key, { state: "ready", share: 1, ref });
      this.remember();
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof TypeError || error instanceof DOMException)) throw error;
      this.change(key, { state: "failed", code: error instanceof ApiError ? error.code : null });
    } finally {
      this.stops.delete(key);
    }
  }

  private change(key: string, changes: Partial<Upload>): void {
    this.all.value = this.all.value.map((one) => (one.key === key ? { ...one, ...changes } : one));
  }

  private remember(): void {
    if (this.all.value.length < (this.tooMany.value ?? 0)) this.tooMany.value = null;
    const refs = this.all.value.flatMap(({ ref }) => (ref === null ? [] : [ref]));
    if (refs.length === 0) this.storage.removeItem("attached");
    else this.storage.setItem("attached", JSON.stringify(refs));
  }
}

function waiting(ref: FileRef): Upload {
  return { key: ref.id, name: ref.name, type: ref.type, content: null, state: "ready", share: 1, code: null, ref };
}

function isRefs(value: unknown): value is FileRef[] {
  return Array.isArray(value) && value.every((one) => typeof one?.id === "string" && typeof one.name === "string");
}
