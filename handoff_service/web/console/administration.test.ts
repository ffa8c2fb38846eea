import { describe, expect, it } from "vitest";
import { changeLine, problemsOf } from "./administration";
import { ApiError } from "./api";
import { trial } from "./fixtures";

const refusal = { code: "bad_configuration", message: "line 3: queues.0.mode: push is none", problems: [{ line: 3, column: 9, where: "queues.0.mode", message: "push is none" }] };

describe("the settings page", () => {
  it("shows what is wrong with a file by line, and applies nothing without a plan", async () => {
    const desk = await trial({ "/config/check": { status: 422, body: { error: refusal } } });
    await desk.administration.check("queues: …");
    expect(desk.administration.problems.value).toEqual(refusal.problems);
    expect(await desk.administration.apply("queues: …")).toBe(false);
    expect(desk.requests.some(({ path }) => path.endsWith("/apply"))).toBe(false);
  });

  it("applies the plan that was shown, not another one", async () => {
    const plan = { version: "v7", changes: [{ sign: "~", where: "timezone", before: "UTC", after: "Asia/Shanghai" }] };
    const desk = await trial({ "/config/check": { status: 200, body: plan } });
    await desk.administration.check("timezone: Asia/Shanghai");
    expect(desk.administration.plan.value?.changes.map(changeLine)).toEqual(['~ timezone: "UTC" → "Asia/Shanghai"']);
    await desk.administration.apply("timezone: Asia/Shanghai");
    expect(desk.requests.find(({ path }) => path.endsWith("/apply"))?.body).toEqual({ yaml: "timezone: Asia/Shanghai", version: "v7" });
  });

  it("shows a new password once", async () => {
    const desk = await trial({ "/reset-password": { status: 200, body: { id: "a_1", password: "north-star" } }, "/v1/admin/agents": { status: 200, body: { agents: [] } } });
    const account = { id: "a_1", email: "lin@x.example", name: "Lin", role: "agent", languages: [], queues: [], capacity: 5, disabled: false, status: "online", open: 0 };
    expect(await desk.administration.resetPassword(account)).toBe(true);
    expect(desk.administration.drawn.value).toEqual({ email: "lin@x.example", password: "north-star" });
  });

  it("reads a refusal that names no problems as one sentence", () => {
    expect(problemsOf(new ApiError(503, { message: "later" }))).toEqual([{ line: 0, where: "", message: "later" }]);
  });
});
