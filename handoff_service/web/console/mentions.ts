import { tableOf } from "./importing";

export interface MentionRow {
  readonly line: number;
  readonly mention: Readonly<Record<string, unknown>>;
}
export interface RefusedMention {
  readonly line: number;
  readonly reason: string;
}
/** How many posts became conversations, were there before, and were refused, with the line of each. */
export interface MentionReport {
  readonly taken: number;
  readonly skipped: number;
  readonly refused: readonly RefusedMention[];
}

export const MOST_AT_ONCE = 200;

/** Posts of a file: JSON lines, or a table whose first row names the fields. What is no post is refused by its line. */
export function mentionsIn(text: string): { rows: readonly MentionRow[]; refused: readonly RefusedMention[] } {
  return text.trimStart().startsWith("{") ? ofLines(text) : ofTable(text);
}

function ofLines(text: string): { rows: MentionRow[]; refused: RefusedMention[] } {
  const rows: MentionRow[] = [];
  const refused: RefusedMention[] = [];
  text.split("\n").forEach((each, place) => {
    const line = place + 1;
    if (each.trim() === "") return;
    try {
      const mention: unknown = JSON.parse(each);
      if (typeof mention !== "object" || mention === null || Array.isArray(mention)) throw new SyntaxError("{…}?");
      rows.push({ line, mention: mention as MentionRow["mention"] });
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      refused.push({ line, reason: `JSON: ${error.message}` });
    }
  });
  return { rows, refused };
}

function ofTable(text: string): { rows: MentionRow[]; refused: RefusedMention[] } {
  const [head, ...body] = tableOf(text);
  const rows = body.map(({ line, cells }) => {
    const named = (head?.cells ?? []).map((name, place) => [name, cells[place] ?? ""] as const).filter(([name, value]) => name !== "" && value !== "");
    return { line, mention: Object.fromEntries(named.map(([name, value]) => [name, name === "rating" && /^\d+$/.test(value) ? Number(value) : value])) };
  });
  return { rows, refused: [] };
}

/** Brings in all posts, so many at once as the server takes; lines of the server are those of the file. */
export async function importMentions(
  rows: readonly MentionRow[], take: (mentions: readonly MentionRow["mention"][]) => Promise<MentionReport>,
): Promise<MentionReport> {
  let report: MentionReport = { taken: 0, skipped: 0, refused: [] };
  for (let begun = 0; begun < rows.length; begun += MOST_AT_ONCE) {
    const some = rows.slice(begun, begun + MOST_AT_ONCE);
    const { taken, skipped, refused } = await take(some.map(({ mention }) => mention));
    report = {
      taken: report.taken + taken,
      skipped: report.skipped + skipped,
      refused: [...report.refused, ...refused.map(({ line, reason }) => ({ line: some[line - 1]?.line ?? line, reason }))],
    };
  }
  return report;
}
