import { afterEach, describe, expect, it, vi } from "vitest";
import { type CallPhase, CONNECTING_MS, nextCamera, openDevices, PeerCall } from "../shared/call";
import type { SignalData } from "../shared/protocol";

/** An RTCPeerConnection that keeps what it was told; descriptions are named after who made them. */
class Peer {
  onicecandidate: ((event: { candidate: { toJSON(): RTCIceCandidateInit } | null }) => void) | null = null;
  ontrack: unknown = null;
  onconnectionstatechange: (() => void) | null = null;
  connectionState = "new";
  localDescription: RTCSessionDescriptionInit | null = null;
  readonly told: string[] = [];
  constructor(private readonly name: string) {}
  addTrack = () => this.told.push("track");
  createOffer = async () => ({ type: "offer" as const, sdp: `offer of ${this.name}` });
  createAnswer = async () => ({ type: "answer" as const, sdp: `answer of ${this.name}` });
  setLocalDescription = async (description: RTCSessionDescriptionInit) => {
    this.localDescription = description;
  };
  setRemoteDescription = async ({ sdp }: RTCSessionDescriptionInit) => {
    if (sdp === "broken") throw new Error("no description");
    this.told.push(String(sdp));
  };
  addIceCandidate = async ({ candidate }: RTCIceCandidateInit) => {
    this.told.push(String(candidate));
  };
  addTransceiver = (kind: string, { direction }: { direction: string }) => this.told.push(`${kind} ${direction}`);
  sent: unknown = null;
  getSenders = () => [{ track: this.sent, replaceTrack: async (track: unknown) => void (this.sent = track) }];
  close = () => this.told.push("closed");
}

class Track {
  enabled = true;
  stopped = false;
  constructor(readonly kind: "audio" | "video") {}
  stop = () => void (this.stopped = true);
}
const streamOf = (...tracks: Track[]) => ({
  getTracks: () => tracks,
  getAudioTracks: () => tracks.filter(({ kind }) => kind === "audio"),
  getVideoTracks: () => tracks.filter(({ kind }) => kind === "video"),
}) as unknown as MediaStream;

function side(name: string, offers: boolean, signal: (data: SignalData) => void, media: "voice" | "video" = "voice", tracks = [new Track("audio")]) {
  const peer = new Peer(name);
  const phases: CallPhase[] = [];
  const call = new PeerCall({
    media, ice: [], offers, signal, own: streamOf(...tracks), phase: (phase) => phases.push(phase), heard: () => undefined,
    connect: () => peer as unknown as RTCPeerConnection,
  });
  return { peer, call, phases, tracks };
}

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("a call between two browsers", () => {
  it("is offered by the one who rang and answered by the other", async () => {
    const toAgent: SignalData[] = [];
    const toCustomer: SignalData[] = [];
    const agent = side("agent", true, (data) => toCustomer.push(data));
    const customer = side("customer", false, (data) => toAgent.push(data));
    await customer.call.start();
    await agent.call.start();
    for (const data of toCustomer.splice(0)) await customer.call.receive(data);
    for (const data of toAgent.splice(0)) await agent.call.receive(data);
    expect(customer.peer.told).toEqual(["track", "offer of agent"]);
    expect(agent.peer.told).toEqual(["track", "answer of customer"]);
    agent.peer.connectionState = "connected";
    agent.peer.onconnectionstatechange?.();
    expect(agent.phases).toEqual(["connecting", "talking"]);
  });

  it("keeps candidates that come before the description", async () => {
    const { call, peer } = side("customer", false, () => undefined);
    void call.receive({ candidate: { candidate: "early" } });
    void call.receive({ description: { type: "offer", sdp: "offer of agent" } });
    await call.receive({ candidate: { candidate: "late" } });
    expect(peer.told).toEqual(["offer of agent", "early", "late"]);
  });

  it("ends once, lets go of the microphone, and does not hang on what it cannot read", async () => {
    const { call, phases, tracks } = side("customer", false, () => undefined);
    await call.start();
    await call.receive({ description: { type: "offer", sdp: "broken" } });
    call.close();
    expect(phases).toEqual(["connecting", "over"]);
    expect(tracks.map(({ stopped }) => stopped)).toEqual([true]);
    await call.receive({ candidate: { candidate: "after the end" } });
  });

  it("is over when the browsers find no way to each other in time, and not when they did", async () => {
    vi.useFakeTimers();
    const alone = side("agent", true, () => undefined);
    const together = side("agent", true, () => undefined);
    await alone.call.start();
    await together.call.start();
    together.peer.connectionState = "connected";
    together.peer.onconnectionstatechange?.();
    vi.advanceTimersByTime(CONNECTING_MS);
    expect([alone.phases, together.phases]).toEqual([["connecting", "over"], ["connecting", "talking"]]);
  });

  it("asks for the other side's picture when there is no camera on this one", async () => {
    const { call, peer } = side("agent", true, () => undefined, "video");
    await call.start();
    expect(peer.told).toEqual(["track", "video recvonly"]);
  });

  it("shows what another camera sees, as hidden as before", async () => {
    const [sound, front, back] = [new Track("audio"), new Track("video"), new Track("video")];
    vi.stubGlobal("MediaStream", class { constructor(readonly tracks: Track[]) {} });
    const { call, peer } = side("customer", false, () => undefined, "video", [sound, front]);
    peer.sent = front;
    call.enable("video", false);
    const asked: unknown[] = [];
    const getUserMedia = (wish: unknown) => Promise.resolve((asked.push(wish), streamOf(back)));
    const shown = await call.showCamera("cam_2", { getUserMedia });
    expect([peer.sent, front.stopped, back.enabled, (shown as unknown as { tracks: Track[] }).tracks]).toEqual([back, true, false, [sound, back]]);
    expect(asked).toEqual([{ video: { deviceId: { exact: "cam_2" }, width: { ideal: 1280 } } }]);
  });
});

describe("microphone and camera", () => {
  const sound = streamOf(new Track("audio"));
  it("are the microphone alone where there is no camera, and a refusal where there is neither", async () => {
    const refuse = (video: unknown) => (video ? Promise.reject(new DOMException("no camera", "NotFoundError")) : Promise.resolve(sound));
    expect(await openDevices("video", "user", { getUserMedia: (wish) => refuse(wish?.video) })).toBe(sound);
    const none = { getUserMedia: () => Promise.reject(new DOMException("denied", "NotAllowedError")) };
    await expect(openDevices("video", "user", none)).rejects.toThrow("denied");
    await expect(openDevices("voice", "user", none)).rejects.toThrow("denied");
  });

  it("go round the cameras that there are", async () => {
    const list = (...ids: string[]) => ({ enumerateDevices: async () => ids.map((deviceId) => ({ kind: "videoinput", deviceId })) as MediaDeviceInfo[] });
    expect(await nextCamera("front", list("front", "back"))).toBe("back");
    expect(await nextCamera("back", list("front", "back"))).toBe("front");
    expect([await nextCamera("front", list("front")), await nextCamera(undefined, list())]).toEqual([null, null]);
  });
});
