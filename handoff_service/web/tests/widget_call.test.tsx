import { act } from "preact/test-utils";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { CallRef, Entry } from "../shared/protocol";
import { message, settle, state } from "./fakes";
import { answers, button, calls, chat, CONV, find, json, network, online, owner, page, press, receive, refusal, show, status } from "./stage";

const RESPOND = `/v1/conversations/${CONV}/call/respond`;
const END = `/v1/conversations/${CONV}/call/end`;
const told = (seq: number, call: CallRef["state"], media: CallRef["media"] = "video"): Entry =>
  message(seq, { author: { kind: call === "accepted" ? "customer" : "agent", name: "林晓" }, body: { text: call, kind: "notice", call: { id: "v_1", media, state: call } } });
const joined = state(1, { body: { event: "claim", to: { kind: "agent", agent: { name: "林晓" } } } });
const requests = (path: string) => calls.filter((one) => one.path === path).map(({ body }) => body);

class Track {
  enabled = true;
  stopped = false;
  constructor(readonly kind: "audio" | "video", readonly deviceId: string) {}
  stop = () => void (this.stopped = true);
  getSettings = () => ({ deviceId: this.deviceId });
}
class Stream {
  constructor(readonly tracks: Track[]) {}
  getTracks = () => this.tracks;
  getAudioTracks = () => this.tracks.filter(({ kind }) => kind === "audio");
  getVideoTracks = () => this.tracks.filter(({ kind }) => kind === "video");
}
/** The browser's side of the call. */
class Peer {
  static made: Peer[] = [];
  onconnectionstatechange: (() => void) | null = null;
  connectionState = "new";
  localDescription: RTCSessionDescriptionInit | null = null;
  heard: string[] = [];
  private readonly senders: { track: Track; replaceTrack(track: Track): Promise<void> }[] = [];
  constructor() {
    Peer.made.push(this);
  }
  addTrack = (track: Track) => {
    const sender = { track, replaceTrack: async (next: Track) => void (sender.track = next) };
    this.senders.push(sender);
  };
  getSenders = () => this.senders;
  setRemoteDescription = async ({ sdp }: RTCSessionDescriptionInit) => void this.heard.push(String(sdp));
  createAnswer = async () => ({ type: "answer" as const, sdp: "answer" });
  setLocalDescription = async (own: RTCSessionDescriptionInit) => void (this.localDescription = own);
  close = () => void (this.connectionState = "closed");
}
let opened: Track[];
let cameras: string[];
let refuses: string | null;

beforeEach(() => {
  Peer.made = [];
  opened = [];
  cameras = ["back", "front"];
  refuses = null;
  vi.stubGlobal("RTCPeerConnection", Peer);
  vi.stubGlobal("MediaStream", Stream);
  const mediaDevices = {
    getUserMedia: async ({ audio, video }: { audio?: boolean; video?: { deviceId?: { exact: string } } }) => {
      if (refuses !== null) throw new DOMException("no", refuses);
      const tracks = [...(audio ? [new Track("audio", "mic")] : []), ...(video ? [new Track("video", video.deviceId?.exact ?? "back")] : [])];
      opened.push(...tracks);
      return new Stream(tracks);
    },
    enumerateDevices: async () => cameras.map((deviceId) => ({ kind: "videoinput", deviceId })),
  };
  Object.defineProperty(navigator, "mediaDevices", { configurable: true, value: mediaDevices });
  answers[RESPOND] = () => json({ conversation: CONV, call: "v_1", seq: 3, ice: [] });
});

async function rung(media: CallRef["media"] = "video"): Promise<void> {
  await show();
  await online([joined, told(2, "ringing", media)]);
  await status("agent", { owner: owner("agent", "林晓") });
  await vi.waitFor(() => expect(find(".call")).not.toBeNull());
}

/** Takes the call; the other side's offer overtakes the answer of the server. */
async function taken(by = "视频接听"): Promise<Peer> {
  await rung();
  await press(by);
  await act(() => network.last.say({ t: "signal", conv: CONV, call: "v_1", data: { description: { type: "offer", sdp: "offer" } } }));
  await receive(told(3, "accepted"));
  await vi.waitFor(() => expect(Peer.made).toHaveLength(1));
  await vi.waitFor(() => expect(network.last.frames("signal")).toHaveLength(1));
  return Peer.made[0]!;
}

const connected = (peer: Peer) => act(() => {
  peer.connectionState = "connected";
  peer.onconnectionstatechange?.();
});

describe("a call that rings", () => {
  it("says who rings and what taking it means, and opens nothing before", async () => {
    await rung();
    expect(page.textContent).toContain("林晓邀请您视频通话");
    expect(page.textContent).toContain("将使用您的麦克风和摄像头");
    expect([opened, requests(RESPOND)]).toEqual([[], []]);
    await press("拒绝");
    expect(requests(RESPOND)).toMatchObject([{ call: "v_1", accept: false }]);
    await receive(told(3, "declined"));
    expect(find(".call")).toBeNull();
  });

  it("is heard of with the panel closed, and over with a new owner", async () => {
    await rung("voice");
    await act(() => chat.setOpen(false));
    await vi.waitFor(() => expect(find(".call-float .call")).not.toBeNull());
    expect(button("视频接听")).toBeUndefined();
    await receive(state(3, { epoch: 6, body: { event: "transfer", to: { kind: "queue", agent: null } } }));
    expect(find(".call")).toBeNull();
  });

  it("stays when there is no microphone or it rings no more, and says so", async () => {
    await rung();
    refuses = "NotAllowedError";
    await press("语音接听");
    await vi.waitFor(() => expect(page.textContent).toContain("无法使用麦克风"));
    expect(requests(RESPOND)).toEqual([]);
    refuses = null;
    answers[RESPOND] = () => refusal(409);
    await press("视频接听");
    await vi.waitFor(() => expect(page.textContent).toContain("这次通话已经结束"));
    expect(opened.map(({ stopped }) => stopped)).toEqual([true, true]);
  });
});

describe("a call that was taken", () => {
  it("answers the offer, shows its stage, and lets go of everything when the other side hangs up", async () => {
    const peer = await taken();
    expect(peer.heard).toEqual(["offer"]);
    expect(network.last.frames("signal")[0]).toMatchObject({ conv: CONV, call: "v_1", data: { description: { type: "answer", sdp: "answer" } } });
    expect(find(".call-stage")!.textContent).toBe("正在连接…");
    await connected(peer);
    expect(find(".call-stage")!.textContent).toBe("通话中");
    await receive(told(4, "ended"));
    expect([find(".call"), peer.connectionState, opened.map(({ stopped }) => stopped)]).toEqual([null, "closed", [true, true]]);
    expect(requests(END)).toEqual([]);
  });

  it("mutes, hides, changes the camera and hangs up", async () => {
    await connected(await taken());
    const [sound, back] = opened as [Track, Track];
    await press("静音");
    await press("关闭摄像头");
    expect([sound.enabled, back.enabled]).toEqual([false, false]);
    await press("切换摄像头");
    await vi.waitFor(() => expect(opened).toHaveLength(3));
    expect([back.stopped, opened[2]!.deviceId, opened[2]!.enabled]).toEqual([true, "front", false]);
    await press("挂断");
    expect(requests(END)).toMatchObject([{ call: "v_1" }]);
    expect(opened.filter(({ stopped }) => !stopped)).toEqual([]);
  });

  it("is taken by voice without a camera, where there is nothing to switch", async () => {
    await connected(await taken("语音接听"));
    expect(opened.map(({ kind }) => kind)).toEqual(["audio"]);
    expect([find(".mine"), button("切换摄像头"), button("关闭摄像头")]).toEqual([null, undefined, undefined]);
  });

  it("is hung up when the connection breaks, and when the customer signs out", async () => {
    const peer = await taken();
    await act(async () => {
      peer.connectionState = "failed";
      peer.onconnectionstatechange?.();
      await settle();
    });
    expect(requests(END)).toHaveLength(1);
    expect(button("挂断")).toBeDefined(); // until the log says that it is over
    await act(() => chat.identify(null));
    expect(requests(END)).toHaveLength(2);
    expect(find(".call")).toBeNull();
  });

  it("can be ended from a page that was reloaded meanwhile", async () => {
    await show();
    await online([joined, told(2, "ringing"), told(3, "accepted")]);
    await status("agent", { owner: owner("agent", "林晓") });
    await vi.waitFor(() => expect(page.textContent).toContain("因刷新页面而中断"));
    await press("挂断");
    expect(requests(END)).toMatchObject([{ call: "v_1" }]);
  });
});
