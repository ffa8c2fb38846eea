import { type Entry, fileLabel, type MessageBody } from "../shared/protocol";

/** The words of the messages that a note says did not arrive; "" for files, and for what the platform words itself. */
export function lostWords({ of, upto = of }: MessageBody, entries: readonly Entry[]): string {
  if (of === undefined || upto === undefined) return "";
  const lost = entries.flatMap((entry) => (entry.kind === "message" && entry.seq >= of && entry.seq <= upto ? [entry] : []));
  const said = lost.filter(({ audience, author, body }) => audience === "public" && author.kind !== "customer" && body.template === undefined);
  return said.map(({ body: { text, file } }) => (file !== undefined && text === fileLabel(file.name) ? "" : text)).filter(Boolean).join("\n\n");
}

/** "#7", or "#7–9" of several that went as one. */
export const lostNumbers = ({ of, upto }: MessageBody): string => (upto === undefined ? `#${of}` : `#${of}–${upto}`);
