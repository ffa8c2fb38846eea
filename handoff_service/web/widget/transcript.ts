import { fileName } from "../shared/protocol";
import { fullTime } from "../shared/time";
import type { Chat } from "./chat";

/** The conversation as plain text, a line per message, as the customer saw it. */
export function transcript(chat: Chat, brand: string): string {
  const { t } = chat;
  const language = chat.locale.value;
  const lines = [t("transcriptTitle", { brand }), ""];
  for (const row of chat.rows.value) {
    if (row.kind === "message") {
      const { author, body, at } = row.entry;
      const who = author.kind === "customer" ? t("you") : author.kind === "bot" ? t("bot") : author.name || t(author.kind === "agent" ? "agentUnnamed" : "system");
      const file = fileName(body);
      lines.push(`[${fullTime(at, language)}] ${who}: ${body.text}${file === null ? "" : ` [${file}]`}`);
    } else if (row.kind === "notice" && row.entry.body.text !== undefined) {
      lines.push(`[${fullTime(row.entry.at, language)}] – ${row.entry.body.text}`);
    } else if (row.kind === "pending" || row.kind === "failed") {
      lines.push(`[${t(row.kind === "pending" ? "sending" : "failed")}] ${t("you")}: ${row.text}`);
    }
  }
  return `${lines.join("\n")}\n`;
}
