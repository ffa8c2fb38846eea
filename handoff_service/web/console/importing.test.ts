// @vitest-environment node
import { expect, it } from "vitest";
import { blank } from "./articles";
import { articlesIn, tableOf, textOf } from "./importing";
import { ruleText } from "./rules";
import { translator } from "./text";

const empty = (language: "zh" | "en") => blank(language, "lin", new Date("2026-11-22T00:00:00Z"));

it("reads a table as spreadsheets save it: quotes, line ends in cells, either separator", () => {
  expect(tableOf('\uFEFFa,b\r\n"x, ""y""","1\n2"\r\n\r\nlast,')).toEqual([
    { line: 1, cells: ["a", "b"] }, { line: 2, cells: ['x, "y"', "1\n2"] }, { line: 5, cells: ["last", ""] },
  ]);
  expect(tableOf("a\tb\nx, y\tz").map(({ cells }) => cells)).toEqual([["a", "b"], ["x, y", "z"]]);
});

it("reads what a spreadsheet on Chinese Windows saves", () => {
  const bytes = (...all: number[]) => new Uint8Array(all).buffer;
  expect(textOf(bytes(0xb1, 0xea, 0xcc, 0xe2))).toBe("标题"); // GBK
  expect(textOf(bytes(0xe6, 0xa0, 0x87, 0xe9, 0xa2, 0x98))).toBe("标题"); // UTF-8
});

it("makes articles of rows, by column names of either language", () => {
  const { rows, problems } = articlesIn("标题,答案,分类,问法\n退款多久,三天,退款,几天到账|多久退\nRefund time,3 days,refund,\n", empty);
  expect(problems).toEqual([]);
  expect(rows.map(({ article: { id, language, title, questions } }) => [id, language, title, questions])).toEqual([
    ["import-24rvvak07ed3p", "zh", "退款多久", ["几天到账", "多久退"]], ["refund-time", "en", "Refund time", []],
  ]);
});

it("names a row by its title alone: others in another file's line are others, the same title is the same article", () => {
  const ids = (text: string): string[] => articlesIn(`title,answer,category,questions\n${text}`, empty).rows.map(({ article }) => article.id);
  const first = ids("退款多久,a,b\niPhone 退款,a,b\niPhone 换货,a,b\nRefund time?,a,b");
  expect(new Set([...first, ...ids("换货多久,a,b")]).size).toBe(5);
  expect(ids("x y z,a,b\n退款多久,c,b")[1]).toBe(first[0]);
  expect(first[1]).toMatch(/^iphone-[a-z0-9]+$/);
  expect(first[3]).toBe("refund-time");
});

it("names the columns that are missing", () => {
  expect(articlesIn("title,words\nx,y", empty)).toEqual({ rows: [], problems: [{ line: 1, why: "answer, category, questions?" }] });
});

it.each(["pressed: talk to a person", "3 misses in a row; last: abstain: probability<threshold", "abstain: nothing asked",
  "clarify: two articles are close", "safety: medical", "a rule of tomorrow", "no answer of the bot within the reply deadline"])(
  "says the rule %j in Chinese", (rule) => {
    expect(ruleText(rule, translator("zh"))).not.toMatch(/[a-z]/i);
  });
