import { expect, it } from "vitest";
import { importMentions, MOST_AT_ONCE, mentionsIn } from "./mentions";

it("reads tables by their first row, and JSON by the line", () => {
  const table = mentionsIn('\uFEFFplatform,id,text,rating,\nweibo,1,"late, again",1,\n\nweibo,2,"two\nlines",,x\n');
  expect(table).toEqual({
    rows: [
      { line: 2, mention: { platform: "weibo", id: "1", text: "late, again", rating: 1 } },
      { line: 4, mention: { platform: "weibo", id: "2", text: "two\nlines" } },
    ],
    refused: [],
  });
  const lines = mentionsIn('{"platform": "weibo", "id": "3"}\n\nno\n[1]\n{"id": "4"}');
  expect(lines.rows.map(({ line, mention }) => [line, mention["id"]])).toEqual([[1, "3"], [5, "4"]]);
  expect(lines.refused.map(({ line }) => line)).toEqual([3, 4]);
});

it("brings in so many at once as the server takes, and tells the lines of the file", async () => {
  const rows = Array.from({ length: MOST_AT_ONCE + 2 }, (_, place) => ({ line: 2 * place + 1, mention: { id: place } }));
  const asked: number[] = [];
  const report = await importMentions(rows, async (mentions) => {
    asked.push(mentions.length);
    return { taken: mentions.length - 1, skipped: 0, refused: [{ line: 2, reason: "no" }] };
  });
  expect(asked).toEqual([MOST_AT_ONCE, 2]);
  expect(report).toEqual({ taken: MOST_AT_ONCE, skipped: 0, refused: [{ line: 3, reason: "no" }, { line: 2 * MOST_AT_ONCE + 3, reason: "no" }] });
});
