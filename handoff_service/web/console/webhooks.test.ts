import { expect, it } from "vitest";
import { ApiError } from "./api";
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
  const half = Date.parse("2026-11-22T08:30:00Z");
  expect([whenTried(DELIVERY, on, 0), whenTried(later, on, half), whenTried({ ...later, attempts: 2 }, on, half), whenTried(DELIVERY, off, half)]).toEqual(["now", "later", "later", "off"]);
  expect(whenTried({ ...later, attempts: 2, under_way: true }, on, half)).toBe("now");
  const again = { ...DELIVERY, next_at: "2026-11-22T08:29:59Z" }; // begun anew by hand, long after it was created
  expect(whenTried(again, on, half)).toBe("now");
});

it("looks after a test until it was tried, and no longer", async () => {
  const { webhooks, paused } = await looking([DELIVERY, DELIVERY, { ...DELIVERY, attempts: 1, under_way: true }, { ...DELIVERY, state: "sent", attempts: 1 }]);
  await webhooks.test({ id: "wh_1" } as never);
  expect([webhooks.open.value?.state, paused()]).toEqual(["sent", 3]);
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

it("does not take the view from a webhook that was opened while the test was on its way", async () => {
  const { api, session, state } = await trial();
  let answer = (): void => undefined;
  api.webhookCommand = <T>() => new Promise<T>((resolve) => (answer = () => resolve({ message: "msg_1" } as T)));
  api.webhooks = async () => ({ webhooks: [] });
  api.deliveries = async (webhook) => ({ messages: [{ ...DELIVERY, webhook, state: "sent" }], cursor: null });
  const webhooks = new Webhooks({ api, session, state });
  const tested = webhooks.test({ id: "wh_1" } as never);
  await webhooks.look("wh_2", null);
  answer();
  await tested;
  expect([webhooks.shown.value?.webhook, webhooks.open.value]).toEqual(["wh_2", null]);
});

it("keeps the pages that were asked for when it reads anew, in as few questions as can be", async () => {
  const { api, session, state } = await trial();
  const all = Array.from({ length: 50 }, (_, n): Delivery => ({ ...DELIVERY, id: `msg_${n}`, state: "sent" }));
  const asked: number[] = [];
  api.webhooks = async () => ({ webhooks: [] });
  api.deliveries = async (_webhook, _state, cursor, limit = 20) => {
    asked.push(limit);
    const from = cursor === null ? 0 : Number(cursor);
    return { messages: all.slice(from, from + limit), cursor: from + limit < all.length ? String(from + limit) : null };
  };
  const webhooks = new Webhooks({ api, session, state });
  await webhooks.look("wh_1", null);
  await webhooks.more();
  await webhooks.start();
  expect([webhooks.shown.value?.messages.length, webhooks.shown.value?.cursor, asked]).toEqual([40, "40", [20, 40, 40]]);
});

it("asks again for deliveries that could not be read, and closes one that is gone", async () => {
  const { api, session, state } = await trial();
  let isDown = true;
  api.webhooks = async () => ({ webhooks: [] });
  api.deliveries = async () => {
    if (isDown) throw new ApiError(503, { message: "later" });
    return { messages: [{ ...DELIVERY, state: "sent" }], cursor: null };
  };
  api.delivery = async () => ({ ...DELIVERY, state: "sent", log: [] });
  const webhooks = new Webhooks({ api, session, state });
  await webhooks.look("wh_1", null);
  expect([webhooks.failed.value?.status, webhooks.shown.value]).toEqual([503, null]);
  isDown = false;
  await webhooks.start();
  expect([webhooks.failed.value, webhooks.shown.value?.messages.length]).toEqual([null, 1]);
  await webhooks.show("msg_1");
  expect(webhooks.open.value?.id).toBe("msg_1");
  api.delivery = async () => Promise.reject(new ApiError(404, {}));
  await webhooks.start();
  expect([webhooks.open.value, webhooks.failed.value]).toEqual([null, null]);
});
