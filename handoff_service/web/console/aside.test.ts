import { describe, expect, it } from "vitest";
import { fromLocalInput, laters, localInput, tagsOf, toggledTag } from "./aside";

describe("putting aside", () => {
  const times = (now: Date) => Object.fromEntries(laters(now).map(({ id, at }) => [id, localInput(at)]));

  it("offers times that are always ahead", () => {
    const friday = new Date(2026, 10, 20, 16, 30);
    expect(times(friday)).toEqual({
      hour: "2026-11-20T17:30", hours: "2026-11-20T19:30", tomorrow: "2026-11-21T09:00", monday: "2026-11-23T09:00",
    });
    expect(times(new Date(2026, 10, 23, 8)).monday).toBe("2026-11-30T09:00");
    expect(times(new Date(2026, 10, 22, 8)).monday).toBe("2026-11-23T09:00");
    expect(times(new Date(2026, 11, 31, 23, 59)).tomorrow).toBe("2027-01-01T09:00");
  });

  it("reads a time that was typed, and nothing else", () => {
    expect(fromLocalInput("2026-11-20T17:30")).toEqual(new Date(2026, 10, 20, 17, 30));
    expect(fromLocalInput("")).toBeNull();
  });
});

describe("tags", () => {
  it("are separated by commas of either script and kept once", () => {
    expect(tagsOf(" vip，退款, vip、 ,")).toEqual(["vip", "退款"]);
    expect(tagsOf("  ")).toEqual([]);
  });

  it("are picked beside what was typed", () => {
    expect(toggledTag("vip，退款", "urgent")).toBe("vip, 退款, urgent");
    expect(toggledTag("vip, urgent", "vip")).toBe("urgent");
  });
});
