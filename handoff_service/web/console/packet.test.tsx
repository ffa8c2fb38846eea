import { render } from "preact";
import { beforeEach, describe, expect, it } from "vitest";
import { PacketView } from "./components/PacketView";
import { HANDOFF } from "./fixtures";
import { citedBy, groupsOf, newestFirst } from "./packet";
import { translator } from "./text";

const t = translator("zh");
let root: HTMLElement;
let cited: (readonly number[])[];

beforeEach(() => {
  cited = [];
  root = document.createElement("div");
  render(<PacketView handoff={HANDOFF} t={t} cite={(seqs) => cited.push(seqs)} />, root);
});
const line = (text: string): Element | undefined =>
  [...root.querySelectorAll(".packet-line")].find((each) => each.textContent?.includes(text));

describe("the packet", () => {
  it("shows reason, evidence, tried articles with scores and facts", () => {
    expect([...root.querySelectorAll("h4")].map((title) => title.textContent)).toEqual([
      "客户想要", "转人工原因", "依据", "机器人试过", "已知信息",
    ]);
    expect(line("专用发票")?.textContent).toContain("31%");
    expect(line("LY20261103001")?.textContent).toContain("订单号");
  });

  it("leads from each line to the entries that it cites", () => {
    (line("两次没有找到答案") as HTMLElement).click();
    (line("专用发票") as HTMLElement).click();
    expect(cited).toEqual([[2, 4], [3]]);
  });

  it("offers no button for a line without an entry", () => {
    expect(line("阈值")?.tagName).toBe("SPAN");
  });

  it("names why a colleague stepped in without a blank in it", () => {
    const groups = groupsOf({ ...HANDOFF.packet, reason: { text: "take_over", entries: [2] } }, t);
    expect(groups.find(({ title }) => title === "packet.reason")?.lines[0]?.text).toBe("客服主动接手");
  });

  it("says codes and shares in the agent's words", () => {
    const evidence = [
      { label: "action", value: "abstain", entries: [2] },
      { label: "probability", value: 0.2149, entries: [2] },
      { label: "seen", value: 2.00001, entries: [2] },
      { label: "intent", value: "ask_human", entries: [2] },
    ];
    const reason = { text: "unsure", entries: [2] };
    const groups = groupsOf({ ...HANDOFF.packet, reason, evidence }, t);
    expect(groups[1]?.lines[0]?.text).toBe(t("event.unsure"));
    expect(groups[2]?.lines.map(({ label, text }) => [label, text])).toEqual([
      ["判断", "没有答案"], ["匹配度", "21%"], ["seen", "2"], [t("evidence.intent"), "要人工"],
    ]);
  });

  it("never shows the raw name of a kind of fact that it does not know", () => {
    const facts = [{ kind: "coupon_code", value: "LY88", entries: [2] }];
    const lines = groupsOf({ ...HANDOFF.packet, facts }, t).at(-1)?.lines;
    expect(lines).toMatchObject([{ label: "其他信息", text: "LY88" }]);
  });

  it("shows promises, what is still open, files and forms, each with its entries", () => {
    const more = {
      tasks: [{ name: "return_request", entries: [3] }, { name: "of_tomorrow", entries: [3] }],
      promises: [{ by: "agent" as const, text: "今天内退款", entries: [5] }],
      missing: [{ text: "请发一张照片", entries: [6] }],
      attachments: [{ id: "f_1", name: "box.jpg", type: "image/jpeg", entries: [7] }],
    };
    const groups = groupsOf({ ...HANDOFF.packet, ...more }, t);
    const of = (title: string) => groups.find((group) => group.title === title)?.lines.map(({ label, text, entries }) => [label, text, entries]);
    expect(of("packet.promises")).toEqual([["客服", "今天内退款", [5]]]);
    expect(of("packet.missing")).toEqual([[null, "请发一张照片", [6]]]);
    expect(of("packet.attachments")).toEqual([[null, "box.jpg", [7]]]);
    expect(of("packet.tried")?.slice(0, 2)).toEqual([["办理", "退货", [3]], ["办理", "of_tomorrow", [3]]]);
  });

  it("leaves out groups without lines", () => {
    const bare = { ...HANDOFF.packet, goal: null, evidence: [], tried: [], facts: [] };
    expect(groupsOf(bare, t).map((group) => group.title)).toEqual(["packet.reason"]);
  });

  it("marks in the timeline what proves the need of a person", () => {
    expect([...citedBy(HANDOFF.packet)].toSorted()).toEqual([2, 4]);
  });
});

describe("several handoffs", () => {
  it("come newest first", () => {
    const later = { ...HANDOFF, id: "h_2", receipt: [{ stage: "requested", at: "2026-11-21T09:00:00Z", by: null } as const] };
    expect(newestFirst([HANDOFF, later]).map((each) => each.id)).toEqual(["h_2", "h_1"]);
  });
});
