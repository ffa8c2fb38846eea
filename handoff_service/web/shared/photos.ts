// Named photos that an agent asks for: which of them are there follows from the timeline, on both sides the same way.
import type { Entry, MessageBody, MessageEntry } from "./protocol";

/** For each photo that the entry `seq` asked for the message that brought it last, or null. */
export function broughtPhotos(entries: readonly Entry[], seq: number, names: readonly string[]): (MessageEntry | null)[] {
  const found: (MessageEntry | null)[] = names.map(() => null);
  for (const entry of entries) {
    if (entry.kind !== "message" || entry.author.kind !== "customer" || entry.body.photo?.seq !== seq) continue;
    if (entry.body.photo.index < found.length) found[entry.body.photo.index] = entry;
  }
  return found;
}

/** The words before the list of names, which a card shows itself. */
export function requestWords({ text, photos = [] }: MessageBody): string {
  const list = photos.map((name, index) => `\n${index + 1}. ${name}`).join("");
  return text.endsWith(list) ? text.slice(0, text.length - list.length) : text;
}
