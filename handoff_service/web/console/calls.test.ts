import { afterEach, describe, expect, it, vi } from "vitest";
import { type PeerCall, RINGS_MS } from "../shared/call";
import { Calls } from "./calls";
import { card, deskFrame, LIN, message, owner, trial } from "./fixtures";

const told = (seq: number, state: "ringing" | "accepted" | "declined" | "ended") =>
  message(seq, "", { body: { text: "", call: { id: "v_1", media: "video", state } }, at: new Date().toISOString() });

/** Microphone and camera; `live` while anything may be heard or seen. */
class Devices {
  readonly tracks = ["audio", "video"].map((kind) => ({ kind, enabled: true, readyState: "live", stop() { this.readyState = "ended"; } }));
  readonly stream = {
    getTracks: () => this.tracks, getVideoTracks: () => this.tracks.filter(({ kind }) => kind === "video"),
  } as unknown as MediaStream;
  get live(): boolean {
    return this.tracks.some(({ readyState }) => readyState === "live");
  }
}

async function ringing(answers: Parameters<typeof trial>[0] = {}) {
  const desk = await trial({ "/call": { status: 200, body: { call: "v_1", ice: [{ urls: ["stun:s.example"] }] } }, ...answers });
  const made: { ice: readonly unknown[]; own: MediaStream; closed: boolean; phase: (phase: "over" | "talking") => void }[] = [];
  const [devices, others] = [new Devices(), new Devices()];
  const calls = new Calls({
    ...desk, client: desk.client,
    open: async () => devices.stream, other: async (own) => (own === devices.stream ? "cam_2" : null),
    peer: ({ ice, own, phase }) => {
      const peer = { ice, own, phase, closed: false, start: async () => undefined, close: () => (peer.closed = true), receive: async () => undefined, showCamera: async (camera: string) => {
        if (camera !== "cam_2" || peer.closed) throw new DOMException("it is in use", "NotReadableError");
        return others.stream;
      } };
      made.push(peer);
      return peer as unknown as PeerCall;
    },
  });
  desk.session.open("c_1");
  desk.session.stand("c_1", { owner: owner("agent", LIN), epoch: 3 });
  await calls.ring("video");
  const entry = (seq: number, state: Parameters<typeof told>[1]) => desk.server.say({ t: "entry", conv: "c_1", entry: told(seq, state) });
  const ends = () => desk.requests.filter(({ path }) => path === "/v1/conversations/c_1/call/end");
  return { desk, calls, made, entry, devices, others, ends };
}

afterEach(() => void vi.useRealTimers());

describe("a call from the desk", () => {
  it("begins when the customer agrees and ends when he hangs up", async () => {
    const { calls, made, entry, devices } = await ringing();
    expect(calls.active.value?.stage).toBe("ringing");
    expect(made).toHaveLength(0);
    entry(1, "ringing");
    entry(2, "accepted");
    expect(made.map(({ ice, own }) => [ice, own])).toEqual([[[{ urls: ["stun:s.example"] }], devices.stream]]);
    entry(3, "ended");
    expect([calls.active.value, made[0]?.closed, devices.live]).toEqual([null, true, false]);
  });

  it("shows what another camera sees, and says why it cannot", async () => {
    const { calls, desk, entry, others, made } = await ringing();
    expect(calls.active.value?.switchable).toBe(false);
    entry(1, "ringing");
    entry(2, "accepted");
    await vi.waitFor(() => expect(calls.active.value?.switchable).toBe(true));
    made[0]!.closed = true; // as a camera that somebody else has opened
    await calls.switchCamera();
    expect(desk.state.notices.value.at(-1)?.text).toBe("无法打开麦克风或摄像头：it is in use");
    made[0]!.closed = false;
    await calls.switchCamera();
    expect(calls.active.value?.own).toBe(others.stream);
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
    expect([second.calls.active.value, second.devices.live]).toEqual([null, false]);
  });

  it("tells the server and the agent when the connection between the browsers does not come", async () => {
    const { desk, calls, made, entry, ends } = await ringing();
    entry(1, "accepted");
    made[0]?.phase("over");
    await Promise.resolve();
    expect(calls.active.value).toBeNull();
    expect(ends()).toHaveLength(1);
    expect(desk.state.notices.value.map(({ text }) => text)).toEqual([desk.state.t.value("call.not_connected")]);
  });

  it("lets go of microphone and camera when the session ends, and when the server does not let it ring", async () => {
    const { desk, calls, entry, devices, made } = await ringing();
    entry(1, "accepted");
    desk.session.stop();
    expect([calls.active.value, devices.live, made[0]?.closed]).toEqual([null, false, true]);
    const refused = await ringing({ "/call": { status: 409, body: { error: { code: "conflict", message: "No.", retryable: false } } } });
    expect([refused.calls.active.value, refused.devices.live]).toEqual([null, false]);
  });

  it("does not ring when there is no microphone", async () => {
    const { desk, calls, ends } = await ringing();
    await calls.hangUp();
    const deaf = new Calls({ ...desk, client: desk.client, open: () => Promise.reject(new DOMException("no device", "NotFoundError")) });
    const before = desk.requests.length;
    await deaf.ring("voice");
    expect([deaf.active.value, desk.requests.length, ends().length]).toEqual([null, before, 1]);
    expect(desk.state.notices.value.at(-1)?.text).toContain("no device");
  });

  it("stops ringing after a minute, but not while somebody talks", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const first = await ringing();
    vi.advanceTimersByTime(RINGS_MS);
    expect([first.calls.active.value, first.ends().length]).toEqual([null, 1]);
    const second = await ringing();
    second.entry(1, "accepted");
    vi.advanceTimersByTime(RINGS_MS);
    expect(second.calls.active.value?.id).toBe("v_1");
  });

  it("is hung up before the agent signs out", async () => {
    const { desk } = await ringing();
    await desk.calls.ring("voice"); // its devices are the browser's: there are none here
    const active = { conversation: "c_1", id: "v_2", media: "voice", stage: "talking", own: new Devices().stream, heard: null, muted: false, hidden: false, switchable: false } as const;
    desk.calls.active.value = active;
    await desk.verbs.signOut();
    const paths = desk.requests.map(({ path }) => path);
    const [hungUp, left] = ["/v1/conversations/c_1/call/end", "/v1/agents/sign-out"].map((path) => paths.indexOf(path));
    expect(hungUp).toBeGreaterThan(-1);
    expect(left).toBeGreaterThan(hungUp!);
  });
});

describe("a call that another page began", () => {
  it("is found in the timeline and can be ended", async () => {
    const desk = await trial();
    desk.server.say(deskFrame({ mine: [card("c_1", { owner: owner("agent", LIN) })] }));
    const entry = (seq: number, state: Parameters<typeof told>[1]) => desk.server.say({ t: "entry", conv: "c_1", entry: told(seq, state) });
    entry(1, "ringing");
    expect(desk.calls.left.value).toMatchObject({ id: "v_1", state: "ringing" });
    entry(2, "accepted");
    await desk.calls.endLeft();
    expect(desk.requests.at(-1)?.path).toBe("/v1/conversations/c_1/call/end");
    expect(desk.calls.nameOf("c_1")).toBe("陈女士");
    entry(3, "ended");
    expect(desk.calls.left.value).toBeNull();
  });
});
