import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Api } from "./api";
import { Composer } from "./components/Composer";
import { MessageRow, PendingRow } from "./components/EntryRows";
import { card, deskFrame, LIN, message, owner, type Trial, trial } from "./fixtures";
import { click, mounted, settled } from "./mounted";

let desk: Trial;
let root: HTMLElement;
let leave = (): void => undefined;
beforeEach(() => {
  vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:one");
  vi.spyOn(URL, "revokeObjectURL").mockReturnValue(undefined);
});
afterEach(() => {
  leave();
  desk.session.stop();
  vi.restoreAllMocks();
});

const UPLOADED = { status: 201, body: { file: { id: "f_1", name: "a.png", type: "image/png", size: 3 } } };
const picture = (name: string): File => new File(["png"], name, { type: "image/png" });

async function compose(answers: Parameters<typeof trial>[0] = {}): Promise<void> {
  desk = await trial(answers);
  desk.server.say(deskFrame({ mine: [card("c_1", { owner: owner("agent", LIN), epoch: 3 })] }));
  desk.session.open("c_1");
  ({ root, leave } = await mounted(desk, <Composer conversation="c_1" name="陈女士" />));
}

/** Pastes or drops; returns whether the browser may do what it does with it by itself. */
async function bring(kind: "paste" | "drop", files: File[], text: string): Promise<boolean> {
  const event = new Event(kind, { bubbles: true, cancelable: true });
  const data = { files, getData: () => text };
  Object.defineProperty(event, kind === "paste" ? "clipboardData" : "dataTransfer", { value: data });
  await act(() => void root.querySelector("textarea")?.dispatchEvent(event));
  return !event.defaultPrevented;
}
const chips = () => [...root.querySelectorAll(".waiting-files .file-name")].map((each) => each.textContent);
const uploads = () => desk.requests.filter(({ path }) => path.includes("/files?"));

describe("what is pasted or dropped", () => {
  it("is text where there is text, as office programs give a picture of it as well", async () => {
    await compose();
    expect(await bring("paste", [picture("cells.png")], "A1\tB1")).toBe(true);
    expect(chips()).toEqual([]);
  });

  it("waits, every file of it, and goes out or away on a click", async () => {
    await compose({ "/files?name=two.png": UPLOADED });
    expect(await bring("paste", [picture("one.png"), picture("two.png")], "")).toBe(false);
    await bring("drop", [picture("three.png")], "");
    expect(chips()).toEqual(["one.png", "two.png", "three.png"]);
    expect(uploads()).toEqual([]);
    await click(root.querySelector("[aria-label='移除 one.png']"));
    await click(root.querySelector("[aria-label='发送 two.png']"));
    await settled();
    expect(desk.server.sends).toMatchObject([{ body: { text: "", file: "f_1" }, audience: "public", epoch: 3 }]);
    expect(chips()).toEqual(["three.png"]);
  });

  it("for a note is out of the customer's way: it is there again when the note is", async () => {
    await compose();
    await act(() => desk.writing.setMode("c_1", "note"));
    await bring("paste", [picture("one.png")], "");
    await act(() => desk.writing.setMode("c_1", "reply"));
    expect(chips()).toEqual([]);
    await act(() => desk.writing.setMode("c_1", "note"));
    expect(chips()).toEqual(["one.png"]);
  });

  it("goes to whom the click meant, whatever is chosen while it is uploaded", async () => {
    await compose({ "/files?name=one.png": UPLOADED });
    desk.writing.setMode("c_1", "note");
    const sent = desk.writing.attach("c_1", picture("one.png"), "one.png");
    desk.writing.setMode("c_1", "reply");
    await sent;
    expect(desk.server.sends).toMatchObject([{ audience: "internal" }]);
  });

  it("comes back with its name when it is refused, and is not uploaded twice", async () => {
    await compose({ "/files?name=a.png": UPLOADED });
    await act(async () => void (await desk.writing.attach("c_1", picture("a.png"), "a.png")));
    await act(() => desk.server.refuse({ code: "rate", message: "slow down" }));
    expect(chips()).toEqual(["a.png"]);
    expect(desk.state.draft.value.reply).toBe("");
    await click(root.querySelector("[aria-label='发送 a.png']"));
    expect(desk.server.sends.map(({ body }) => body)).toEqual([{ text: "", file: "f_1" }, { text: "", file: "f_1" }]);
    expect(uploads()).toHaveLength(1);
    expect(chips()).toEqual([]);
  });
});

/** A server that answers an upload when the test says so; like fetch, it gives up when it is told to. */
function slowly(): { readonly bodies: Blob[]; answer: () => void } {
  const slow = { bodies: [] as Blob[], answer: (): void => undefined };
  desk.api.upload = (_conversation, content, name, signal) =>
    new Promise((resolve, reject) => {
      slow.bodies.push(content);
      signal.addEventListener("abort", () => reject(new DOMException("stopped", "AbortError")));
      slow.answer = () => resolve({ id: "f_1", name, type: "image/png", size: 3 });
    });
  return slow;
}

describe("an upload that runs", () => {
  const status = () => root.querySelector(".editor [role=status]")?.textContent;
  const button = (label: string) => root.querySelector<HTMLButtonElement>(`[aria-label='${label}']`);

  it("is stopped by the button beside the file, on which the keyboard is; nothing is sent, and the file can be sent again", async () => {
    await compose();
    const slow = slowly();
    await bring("paste", [picture("one.png")], "");
    expect(status()).toBe("");
    button("发送 one.png")!.focus();
    await click(button("发送 one.png"));
    expect([status(), document.activeElement]).toEqual(["正在发送 one.png…", button("停止上传 one.png")]);
    expect(button("移除 one.png")).toBeNull();
    await click(document.activeElement);
    await settled();
    expect([status(), chips(), desk.server.sends]).toEqual(["", ["one.png"], []]);
    expect(desk.state.notices.value.map(({ tone, text }) => [tone, text])).toEqual([["good", "已停止上传 one.png，文件还在待发送列表中。"]]);
    expect(document.activeElement).toBe(button("移除 one.png"));
    await click(button("发送 one.png"));
    await act(async () => slow.answer());
    await settled();
    expect(desk.server.sends).toMatchObject([{ body: { text: "", file: "f_1" } }]);
    expect([chips(), slow.bodies.length]).toEqual([[], 2]);
    expect(document.activeElement).toBe(root.querySelector("textarea"));
  });

  it("shows the file that was picked beside the text, so that it can be stopped as well", async () => {
    await compose();
    slowly();
    const picking = root.querySelector<HTMLInputElement>(".attach input")!;
    Object.defineProperty(picking, "files", { value: [picture("two.png")] });
    await act(() => void picking.dispatchEvent(new Event("change")));
    expect([chips(), picking.disabled]).toEqual([["two.png"], true]);
    await click(button("停止上传 two.png"));
    await settled();
    expect([desk.server.sends, picking.disabled, status()]).toEqual([[], false, ""]);
    await click(button("移除 two.png"));
    expect(chips()).toEqual([]);
  });

  it("sends nothing when it was stopped in the moment in which the server answered", async () => {
    await compose();
    const slow = slowly();
    const sent = desk.writing.attach("c_1", picture("one.png"), "one.png");
    slow.answer();
    desk.state.attaching.value?.stop.abort();
    expect([await sent, desk.server.sends]).toEqual([false, []]);
  });

  it("keeps the file when the server refuses it", async () => {
    await compose({ "/files?name=one.png": { status: 413, body: { error: { code: "too_large", message: "too large" } } } });
    await act(async () => void (await desk.writing.attach("c_1", picture("one.png"), "one.png")));
    expect([chips(), desk.state.notices.value.map(({ tone }) => tone)]).toEqual([["one.png"], ["bad"]]);
  });
});

it("ends the request itself when it is told to", async () => {
  let asked: AbortSignal | null | undefined;
  const api = new Api({
    fetch: (_path, init) => {
      asked = init?.signal;
      return Promise.resolve(new Response(JSON.stringify({ file: { id: "f_1" } }), { status: 201 }));
    },
  });
  const stop = new AbortController();
  await api.upload("c_1", picture("one.png"), "one.png", stop.signal);
  expect(asked).toBe(stop.signal);
  desk = await trial();
});

describe("a file in the timeline", () => {
  it("has its name while it is sent", async () => {
    await compose({ "/files?name=a.png": UPLOADED });
    await desk.writing.attach("c_1", picture("a.png"), "a.png");
    const [draft] = desk.writing.pending();
    if (draft === undefined) throw new Error("nothing is pending");
    const row = await mounted(desk, <PendingRow draft={draft} />);
    expect(row.root.textContent).toContain("a.png");
    row.leave();
  });

  it("is shown if it is a picture, and can be saved whatever it is", async () => {
    desk = await trial();
    const file = { id: "f_9", name: "a.png", type: "image/png", size: 3 };
    const entry = message(3, "[file: a.png]", { body: { text: "[file: a.png]", file } });
    ({ root, leave } = await mounted(desk, <MessageRow entry={entry} feedback={[]} continues={true} cited={false} lit={false} />));
    await settled();
    expect(desk.requests.map(({ path }) => path)).toContain("/v1/files/f_9");
    expect(root.querySelector("img")?.getAttribute("src")).toBe("blob:one");
    const link = root.querySelector("a");
    expect([link?.getAttribute("href"), link?.getAttribute("download")]).toEqual(["/v1/files/f_9", "a.png"]);
  });

  it("is never drawn by the browser if it could run", async () => {
    desk = await trial();
    const file = { id: "f_9", name: "a.svg", type: "image/svg+xml", size: 3 };
    const entry = message(3, "看", { body: { text: "看", file } });
    ({ root, leave } = await mounted(desk, <MessageRow entry={entry} feedback={[]} continues={true} cited={false} lit={false} />));
    expect(root.querySelector("img")).toBeNull();
    expect(desk.requests.map(({ path }) => path)).not.toContain("/v1/files/f_9");
    expect(root.querySelector("a")?.getAttribute("href")).toBe("/v1/files/f_9");
  });
});
