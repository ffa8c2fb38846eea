import { describe, expect, it } from "vitest";
import { cannedFor, slashQuery } from "./canned";

const replies = [
  { id: "hours", title: "Opening hours", text: "We answer a refund question within a day." },
  { id: "refund", title: "退款进度", text: "您的退款正在处理。" },
];

describe("canned replies", () => {
  it("are looked for after a slash, not in the middle of a text", () => {
    expect(["/", "/Ref", "/ 退款", "和/或", "/a\nb", ""].map(slashQuery)).toEqual(["", "ref", "退款", null, null, null]);
  });

  it("are found by id, title and words, the nearest first", () => {
    expect(cannedFor(replies, "ref").map(({ id }) => id)).toEqual(["refund", "hours"]);
    expect(cannedFor(replies, "退款").map(({ id }) => id)).toEqual(["refund"]);
    expect(cannedFor(replies, "").length).toBe(2);
    expect(cannedFor(replies, "nothing")).toEqual([]);
  });
});
