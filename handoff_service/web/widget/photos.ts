import { signal } from "./signals";
import { broughtPhotos } from "../shared/photos";
import type { FileRef, MessageEntry } from "../shared/protocol";
import { ApiError } from "./api";
import type { Chat } from "./chat";

/** One photo that was asked for, and how far it is. */
export interface Slot {
  name: string;
  index: number;
  state: "missing" | "uploading" | "sending" | "failed" | "there";
  /** Of the upload, 0 to 1. */
  share: number;
  file: FileRef | null;
}
/** An upload that is under way, or why it ended. */
interface Way {
  share: number;
  state: "uploading" | "failed";
}

/** Photos on their way to the places of an agent's request. What was uploaded is a message, and as safe as any. Loaded with the first request. */
export class Photos {
  /** By conversation, request and index. */
  private readonly ways = signal<ReadonlyMap<string, Way>>(new Map());
  private stop = new AbortController();

  constructor(private readonly parts: Pick<Chat, "api" | "log" | "outgoing" | "send">) {}

  slots(conv: string, { seq, body }: MessageEntry): Slot[] {
    const names = body.photos ?? [];
    const entries = this.parts.log.value.filter((item) => item.conv === conv).map(({ entry }) => entry);
    return broughtPhotos(entries, seq, names).map((brought, index) => {
      const way = this.ways.value.get(placeKey(conv, seq, index));
      const file = brought?.body.file ?? null;
      // What the gateway refused for good waits below the log to be sent anew: its place is free again.
      const state = way?.state ?? (this.isSending(conv, seq, index) ? "sending" : file === null ? "missing" : "there");
      return { name: names[index]!, index, state, share: way?.share ?? 0, file };
    });
  }

  async bring(conv: string, seq: number, index: number, name: string, file: File): Promise<void> {
    const key = placeKey(conv, seq, index);
    const { signal } = this.stop;
    this.change(key, { share: 0, state: "uploading" });
    try {
      const ref = await this.parts.api.upload(file, (share) => this.change(key, { share, state: "uploading" }), signal);
      this.parts.send({ file: ref.id, text: name, photo: { seq, index } }, conv);
      this.change(key, null);
    } catch (error) {
      if (!(error instanceof ApiError || error instanceof TypeError || error instanceof DOMException)) throw error;
      if (!signal.aborted) this.change(key, { share: 0, state: "failed" });
    }
  }

  /** Another customer sits here: what the one before has chosen is nothing of his. */
  forget(): void {
    this.stop.abort();
    this.stop = new AbortController();
    this.ways.value = new Map();
  }

  private isSending(conv: string, seq: number, index: number): boolean {
    return this.parts.outgoing.value.some((draft) => {
      const place = "photo" in draft.body ? draft.body.photo : undefined;
      return draft.conv === conv && place?.seq === seq && place.index === index;
    });
  }

  private change(key: string, way: Way | null): void {
    const ways = new Map(this.ways.value);
    if (way === null) ways.delete(key);
    else ways.set(key, way);
    this.ways.value = ways;
  }
}

const placeKey = (conv: string, seq: number, index: number): string => `${conv}:${seq}:${index}`;
