import { describe, expect, it } from "vitest";
import { type CallPhase, PeerCall } from "../shared/call";
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
  close = () => this.told.push("closed");
}

const track = { kind: "audio", enabled: true, stopped: false, stop() { this.stopped = true; } };
const devices = { getUserMedia: async () => ({ getTracks: () => [track] }) as unknown as MediaStream };

function side(name: string, offers: boolean, signal: (data: SignalData) => void) {
  const peer = new Peer(name);
  const phases: CallPhase[] = [];
  const call = new PeerCall({
    media: "voice", ice: [], offers, signal, phase: (phase) => phases.push(phase), heard: () => undefined,
    connect: () => peer as unknown as RTCPeerConnection, devices,
  });
  return { peer, call, phases };
}

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
    const { call, phases } = side("customer", false, () => undefined);
    await call.start();
    await call.receive({ description: { type: "offer", sdp: "broken" } });
    call.close();
    expect(phases).toEqual(["connecting", "over"]);
    expect(track.stopped).toBe(true);
    await call.receive({ candidate: { candidate: "after the end" } });
  });
});
