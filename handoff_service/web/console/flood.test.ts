import { effect } from "@preact/signals";
import { afterEach, describe, expect, it, vi } from "vitest";
import { card, deskFrame, LIN, message, owner, type Trial, trial } from "./fixtures";
import { Bell } from "./sound";

let desk: Trial;
afterEach(() => {
  desk.session.stop();
  vi.restoreAllMocks();
});

const MINE = card("c_1", { owner: owner("agent", LIN), epoch: 3, last_seq: 0 });

describe("a flood of entries", () => {
  it("is shown in few strokes, complete and in order; the first ones at once", async () => {
    desk = await trial();
    desk.server.say(deskFrame({ mine: [MINE] }));
    desk.session.open("c_1");
    let strokes = 0;
    const stop = effect(() => void (desk.state.timelines.value, (strokes += 1)));
    for (let seq = 1; seq <= 600; seq += 1) desk.server.say({ t: "entry", conv: "c_1", entry: message(seq, `line ${seq}`) });
    expect(desk.state.timeline.value.entries.length).toBeGreaterThan(0);
    await vi.waitFor(() => expect(desk.state.timeline.value.entries).toHaveLength(600));
    expect(desk.state.timeline.value.entries.map(({ seq }) => seq)).toEqual(Array.from({ length: 600 }, (_, index) => index + 1));
    expect(strokes).toBeLessThan(100);
    stop();
  });
});

describe("who is busy", () => {
  it("is not rung for, and sees the customer in the lists all the same", async () => {
    const ring = vi.spyOn(Bell.prototype, "ring").mockReturnValue();
    desk = await trial();
    desk.session.setStatus("busy");
    desk.server.say(deskFrame({ waiting: [card("c_2")] }));
    expect(ring).not.toHaveBeenCalled();
    expect(desk.state.desk.value.lists.waiting).toHaveLength(1);
    desk.session.setStatus("online");
    desk.server.say(deskFrame({ waiting: [card("c_2"), card("c_3")] }));
    expect(ring).toHaveBeenCalledWith("handoff");
  });
});
