// @vitest-environment node
import { expect, it } from "vitest";
import { translator } from "./text";
import { en } from "./texts/en";
import { zh } from "./texts/zh";

it("calls the same thing the same everywhere: 客户, 会话, 您", () => {
  const others = Object.entries(zh).filter(([, text]) => /顾客|对话|你/.test(text));
  expect(others).toEqual([]);
});

it("fills the same blanks in both languages", () => {
  const blanks = (text: string): string[] => [...new Set(text.match(/\{\w+\}/g))].toSorted();
  const unlike = Object.entries(zh).filter(([key, text]) => {
    return blanks(text).join() !== blanks(en[key as keyof typeof en]).join();
  });
  expect(unlike).toEqual([]);
});

it("sets Chinese words apart from Latin ones, but not from each other", () => {
  const t = translator("zh");
  expect([t("event.accept", { who: "我" }), t("event.accept", { who: "Mia" })]).toEqual(["我接起了会话", "Mia 接起了会话"]);
  expect([t("event.transfer", { who: "林晓", to: "客服一组" }), t("event.transfer", { who: "Mia", to: "support" })]).toEqual(["林晓转给了客服一组", "Mia 转给了 support"]);
  expect(translator("en")("event.accept", { who: "我" })).toContain(" ");
});
