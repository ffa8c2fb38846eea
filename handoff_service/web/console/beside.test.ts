// @vitest-environment node
import { expect, it } from "vitest";
import { moodPoints, moodTrend, playbookFor, withNamedFirst } from "./beside";
import { card, HANDOFF, message } from "./fixtures";
import { forbiddenIn } from "./forbidden";

const mood = (...values: number[]) => values.map((unhappy, index) => ({ seq: index + 1, unhappy }));

it("shows the orders that the conversation names first, however they are written", () => {
  const timeline = { entries: [message(1, "where is ly2?"), message(2, "see LY3 too, order:LY40")] };
  const orders = ["LY1", "LY2", "LY3", "LY4", "", HANDOFF.packet.facts[0]?.value ?? ""].map((number) => ({ number }));
  const found = withNamedFirst(orders, timeline, HANDOFF.packet);
  expect(found.named).toBe(3);
  expect(found.orders.map(({ number }) => number)).toEqual(["LY2", "LY3", "LY20261103001", "LY1", "LY4", ""]);
});

it("chooses the playbook that was begun, else by tag, then task, then queue", () => {
  const steps = [{ id: "a", zh: "一", en: "one" }];
  const playbooks = [
    { id: "by_queue", zh: "", en: "", cases: ["support"], steps },
    { id: "by_task", zh: "", en: "", cases: ["refund_request"], steps },
    { id: "by_tag", zh: "", en: "", cases: ["vip"], steps },
  ];
  const contact = { id: "k_1", name: "", verified: false, identities: [] };
  const detail = { card: card("c_1"), handoffs: [], contact };
  const packet = { ...HANDOFF.packet, tasks: [{ name: "refund_request", entries: [2] }] };
  const withTask = { ...detail, handoffs: [{ ...HANDOFF, packet }] };
  expect(playbookFor(playbooks, card("c_1"), detail)?.id).toBe("by_queue");
  expect(playbookFor(playbooks, card("c_1"), withTask)?.id).toBe("by_task");
  expect(playbookFor(playbooks, card("c_1", { tags: ["vip"] }), withTask)?.id).toBe("by_tag");
  const begun = { ...withTask, steps: [{ playbook: "by_queue", step: "a", by: "a_lin", at: "" }] };
  expect(playbookFor(playbooks, card("c_1", { tags: ["vip"] }), begun)?.id).toBe("by_queue");
  expect(playbookFor(playbooks, card("c_1", { handoff: null }), detail)).toBeNull();
});

it("draws the mood as a line that rises with unhappiness, and says where it goes", () => {
  expect(moodPoints(mood(0, 0.5, 1), 100, 20)).toBe("0,20 50,10 100,0");
  expect(moodPoints(mood(2), 100, 20)).toBe("0,0");
  expect([moodTrend(mood(0.1, 0.2, 0.8)), moodTrend(mood(0.9, 0.2)), moodTrend(mood(0.4, 0.45)), moodTrend(mood(1))])
    .toEqual(["worse", "better", "same", "same"]);
});

// The same cases as tests/handoff_service/web/test_desk_context.py: page and server have one rule.
it.each([
  ["ass", "a class of its own", false],
  ["ass", "You ASS!", true],
  ["ass", "class, ass", true],
  ["不归我管", "这个不\u200b归我管。", true],
  ["100%", "about 100% sure", true],
  ["VIP", "ＶＩＰ客户", true],
  ["not  my job", "not\nmy job", true],
  ["\u200b", "anything", false],
])("finds the word %j in %j: %s", (word, text, found) => {
  expect(forbiddenIn(text, [{ word, action: "block" }]).length > 0).toBe(found);
});
