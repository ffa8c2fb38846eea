import { afterEach, describe, expect, it, vi } from "vitest";
import type { Owner, Promised } from "../shared/protocol";
import { ApiError } from "./api";
import { card, LIN, MIA, owner, trial } from "./fixtures";
import { mayStepIn } from "./rights";
import { type LateClock, stillLate, Wall, type WallFigures } from "./wall";

const figures = (mailbox: number): WallFigures => ({
  at: "2026-11-21T08:00:00Z", queues: [], bot: 0, mailbox, agents: [], upset: [], overdue: [],
});

const PROMISE: Promised = {
  id: "p_1", conversation: "c_1", seq: 4, text: "明天回复", due_at: "2026-11-21T08:00:00Z", state: "open", overdue: true,
};
const late = (ended_at: string | null): LateClock => ({
  clock: "first_reply", state: "missed", conversation: "c_1", queue: "support", breached_at: "2026-11-21T08:00:00Z", ended_at,
});

describe("missed times", () => {
  it("are on the wall while somebody still waits", () => expect(stillLate([late("2026-11-21T09:00:00Z")])).toEqual([]));
});

describe("a supervisor steps in", () => {
  const board = (kind: Owner["kind"], agent: Owner["agent"] = null) => card("c_9", { epoch: 4, owner: owner(kind, agent) });

  it("by joining a colleague, or by taking over from the bot", async () => {
    const taken = { status: 200, body: { conversation: "c_9", epoch: 5 } };
    const desk = await trial({ "/join": taken, "/take-over": taken });
    expect(await desk.verbs.stepIn(board("agent", MIA))).toBe(true);
    expect(desk.state.standing.value).toMatchObject({ owner: { kind: "agent", agent: LIN }, epoch: 5 });
    await desk.verbs.stepIn(board("bot"));
    const posts = desk.requests.filter(({ body }) => body !== null).map(({ path, body }) => [path, (body as { epoch?: number }).epoch]);
    expect(posts).toEqual(expect.arrayContaining([["/v1/conversations/c_9/join", 4], ["/v1/conversations/c_9/take-over", 4]]));
  });

  it("not where nobody is served, and not into what he holds", () => {
    expect([board("queue"), board("agent", LIN), board("agent", MIA), board("bot")].map((one) => mayStepIn(one, LIN.id))).toEqual([false, false, true, true]);
  });
});

describe("the wall", () => {
  afterEach(() => vi.useRealTimers());

  it("looks again while it is shown, keeps the last figures when it cannot, and stops when it is left", async () => {
    vi.useFakeTimers();
    const answers: (WallFigures | ApiError)[] = [figures(1), new ApiError(503, {}), figures(2)];
    const wall = new Wall({
      overduePromises: async () => [PROMISE],
      lateClocks: async () => [late(null), late("2026-11-21T09:00:00Z")],
      wall: async () => {
        const next = answers.shift();
        if (next === undefined || next instanceof ApiError) throw next ?? new Error("asked once too often");
        return next;
      },
    });
    await wall.open();
    expect(wall.figures.value?.mailbox).toBe(1);
    expect([wall.late.value, wall.promises.value]).toEqual([[late(null)], [PROMISE]]);
    await vi.advanceTimersByTimeAsync(3000);
    expect([wall.figures.value?.mailbox, wall.failed.value?.status]).toEqual([1, 503]);
    await vi.advanceTimersByTimeAsync(3000);
    expect([wall.figures.value?.mailbox, wall.failed.value]).toEqual([2, null]);
    wall.close();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(answers).toEqual([]);
  });
});
