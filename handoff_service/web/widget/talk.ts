// One call that the customer has taken on this page; loaded when somebody rings.
import { signal } from "./signals";
import { type CallParts, type Media, nextCamera, openDevices, PeerCall, stop } from "../shared/call";
import type { SignalData } from "../shared/protocol";
import type { StandingCall } from "../shared/standing_call";
import type { Calls } from "./calls";

export type Stage = "devices" | "connecting" | "talking";
/** Why a call was not taken: no microphone, or it rings no more. */
export type Problem = "devices" | "gone";

/** Microphone, camera and the connection of that call: everything is let go of when it is over. */
export class Talk {
  readonly stage = signal<Stage>("devices");
  readonly own = signal<MediaStream | null>(null);
  readonly heard = signal<MediaStream | null>(null);
  readonly muted = signal(false);
  readonly hidden = signal(false);
  /** There is another camera to switch to. */
  readonly switchable = signal(false);
  private peer: PeerCall | null = null;
  private closed = false;
  /** What the other browser said before this one was ready. */
  private readonly early: SignalData[] = [];
  private readonly unlisten: () => void;

  constructor(private readonly calls: Calls, readonly call: StandingCall) {
    this.unlisten = calls.parts.client.on("signal", ({ conv, call: id, data }) => {
      if (conv !== call.conv || id !== call.id) return;
      if (this.peer === null) this.early.push(data);
      else void this.peer.receive(data);
    });
  }

  get camera(): boolean {
    return (this.own.value?.getVideoTracks().length ?? 0) > 0;
  }

  /** Opens microphone (and camera), agrees to the call, and waits for the other side; or says why it did not. */
  async take(media: Media): Promise<Problem | null> {
    let own: MediaStream;
    try {
      own = await openDevices(media, "environment");
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      return "devices";
    }
    this.own.value = own;
    if (this.closed) {
      stop(own);
      return null;
    }
    try {
      const { ice } = await this.calls.answer(this.call, true);
      if (!this.closed) this.connect(own, ice);
    } catch (error) {
      console.warn("Tandem: the call could not be taken.", error);
      return "gone";
    }
    await this.lookForCameras();
    return null;
  }

  toggle(kind: "audio" | "video"): void {
    const off = kind === "audio" ? this.muted : this.hidden;
    off.value = !off.value;
    this.peer?.enable(kind, !off.value);
  }

  /** Shows what the next camera of this device sees; when it cannot be opened, the picture stays away. */
  async switchCamera(): Promise<void> {
    const camera = await this.next();
    if (camera === null || this.peer === null) return;
    try {
      this.own.value = await this.peer.showCamera(camera);
    } catch (error) {
      console.warn("Tandem: the camera could not be opened.", error);
    }
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.unlisten();
    this.peer?.close();
    if (this.own.value !== null) stop(this.own.value);
  }

  private connect(own: MediaStream, ice: CallParts["ice"]): void {
    const { client } = this.calls.parts;
    this.peer = new PeerCall({
      media: this.call.media, ice, own, offers: false,
      signal: (data) => client.signal(this.call.conv, this.call.id, data),
      phase: (phase) => {
        if (phase !== "over") this.stage.value = phase;
        else if (!this.closed) void this.calls.hangUp(); // the connection broke, or never came
      },
      heard: (heard) => (this.heard.value = heard),
    });
    void this.peer.start();
    for (const data of this.early.splice(0)) void this.peer.receive(data);
  }

  private async lookForCameras(): Promise<void> {
    if (this.camera) this.switchable.value = (await this.next()) !== null;
  }

  private next(): Promise<string | null> {
    return nextCamera(this.own.value?.getVideoTracks()[0]?.getSettings().deviceId);
  }
}
