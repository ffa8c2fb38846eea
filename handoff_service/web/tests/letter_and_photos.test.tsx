// A conversation by mail, and photos that an agent asks for by name.
import { act } from "preact/test-utils";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { FakeUpload, fakeUploads } from "./fake_upload";
import { message, settle, state } from "./fakes";
import { answers, calls, chat, configure, CONV, find, json, network, online, page, press, receive, show, type } from "./stage";

const TRANSCRIPT = `/v1/conversations/${CONV}/transcript`;
const shown = (text: string) => vi.waitFor(() => expect(page.textContent).toContain(text));
const submit = async (selector: string) => {
  await act(async () => {
    find(selector)!.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
    await settle();
  });
};
const refused = (status: number, code: string) => json({ error: { code, message: "No.", retryable: false } }, status);

describe("a conversation by mail", () => {
  const menu = async (mail: boolean) => {
    configure({ mail });
    await show();
    await online([state(1), message(2)]);
    await press("更多");
    await shown("下载聊天记录");
  };

  it("is not offered where no mail can be sent", async () => {
    await menu(false);
    expect(page.textContent).not.toContain("发送聊天记录到邮箱");
  });

  it("goes out once the code from the mailbox was typed", async () => {
    await menu(true);
    await press("发送聊天记录到邮箱");
    await vi.waitFor(() => expect(find(".letter")).not.toBeNull());
    await type(".letter input", " ann@customers.example ");
    await submit(".letter");
    await shown("验证码已发送至 ann@customers.example");
    answers[TRANSCRIPT] = () => refused(403, "forbidden");
    await type(".letter input", "000000");
    await submit(".letter");
    await shown("验证码错误或已过期");
    answers[TRANSCRIPT] = () => json({ sent: "transcript" });
    await type(".letter input", "123456");
    await submit(".letter");
    await shown("聊天记录已发往 ann@customers.example");
    const asked = calls.filter(({ path }) => path === TRANSCRIPT).map(({ body }) => body);
    expect(asked).toEqual([null, "000000", "123456"].map((code) => ({ to: "ann@customers.example", code, language: "zh-Hans" })));
  });

  it.each([
    ["invalid", 422, "无法发送到这个邮箱地址"],
    ["rate", 429, "发送次数过多"],
    ["unavailable", 503, "操作没有成功"],
  ])("says why not: %s", async (code, status, text) => {
    await menu(true);
    await press("发送聊天记录到邮箱");
    await vi.waitFor(() => expect(find(".letter")).not.toBeNull());
    answers[TRANSCRIPT] = () => refused(status, code);
    await type(".letter input", "ann@customers.example");
    await submit(".letter");
    await shown(text);
    expect(find<HTMLInputElement>(".letter input")!.value).toBe("ann@customers.example");
  });
});

describe("photos that were asked for by name", () => {
  beforeEach(() => fakeUploads());

  const request = message(3, { author: { kind: "agent", name: "林晓" }, body: { text: "请补充：\n1. 破损处\n2. 快递面单", photos: ["破损处", "快递面单"] } });
  const file = { id: "f_1", name: "photo.png", type: "image/png", size: 3 };
  const choose = async (place: number) => {
    const input = page.querySelectorAll<HTMLInputElement>(".photo-place input")[place]!;
    Object.defineProperty(input, "files", { configurable: true, value: [new File(["png"], "photo.png", { type: "image/png" })] });
    Object.defineProperty(input, "value", { configurable: true, writable: true, value: "" });
    await act(async () => { input.dispatchEvent(new Event("change", { bubbles: true })); await vi.dynamicImportSettled(); });
  };
  const places = () => [...page.querySelectorAll(".photo-place")].map((place) => place.className.replace("photo-place ", ""));
  const begin = async () => {
    await show();
    await online([state(1), message(2), request]);
    await vi.waitFor(() => expect(places()).toEqual(["missing", "missing"]));
  };

  it("are filled one by one, and both are told when nothing is missing", async () => {
    await begin();
    expect(find(".message.agent .bubble")?.textContent).toBe("请补充：");
    await choose(1);
    expect(places()).toEqual(["missing", "uploading"]);
    await act(async () => { await FakeUpload.last.answer(201, { file }); await settle(); });
    expect(places()).toEqual(["missing", "sending"]);
    const [sent] = network.last.frames("send");
    expect(sent).toMatchObject({ conv: CONV, body: { file: "f_1", photo: { seq: 3, index: 1 } } });
    expect(page.querySelectorAll(".message.pending")).toHaveLength(0);
    await receive(message(4, { client_id: sent!["client_id"] as string, body: { text: "快递面单", file, photo: { seq: 3, index: 1 } } }));
    expect(places()).toEqual(["missing", "there"]);
    expect(find(".photos-count")?.textContent).toContain("1/2");
    await receive(message(5, { body: { text: "破损处", file: { ...file, id: "f_2" }, photo: { seq: 3, index: 0 } } }));
    expect(find(".photos.complete")?.textContent).toContain("照片已齐");
    expect(page.querySelectorAll(".message.customer")).toHaveLength(1);
    expect(chat.rows.value.filter((row) => row.kind === "message")).toHaveLength(4);
  });

  it("stay to be filled however much was said since, until they are there", async () => {
    const since = Array.from({ length: 160 }, (_, index) => message(4 + index, { body: { text: `line ${index}` } }));
    await show();
    await online([state(1), message(2), request, ...since]);
    await vi.waitFor(() => expect(places()).toEqual(["missing", "missing"]));
    expect(find(".earlier")).not.toBeNull();
    for (const index of [0, 1]) await receive(message(164 + index, { body: { text: "photo", file, photo: { seq: 3, index } } }));
    expect(places()).toEqual([]);
  });

  it("can be tried again after an upload that failed", async () => {
    await begin();
    await choose(0);
    await act(async () => { await FakeUpload.last.answer(503, {}); await settle(); });
    expect(places()).toEqual(["failed", "missing"]);
    await choose(0);
    expect(places()).toEqual(["uploading", "missing"]);
    expect(network.last.frames("send")).toHaveLength(0);
  });

  it("are all brought when they are chosen at once and the gateway refuses one for a moment", async () => {
    await begin();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      await choose(0);
      await choose(1);
      await act(async () => { await FakeUpload.all[0]!.answer(201, { file }); await settle(); });
      await act(async () => { await FakeUpload.all[1]!.answer(429, { error: { code: "rate", message: "Wait.", retryable: true } }); await settle(); });
      expect(places()).toEqual(["sending", "uploading"]);
      expect(FakeUpload.all).toHaveLength(2);
      await act(async () => { await vi.advanceTimersByTimeAsync(1_000); });
      expect(FakeUpload.all).toHaveLength(3);
      await act(async () => { await FakeUpload.last.answer(201, { file: { ...file, id: "f_2" } }); await settle(); });
    } finally {
      vi.useRealTimers();
    }
    expect(places()).toEqual(["sending", "sending"]);
    const brought = network.last.frames("send").map(({ body }) => body);
    expect(brought).toMatchObject([{ file: "f_1", photo: { seq: 3, index: 0 } }, { file: "f_2", photo: { seq: 3, index: 1 } }]);
  });

  it("leave their place free when the gateway refuses the message for good", async () => {
    await begin();
    await choose(0);
    await act(async () => { await FakeUpload.last.answer(201, { file }); await settle(); });
    const [sent] = network.last.frames("send");
    await act(async () => { network.last.say({ t: "err", client_id: sent!["client_id"] as string, code: "conflict", message: "No.", retryable: false }); await settle(); });
    expect(places()).toEqual(["missing", "missing"]);
    expect(page.querySelectorAll(".message.failed")).toHaveLength(1);
  });

  it("are not sent by whoever sits there next", async () => {
    await begin();
    await choose(0);
    await act(() => chat.identify(null));
    expect(FakeUpload.last.aborted).toBe(true);
  });
});

