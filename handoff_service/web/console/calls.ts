import { signal } from "@preact/signals";
import { type Media, PeerCall } from "../shared/call";
import type { TandemClient } from "../shared/client";
import type { CallRef, Entry, IceServer } from "../shared/protocol";
import type { Api } from "./api";
import type { Session } from "./session";
import type { DeskState } from "./state";

export type CallStage = "ringing" | "connecting" | "talking";
/** The call that this desk is in. */
export interface ActiveCall {
  readonly conversation: string;
  readonly id: string;
  readonly media: Media;
  readonly stage: CallStage;
  readonly own: MediaStream | null;
  readonly heard: MediaStream | null;
  readonly muted: boolean;
  readonly hidden: boolean;
}
export interface CallsParts {
  readonly state: DeskState;
  readonly client: TandemClient;
  readonly api: Api;
  readonly session: Session;
  /** For tests; a real one otherwise. */
  readonly peer?: (parts: ConstructorParameters<typeof PeerCall>[0]) => PeerCall;
}

/** Rings customers and talks to them: one call at a time, and what the timeline says of it is the truth. */
export class Calls {
  readonly active = signal<ActiveCall | null>(null);
  private peer: PeerCall | null = null;
  private ice: readonly IceServer[] = [];

  constructor(private readonly parts: CallsParts) {
    const { session } = parts;
    session.listen("entry", (conversation, entry) => this.read(conversation, entry));
    session.listen("signal", ({ conv, call, data }) => {
      if (this.active.value?.conversation === conv && this.active.value.id === call) void this.peer?.receive(data);
    });
  }

  /** Asks the customer of the open conversation for a call. */
  async ring(media: Media): Promise<void> {
    const { state, api, session } = this.parts;
    const conversation = state.current.value;
    const epoch = state.standing.value?.epoch;
    if (conversation === null || epoch === undefined || this.active.value !== null) return;
    await session.attempt(async () => {
      const { call, ice } = await api.ring({ conversation, epoch }, media);
      this.ice = ice;
      this.active.value = { conversation, id: call, media, stage: "ringing", own: null, heard: null, muted: false, hidden: false };
    });
  }

  async hangUp(): Promise<void> {
    const call = this.active.value;
    if (call === null) return;
    this.finish();
    await this.parts.session.attempt(() => this.parts.api.hangUp(call.conversation, call.id));
  }

  toggle(kind: "audio" | "video"): void {
    const call = this.active.value;
    if (call === null) return;
    const next = kind === "audio" ? { ...call, muted: !call.muted } : { ...call, hidden: !call.hidden };
    this.peer?.enable(kind, kind === "audio" ? !next.muted : !next.hidden);
    this.active.value = next;
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
    const { client, session, state } = this.parts;
    const make = this.parts.peer ?? ((parts) => new PeerCall(parts));
    const change = (changes: Partial<ActiveCall>): void => {
      const now = this.active.value;
      if (now?.id === call.id) this.active.value = { ...now, ...changes };
    };
    const peer = make({
      media: call.media, ice: this.ice, offers: true,
      signal: (data) => client.signal(call.conversation, call.id, data),
      phase: (phase) => (phase === "over" ? void this.hangUp() : change({ stage: phase })),
      heard: (heard) => change({ heard }),
    });
    this.peer = peer;
    try {
      await peer.start();
      change({ own: peer.own });
    } catch (error) {
      session.notify("bad", state.t.value("call.no_devices", { message: error instanceof Error ? error.message : "" }));
      await this.hangUp();
    }
  }

  private finish(): void {
    const peer = this.peer;
    this.peer = null;
    this.active.value = null;
    peer?.close();
  }
}
