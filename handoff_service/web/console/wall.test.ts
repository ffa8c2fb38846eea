import { afterEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "./api";
import { Wall, type WallFigures } from "./wall";

const figures = (mailbox: number): WallFigures => ({
  at: "2026-11-21T08:00:00Z", queues: [], bot: 0, mailbox, agents: [], upset: [], overdue: [],
});

describe("the wall", () => {
  afterEach(() => vi.useRealTimers());

  it("looks again while it is shown, keeps the last figures when it cannot, and stops when it is left", async () => {
    vi.useFakeTimers();
    const answers: (WallFigures | ApiError)[] = [figures(1), new ApiError(503, {}), figures(2)];
    const wall = new Wall({
      wall: async () => {
        const next = answers.shift();
        if (next === undefined || next instanceof ApiError) throw next ?? new Error("asked once too often");
        return next;
      },
    });
    await wall.open();
    expect(wall.figures.value?.mailbox).toBe(1);
    await vi.advanceTimersByTimeAsync(3000);
    expect([wall.figures.value?.mailbox, wall.failed.value?.status]).toEqual([1, 503]);
    await vi.advanceTimersByTimeAsync(3000);
    expect([wall.figures.value?.mailbox, wall.failed.value]).toEqual([2, null]);
    wall.close();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(answers).toEqual([]);
  });
});
