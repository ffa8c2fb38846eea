import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FakeUpload, fakeUploads } from "./fake_upload";
import { button, chat, configure, find, online, parts, press, show } from "./stage";

/** The browser's recorder, carried out by the test; like a real one it gives its data, then says that it has ended. */
class FakeRecorder {
  static last: FakeRecorder;
  static isTypeSupported = (type: string): boolean => type.startsWith("audio/webm");
  state: "inactive" | "recording" = "inactive";
  mimeType = "audio/webm;codecs=opus";
  ondataavailable: ((event: { data: Blob }) => void) | null = null;
  onstop: (() => void) | null = null;

  constructor() {
    FakeRecorder.last = this;
  }
  start(): void {
    this.state = "recording";
  }
  stop(): void {
    this.state = "inactive";
    queueMicrotask(() => {
      this.ondataavailable?.({ data: new Blob(["sound"]) });
      this.onstop?.();
    });
  }
}
const released = vi.fn();
let microphone: () => Promise<unknown>;

beforeEach(() => {
  fakeUploads();
  released.mockClear();
  microphone = () => Promise.resolve({ getTracks: () => [{ stop: released }] });
  vi.stubGlobal("MediaRecorder", FakeRecorder);
  vi.stubGlobal("isSecureContext", true);
  Object.defineProperty(navigator, "mediaDevices", { configurable: true, value: { getUserMedia: () => microphone() } });
});
afterEach(() => {
  vi.useRealTimers();
  Reflect.deleteProperty(navigator, "mediaDevices");
});

async function recording(): Promise<void> {
  configure({ voice: true });
  await show("en");
  await online();
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  await press("Record a voice note");
  await parts();
}
const seconds = (count: number) => act(() => void vi.advanceTimersByTime(count * 1000));
const finish = () => button("Finish recording")!;
/** What a screen reader says beside its name. */
const toldOf = (element: HTMLElement) => {
  const id = element.getAttribute("aria-describedby");
  return id === null ? null : find(`#${id}`)?.textContent;
};

describe("a voice note", () => {
  it("cannot be finished in its first second, and a screen reader is told why on the button where it is", async () => {
    await recording();
    expect(document.activeElement).toBe(finish());
    expect([finish().disabled, finish().getAttribute("aria-disabled"), toldOf(finish())]).toEqual([false, "true", "A voice note is at least one second long."]);
    await press("Finish recording");
    expect([FakeRecorder.last.state, chat.uploads.all.value]).toEqual(["recording", []]);
    await seconds(1);
    expect([finish().getAttribute("aria-disabled"), toldOf(finish())]).toEqual(["false", null]);
    await press("Finish recording");
    await vi.waitFor(() => expect(find(".recorder")).toBeNull());
    expect(chat.uploads.all.value.map(({ name, type, content }) => [name, type, content?.size])).toEqual([["voice.webm", "audio/webm", 5]]);
    expect([FakeUpload.all.length, released.mock.calls.length > 0]).toEqual([1, true]);
  });

  it("is one file, however often it is finished", async () => {
    await recording();
    await seconds(2);
    await act(async () => {
      finish().click();
      finish().click();
    });
    await vi.waitFor(() => expect(find(".recorder")).toBeNull());
    expect(chat.uploads.all.value).toHaveLength(1);
  });

  it("that ended by itself, as when the microphone is pulled out, is not lost", async () => {
    await recording();
    await seconds(3);
    await act(async () => FakeRecorder.last.stop());
    await press("Finish recording");
    await vi.waitFor(() => expect(chat.uploads.all.value).toHaveLength(1));
  });

  it("is thrown away by closing it, and the microphone let go", async () => {
    await recording();
    await seconds(2);
    await press("Cancel");
    expect([find(".recorder"), chat.uploads.all.value, released.mock.calls.length]).toEqual([null, [], 1]);
  });

  it("without a microphone says so, and the keyboard is on the way out", async () => {
    microphone = () => Promise.reject(new DOMException("no", "NotAllowedError"));
    await recording();
    expect(find("[role=alert]")?.textContent).toBe("The microphone cannot be used. Please allow it in your browser's settings.");
    expect([button("Finish recording"), document.activeElement]).toEqual([undefined, button("Cancel")]);
  });
});
