import { describe, expect, it } from "vitest";
import { type Account, changedParts, changeLine, mayManage, problemsOf, rolesGivenBy } from "./administration";
import { ApiError } from "./api";
import { trial } from "./fixtures";

const ACCOUNT: Account = { id: "a_1", email: "lin@x.example", name: "Lin", role: "agent", languages: [], queues: ["support"], capacity: 5, disabled: false, status: "online", open: 0 };
const refusal = { code: "bad_configuration", message: "line 3: queues.0.mode: push is none", problems: [{ line: 3, column: 9, where: "queues.0.mode", message: "push is none" }] };

describe("the settings page", () => {
  it("shows what is wrong with a file by line, and applies nothing without a plan", async () => {
    const desk = await trial({ "/config/check": { status: 422, body: { error: refusal } } });
    desk.administration.edit("queues: …");
    await desk.administration.check();
    expect(desk.administration.problems.value).toEqual(refusal.problems);
    expect(await desk.administration.apply()).toBe(false);
    expect(desk.requests.some(({ path }) => path.endsWith("/apply"))).toBe(false);
  });

  it("applies the plan that was shown, not another one", async () => {
    const plan = { version: "v7", changes: [{ sign: "~", where: "timezone", before: "UTC", after: "Asia/Shanghai" }] };
    const desk = await trial({ "/config/check": { status: 200, body: plan } });
    desk.administration.edit("timezone: Asia/Shanghai");
    await desk.administration.check();
    expect(desk.administration.plan.value?.changes.map(changeLine)).toEqual(['~ timezone: "UTC" → "Asia/Shanghai"']);
    await desk.administration.apply();
    expect(desk.requests.find(({ path }) => path.endsWith("/apply"))?.body).toEqual({ yaml: "timezone: Asia/Shanghai", version: "v7" });
  });

  it("keeps an edited file while another page is shown, and forgets what was checked of another text", async () => {
    const plan = { version: "v7", changes: [{ sign: "~", where: "timezone", before: "UTC", after: "Asia/Shanghai" }] };
    const answers = { "/config/check": { status: 200, body: plan }, "/v1/admin/config": { status: 200, body: { yaml: "timezone: UTC" } }, "/v1/admin/agents": { status: 200, body: { agents: [] } } };
    const { administration } = await trial(answers);
    await administration.start();
    administration.edit("timezone: Asia/Shanghai");
    await administration.check();
    await administration.start();
    expect([administration.edited.value, administration.plan.value]).toEqual(["timezone: Asia/Shanghai", null]);
    await administration.check();
    administration.edit("timezone: Asia/Tokyo");
    expect(administration.plan.value).toBe(null);
    administration.discard();
    expect(administration.edited.value).toBe(null);
  });

  it("lets only those who manage administrators touch them or make more of them", () => {
    expect(rolesGivenBy(false)).not.toContain("admin");
    expect(rolesGivenBy(true)).toContain("owner");
    expect(mayManage({ ...ACCOUNT, role: "owner" }, "a_me", false)).toBe(false);
    expect(mayManage({ ...ACCOUNT, role: "owner" }, "a_me", true)).toBe(true);
    expect(mayManage(ACCOUNT, "a_me", false)).toBe(true);
    expect(mayManage(ACCOUNT, ACCOUNT.id, true)).toBe(false);
  });

  it("sends only what was changed of an account", async () => {
    expect(changedParts(ACCOUNT, { role: "agent", queues: ["support"], capacity: 5 })).toEqual({});
    const change = changedParts(ACCOUNT, { role: "expert", queues: [], capacity: 7 });
    const desk = await trial({ "/v1/admin/agents": { status: 200, body: { agents: [] } } });
    expect(await desk.administration.change(ACCOUNT, change)).toBe(true);
    expect(desk.requests[desk.requests.length - 2]).toEqual({ path: "/v1/admin/agents/a_1", body: { role: "expert", queues: [], capacity: 7 } });
  });

  it("shows a new password once", async () => {
    const desk = await trial({ "/reset-password": { status: 200, body: { id: "a_1", password: "north-star" } }, "/v1/admin/agents": { status: 200, body: { agents: [] } } });
    expect(await desk.administration.resetPassword(ACCOUNT)).toBe(true);
    expect(desk.administration.drawn.value).toEqual({ email: "lin@x.example", password: "north-star" });
  });

  it("reads a refusal that names no problems as one sentence", () => {
    expect(problemsOf(new ApiError(503, { message: "later" }))).toEqual([{ line: 0, where: "", message: "later" }]);
  });
});
