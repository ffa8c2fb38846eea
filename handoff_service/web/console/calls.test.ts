import { describe, expect, it } from "vitest";
import type { PeerCall } from "../shared/call";
import { Calls } from "./calls";
import { LIN, message, owner, trial } from "./fixtures";

const told = (seq: number, state: "ringing" | "accepted" | "declined" | "ended") =>
  message(seq, "", { body: { text: "", call: { id: "v_1", media: "video", state } } });

async function ringing() {
  const desk = await trial({ "/call": { status: 200, body: { call: "v_1", ice: [{ urls: ["stun:s.example"] }] } } });
  const made: { ice: readonly unknown[]; closed: boolean; phase: (phase: "over") => void }[] = [];
  const calls = new Calls({
    ...desk, client: desk.client,
    peer: ({ ice, phase }) => {
      const peer = { ice, phase, closed: false, own: null, start: async () => undefined, close: () => (peer.closed = true), receive: async () => undefined, enable: () => undefined };
      made.push(peer);
      return peer as unknown as PeerCall;
    },
  });
  desk.session.open("c_1");
  desk.session.stand("c_1", { owner: owner("agent", LIN), epoch: 3 });
  await calls.ring("video");
  const entry = (seq: number, state: Parameters<typeof told>[1]) => desk.server.say({ t: "entry", conv: "c_1", entry: told(seq, state) });
  return { desk, calls, made, entry };
}

describe("a call from the desk", () => {
  it("begins when the customer agrees and ends when he hangs up", async () => {
    const { calls, made, entry } = await ringing();
    expect(calls.active.value?.stage).toBe("ringing");
    expect(made).toHaveLength(0);
    entry(1, "ringing");
    entry(2, "accepted");
    expect(made.map(({ ice }) => ice)).toEqual([[{ urls: ["stun:s.example"] }]]);
    entry(3, "ended");
    expect([calls.active.value, made[0]?.closed]).toEqual([null, true]);
  });

  it("ends with a no, and with a new owner of the conversation", async () => {
    const first = await ringing();
    first.entry(1, "declined");
    expect(first.calls.active.value).toBeNull();
    const second = await ringing();
    second.desk.server.say({
      t: "entry", conv: "c_1",
      entry: { ...message(1, ""), kind: "state", epoch: 4, body: { event: "transfer", to: owner("queue") } } as never,
    });
    expect(second.calls.active.value).toBeNull();
  });

  it("tells the server when the connection between the browsers is lost", async () => {
    const { desk, calls, made, entry } = await ringing();
    entry(1, "accepted");
    made[0]?.phase("over");
    await Promise.resolve();
    expect(calls.active.value).toBeNull();
    expect(desk.requests.at(-1)?.path).toBe("/v1/conversations/c_1/call/end");
  });
});
