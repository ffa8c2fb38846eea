import type { IceServer, SignalData } from "./protocol";

export type Media = "voice" | "video";
export type CallPhase = "connecting" | "talking" | "over";

export interface CallParts {
  readonly media: Media;
  readonly ice: readonly IceServer[];
  /** Whether this side makes the offer; the other one answers. */
  readonly offers: boolean;
  /** Says something to the other browser. */
  readonly signal: (data: SignalData) => void;
  readonly phase: (phase: CallPhase) => void;
  readonly heard: (stream: MediaStream) => void;
  /** For tests; the browser's own otherwise. */
  readonly connect?: (configuration: RTCConfiguration) => RTCPeerConnection;
  readonly devices?: Pick<MediaDevices, "getUserMedia">;
}

/**
 * One call between two browsers (WebRTC). The side that rang makes the offer once the other has agreed; candidates
 * trickle both ways, and those that come before the description wait for it.
 */
export class PeerCall {
  /** What this side shows and says; null until the person allowed it. */
  own: MediaStream | null = null;
  private readonly peer: RTCPeerConnection;
  private readonly early: RTCIceCandidateInit[] = [];
  private described = false;
  private over = false;
  /** One signal after the other: a candidate must not overtake the description that it belongs to. */
  private turn: Promise<void> = Promise.resolve();

  constructor(private readonly parts: CallParts) {
    const connect = parts.connect ?? ((configuration) => new RTCPeerConnection(configuration));
    this.peer = connect({ iceServers: [...parts.ice] as RTCIceServer[] });
    this.peer.onicecandidate = ({ candidate }) => {
      if (candidate !== null) parts.signal({ candidate: candidate.toJSON() });
    };
    this.peer.ontrack = ({ streams: [stream] }) => {
      if (stream !== undefined) parts.heard(stream);
    };
    this.peer.onconnectionstatechange = () => {
      if (this.peer.connectionState === "connected") parts.phase("talking");
      if (this.peer.connectionState === "failed") this.close();
    };
  }

  /** Asks for microphone and camera and begins; rejects with the browser's reason when they are refused or missing. */
  async start(): Promise<void> {
    const devices = this.parts.devices ?? navigator.mediaDevices;
    const video = this.parts.media === "video" ? { facingMode: "environment", width: { ideal: 1280 } } : false;
    const own = await devices.getUserMedia({ audio: true, video });
    if (this.over) return stop(own);
    this.own = own;
    for (const track of own.getTracks()) this.peer.addTrack(track, own);
    this.parts.phase("connecting");
    if (!this.parts.offers) return;
    await this.peer.setLocalDescription(await this.peer.createOffer());
    this.describe();
  }

  /** What the other browser said. */
  receive(data: SignalData): Promise<void> {
    this.turn = this.turn.then(() => this.apply(data)).catch((error: unknown) => {
      console.warn("Tandem: the call could not be set up.", error);
      this.close();
    });
    return this.turn;
  }

  private async apply({ description, candidate }: SignalData): Promise<void> {
    if (this.over) return;
    if (description !== undefined) {
      await this.peer.setRemoteDescription(description);
      this.described = true;
      for (const each of this.early.splice(0)) await this.peer.addIceCandidate(each);
      if (description.type === "offer") {
        await this.peer.setLocalDescription(await this.peer.createAnswer());
        this.describe();
      }
    }
    if (candidate === undefined) return;
    if (this.described) await this.peer.addIceCandidate(candidate);
    else this.early.push(candidate);
  }

  private describe(): void {
    const description = this.peer.localDescription;
    if (description !== null) this.parts.signal({ description: { type: description.type, sdp: description.sdp } });
  }

  /** Turns microphone or camera on or off without the other side having to agree again. */
  enable(kind: "audio" | "video", on: boolean): void {
    for (const track of this.own?.getTracks() ?? []) if (track.kind === kind) track.enabled = on;
  }

  close(): void {
    if (this.over) return;
    this.over = true;
    if (this.own !== null) stop(this.own);
    this.peer.close();
    this.parts.phase("over");
  }
}

/** A picture of what a video element shows now, as JPEG; null while it shows nothing. */
export function snapshot(video: HTMLVideoElement): Promise<Blob | null> {
  if (video.videoWidth === 0) return Promise.resolve(null);
  const canvas = document.createElement("canvas");
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  canvas.getContext("2d")?.drawImage(video, 0, 0);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
}

function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}
