import type { IceServer, SignalData } from "./protocol";

export type Media = "voice" | "video";
export type CallPhase = "connecting" | "talking" | "over";
/** Which camera of a phone: the one that sees its owner, or the one that sees what he shows. */
export type Facing = "user" | "environment";
type Devices = Pick<MediaDevices, "getUserMedia">;

/** As long as the browsers may look for a way to each other, milliseconds. */
export const CONNECTING_MS = 30_000;
/** As long as a call rings, milliseconds; the server counts the same. */
export const RINGS_MS = 60_000;

export interface CallParts {
  readonly media: Media;
  readonly ice: readonly IceServer[];
  /** What this side says and shows, see `openDevices`; the call stops it when it is over. */
  readonly own: MediaStream;
  /** Whether this side makes the offer; the other one answers. */
  readonly offers: boolean;
  /** Says something to the other browser. */
  readonly signal: (data: SignalData) => void;
  readonly phase: (phase: CallPhase) => void;
  readonly heard: (stream: MediaStream) => void;
  /** For tests; the browser's own otherwise. */
  readonly connect?: (configuration: RTCConfiguration) => RTCPeerConnection;
}

/**
 * Microphone, and for a video call the camera. Without a camera that can be used it is the microphone alone: who has
 * none can still see the other side. Rejects with the browser's reason when there is no microphone either.
 */
export async function openDevices(media: Media, facing: Facing, devices: Devices = present()): Promise<MediaStream> {
  if (media === "voice") return devices.getUserMedia({ audio: true });
  try {
    return await devices.getUserMedia({ audio: true, video: { facingMode: facing, width: { ideal: 1280 } } });
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    return devices.getUserMedia({ audio: true });
  }
}

/**
 * One call between two browsers (WebRTC). The side that rang makes the offer once the other has agreed; candidates
 * trickle both ways, and those that come before the description wait for it.
 */
export class PeerCall {
  private readonly peer: RTCPeerConnection;
  private readonly early: RTCIceCandidateInit[] = [];
  private shown: MediaStream;
  private described = false;
  private over = false;
  private limit: ReturnType<typeof setTimeout> | undefined;
  /** One signal after the other: a candidate must not overtake the description that it belongs to. */
  private turn: Promise<void> = Promise.resolve();

  constructor(private readonly parts: CallParts) {
    const connect = parts.connect ?? ((configuration) => new RTCPeerConnection(configuration));
    this.shown = parts.own;
    this.peer = connect({ iceServers: [...parts.ice] as RTCIceServer[] });
    this.peer.onicecandidate = ({ candidate }) => {
      if (candidate !== null) parts.signal({ candidate: candidate.toJSON() });
    };
    this.peer.ontrack = ({ streams: [stream] }) => {
      if (stream !== undefined) parts.heard(stream);
    };
    this.peer.onconnectionstatechange = () => {
      if (this.peer.connectionState === "connected") {
        clearTimeout(this.limit);
        parts.phase("talking");
      }
      if (this.peer.connectionState === "failed") this.close();
    };
  }

  /** What this side shows and says now. */
  get own(): MediaStream {
    return this.shown;
  }

  /** Begins; a connection that does not come within `CONNECTING_MS` is over. */
  start(): Promise<void> {
    return this.then(() => this.begin());
  }

  private async begin(): Promise<void> {
    if (this.over) return;
    const { media, offers, own, phase } = this.parts;
    for (const track of own.getTracks()) this.peer.addTrack(track, own);
    // Who has no camera asks for the other side's picture all the same.
    if (offers && media === "video" && own.getVideoTracks().length === 0) this.peer.addTransceiver("video", { direction: "recvonly" });
    phase("connecting");
    this.limit = setTimeout(() => this.close(), CONNECTING_MS);
    if (!offers) return;
    await this.peer.setLocalDescription(await this.peer.createOffer());
    this.describe();
  }

  /** What the other browser said. */
  receive(data: SignalData): Promise<void> {
    return this.then(() => this.apply(data));
  }

  private then(step: () => Promise<void>): Promise<void> {
    this.turn = this.turn.then(step).catch((error: unknown) => {
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
    for (const track of this.shown.getTracks()) if (track.kind === kind) track.enabled = on;
  }

  /**
   * Shows what another camera sees. Phones open one camera at a time, so the old one is let go first; when the new one
   * cannot be opened, nothing is shown any more. Rejects with the browser's reason then.
   */
  async showCamera(camera: string, devices: Devices = present()): Promise<MediaStream> {
    const [old] = this.shown.getVideoTracks();
    const sender = this.peer.getSenders().find(({ track }) => track !== null && track === old);
    if (old === undefined || sender === undefined) return this.shown;
    old.stop();
    const fresh = await devices.getUserMedia({ video: { deviceId: { exact: camera }, width: { ideal: 1280 } } });
    const [track] = fresh.getVideoTracks();
    if (track === undefined || this.over) {
      stop(fresh);
      return this.shown;
    }
    track.enabled = old.enabled;
    await sender.replaceTrack(track);
    this.shown = new MediaStream([...this.shown.getAudioTracks(), track]);
    return this.shown;
  }

  close(): void {
    if (this.over) return;
    this.over = true;
    clearTimeout(this.limit);
    stop(this.shown);
    this.peer.close();
    this.parts.phase("over");
  }
}

/** The cameras of this device, by id: the one after `now`, or null when there is no other. */
export async function nextCamera(now: string | undefined, devices: Pick<MediaDevices, "enumerateDevices"> = navigator.mediaDevices): Promise<string | null> {
  const cameras = (await devices.enumerateDevices()).filter(({ kind, deviceId }) => kind === "videoinput" && deviceId !== "");
  const at = cameras.findIndex(({ deviceId }) => deviceId === now);
  const next = cameras[(at + 1) % Math.max(1, cameras.length)];
  return next === undefined || next.deviceId === now ? null : next.deviceId;
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

/** Lets go of microphone and camera. */
export function stop(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop();
}

/** The browser's devices. Throws where it hides them, which it does on pages without https. */
function present(): Devices {
  const devices = (navigator as { mediaDevices?: MediaDevices }).mediaDevices;
  if (devices === undefined) throw new DOMException("This page may not use them.", "NotAllowedError");
  return devices;
}
