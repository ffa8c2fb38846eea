// @vitest-environment node
import { expect, it } from "vitest";
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
