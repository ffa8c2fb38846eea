import { computed, signal } from "@preact/signals";
import { type Media, nextCamera, openDevices, PeerCall, RINGS_MS, stop } from "../shared/call";
import type { TandemClient } from "../shared/client";
import type { CallRef, Entry, IceServer } from "../shared/protocol";
import { type StandingCall, standingCall } from "../shared/standing_call";
import type { Api, Target } from "./api";
import { findCard } from "./desk";
import type { Session } from "./session";
import type { DeskState } from "./state";

export type CallStage = "ringing" | "connecting" | "talking";
/** The call that this desk is in. */
export interface ActiveCall {
  readonly conversation: string;
  readonly id: string;
  readonly media: Media;
  readonly stage: CallStage;
  readonly own: MediaStream;
  readonly heard: MediaStream | null;
  readonly muted: boolean;
  readonly hidden: boolean;
  /** Whether this device has another camera. */
  readonly switchable: boolean;
}
export interface CallsParts {
  readonly state: DeskState;
  readonly client: TandemClient;
  readonly api: Api;
  readonly session: Session;
  /** For tests; real ones otherwise. */
  readonly peer?: (parts: ConstructorParameters<typeof PeerCall>[0]) => PeerCall;
  readonly open?: (media: Media) => Promise<MediaStream>;
  readonly other?: typeof otherCamera;
}

/** Rings customers and talks to them: one call at a time, and what the timeline says of it is the truth. */
export class Calls {
  readonly active = signal<ActiveCall | null>(null);
  /** A call of mine that another page of this desk holds, or held before it was reloaded: it can be ended here. */
  readonly left = computed<StandingCall | null>(() => this.elsewhere());
  private peer: PeerCall | null = null;
  private ice: readonly IceServer[] = [];
  private asking = false;
  private stopped = false;
  private patience = 0;

  constructor(private readonly parts: CallsParts) {
    const { session } = parts;
    session.listen("entry", (conversation, entry) => this.read(conversation, entry));
    session.listen("signal", ({ conv, call, data }) => {
      if (this.active.value?.conversation === conv && this.active.value.id === call) void this.peer?.receive(data);
    });
    session.atStop(() => {
      this.stopped = true;
      this.finish();
    });
  }

  /** Asks for microphone and camera, and then the customer of the open conversation for a call. */
  async ring(media: Media): Promise<void> {
    const { state } = this.parts;
    const conversation = state.current.value;
    const epoch = state.standing.value?.epoch;
    if (conversation === null || epoch === undefined || this.active.value !== null || this.asking) return;
    this.asking = true;
    try {
      const own = await this.devices(media);
      if (own !== null) await this.ringWith(own, { conversation, epoch }, media);
    } finally {
      this.asking = false;
    }
  }

  private async ringWith(own: MediaStream, target: Target, media: Media): Promise<void> {
    const { api, session } = this.parts;
    const { conversation } = target;
    await session.attempt(async () => {
      const { call, ice } = await api.ring(target, media);
      if (this.stopped) return;
      this.ice = ice;
      this.active.value = { conversation, id: call, media, stage: "ringing", own, heard: null, muted: false, hidden: false, switchable: false };
      this.patience = window.setTimeout(() => void this.hangUp(), RINGS_MS);
    });
    if (this.active.value?.own !== own) stop(own);
  }

  /** Ends the call of this page; resolves when the server knows. */
  async hangUp(): Promise<void> {
    const call = this.active.value;
    if (call === null) return;
    this.finish();
    await this.parts.session.attempt(() => this.parts.api.hangUp(call.conversation, call.id));
  }

  /** Ends the call that this page did not begin. */
  async endLeft(): Promise<void> {
    const call = this.left.value;
    if (call !== null) await this.parts.session.attempt(() => this.parts.api.hangUp(call.conv, call.id));
  }

  /** The customer's name, for a call that is shown on every page. */
  nameOf(conversation: string): string {
    return findCard(this.parts.state.desk.value, conversation)?.card.contact.name || this.parts.state.t.value("list.anonymous");
  }

  toggle(kind: "audio" | "video"): void {
    const call = this.active.value;
    if (call === null) return;
    const next = kind === "audio" ? { ...call, muted: !call.muted } : { ...call, hidden: !call.hidden };
    for (const track of call.own.getTracks()) if (track.kind === kind) track.enabled = kind === "audio" ? !next.muted : !next.hidden;
    this.active.value = next;
  }

  /** Shows the customer what the next camera of this device sees; when it cannot be opened, the picture stays away. */
  async switchCamera(): Promise<void> {
    const { session, state } = this.parts;
    const call = this.active.value;
    const camera = call === null ? null : await this.other(call.own);
    if (call === null || camera === null || this.peer === null) return;
    try {
      const own = await this.peer.showCamera(camera);
      if (this.active.value?.id === call.id) this.active.value = { ...this.active.value, own };
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      session.notify("bad", state.t.value("call.no_devices", { message: error.message }));
    }
  }

  private async devices(media: Media): Promise<MediaStream | null> {
    const { session, state } = this.parts;
    try {
      return await (this.parts.open ?? ((which) => openDevices(which, "user")))(media);
    } catch (error) {
      if (!(error instanceof DOMException)) throw error;
      session.notify("bad", state.t.value("call.no_devices", { message: error.message }));
      return null;
    }
  }

  private other(own: MediaStream): Promise<string | null> {
    return (this.parts.other ?? otherCamera)(own);
  }

  private elsewhere(): StandingCall | null {
    const { timelines, desk, now } = this.parts.state;
    const { mine, aside } = desk.value.lists;
    for (const { conversation, owner } of [...mine, ...aside]) {
      const call = standingCall(conversation, timelines.value.get(conversation)?.entries ?? [], owner);
      if (call === null || call.id === this.active.value?.id) continue;
      if (call.state === "accepted" || now.value - Date.parse(call.at) < RINGS_MS) return call;
    }
    return null;
  }

  /** What the timeline says of the call, whoever wrote it; a new owner ends it too. */
  private read(conversation: string, entry: Entry): void {
    const call = this.active.value;
    if (call === null || call.conversation !== conversation) return;
    if (entry.kind === "state") return this.finish();
    const told: CallRef | undefined = entry.kind === "message" ? entry.body.call : undefined;
    if (told?.id !== call.id || told.state === "ringing") return;
    if (told.state !== "accepted") return this.finish();
    if (this.peer === null) void this.talk(call);
  }

  private async talk(call: ActiveCall): Promise<void> {
    const { client } = this.parts;
    window.clearTimeout(this.patience);
    const make = this.parts.peer ?? ((parts) => new PeerCall(parts));
    const change = (changes: Partial<ActiveCall>): void => {
      const now = this.active.value;
      if (now?.id === call.id) this.active.value = { ...now, ...changes };
    };
    const peer = make({
      media: call.media, ice: this.ice, own: call.own, offers: true,
      signal: (data) => client.signal(call.conversation, call.id, data),
      phase: (phase) => (phase === "over" ? this.lost(call.id) : change({ stage: phase })),
      heard: (heard) => change({ heard }),
    });
    this.peer = peer;
    await peer.start();
    change({ switchable: (await this.other(call.own)) !== null });
  }

  /** The connection between the browsers did not come, or broke. */
  private lost(id: string): void {
    const { session, state } = this.parts;
    if (this.active.value?.id !== id) return; // ended by a person
    session.notify("bad", state.t.value(this.active.value.stage === "talking" ? "call.lost" : "call.not_connected"));
    void this.hangUp();
  }

  private finish(): void {
    const { peer } = this;
    const call = this.active.value;
    this.peer = null;
    this.active.value = null;
    window.clearTimeout(this.patience);
    peer?.close();
    if (call !== null) stop(call.own);
  }
}

/** Another camera of this device than the one whose picture is sent; null where there is none, or none is sent. */
async function otherCamera(own: MediaStream): Promise<string | null> {
  const [track] = own.getVideoTracks();
  return track === undefined ? null : nextCamera(track.getSettings().deviceId);
}
