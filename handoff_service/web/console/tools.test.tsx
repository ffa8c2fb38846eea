import { act } from "preact/test-utils";
import { afterEach, describe, expect, it } from "vitest";
import type { DeskTools } from "../shared/protocol";
import { Dialogs } from "./components/Dialogs";
import { ConversationPane } from "./components/ConversationPane";
import { ListsPane } from "./components/ListsPane";
import { SearchField } from "./components/SearchField";
import { SidePane } from "./components/SidePane";
import { type Answer, card, deskFrame, LIN, ME, message, owner, type Trial, trial, whoMay } from "./fixtures";
import { click, mounted, settled } from "./mounted";

let desk: Trial;
let leave = (): void => undefined;
afterEach(() => {
  leave();
  desk.session.stop();
});

const TOOLS: DeskTools = {
  playbooks: [{ id: "refund", zh: "退款", en: "Refund", cases: ["support"], steps: [{ id: "order", zh: "核对订单", en: "Check the order" }] }],
  forbidden: [{ word: "不归我管", action: "block", instead: "我帮您问" }, { word: "最便宜", action: "warn" }],
  translates: true,
};
const MINE = card("c_1", { owner: owner("agent", LIN), epoch: 3 });
const CONTACT = { id: "cus_1", name: "陈女士", verified: true, identities: [], person: ["cus_1"] };
const DETAIL = { card: MINE, handoffs: [], contact: CONTACT, steps: [] };

async function opened(answers: Record<string, Answer> = {}, who = ME): Promise<Trial> {
  const me = { ...who, tenant: { ...ME.tenant, desk: TOOLS } };
  desk = await trial({ "/c_1": { status: 200, body: DETAIL }, ...answers }, "zh", me);
  desk.server.say(deskFrame({ mine: [MINE] }));
  desk.session.open("c_1");
  desk.server.say({ t: "entry", conv: "c_1", entry: message(1, "LY1 在哪里") });
  await settled();
  return desk;
}
const asked = (end: string) => desk.requests.filter(({ path }) => path.endsWith(end));
const type = (area: HTMLTextAreaElement | HTMLInputElement | null, text: string): Promise<void> =>
  act(() => {
    if (area === null) throw new Error("there is nothing to type into");
    area.value = text;
    area.dispatchEvent(new Event("input", { bubbles: true }));
  });

describe("beside the conversation", () => {
  it("are the customer's orders, the one that it is about marked", async () => {
    await opened({ "/orders": { status: 200, body: { orders: [{ number: "LY2" }, { number: "LY1", status: "shipped" }], why: null } } });
    const { root, leave: away } = await mounted(desk, <SidePane />);
    leave = away;
    await settled();
    expect([...root.querySelectorAll(".order strong")].map(({ textContent }) => textContent)).toEqual(["LY1", "LY2"]);
    expect(root.querySelector(".order.named")?.textContent).toContain("已发货");
  });

  it("stands why no orders are shown, and what went wrong", async () => {
    await opened({ "/orders": { status: 200, body: { orders: [], why: "unverified" } } });
    const { root, leave: away } = await mounted(desk, <SidePane />);
    leave = away;
    await settled();
    expect(root.querySelector(".orders")?.textContent).toContain("未验证");
    away();
    desk.session.stop();
    await opened({ "/orders": { status: 503, body: { error: { code: "unavailable", message: "The shop does not answer." } } } });
    const again = await mounted(desk, <SidePane />);
    leave = again.leave;
    await settled();
    expect(again.root.querySelector(".orders [role=alert]")).not.toBeNull();
  });

  it("are the customer's tickets, also one that was opened just now, each with the way to it", async () => {
    const kept = { id: "t_1", number: "T1", type: "refund", subject: "退款没到", state: "open", priority: 3, due_at: "2026-11-22T08:00:00Z", agent: null };
    const page = { tickets: [kept], next: null };
    const WHOLE = { status: 200, body: { ticket: kept, contact: null, log: [], conversations: [] } };
    await opened({ "/v1/tickets?contact=cus_1&limit=20": { status: 200, body: page }, "/v1/tickets": { status: 200, body: { ticket: "t_2" } }, "/t_1": WHOLE, "/t_2": WHOLE }, whoMay("conversations.read", "tickets.read"));
    const { root, leave: away } = await mounted(desk, <SidePane />);
    leave = away;
    await settled();
    const listed = root.querySelector("[aria-label=这位客户的工单]");
    expect(listed?.textContent).toContain("T1 · 退款 · 待处理");
    await act(async () => void (await desk.tickets.create("再看看", "refund", "c_1")));
    await settled();
    expect(asked("contact=cus_1&limit=20")).toHaveLength(2);
    await click(listed?.querySelector("button"));
    expect([desk.state.view.value, asked("/v1/tickets/t_1").length]).toEqual(["tickets", 1]);
  });

  it("are the steps of this type of case; a tick goes to the server", async () => {
    await opened();
    const { root, leave: away } = await mounted(desk, <SidePane />);
    leave = away;
    await settled();
    expect(root.querySelector<HTMLSelectElement>(".playbook select")?.value).toBe("refund");
    await click(root.querySelector(".playbook input"));
    expect(asked("/playbook").at(-1)?.body).toMatchObject({ playbook: "refund", step: "order", done: true });
  });

  it("is whether he is blocked; blocking asks first", async () => {
    await opened({ "/block": { status: 200, body: { closed: ["c_1"] } } });
    const { root, leave: away } = await mounted(desk, <><ConversationPane /><Dialogs /></>);
    leave = away;
    await settled();
    await click([...root.querySelectorAll(".more-list button")].at(-1));
    expect(asked("/block")).toEqual([]);
    await act(() => void root.querySelector(".modal-block form")?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true })));
    await settled();
    expect(asked("/block")).toHaveLength(1);
    expect(desk.state.dialog.value).toBeNull();
  });
});

describe("before sending", () => {
  it("a forbidden word stops the reply and offers other words; one to think about only warns", async () => {
    await opened();
    const { root, leave: away } = await mounted(desk, <ConversationPane />);
    leave = away;
    await type(root.querySelector("textarea"), "这不归我管");
    expect(root.querySelector<HTMLButtonElement>(".send")?.disabled).toBe(true);
    expect(root.querySelector(".warning-block")?.textContent).toContain("我帮您问");
    await type(root.querySelector("textarea"), "这个最便宜");
    expect(root.querySelector<HTMLButtonElement>(".send")?.disabled).toBe(false);
    expect(root.querySelector(".warning-warn")).not.toBeNull();
  });

  it("a translation takes the place of the text, which goes along and comes back", async () => {
    await opened({ "/translate": { status: 200, body: { text: "Guten Tag" } } });
    const { root, leave: away } = await mounted(desk, <ConversationPane />);
    leave = away;
    await type(root.querySelector("textarea"), "您好");
    await click(root.querySelector(".translate-line button"));
    await settled();
    expect(desk.state.draft.value).toMatchObject({ reply: "Guten Tag", original: "您好" });
    await click(root.querySelector(".translate-line .original button"));
    expect(desk.state.draft.value).toEqual({ reply: "您好", note: "", article: null });
    await click(root.querySelector(".translate-line button"));
    await settled();
    await act(() => desk.writing.send());
    expect(desk.server.sends.at(-1)?.body).toEqual({ text: "Guten Tag", original: "您好" });
    expect(desk.state.draft.value.original).toBeUndefined();
  });

  it("what the customer wrote unseen stops it once and is shown", async () => {
    await opened();
    desk.session.sawAll("c_1");
    desk.writing.write("c_1", { reply: "好的", note: "", article: null });
    desk.server.say({ t: "entry", conv: "c_1", entry: message(2, "不用了，我自己处理") });
    desk.writing.send();
    expect(desk.server.sends).toEqual([]);
    expect(desk.state.refusal.value).toMatchObject({ code: "missed", message: "不用了，我自己处理" });
    expect(desk.state.highlight.value?.seqs).toEqual([2]);
    expect(desk.state.draft.value.reply).toBe("好的");
    desk.writing.send();
    expect(desk.server.sends).toHaveLength(1);
  });
});

describe("several conversations", () => {
  const cards = [MINE, card("c_2", { owner: owner("agent", LIN), epoch: 5, tags: ["old"], contact: { id: "cus_2", name: "Wu" } })];

  it("are tagged one by one; what is refused is named, what worked is taken back", async () => {
    await opened({ "/c_1/tags": { status: 409, body: { error: { code: "conflict", message: "no" } } } });
    desk.server.say(deskFrame({ mine: cards }));
    const { root, leave: away } = await mounted(desk, <><ListsPane /><Dialogs /></>);
    leave = away;
    await click(root.querySelector(".select-several"));
    for (const box of root.querySelectorAll(".card-choice")) await click(box);
    await act(() => desk.bulk.run({ do: "tag", tags: ["vip"] }));
    expect(desk.bulk.results.value.map(({ outcome }) => outcome === true)).toEqual([false, true]);
    expect([...desk.bulk.chosen.value]).toEqual(["c_1"]);
    expect(asked("/c_2/tags").at(-1)?.body).toMatchObject({ tags: ["old", "vip"] });
    await act(() => desk.bulk.undo.value?.());
    expect(asked("/c_2/tags").at(-1)?.body).toMatchObject({ tags: ["old"] });
    expect(desk.bulk.undo.value).toBeNull();
  });

  it("are closed each under its own epoch, which cannot be taken back", async () => {
    await opened();
    desk.server.say(deskFrame({ mine: cards }));
    desk.bulk.toggleAll(["c_1", "c_2"]);
    await desk.bulk.run({ do: "close", wrapUp: "solved", note: "" });
    expect(asked("/close").map(({ body }) => (body as { epoch: number }).epoch)).toEqual([3, 5]);
    expect(desk.bulk.undo.value).toBeNull();
  });
});

describe("the field to search in", () => {
  it("asks once for the words, not again for a space behind them", async () => {
    await opened();
    const found: string[] = [];
    const field = (value: string) => <SearchField label="search" value={value} search={(words) => found.push(words)} />;
    const { root, leave: away } = await mounted(desk, field(""));
    leave = away;
    await type(root.querySelector("input"), "退款");
    await act(() => new Promise((resolve) => setTimeout(resolve, 300)));
    expect(found).toEqual(["退款"]);
    away();
    const again = await mounted(desk, field("退款"));
    leave = again.leave;
    await type(again.root.querySelector("input"), "退款 ");
    await act(() => new Promise((resolve) => setTimeout(resolve, 300)));
    expect(found).toEqual(["退款"]);
    expect(again.root.querySelector("input")?.maxLength).toBe(120);
  });
});
