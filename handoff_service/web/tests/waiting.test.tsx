import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { message, settle, state } from "./fakes";
import { answers, calls, CONV, find, json, online, page, parts, press, refusal, show, status } from "./stage";

const RECEIPT = `/v1/conversations/${CONV}/receipt`;
const stage = (name: string, at: string, by = "") => ({ stage: name, at, by, deadline: null });
const receipt = (text: string, deadline: string | null, ...stages: ReturnType<typeof stage>[]) => () =>
  json({ conversation: CONV, next: { text, deadline }, handoffs: stages.length > 0 ? [{ stages }] : [], promises: [] });
const asked = () => calls.filter(({ path }) => path === RECEIPT).length;
const buttons = () => [...page.querySelectorAll(".choices-grid button")].map((each) => each.textContent);
const primary = () => [...page.querySelectorAll(".choices-grid .button:not(.plain-button)")].map((each) => each.textContent);

/** Opens or closes it as a click on its summary does. */
async function toggle(open: boolean): Promise<void> {
  await act(async () => {
    const details = find<HTMLDetailsElement>(".next-steps")!;
    details.open = open;
    details.dispatchEvent(new Event("toggle"));
    await settle();
  });
  await parts();
  await act(settle);
}

beforeEach(async () => {
  await show();
  await online([state(1), message(2)]);
});
afterEach(() => vi.useRealTimers());

describe("what happens next", () => {
  it("is asked for by nobody but who wants to see it, and again when the owner changes", async () => {
    answers[RECEIPT] = receipt("有同事空出来就会接待您", "2026-11-23T06:00:00Z",
      stage("requested", "2026-11-23T04:00:00Z"), stage("queued", "2026-11-23T04:00:01Z"), stage("accepted", "2026-11-23T04:05:00Z", "林晓"));
    await status("queue", { place: 2 });
    expect(find(".next-steps summary")?.textContent).toBe("接下来会怎样");
    expect(asked()).toBe(0);
    await toggle(true);
    expect(asked()).toBe(1);
    const lines = [...page.querySelectorAll(".stages li")];
    expect(lines.map((each) => each.querySelector("span")?.textContent)).toEqual(["已请求人工客服", "开始排队", "林晓接入"]);
    expect(lines[0]?.querySelector("time")?.dateTime).toBe("2026-11-23T04:00:00Z");
    expect(find(".next-steps")?.textContent).toContain("有同事空出来就会接待您");
    expect(find(".next-steps")?.textContent).toContain("下一步最晚：11月23日");
    await status("queue", { place: 1 });
    expect(asked()).toBe(1);
    await status("offer", { epoch: 6 });
    expect(asked()).toBe(2);
    await toggle(false);
    await status("queue", { epoch: 7, place: 1 });
    expect(asked()).toBe(2);
  });

  it("is asked again when its moment has passed, not more often than every quarter of a minute", async () => {
    await status("queue", { place: 2 });
    answers[RECEIPT] = receipt("有同事空出来就会接待您", null);
    await toggle(true);
    await toggle(false);
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "Date"] });
    answers[RECEIPT] = receipt("有同事空出来就会接待您", new Date(Date.now() - 60_000).toISOString());
    const details = find<HTMLDetailsElement>(".next-steps")!;
    details.open = true;
    await act(() => void details.dispatchEvent(new Event("toggle")));
    await act(async () => void (await vi.advanceTimersByTimeAsync(14_000)));
    expect(asked()).toBe(2);
    await act(async () => void (await vi.advanceTimersByTimeAsync(2_000)));
    expect(asked()).toBe(3);
  });

  it("stands in the mailbox too, where the sentence names its time", async () => {
    answers[RECEIPT] = receipt("您的请求已登记，12:00 前回复您", "2026-11-23T04:00:00Z");
    await status("mailbox");
    await toggle(true);
    expect(find(".next-steps")?.textContent).toContain("12:00 前回复您");
    expect(find(".next-steps")?.textContent).not.toContain("下一步最晚");
    expect(page.querySelectorAll(".stages li")).toHaveLength(0);
  });

  it("says when it cannot be asked, and asks again", async () => {
    answers[RECEIPT] = () => refusal(503);
    await status("queue", { place: 2 });
    await toggle(true);
    expect(find(".next-steps [role=alert]")).not.toBeNull();
    answers[RECEIPT] = receipt("有同事空出来就会接待您", null);
    await press("重试");
    await act(settle);
    expect(find(".next-steps")?.textContent).toContain("有同事空出来就会接待您");
  });
});

describe("while the wait is too long", () => {
  const choices = ["callback", "leave-queue"];

  it("what the queue offers instead comes first, and stands out", async () => {
    await status("queue", { place: 9, choices, peak: "callback" });
    expect(buttons()).toEqual(["请回电给我", "改为留言", "继续问 AI 助手", "已解决，不用等了"]);
    expect(primary()).toEqual(["请回电给我"]);
    await status("queue", { place: 9, choices, peak: "message" });
    expect(buttons().slice(0, 2)).toEqual(["改为留言", "请回电给我"]);
    expect(primary()).toEqual(["改为留言"]);
  });

  it("else nothing stands out, and what cannot be chosen is not offered", async () => {
    await status("queue", { place: 2, choices, peak: null });
    expect(buttons().slice(0, 2)).toEqual(["改为留言", "请回电给我"]);
    expect(primary()).toEqual([]);
    await status("queue", { place: 9, choices: ["leave-queue"], peak: "callback" });
    expect(buttons()[0]).toBe("改为留言");
    expect(primary()).toEqual([]);
  });
});
