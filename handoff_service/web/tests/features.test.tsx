import { act } from "preact/test-utils";
import { describe, expect, it, vi } from "vitest";
import type { Entry } from "../shared/protocol";
import { steps } from "../shared/markdown";
import { chooseWelcome } from "../widget/config";
import { contrast, lookSheet, parse, readable } from "../widget/look";
import { record } from "../widget/page_api";
import { realApi } from "../widget/real_api";
import type { Catalogue } from "../widget/texts/catalogue";
import { catalogue as en } from "../widget/texts/catalogues/en";
import { transcript } from "../widget/transcript";
import { FakeUpload, fakeUploads } from "./fake_upload";
import { message, settle, state } from "./fakes";
import {
  answer, answers, calls, chat, configure, CONV, draw, find, json, key, meet, network, newChat, online, parts, owner, page, press, receive, refusal, SESSION,
  show, status, storage, type,
} from "./stage";

const bot = (seq: number, text: string, more: object = {}): Entry => message(seq, { author: { kind: "bot" }, body: { text, kind: "answer", ...more } });
const HITS = { articles: [{ article: "refunds", title: "退款多久到账", excerpt: "两天" }] };
const shown = (text: string) => vi.waitFor(() => expect(page.textContent).toContain(text));

describe("self-service before the chat", () => {
  it("shows articles while one types, reads one, and goes on to ask", async () => {
    configure({ help: true });
    const asked = "/v1/widget/articles?tenant=demo&language=zh&q=" + encodeURIComponent("退款多久");
    answers[asked] = () => json(HITS);
    answers["/v1/widget/articles/refunds?tenant=demo&language=zh"] = () =>
      json({ article: "refunds", language: "zh", title: "退款多久到账", text: "**两天**内到账。", url: "https://chat.example/help/demo/zh/articles/refunds" });
    await show();
    await online();
    await type(".write textarea", "退款多久");
    await shown("也许这里有答案");
    expect(calls.filter((call) => call.path === asked)).toHaveLength(1);
    await act(() => find(".suggestion")!.click());
    await shown("这篇文章有帮助吗？");
    expect(find(".article strong")?.textContent).toBe("两天");
    await vi.waitFor(() => expect(document.activeElement).toBe(find(".article")));
    expect(find<HTMLElement>(".composer")!.inert).toBe(true);
    await press("没解决，问客服");
    expect(network.last.frames("send")[0]).toMatchObject({ body: { text: "退款多久到账" } });
    expect(find(".article")).toBeNull();
    expect(find<HTMLElement>(".composer")!.inert).toBe(false);
    expect(document.activeElement).toBe(find(".composer textarea"));
    expect(find(".suggested")).toBeNull();
  });

  it("is not there when it does not answer, and the chat goes on", async () => {
    configure({ help: true });
    answers["/v1/widget/articles?tenant=demo&language=zh&q="] = () => refusal(503);
    await show();
    await online();
    expect(find(".suggested")).toBeNull();
    await press("多久能退款?");
    expect(network.last.frames("send")).toHaveLength(1);
  });

  it("begins with other words in the evening, on another page, and for who the page says is another customer", () => {
    const welcome = [
      { text: { en: "Gold!" }, about: { level: "gold", old: true } }, { text: { en: "Orders?" }, page: "/orders" },
      { text: { en: "Evening!" }, from: "18:00", to: "09:00" },
    ];
    const first = (path: string, at: string, visitor = {}) => chooseWelcome({ welcome, timezone: "Asia/Shanghai" }, path, new Date(at), visitor)?.text.en;
    const noon = "2026-11-21T04:00:00Z";
    expect([{ level: "gold", old: true, more: 1 }, { level: "gold" }, { level: "gold", old: "true" }].map((visitor) => first("/", noon, visitor))).toEqual(
      ["Gold!", undefined, undefined],
    );
    expect(first("/orders/7", "2026-11-21T04:00:00Z")).toBe("Orders?");
    expect(["2026-11-21T10:00:00Z", "2026-11-21T00:59:00Z", "2026-11-21T01:00:00Z", "2026-11-21T09:59:00Z"].map((at) => first("/", at))).toEqual(
      ["Evening!", "Evening!", undefined, undefined],
    );
  });
});

describe("files", () => {
  const photo = () => new File(["x".repeat(10)], "photo.png", { type: "image/png" });

  it("shows how far an upload is, and sends it with the words when it is there", async () => {
    fakeUploads();
    await show();
    await online();
    await act(() => chat.uploads.add([photo()]));
    await shown("正在上传 0%");
    await type(".write textarea", "看这里");
    expect(find<HTMLButtonElement>(".send")!.disabled).toBe(true);
    await act(() => FakeUpload.last.tell(0.5));
    await shown("正在上传 50%");
    await act(() => FakeUpload.last.answer(201, { file: { id: "f_1", name: "photo.png", type: "image/png", size: 10 } }));
    await shown("已就绪");
    expect(newChat().uploads.all.value.map(({ name }) => name)).toEqual(["photo.png"]);
    await press("发送");
    expect(network.last.frames("send")[0]).toMatchObject({ body: { file: "f_1", text: "看这里" } });
    expect(find(".tray")).toBeNull();
    expect(storage.getItem("attached")).toBeNull();
  });

  it("says why one failed, tries again, and takes one back", async () => {
    fakeUploads();
    await show();
    await online();
    await act(() => chat.uploads.add([photo(), new File(["?"], "x.exe")]));
    await vi.waitFor(() => expect(FakeUpload.all).toHaveLength(2));
    await act(() => FakeUpload.all[0]!.answer(503, null));
    await act(() => FakeUpload.all[1]!.answer(422, { error: { code: "invalid", message: "No.", retryable: false } }));
    await shown("上传失败");
    await shown("不支持此类文件");
    await press("重试 photo.png");
    expect(FakeUpload.all).toHaveLength(3);
    await press("移除 photo.png");
    expect(FakeUpload.all[2]!.aborted).toBe(true);
    await press("移除 x.exe");
    await vi.waitFor(() => expect(find(".tray")).toBeNull());
  });

  it("goes again with a new token, once, when the gateway refuses the one that it had", async () => {
    fakeUploads();
    await show();
    await online();
    await act(() => chat.uploads.add([photo()]));
    await vi.waitFor(() => expect(FakeUpload.all).toHaveLength(1));
    const sessions = () => calls.filter((call) => call.path === "/v1/widget/sessions").length;
    const before = sessions();
    const expired = { error: { code: "unauthorized", message: "No.", retryable: false } };
    await act(() => FakeUpload.last.answer(401, expired));
    await vi.waitFor(() => expect(FakeUpload.all).toHaveLength(2));
    expect(sessions()).toBe(before + 1);
    await act(() => FakeUpload.last.answer(401, expired));
    await shown("上传失败");
    expect(FakeUpload.all).toHaveLength(2);
  });

  it("brings all that were dropped at once when the gateway refuses some for a moment, and stops one taken back", async () => {
    fakeUploads();
    await show();
    await online();
    const states = () => chat.uploads.all.value.map(({ state }) => state);
    await act(() => chat.uploads.add([photo(), photo(), photo()]));
    await vi.waitFor(() => expect(FakeUpload.all).toHaveLength(3));
    const [first, second, third] = FakeUpload.all;
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      await act(() => first!.answer(201, { file: { id: "f_1", name: "photo.png", type: "image/png", size: 10 } }));
      for (const refused of [second, third]) await act(() => refused!.answer(429, { error: { code: "rate", message: "Wait.", retryable: true } }));
      await settle();
      expect(states()).toEqual(["ready", "uploading", "uploading"]);
      await act(() => chat.uploads.remove(chat.uploads.all.value[2]!.key));
      await act(async () => { await vi.advanceTimersByTimeAsync(1_000); });
      expect(FakeUpload.all).toHaveLength(4);
      await act(() => FakeUpload.last.answer(201, { file: { id: "f_2", name: "photo.png", type: "image/png", size: 10 } }));
      await settle();
    } finally {
      vi.useRealTimers();
    }
    expect(states()).toEqual(["ready", "ready"]);
  });

  it("forgets what was chosen when somebody signs out", async () => {
    fakeUploads();
    await show();
    await online();
    await act(() => chat.uploads.add([photo(), photo()]));
    await vi.waitFor(() => expect(FakeUpload.all).toHaveLength(2));
    await act(() => FakeUpload.all[0]!.answer(201, { file: { id: "f_1", name: "photo.png", type: "image/png", size: 10 } }));
    await vi.waitFor(() => expect(storage.getItem("attached")).not.toBeNull());
    await act(() => chat.identify(null));
    expect(chat.uploads.all.value).toEqual([]);
    expect(FakeUpload.all[1]!.aborted).toBe(true);
    expect(storage.getItem("attached")).toBeNull();
  });

  it("says that some were left out when more were chosen than may wait", async () => {
    fakeUploads();
    await show();
    await online();
    await act(() => chat.uploads.add(Array.from({ length: 11 }, photo)));
    await shown("一次最多发送 10 个文件");
    expect(page.querySelectorAll(".waiting-file")).toHaveLength(10);
    await act(() => chat.uploads.remove(chat.uploads.all.value[0]!.key));
    await vi.waitFor(() => expect(page.textContent).not.toContain("一次最多发送"));
  });

  it("does not let what is too large travel", async () => {
    fakeUploads();
    await show();
    await online();
    const large = Object.defineProperty(photo(), "size", { value: 11 * 1024 * 1024 });
    await act(() => chat.uploads.add([large]));
    await shown("文件太大");
    expect(FakeUpload.all).toHaveLength(0);
  });

  it("takes pasted and dropped files", async () => {
    fakeUploads();
    await show();
    await online();
    const event = (name: string, extra: object) => Object.assign(new Event(name, { bubbles: true, cancelable: true }), extra);
    await act(() => void find(".write textarea")!.dispatchEvent(event("paste", { clipboardData: { files: [photo()] } })));
    await act(() => void find(".panel")!.dispatchEvent(event("dragover", { dataTransfer: { types: ["Files"] } })));
    expect(find(".drop")?.textContent).toBe("松开即可添加文件");
    await act(() => void find(".panel")!.dispatchEvent(event("drop", { dataTransfer: { types: ["Files"], files: [photo()] } })));
    expect(chat.uploads.all.value).toHaveLength(2);
    expect(find(".drop")).toBeNull();
  });
});

describe("answers", () => {
  it("leads through the steps of an answer, and asks whether it worked", async () => {
    await show();
    await online([state(1), message(2), bot(3, "这样做：\n\n1. 打开**我的**\n2. 点设置\n3. 保存")]);
    await press("按步骤操作");
    await shown("第 1 步，共 3 步");
    expect(find(".guide strong")?.textContent).toBe("我的");
    for (const _ of [1, 2, 3]) await press("下一步");
    await shown("解决了吗？");
    await press("还没有");
    expect(calls.at(-1)).toMatchObject({ path: `/v1/conversations/${CONV}/feedback`, body: { seq: 3, value: "down" } });
    await shown("抱歉没能解决");
    expect(steps("1. a\n2. b")).toEqual([]);
    expect(steps("1. a\n2. b\n3. c")).toEqual(["a", "b", "c"]);
  });

  it("asks why an answer did not help, once", async () => {
    await show();
    await online([state(1), message(2), answer]);
    await press("没有帮助");
    await receive({ ...message(4), kind: "feedback", body: { of: 3, value: "down" } } as Entry);
    await parts();
    await press("答非所问");
    expect(calls.at(-1)).toMatchObject({ body: { seq: 3, value: "down", comment: "答非所问" } });
    await receive({ ...message(5), kind: "feedback", body: { of: 3, value: "down", comment: "答非所问" } } as Entry);
    expect(find(".reasons")).toBeNull();
  });

  it("marks the last own message as sent, and as read when somebody has read it or answered", async () => {
    await show();
    await online([state(1), message(2)]);
    expect(find(".mark")?.textContent).toBe("已发送");
    await status("agent", { owner: owner("agent", "林晓"), seen: 1 });
    expect(find(".mark")?.textContent).toBe("已发送");
    await status("agent", { owner: owner("agent", "林晓"), seen: 2 });
    expect(find(".mark")?.textContent).toBe("已读");
    await receive(message(3));
    expect(page.querySelectorAll(".mark")).toHaveLength(1);
    expect(find(".mark")?.textContent).toBe("已发送");
    await receive(bot(4, "好的"));
    expect(find(".mark")?.textContent).toBe("已读");
  });
});

it("shows the face of the agent who has taken over, beside his name and his words", async () => {
  await show();
  await online([state(1), message(2)]);
  await status("agent", { owner: { kind: "agent", agent: { name: "林晓", picture: "/v1/pictures/demo/p_1" } } });
  await receive(message(3, { author: { kind: "agent", name: "林晓" } }), message(4, { author: { kind: "agent", name: "陈晨" } }));
  await vi.waitFor(() => expect(calls.filter((call) => call.path === "/v1/pictures/demo/p_1")).toHaveLength(1));
  expect([...page.querySelectorAll(".face.agent, .avatar.agent")].map((node) => node.firstChild?.textContent)).toEqual(["林", "林", "陈"]);
});

describe("waiting", () => {
  it("asks to be called back, with the number that becomes the ticket's", async () => {
    await show();
    await online([state(1), message(2)]);
    await status("queue", { place: 2, choices: ["callback", "leave-queue"], wait_s: 200, wait: { low_s: 100, high_s: 400 } });
    expect(find(".card")?.textContent).toContain("预计等待2分钟到7分钟");
    await press("请回电给我");
    await vi.waitFor(() => expect(find("input[type=tel]")).not.toBeNull());
    await type(".form input[type=tel]", "+86 138 0000 0000");
    await type(".form input[type=datetime-local]", "2026-11-22T03:00");
    const path = `/v1/conversations/${CONV}/callback`;
    answers[path] = () => json({ error: { code: "invalid", message: "No.", retryable: false, opens: "2026-11-22T01:00:00Z" } }, 422);
    await press("预约回电");
    await shown("这个时间没有人值班");
    delete answers[path];
    await type(".form input[type=datetime-local]", "");
    await press("预约回电");
    expect(calls.at(-1)).toMatchObject({ path, body: { number: "+86 138 0000 0000" } });
    expect(calls.at(-1)?.body).not.toHaveProperty("at");
  });

  it("offers only what the server offers, and shows what was promised", async () => {
    await show();
    await online([state(1), message(2)]);
    await status("queue", { place: 2 });
    expect(find(".card")?.textContent).not.toContain("请回电给我");
    await status("queue", { place: 2, choices: ["leave-queue"], promises: [{ seq: 3, text: "今天回复您", due_at: "2026-11-21T10:00:00Z" }] });
    expect(find(".card")?.textContent).toContain("我们承诺：今天回复您");
    await press("继续问 AI 助手");
    expect(calls.at(-1)?.path).toBe(`/v1/conversations/${CONV}/leave-queue`);
  });
});

describe("the page's API", () => {
  it("remembers calls until the chat is there, then carries them out in order", async () => {
    const { api, replay } = record();
    const heard: unknown[] = [];
    api.on("unread", (count: never) => heard.push(count));
    api.push(["setAttributes", { app: "ios" }]);
    api.push(["no such call"] as never);
    await show();
    await online([state(1), message(2)]);
    await act(() => chat.setOpen(false));
    await act(() => replay(realApi(chat)));
    expect(calls.at(-1)).toMatchObject({ path: "/v1/widget/attributes", body: { attributes: { app: "ios" } } });
    await receive(answer);
    expect(heard).toEqual([1]);
    await act(() => api.open());
    expect(find(".panel")).not.toBeNull();
  });

  it("tells of messages that are new, of the owner and of opening; a page's mistake stops nothing", async () => {
    const heard: unknown[] = [];
    const failed = vi.fn();
    vi.stubGlobal("reportError", failed);
    await show();
    const api = realApi(chat);
    api.on("message", () => { throw new Error("the page's mistake"); });
    for (const event of ["message", "owner", "open", "close"] as const) api.on(event, (detail: never) => heard.push([event, detail]));
    storage.setItem("seen", "{}");
    await online([state(1), message(2), answer]);
    await status("agent", { owner: owner("agent", "林晓") });
    await act(() => api.close());
    expect(heard).toEqual([
      ["open", undefined],
      ["message", { from: "bot", name: null, text: "**两小时**内" }],
      ["owner", { kind: "agent", name: "林晓" }],
      ["close", undefined],
    ]);
    expect(failed).toHaveBeenCalledOnce();
    vi.unstubAllGlobals();
  });

  it("does not let a visit that is still starting win over who has signed in meanwhile", async () => {
    let answerFirst = (_: Response): void => undefined;
    const first = new Promise<Response>((done) => (answerFirst = done));
    const asked: unknown[] = [];
    const later = { ...SESSION, token: "tok_a", contact: { id: "cus_a", name: "A" } };
    await show();
    vi.stubGlobal("fetch", (input: string, init: RequestInit) => {
      if (!input.endsWith("/sessions")) return Promise.resolve(json({ ticket: "t", expires_in: 30 }));
      asked.push(JSON.parse(String(init.body)).identity);
      return asked.length === 1 ? first : Promise.resolve(json(later, 201));
    });
    await act(() => chat.setOpen(true));
    await act(() => chat.identify("jwt of A"));
    await act(() => answerFirst(json(SESSION, 201)));
    expect(asked).toEqual([null, "jwt of A"]);
    expect(chat.session.value?.contact.id).toBe("cus_a");
    expect([storage.getItem("token"), storage.getItem("contact")]).toEqual(["tok_a", "cus_a"]);
    await vi.waitFor(() => expect(network.sockets).toHaveLength(1));
    vi.unstubAllGlobals();
  });

  it("signs a customer in with the page's token, and forgets him when he signs out", async () => {
    await show();
    await online([state(1), message(2)]);
    await type(".write textarea", "half a thought");
    await act(() => chat.identify("jwt of A"));
    expect(calls.findLast((call) => call.path === "/v1/widget/sessions")?.body).toMatchObject({ identity: "jwt of A", token: "tok_1" });
    expect(storage.getItem("identified")).toBe("1");
    await act(() => chat.identify(null));
    expect(["identified", "draft"].map((name) => storage.getItem(name))).toEqual([null, null]);
    expect(calls.findLast((call) => call.path === "/v1/widget/sessions")?.body).toMatchObject({ identity: null, token: null });
    expect(page.querySelectorAll(".message.customer")).toHaveLength(0);
  });
});

describe("one's own data", () => {
  it("writes the conversation down as it was shown", async () => {
    await show("en");
    await online([state(1), message(2, { body: { text: "hello" } }), bot(3, "Good day")]);
    const text = transcript(chat, "Lanyu");
    expect(text).toContain("Conversation with Lanyu");
    expect(text.split("\n").slice(2, 4).map((line) => line.replace(/^\[.*?\] /, ""))).toEqual(["You: hello", "AI assistant: Good day"]);
  });

  it("deletes everything after asking once more", async () => {
    await show();
    await online([state(1), message(2)]);
    await press("更多");
    await shown("删除我的数据");
    await press("删除我的数据");
    expect(calls.some((call) => call.path === "/v1/widget/erase")).toBe(false);
    answers["/v1/widget/erase"] = () => refusal(503);
    await press("永久删除");
    await shown("操作没有成功");
    expect(page.querySelectorAll(".message.customer")).toHaveLength(1);
    answers["/v1/widget/erase"] = () => json({ job: "j_1", state: "done", erased: {} });
    await press("永久删除");
    await shown("您的数据已删除");
    await vi.waitFor(() => expect(page.querySelectorAll(".message.customer")).toHaveLength(0));
    expect(calls.findLast((call) => call.path === "/v1/widget/sessions")?.body).toMatchObject({ token: null });
  });
});

describe("where he is told of his requests", () => {
  const PLACE = "/v1/widget/preferred-channel";
  const menu = async () => {
    await show();
    await online([state(1), message(2)]);
    await press("更多");
    await shown("删除我的数据");
  };

  it("is not asked of who has written on one channel only", async () => {
    await menu();
    await vi.waitFor(() => expect(calls.some((call) => call.path === PLACE)).toBe(true));
    expect(page.textContent).not.toContain("进展通知发到哪里");
  });

  it("is one of those on which he has written, and stays as it was when the gateway does not take it", async () => {
    answers[PLACE] = () => json({ channel: "email", channels: ["email", "telegram", "web"] });
    await menu();
    await shown("进展通知发到哪里");
    await press("进展通知发到哪里");
    await shown("当初咨询的渠道");
    expect([...page.querySelectorAll(".reach-choice")].map((one) => one.textContent)).toEqual(["当初咨询的渠道", "邮件", "Telegram", "网页对话"]);
    const choices = () => [...page.querySelectorAll<HTMLInputElement>(".reach input")];
    const choose = (index: number) => act(async () => { choices()[index]!.click(); await settle(); });
    expect(choices().map((one) => one.checked)).toEqual([false, true, false, false]);
    await choose(2);
    await shown("已保存");
    expect(calls.findLast((call) => call.path === PLACE)?.body).toEqual({ channel: "telegram" });
    await act(async () => {
      for (const index of [3, 1]) choices()[index]!.click(); // as arrow keys pass over choices
      expect(find<HTMLFieldSetElement>(".reach fieldset")!.disabled).toBe(false);
      await settle();
    });
    await shown("已保存");
    expect(calls.findLast((call) => call.path === PLACE)?.body).toEqual({ channel: "email" });
    await choose(2);
    answers[PLACE] = () => refusal(503);
    await choose(0);
    await shown("操作没有成功");
    expect(choices().map((one) => one.checked)).toEqual([false, false, true, false]);
  });
});

describe("looks and languages", () => {
  it("keeps every brand's colour readable by day and by night", () => {
    for (const colour of ["#ffff00", "#155eb0", "#000000", "#ff0000", "#fefefe"]) {
      expect(contrast(readable(parse(colour)!, [245, 247, 250], [0, 0, 0]), [245, 247, 250])).toBeGreaterThanOrEqual(4.4);
      expect(contrast(readable(parse(colour)!, [33, 43, 54], [255, 255, 255]), [33, 43, 54])).toBeGreaterThanOrEqual(4.4);
    }
    expect(lookSheet({ accent: "red;}*{display:none" }, "dark")).not.toContain("display:none");
    expect(lookSheet({ scheme: "light" }, "dark{}")).not.toContain("dark{}");
    expect(lookSheet({ scheme: "dark" }, "dark{}")).toContain("dark{}");
  });

  it("says a tenant's own words in their place", async () => {
    configure({ texts: { "zh-Hans": { botOnline: "小蓝 · 智能助手" } } });
    await show();
    await online();
    expect(find(".speaker")?.textContent).toBe("小蓝 · 智能助手");
  });

  it("is drawn from right to left where the language is", async () => {
    const rtl: Catalogue = { ...en, tag: "he", dir: "rtl" };
    await show("en", rtl);
    await online();
    expect(find(".tandem")?.getAttribute("dir")).toBe("rtl");
    expect(find(".write textarea")?.getAttribute("dir")).toBe("auto");
  });
});

it("keeps what is not yet uploaded to the customer who chose it", async () => {
  storage.setItem("attached", JSON.stringify([{ id: "f_a", name: "a.png", type: "image/png", size: 1 }]));
  storage.setItem("identified", "1");
  meet(newChat("zh", null));
  await draw();
  expect(chat.uploads.all.value).toEqual([]);
  await act(() => chat.setOpen(true));
  await key(".panel", { key: "Escape" });
  expect(storage.getItem("attached")).toBeNull();
});
