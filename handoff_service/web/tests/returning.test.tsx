// Customers who come again: with another tab open, over a bad network, after a conversation that is over, with an article open.
import { act } from "preact/test-utils";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { memoryStorage } from "../shared/storage";
import { fakeUploads, FakeUpload } from "./fake_upload";
import { message, state, welcome } from "./fakes";
import {
  answers, button, calls, chat, configure, CONV, draw, find, json, key, meet, network, newChat, online, page, parts, press, receive, refusal, SESSION, show,
  status, storage, type,
} from "./stage";

const shown = (text: string) => vi.waitFor(() => expect(page.textContent).toContain(text));

describe("two tabs", () => {
  it("hold what is typed apart: each sends its own, and the other's stays", async () => {
    await show();
    await online();
    await type(".write textarea", "A");
    const other = newChat("zh", null, undefined, memoryStorage());
    expect(other.written.text).toBe("A"); // a new tab goes on with what was typed last
    other.written.text = "B";
    await key(".write textarea", { key: "Enter" });
    expect(network.last.frames("send").map(({ body }) => body)).toEqual([{ text: "A" }]);
    expect(other.written.text).toBe("B");
    expect(storage.getItem("draft")).toBe("B");
    other.stop();
  });

  it("find their own text again after a reload", () => {
    const [one, two] = [memoryStorage(), memoryStorage()];
    newChat("zh", null, undefined, one).written.text = "A";
    newChat("zh", null, undefined, two).written.text = "B";
    const again = [one, two, memoryStorage()].map((tab) => newChat("zh", null, undefined, tab).written.text);
    expect(again).toEqual(["A", "B", "B"]);
    newChat("zh", null, undefined, two).written.text = "";
    expect([one, two].map((tab) => newChat("zh", null, undefined, tab).written.text)).toEqual(["A", ""]);
    meet(newChat());
  });

  it("do not show what a customer typed in one of them to who sits there after he signed out in the other", async () => {
    const [one, two] = [memoryStorage(), memoryStorage()];
    storage.setItem("contact", "cus_1");
    newChat("zh", "jwt", undefined, two).written.text = "my card number";
    meet(newChat("zh", "jwt", undefined, one));
    await chat.identify(null);
    expect(newChat("zh", null, undefined, two).written.text).toBe("");
    chat.written.text = "still mine";
    await chat.identify("jwt");
    await chat.identify(null);
    expect(one.getItem("draft")).toBe(JSON.stringify([null, ""]));
  });
});

describe("a reload on a bad network", () => {
  const sessions = () => calls.filter(({ path }) => path === "/v1/widget/sessions").length;
  const unreachable = () => { answers["/v1/widget/sessions"] = () => { throw new TypeError("Failed to fetch"); }; };
  const reachable = () => { answers["/v1/widget/sessions"] = () => json(SESSION, 201); };
  const later = (ms: number) => act(async () => { await vi.advanceTimersByTimeAsync(ms); });

  beforeEach(() => {
    storage.setItem("outbox", JSON.stringify([{ client_id: "d_1", conv: null, body: { text: "what I wrote before" }, at: 1 }]));
    storage.setItem("token", "tok_1");
    unreachable();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    return () => vi.useRealTimers();
  });

  it("shows what is not sent under the notice, asks again ever more seldom, and sends it then", async () => {
    await show();
    await act(() => chat.setOpen(true));
    await later(0);
    expect(find(".unreachable")?.textContent).toContain("重试");
    expect(find(".message.pending")?.textContent).toContain("what I wrote before");
    const begun: number[] = [];
    for (let second = 1; second <= 140; second += 1) {
      const before = sessions();
      await later(1_000);
      if (sessions() > before) begun.push(second);
    }
    expect(begun).toEqual([1, 3, 7, 15, 31, 61, 91, 121]);
    reachable();
    await later(30_000);
    network.last.accept();
    network.last.say(welcome());
    expect(network.last.frames("send")).toMatchObject([{ client_id: "d_1", body: { text: "what I wrote before" } }]);
    await later(100);
    expect(find(".unreachable")).toBeNull();
    const settled = sessions();
    await later(120_000);
    expect(sessions()).toBe(settled);
  });

  it("asks at once when the network is back, also while the panel is closed, and tells what is unread", async () => {
    await show();
    void chat.start();
    await later(0);
    reachable();
    await act(() => { window.dispatchEvent(new Event("online")); });
    await later(0);
    expect(chat.loading.value).toBe("ready");
    network.last.accept();
    network.last.say(welcome({ current: { conv: CONV, last_seq: 1 } }));
    network.last.say({ t: "entry", conv: CONV, entry: message(1, { author: { kind: "agent", name: "林晓" } }) });
    await later(100);
    expect(find(".badge")?.textContent).toBe("1");
  });

  it("does not go on asking a gateway that refuses it for good, nor for who has signed out", async () => {
    answers["/v1/widget/sessions"] = () => refusal(404);
    await show();
    await act(() => chat.setOpen(true));
    await later(60_000);
    expect(sessions()).toBe(1);
    unreachable();
    await press("重试");
    await later(0);
    chat.setOpen(false);
    await act(() => chat.identify(null));
    const asked = sessions();
    await later(60_000);
    expect(sessions()).toBe(asked);
  });
});

describe("after a conversation that is over", () => {
  const over = [state(1), message(2), state(3, { body: { event: "close", to: { kind: "closed", agent: null } } })];

  it("greets and offers again what could be asked, below all that was said", async () => {
    configure({ help: true, welcome: [] });
    answers["/v1/widget/articles?tenant=demo&language=zh&q="] = () => json({ articles: [{ article: "a", title: "退款多久到账", excerpt: "两天内" }] });
    await show();
    await online(over);
    const rows = [...find(".rows")!.children];
    expect(rows.at(-1)?.className).toContain("suggestions");
    expect(rows.at(-2)?.textContent).toBe("您好!");
    await shown("退款多久到账");
    await press("多久能退款?");
    expect(network.last.frames("send")).toMatchObject([{ body: { text: "多久能退款?" } }]);
    expect(find(".suggestions")).toBeNull();
    expect(find(".suggested")).toBeNull();
  });

  it("asks for stars before it suggests articles, unless one types", async () => {
    configure({ help: true });
    const found = () => json({ articles: [{ article: "a", title: "退款多久到账", excerpt: "两天内" }] });
    for (const query of ["", "%E9%80%80%E6%AC%BE"]) answers[`/v1/widget/articles?tenant=demo&language=zh&q=${query}`] = found;
    await show();
    await online(over);
    await status("closed", { rate: true });
    await vi.waitFor(() => expect(chat.help.hits.value).toHaveLength(1));
    expect(find(".suggested")).toBeNull();
    await type(".write textarea", "退款");
    await vi.waitFor(() => expect(find(".suggested")).not.toBeNull());
  });

  it("offers nothing while somebody is there", async () => {
    await show();
    await online([state(1), message(2)]);
    expect(find(".suggestions")).toBeNull();
    await status("agent");
    expect(find(".suggestions")).toBeNull();
  });
});

describe("an open article", () => {
  const article = { article: "refund-time", language: "zh", title: "退款多久到账", text: "两天内。", url: "https://chat.example/help/demo/zh/articles/refund-time" };
  const open = async () => {
    configure({ help: true });
    answers["/v1/widget/articles/refund-time?tenant=demo&language=zh"] = () => json(article);
    await show();
    await online();
    await act(() => chat.help.open("refund-time"));
    await parts();
    await shown("两天内。");
  };
  const votes = () => calls.filter(({ path }) => path === "/v1/widget/articles/refund-time/helped").map(({ body }) => body);

  it("leaves a person one tap away", async () => {
    await open();
    expect(find(".composer")!.inert).toBe(true);
    await act(() => find<HTMLButtonElement>(".article .shortcut")!.click());
    expect(network.last.frames("send")).toMatchObject([{ body: { text: "转人工" } }]);
    expect(find(".article")).toBeNull();
    expect(find(".composer")!.inert).toBe(false);
  });

  it("says nothing of a person to who has one", async () => {
    await open();
    await status("agent");
    expect(find(".article .shortcut")).toBeNull();
  });

  it("tells whether it helped", async () => {
    await open();
    await press("有帮助");
    expect(votes()).toEqual([{ op_id: expect.stringMatching(/^[\w-]{8,64}$/), tenant: "demo", language: "zh", helped: true }]);
    await shown("谢谢，欢迎随时再来");
  });

  it("tells that it did not when one asks on", async () => {
    await open();
    await act(() => [...page.querySelectorAll<HTMLButtonElement>(".ask-helped button")].at(-1)!.click());
    expect(votes()).toMatchObject([{ helped: false }]);
    expect(network.last.frames("send")).toMatchObject([{ body: { text: "退款多久到账" } }]);
  });
});

describe("own orders", () => {
  const orders = [
    { number: "LY20260001", status: "shipped", placed_at: "2026-11-20T08:00:00Z", items: ["保温杯"] },
    { number: "LY20260002", status: "weighed", placed_at: "", items: [] },
  ];
  const signedIn = async (answer: () => Response) => {
    configure({ orders: true });
    answers["/v1/widget/orders"] = answer;
    meet(newChat("zh", "jwt"));
    await draw();
    await online();
  };

  it("are listed for who is signed in, and one begins a message about each", async () => {
    await signedIn(() => json({ orders, why: null }));
    await press("我的订单");
    await shown("LY20260001");
    expect([...page.querySelectorAll(".order-state")].map((one) => one.textContent)).toEqual(["已发货", "weighed"]);
    expect(page.textContent).toContain("保温杯");
    await type(".write textarea", "什么时候到？");
    await act(() => find<HTMLButtonElement>(".order button")!.click());
    expect(find(".orders")).toBeNull();
    expect(find<HTMLTextAreaElement>(".write textarea")!.value).toBe("关于订单 LY20260001：什么时候到？");
    expect(network.last.frames("send")).toEqual([]);
  });

  it("can be asked for again when the shop does not answer, and there may be none", async () => {
    await signedIn(() => refusal(503));
    await press("我的订单");
    await shown("现在无法查看订单");
    answers["/v1/widget/orders"] = () => json({ orders: [], why: null });
    await press("重试");
    await shown("您还没有订单");
  });

  it("are not offered to who is not signed in, nor where no shop is connected", async () => {
    configure({ orders: true });
    await show();
    await online();
    expect(button("我的订单")).toBeUndefined();
    chat.stop();
    configure({ orders: false });
    meet(newChat("zh", "jwt"));
    await draw();
    await online();
    expect(button("我的订单")).toBeUndefined();
  });
});

describe("a kind of service that is chosen", () => {
  const offer = async () => {
    configure({ suggestions: [{ text: { zh: "售后", en: "Returns" }, queue: "returns" }, { text: { en: "Anything" }, queue: null }] });
    await show();
    await online();
  };
  const asked = () => calls.filter(({ path }) => path.endsWith("/ask-human")).map(({ body }) => body);
  const arrive = async (first: string) => {
    await press(first);
    const [sent] = network.last.frames("send");
    expect(sent).toMatchObject({ body: { text: first } });
    expect(asked()).toEqual([]); // there is nothing to hand off yet
    await receive(state(1), message(2, { client_id: sent!["client_id"] as string, body: { text: first } }));
  };

  it("asks for the people who do it, once the conversation is there", async () => {
    await offer();
    await arrive("售后");
    expect(asked()).toMatchObject([{ queue: "returns" }]);
    await receive(message(3, { author: { kind: "bot" } }));
    expect(asked()).toHaveLength(1);
  });

  it("asks for anybody where no queue is named, in the words that there are", async () => {
    await offer();
    await arrive("Anything");
    expect(Object.keys(asked()[0]!)).toEqual(["op_id"]);
  });

  it("asks for nobody when the words were refused, whatever is written after", async () => {
    await offer();
    await press("售后");
    const [sent] = network.last.frames("send");
    await act(() => network.last.say({ t: "err", code: "blocked", message: "", retryable: false, client_id: sent!["client_id"] as string }));
    await receive(state(1), message(2, { body: { text: "多久能退款" } }));
    expect(asked()).toEqual([]);
  });

  it("asks no more when a person is asked for already", async () => {
    await offer();
    await press("售后");
    const [sent] = network.last.frames("send");
    const queued = state(1, { body: { event: "opened", to: { kind: "queue", agent: null } } });
    await receive(queued, message(2, { client_id: sent!["client_id"] as string, body: { text: "售后" } }));
    expect(asked()).toEqual([]);
    expect(button("售后")).toBeUndefined();
  });
});

describe("what the bot asks for", () => {
  it("takes no more files than it wants, and none that is larger", async () => {
    fakeUploads();
    await show();
    await online([state(1), message(2), message(3, { author: { kind: "bot" }, body: { text: "请上传照片", upload: { accept: "image/png", most: 2, max_bytes: 5 } } })]);
    const input = find<HTMLInputElement>(".choices input")!;
    expect([input.accept, input.multiple]).toEqual(["image/png", true]);
    const file = (size: number) => new File(["x".repeat(size)], `${size}.png`, { type: "image/png" });
    Object.defineProperty(input, "files", { configurable: true, value: [file(3), file(9), file(4)] });
    Object.defineProperty(input, "value", { configurable: true, writable: true, value: "" });
    await act(() => { input.dispatchEvent(new Event("change", { bubbles: true })); });
    await parts();
    await shown("一次最多发送 2 个文件");
    await shown("文件太大");
    expect(FakeUpload.all).toHaveLength(1);
  });

  it("greets who the page says is another customer with other words", async () => {
    configure({ welcome: [{ text: { zh: "尊敬的金卡会员" }, about: { level: "gold" } }] });
    await show();
    await online();
    expect(find(".rows")?.textContent).toContain("您好!");
    await act(() => chat.setAttributes({ level: "gold" }));
    expect(find(".rows")?.textContent).toContain("尊敬的金卡会员");
    await receive();
  });
});
