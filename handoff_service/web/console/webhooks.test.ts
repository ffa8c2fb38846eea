import { expect, it } from "vitest";
import { trial } from "./fixtures";
import { type Delivery, isUntried, type LoggedDelivery, type Webhook, Webhooks, whenTried } from "./webhooks";

const DELIVERY: Delivery = {
  id: "msg_1", webhook: "wh_1", subject: "wh_1", event: "webhook.test", state: "waiting", attempts: 0, error: null, body: {},
  created_at: "2026-11-22T08:00:00Z", next_at: "2026-11-22T08:00:00Z", ended_at: null,
};

/** Webhooks of a server whose delivery goes through these states, one with each look. */
async function looking(states: readonly Delivery[]): Promise<{ webhooks: Webhooks; looks: () => number; paused: () => number }> {
  const { api, session, state } = await trial();
  let looks = 0;
  let pauses = 0;
  const now = (): Delivery => states[Math.min(looks, states.length - 1)] as Delivery;
  api.webhookCommand = async <T>() => ({ message: DELIVERY.id, replayed: 1 }) as T;
  api.webhooks = async () => ({ webhooks: [] });
  api.deliveries = async () => ({ messages: [now()], cursor: null });
  api.delivery = async (): Promise<LoggedDelivery> => {
    const found = { ...now(), log: [] };
    looks += 1;
    return found;
  };
  const pause = async (): Promise<void> => void (pauses += 1);
  return { webhooks: new Webhooks({ api, session, state, pause }), looks: () => looks, paused: () => pauses };
}

it("knows what has not been tried since it was begun; an attempt that is under way counts already", () => {
  const each = [DELIVERY, { ...DELIVERY, attempts: 1, under_way: true }, { ...DELIVERY, attempts: 1 }, { ...DELIVERY, attempts: 2, under_way: true }, { ...DELIVERY, state: "dead" as const }];
  expect(each.map(isUntried)).toEqual([true, true, false, false, false]);
});

it("says of what waits whether it is sent now, at its time, or not while its webhook is off", () => {
  const on = { disabled: false } as Webhook;
  const off = { disabled: true } as Webhook;
  const later = { ...DELIVERY, next_at: "2026-11-22T09:00:00Z" }; // behind another about the same subject, never tried itself
  expect([whenTried(DELIVERY, on), whenTried(later, on), whenTried({ ...later, attempts: 2 }, on), whenTried(DELIVERY, off)]).toEqual(["now", "later", "later", "off"]);
  expect(whenTried({ ...later, attempts: 2, under_way: true }, on)).toBe("now");
});

it("looks after a test until it was tried, and no longer", async () => {
  const { webhooks, paused } = await looking([DELIVERY, DELIVERY, { ...DELIVERY, attempts: 1, under_way: true }, { ...DELIVERY, state: "sent", attempts: 1 }]);
  await webhooks.test({ id: "wh_1" } as never);
  expect([webhooks.open.value?.state, paused()]).toEqual(["sent", 2]);
});

it("gives up looking after a while, and at once when nobody looks", async () => {
  const slow = await looking([DELIVERY]);
  await slow.webhooks.test({ id: "wh_1" } as never);
  expect(slow.paused()).toBe(15);

  const left = await looking([DELIVERY]);
  const tested = left.webhooks.test({ id: "wh_1" } as never);
  left.webhooks.leave();
  await tested;
  expect(left.paused()).toBeLessThan(15);
});
