import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OwedList } from "./components/OwedList";
import { deskFrame, LIN, message, MIA, type Trial, trial, whoMay } from "./fixtures";
import { click, mounted, settled } from "./mounted";

let desk: Trial;
let root: HTMLElement;
let leave = (): void => undefined;
const promise = {
  id: "pr_1", conversation: "c_7", seq: 4, text: "明天回复", due_at: "2026-11-22T08:00:00Z", state: "open", overdue: false,
};
const mention = { conversation: "c_8", seq: 9, by: MIA, at: "2026-11-21T08:00:00Z" };

beforeEach(async () => {
  desk = await trial();
  desk.server.say(deskFrame({ promises: [promise], mentions: [mention] }));
  ({ root, leave } = await mounted(desk, <OwedList />));
});
afterEach(() => {
  leave();
  desk.session.stop();
});
const posted = (path: string) => desk.requests.filter((each) => each.path === path).map(({ body }) => body);

describe("what others wait for from me", () => {
  it("is settled with one click, and gone at once", async () => {
    await click(root.querySelector("[aria-label='已办好：明天回复']"));
    await settled();
    expect(posted("/v1/promises/pr_1/done")).toHaveLength(1);
    await click(root.querySelector("[aria-label='看过了：Mia 的提问']"));
    await settled();
    expect(posted("/v1/mentions/seen")).toMatchObject([{ conversation: "c_8" }]);
    expect(root.textContent).toBe("");
  });

  it("has my tickets too, and leads to them", async () => {
    leave();
    desk.session.stop();
    desk = await trial({ "/v1/tickets?owner=me&limit=50": { status: 200, body: { tickets: [], next: null } } }, "zh", whoMay("conversations.read", "tickets.read"));
    desk.server.say(deskFrame({ tickets: { mine: 3, free: 0, overdue: 1 } }));
    ({ root, leave } = await mounted(desk, <OwedList />));
    expect(root.querySelector(".link-row")?.textContent).toBe("我的工单：3 张1 张超时");
    await click(root.querySelector(".link-row"));
    await settled();
    expect([desk.state.view.value, desk.tickets.filter.value.whose]).toEqual(["tickets", "me"]);
    expect(desk.requests.at(-1)?.path).toBe("/v1/tickets?owner=me&limit=50");
  });

  it("leads to the very entry", async () => {
    await click(root.querySelector(".link-row"));
    expect(desk.state.highlight.value).toEqual({ conversation: "c_8", seqs: [9] });
    await act(() => desk.server.say({ t: "entry", conv: "c_8", entry: message(9, "在吗", { author: { kind: "agent", ...LIN } }) }));
    expect(desk.state.current.value).toBe("c_8");
  });
});
