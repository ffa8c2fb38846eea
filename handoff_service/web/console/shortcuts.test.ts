import { describe, expect, it } from "vitest";
import { matching } from "./palette";
import { shortcutOf } from "./shortcuts";
import { spell, translator } from "./text";

const none = { code: "", altKey: false, ctrlKey: false, metaKey: false, shiftKey: false, isComposing: false };
const press = (key: string, change: Partial<typeof none> = {}, typing = false, plain = true) =>
  shortcutOf({ key, ...none, ...change }, { typing, plain });

describe("shortcuts", () => {
  it("lead to the numbered lists, wherever the focus is", () => {
    expect(press("1", { altKey: true, code: "Digit1" }, true)).toEqual({ do: "list", section: "waiting" });
    expect(press("5", { altKey: true, code: "Digit5" })).toEqual({ do: "list", section: "closed" });
    expect(press("6", { altKey: true, code: "Digit6" })).toBeNull();
  });

  it("leave letters alone while somebody types", () => {
    expect(press("j")).toEqual({ do: "next" });
    expect(press("A", { shiftKey: true })).toEqual({ do: "accept" });
    expect(press("j", {}, true)).toBeNull();
    expect(press("j", { isComposing: true })).toBeNull();
    expect(press("a", { ctrlKey: true, code: "KeyA" })).toBeNull();
  });

  it("of a single key can be switched off, the others stay", () => {
    for (const key of ["j", "k", "a", "?", "？"]) expect(press(key, {}, false, false)).toBeNull();
    expect(press("k", { ctrlKey: true, code: "KeyK" }, false, false)).toEqual({ do: "palette" });
    expect(press("1", { altKey: true, code: "Digit1" }, false, false)).toEqual({ do: "list", section: "waiting" });
  });

  it("know the question mark of a Chinese keyboard", () => {
    expect(press("?")).toEqual({ do: "help" });
    expect(press("？")).toEqual({ do: "help" });
  });

  it("open the palette and switch the composer from within the text", () => {
    expect(press("k", { metaKey: true, code: "KeyK" }, true)).toEqual({ do: "palette" });
    expect(press("N", { ctrlKey: true, shiftKey: true, code: "KeyN" }, true)).toEqual({ do: "mode" });
    expect(press("n", { altKey: true, code: "KeyN" }, true)).toEqual({ do: "mode" });
  });
});

describe("the palette", () => {
  const choice = (label: string, hint: string) => ({ id: label, label, hint, run: () => undefined });
  const choices = [choice("Give back to bot", "Action"), choice("Botany Shop: hello", "Mine"), choice("陈女士: 退款", "Waiting")];

  it("finds by every word typed, in label and kind, names that start so first", () => {
    expect(matching(choices, "bot").map((each) => each.label)).toEqual(["Botany Shop: hello", "Give back to bot"]);
    expect(matching(choices, "退款 waiting").map((each) => each.label)).toEqual(["陈女士: 退款"]);
    expect(matching(choices, "")).toHaveLength(3);
    expect(matching(choices, "zzz")).toEqual([]);
  });
});

describe("waiting times", () => {
  it.each([
    [-5_000, "0 秒"],
    [59_999, "59 秒"],
    [61_000, "1 分钟"],
    [3_900_000, "1 小时 5 分"],
    [90_000_000, "1 天"],
  ])("%i ms is %s", (milliseconds, text) => {
    expect(spell(milliseconds, translator("zh"))).toBe(text);
  });
});
