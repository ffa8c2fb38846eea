import { describe, expect, it } from "vitest";
import { exportPath, spanQuery } from "./complaints";
import { trial } from "./fixtures";

describe("the register of complaints", () => {
  it("covers whole days of the reader, the last one too", () => {
    const { since, until } = spanQuery({ from: "2026-11-01", to: "2026-11-02" });
    expect([new Date(since ?? ""), new Date(until ?? "")]).toEqual([new Date(2026, 10, 1), new Date(2026, 10, 3)]);
    expect(spanQuery({ from: "", to: "" })).toEqual({});
  });

  it("is exported as it is shown", async () => {
    const desk = await trial({ "/v1/complaints?limit=50": { status: 200, body: { complaints: [], next: null } } });
    await desk.register.show({ from: "2026-11-01", to: "" });
    const asked = new URL(desk.requests.at(-1)?.path ?? "", "http://x").searchParams.get("since");
    const exported = new URL(exportPath(desk.register.span.value), "http://x");
    expect([exported.pathname, exported.searchParams.get("since")]).toEqual(["/v1/complaints/export", asked]);
    expect(asked).toBe(new Date(2026, 10, 1).toISOString());
    expect(exportPath({ from: "", to: "" })).toBe("/v1/complaints/export");
  });
});
