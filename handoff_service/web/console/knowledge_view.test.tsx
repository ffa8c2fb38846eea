import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Hints } from "./components/Hints";
import { Knowledge } from "./components/Knowledge";
import { card, deskFrame, LIN, message, owner, type Trial, trial } from "./fixtures";
import { click, mounted } from "./mounted";

let desk: Trial;
let root: HTMLElement;
let leave = (): void => undefined;
beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => {
  leave();
  desk.session.stop();
  vi.useRealTimers();
});

const HIT = { article: "refund", language: "en", title: "Refunds", category: "", answer: "1-3 days", probability: 0.9 };
const FOUND = { status: 200, body: { generation: "g", hits: [HIT] } };
const asked = () => desk.requests.filter(({ path }) => path.includes("/knowledge/search")).map(({ path }) => new URL(path, "http://x").searchParams.get("q"));
/** Past the pause after typing, and until the answer is drawn. */
const searched = () => act(async () => void (await vi.advanceTimersByTimeAsync(400)));

async function holding(): Promise<void> {
  desk = await trial({ "language=zh": FOUND });
  desk.server.say(deskFrame({ mine: [card("c_1", { owner: owner("agent", LIN), epoch: 3 })] }));
  desk.session.open("c_1");
  desk.server.say({ t: "entry", conv: "c_1", entry: message(1, "退款多久") });
}

describe("a suggested article", () => {
  it("is quoted in its own language, and gone as soon as the customer asks something else", async () => {
    await holding();
    ({ root, leave } = await mounted(desk, <Hints conversation="c_1" />));
    await searched();
    expect(root.querySelector(".hint-article")).not.toBeNull();
    await act(() => desk.server.say({ t: "entry", conv: "c_1", entry: message(2, "发票怎么开") }));
    expect(root.querySelector(".hint-article")).toBeNull();
    await searched();
    await click(root.querySelector(".hint-article"));
    expect(desk.state.draft.value.article).toEqual({ id: "refund", language: "en", title: "Refunds" });
  });
});

describe("the search", () => {
  it("asks for no more than the server reads, and sends an article once for a double click", async () => {
    await holding();
    ({ root, leave } = await mounted(desk, <Knowledge />));
    await act(() => {
      const input = root.querySelector("input") as HTMLInputElement;
      input.value = "退".repeat(700);
      input.dispatchEvent(new Event("input", { bubbles: true }));
    });
    await searched();
    expect(asked()).toEqual(["退".repeat(500)]);
    await click(root.querySelector(".hit .primary"));
    await click(root.querySelector(".hit .primary"));
    expect(desk.server.sends).toHaveLength(1);
  });
});
