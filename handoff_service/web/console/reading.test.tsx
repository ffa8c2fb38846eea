import { act } from "preact/test-utils";
import { afterEach, describe, expect, it } from "vitest";
import { TimelineView } from "./components/TimelineView";
import { card, deskFrame, LIN, message, owner, type Trial, trial } from "./fixtures";
import { mounted } from "./mounted";

let desk: Trial;
let leave = (): void => undefined;
afterEach(() => {
  leave();
  desk.session.stop();
});

const mine = (id: string, change = {}) => card(id, { owner: owner("agent", LIN), epoch: 3, ...change });
const reads = () => desk.server.frames.flatMap((frame) => (frame.t === "read" ? [frame.seq] : []));
const says = (seq: number) => act(() => desk.server.say({ t: "entry", conv: "c_1", entry: message(seq, "好") }));

describe("what counts as read", () => {
  it("is the end of the conversation while somebody is there, and no dialog covers it", async () => {
    desk = await trial();
    desk.server.say(deskFrame({ mine: [mine("c_1")] }));
    desk.session.open("c_1");
    const { root, leave: away } = await mounted(desk, <TimelineView />);
    leave = away;
    const log = root.querySelector(".timeline") as HTMLElement;
    Object.defineProperty(log, "offsetParent", { value: document.body });
    await says(1);
    await act(() => void (desk.state.dialog.value = "close"));
    await says(2);
    expect(reads()).toEqual([1]);
    await act(() => void (desk.state.dialog.value = null));
    expect(reads()).toEqual([1, 2]);
    Object.defineProperty(log, "scrollHeight", { value: 5000 });
    await act(() => void log.dispatchEvent(new Event("scroll")));
    await says(3);
    expect(reads()).toEqual([1, 2]);
  });
});

describe("what the customer has read", () => {
  it("is marked at the agents' own words, and at no note or word of his", async () => {
    desk = await trial();
    desk.server.say(deskFrame({ mine: [mine("c_1", { customer_read: 3 })] }));
    desk.session.open("c_1");
    const { root, leave: away } = await mounted(desk, <TimelineView />);
    leave = away;
    const lin = { kind: "agent" as const, id: LIN.id, name: LIN.name };
    const entries = [message(1, "好"), message(2, "您好", { author: lin }), message(3, "内部", { author: lin, audience: "internal" }), message(4, "稍等", { author: lin })];
    for (const entry of entries) await act(() => desk.server.say({ t: "entry", conv: "c_1", entry }));
    const marked = [...root.querySelectorAll("[id^=entry-]")].filter((row) => /Read|已读/.test(row.querySelector("footer")?.textContent ?? ""));
    expect(marked.map(({ id }) => id)).toEqual(["entry-2"]);
  });
});

describe("what is drawn", () => {
  const drawn = (root: Element) => [...root.querySelectorAll("[id^=entry-]")].map(({ id }) => id);
  const cited = async (last: number) => {
    desk = await trial();
    desk.server.say(deskFrame({ mine: [mine("c_1")] }));
    desk.session.open("c_1");
    const { root, leave: away } = await mounted(desk, <TimelineView />);
    leave = away;
    for (let seq = 1; seq <= last; seq += 1) await says(seq);
    await act(() => desk.session.cite([2]));
    return root;
  };

  it("is also what comes while an entry is cited, though nobody scrolls", async () => {
    const root = await cited(3);
    await says(4);
    await says(5);
    expect(drawn(root)).toEqual([1, 2, 3, 4, 5].map((seq) => `entry-${seq}`));
  });

  it("is said by the way to the end, if what comes is below what is seen", async () => {
    const root = await cited(3);
    expect(root.querySelector(".to-latest")).toBeNull();
    Object.defineProperty(root.querySelector(".timeline"), "scrollHeight", { value: 5000 });
    await says(4);
    expect(root.querySelector(".to-latest")).not.toBeNull();
  });
});

describe("who answers while an entry is cited", () => {
  it("is at the end again, and reads what comes", async () => {
    desk = await trial();
    desk.server.say(deskFrame({ mine: [mine("c_1")] }));
    desk.session.open("c_1");
    const { root, leave: away } = await mounted(desk, <TimelineView />);
    leave = away;
    const log = root.querySelector(".timeline") as HTMLElement;
    Object.defineProperty(log, "offsetParent", { value: document.body });
    for (let seq = 1; seq <= 3; seq += 1) await says(seq);
    await act(() => desk.session.cite([2]));
    Object.defineProperty(log, "scrollHeight", { value: 5000 });
    await act(() => desk.writing.write("c_1", { ...desk.state.draft.value, reply: "您好" }));
    await act(() => desk.writing.send());
    await says(4);
    expect(reads().at(-1)).toBe(4);
  });
});

describe("what stays subscribed", () => {
  it("is everything of mine, put aside or not, however often the lists come", async () => {
    desk = await trial();
    const ids = Array.from({ length: 15 }, (_, index) => `c_${index}`);
    const frame = deskFrame({ mine: ids.map((id) => mine(id, { aside_until: "2026-11-22T08:00:00Z" })) });
    desk.server.say(frame);
    const before = desk.server.frames.length;
    desk.server.say(frame);
    expect(desk.server.frames.slice(before)).toEqual([]);
    expect(desk.server.frames.filter(({ t }) => t === "unsub")).toEqual([]);
  });
});
