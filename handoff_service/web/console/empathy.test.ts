import { describe, expect, it } from "vitest";
import { empathyFor } from "./empathy";
import { warningsOf } from "./warnings";

describe("words for who is upset", () => {
  it("are offered in the customer's language, and to nobody who is calm", () => {
    expect(empathyFor(0.2, "zh")).toEqual([]);
    expect(empathyFor(null, "en")).toEqual([]);
    expect(empathyFor(0.9, "zh").every((line) => /[一-龥]/.test(line))).toBe(true);
    expect(empathyFor(0.9, "en").length).toBeGreaterThan(0);
  });

  it("are above suspicion themselves", () => {
    for (const line of [...empathyFor(1, "zh"), ...empathyFor(1, "en")]) expect(warningsOf(line)).toEqual([]);
  });
});
