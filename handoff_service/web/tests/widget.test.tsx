import { act } from "preact/test-utils";
import { beforeEach, describe, expect, it, vi } from "vitest";
import type { Entry } from "../shared/protocol";
import { message, settle, state, welcome } from "./fakes";
import { CONV, SESSION, answer, answers, button, calls, chat, draw, find, json, key, meet, network, newChat, online, owner, page, press, receive, refusal, show, status, storage, type } from "./stage";

describe("launcher", () => {
  it("asks the server for nothing until a newcomer opens it", async () => {
    await show();
    await settle();
    expect(calls).toEqual([]);
    expect(find(".panel")).toBeNull();
  });

  it("counts what was not seen, and says so in its name", async () => {
    await show("en");
    await online([state(1), message(2)]);
    await act(() => chat.setOpen(false));
    await receive(answer);
    expect(find(".badge")?.textContent).toBe("1");
    expect(button("Open support chat, 1 unread message")).toBeDefined();
    await act(() => chat.setOpen(true));
    expect(find(".badge")).toBeNull();
    expect(network.last.frames("read").at(-1)).toEqual({ t: "read", conv: CONV, seq: 3 });
  });

  it("names the file of a message once, with words or without", async () => {
    await show();
    const file = { id: "f_1", name: "invoice.pdf", type: "application/pdf", size: 13 };
    await online([
      state(1),
      message(2, { body: { text: "here it is", file } }),
      message(3, { author: { kind: "agent", name: "Lin" }, body: { text: "[file: invoice.pdf]", file } }),
    ]);
    const told = [...page.querySelectorAll(".message.customer, .message.agent")].map((node) => node.textContent ?? "");
    expect(told.map((text) => text.split("invoice.pdf").length - 1)).toEqual([1, 1]);
  });

  it("closes with Esc and takes the focus back", async () => {
    await show();
    await online();
    expect(document.activeElement).toBe(find("textarea"));
    await key("textarea", { key: "Escape" });
    expect(find(".panel")).toBeNull();
    expect(document.activeElement).toBe(find(".launcher"));
  });
});

describe("session", () => {
  it("comes back with the stored token, and renews a refused one silently", async () => {
    storage.setItem("token", "tok_old");
    let refused = true;
    answers["/v1/ws-ticket"] = () => (refused ? ((refused = false), refusal(401)) : json({ ticket: "t", expires_in: 30 }));
    await show();
    await online();
    expect(calls.map((call) => call.path)).toEqual(["/v1/widget/sessions", "/v1/ws-ticket", "/v1/widget/sessions", "/v1/ws-ticket"]);
    expect(calls[0]?.body).toEqual({ tenant: "demo", token: "tok_old", identity: null, language: "zh" });
    expect(calls[3]?.token).toBe("Bearer tok_1");
    expect(storage.getItem("token")).toBe("tok_1");
  });

  it("keeps what a visitor is typing when his token turns out to be expired", async () => {
    storage.setItem("token", "tok_old");
    storage.setItem("contact", "cus_old");
    let refused = true;
    answers["/v1/ws-ticket"] = () => (refused ? ((refused = false), refusal(401)) : json({ ticket: "t", expires_in: 30 }));
    await show();
    chat.written.text = "half a sen";
    await online();
    expect(storage.getItem("contact")).toBe(SESSION.contact.id);
    expect(chat.written.text).toBe("half a sen");
  });

  it("does not show a signed-in customer's conversation after they signed out", async () => {
    meet(newChat("zh", "jwt"));
    await chat.start();
    expect(calls[0]?.body).toMatchObject({ identity: "jwt" });
    storage.setItem("draft", "my secret");
    chat.stop();
    meet(newChat("zh", null));
    expect(chat.written.text).toBe("");
    await chat.start();
    expect(calls.findLast((call) => call.path === "/v1/widget/sessions")?.body).toMatchObject({ token: null, identity: null });
  });

  it("never sends what one customer left unsent in the name of the next", async () => {
    meet(newChat("zh", "jwt of A"));
    await chat.start();
    chat.sendText("A's secret"); // not connected: it stays in the outbox
    chat.written.text = "A's draft";
    storage.setItem("failed", JSON.stringify([{ draft: chat.outgoing.value[0], code: "invalid" }]));
    chat.stop();
    answers["/v1/widget/sessions"] = () => json({ ...SESSION, token: "tok_b", contact: { id: "cus_b", name: "B" } }, 201);
    meet(newChat("zh", "jwt of B"));
    await draw();
    await act(async () => { chat.setOpen(true); await vi.waitFor(() => expect(network.sockets).not.toHaveLength(0)); });
    expect([chat.outgoing.value, chat.failed.all.value, chat.written.text]).toEqual([[], [], ""]);
    expect(find<HTMLTextAreaElement>(".write textarea")!.value).toBe("");
    await act(() => { network.last.accept(); network.last.say(welcome({ principal: { kind: "customer", id: "cus_b", name: "B" } })); });
    expect(network.last.frames("send")).toEqual([]);
    expect(newChat("zh", "jwt of B").outgoing.value).toEqual([]);
  });

  it("keeps what a visitor left unsent when the same contact signs in", async () => {
    meet(newChat());
    await chat.start();
    chat.sendText("还在吗");
    chat.written.text = "另外";
    chat.stop();
    meet(newChat("zh", "jwt"));
    await online();
    expect(network.last.frames("send")).toMatchObject([{ body: { text: "还在吗" } }]);
    expect(chat.written.text).toBe("另外");
  });

  it("sends and shows nothing of a customer whose tab comes back as somebody else", async () => {
    await show();
    await online([state(1), message(2)]);
    chat.stop();
    chat.sendText("A's secret");
    await act(async () => { chat["client"].connect(); await vi.waitFor(() => expect(network.sockets).toHaveLength(2)); });
    await act(() => { network.last.accept(); network.last.say(welcome({ principal: { kind: "customer", id: "cus_b", name: "B" } })); });
    expect(network.last.frames("send")).toEqual([]);
    expect(page.querySelectorAll(".message.customer")).toHaveLength(0);
    expect(storage.getItem("outbox")).toBeNull();
  });

  it("says when support cannot be reached, and tries again", async () => {
    answers["/v1/widget/sessions"] = () => refusal(503);
    await show();
    await act(async () => { chat.setOpen(true); await settle(); });
    await vi.waitFor(() => expect(find(".unreachable")?.textContent).toContain("暂时连接不上客服"));
    answers["/v1/widget/sessions"] = () => json(SESSION, 201);
    await press("重试");
    await vi.waitFor(() => expect(find(".unreachable")).toBeNull());
  });
});

describe("conversation with the bot", () => {
  it("greets, suggests, and sends a suggestion", async () => {
    await show();
    await online();
    expect(find(".speaker")?.textContent).toContain("AI 助手");
    expect(find("[role=log]")?.textContent).toContain("您好!");
    await press("多久能退款?");
    expect(network.last.frames("send")[0]).toMatchObject({ conv: null, body: { text: "多久能退款?" } });
    expect(find(".message.pending")?.textContent).toContain("正在发送");
    expect(find(".typing")).not.toBeNull();
    expect(find(".suggestions")).toBeNull();
  });

  it("shows one bubble for a sent message, whichever of entry and confirmation comes first", async () => {
    await show();
    await online();
    await type(".write textarea", "你好");
    await key(".write textarea", { key: "Enter" });
    const id = network.last.frames("send")[0]!.client_id;
    await act(() => network.last.say({ t: "sent", client_id: id, conv: CONV, seq: 2, mid: "m_2" }));
    expect(page.querySelectorAll(".message.customer")).toHaveLength(1);
    await receive(state(1), message(2, { body: { text: "你好" } }));
    expect(page.querySelectorAll(".message.customer")).toHaveLength(1);
    expect(find(".message.pending")).toBeNull();
  });

  it("names the article of an answer and takes a vote for it", async () => {
    await show();
    await online([state(1), message(2), answer]);
    expect(find(".bubble strong")?.textContent).toBe("两小时");
    expect(find(".source")?.textContent).toBe("来源：退款多久到账");
    await press("没有帮助");
    expect(calls.at(-1)).toMatchObject({ path: `/v1/conversations/${CONV}/feedback`, body: { seq: 3, value: "down" } });
    await receive({ ...message(4), kind: "feedback", body: { of: 3, value: "down" } } as Entry);
    expect(button("没有帮助")?.getAttribute("aria-pressed")).toBe("true");
  });

  it("offers to add photos while the bot waits for them", async () => {
    await show("en");
    const upload = { accept: "image/*", most: 6, max_bytes: 1024 };
    await online([state(1), message(2), message(3, { author: { kind: "bot" }, body: { text: "Please send photos.", upload } })]);
    expect(button("Add photos")).toBeDefined();
    const input = find<HTMLInputElement>(".choices input")!;
    expect([input.accept, input.multiple]).toEqual(["image/*", true]);
    Object.defineProperty(input, "files", { value: [new File(["x"], "torn.jpg", { type: "image/jpeg" })] });
    await act(() => void input.dispatchEvent(new Event("change", { bubbles: true })));
    expect(chat.uploads.all.value.map((one) => one.name)).toEqual(["torn.jpg"]);
    await receive(message(4, { author: { kind: "agent", name: "Lin" }, body: { text: "I am here." } }));
    expect(find(".choices")).toBeNull();
  });

  it("offers the buttons of the bot's last message only, and presses by number", async () => {
    const clarify = message(3, { author: { kind: "bot" }, body: { text: "哪一个?", kind: "clarify", buttons: [{ title: "进度" }, { title: "转人工服务" }] } });
    await show();
    await online([state(1), message(2), clarify]);
    await press("转人工服务");
    expect(network.last.frames("send")[0]).toMatchObject({ conv: CONV, body: { press: { seq: 3, index: 1 } } });
    expect(find(".message.pending .bubble")?.textContent).toBe("转人工服务");
    expect(button("进度")).toBeUndefined();
  });

  it("asks for a person in one tap, before and after the first message", async () => {
    await show("en");
    await online();
    await press("Talk to a person");
    expect(network.last.frames("send")[0]).toMatchObject({ body: { text: "I would like to talk to a person" } });
    await receive(state(1), message(2));
    await press("Talk to a person");
    expect(calls.at(-1)?.path).toBe(`/v1/conversations/${CONV}/ask-human`);
  });
});

describe("queue, agent, mailbox, closed", () => {
  beforeEach(async () => {
    await show();
    await online([state(1), message(2)]);
  });

  it("shows place and expected wait, and lets the customer leave the queue", async () => {
    await status("queue", { place: 3, wait_s: 200 });
    expect(find(".card")?.textContent).toContain("您排在第 3 位");
    expect(find(".card")?.textContent).toContain("4分钟");
    expect(button("转人工")).toBeUndefined();
    await status("queue", { place: 1, wait_s: null });
    expect(find(".card")?.textContent).toContain("您排在第 1 位");
    expect(find(".card")?.textContent).not.toContain("分钟");
    await press("已解决，不用等了");
    expect(calls.at(-1)?.path).toBe(`/v1/conversations/${CONV}/solved`);
  });

  it("leaves a message; a refused one keeps the words and its op_id is not counted twice", async () => {
    await status("queue", { place: 2 });
    await press("改为留言");
    await vi.waitFor(() => expect(find(".form textarea")).not.toBeNull());
    await type(".form textarea", "请回电");
    await type(".form input", "13800000000");
    answers[`/v1/conversations/${CONV}/leave-message`] = () => refusal(503);
    await press("提交留言");
    await vi.waitFor(() => expect(find(".form [role=alert]")).not.toBeNull());
    delete answers[`/v1/conversations/${CONV}/leave-message`];
    await press("提交留言");
    const [first, second] = calls.filter((call) => call.path.endsWith("leave-message"));
    expect(second?.body).toEqual({ op_id: first?.body["op_id"], text: "请回电", reply_to: "13800000000" });
    await status("mailbox");
    expect(find(".card")?.textContent).toContain("留言已收到");
  });

  it("shows who took over and that they are typing, and tells them that the customer is", async () => {
    await receive(state(3, { epoch: 6, body: { event: "accept", to: owner("agent", "林晓") } }));
    expect(find(".speaker")?.textContent).toBe("林晓 · 人工客服");
    expect(find(".notice")?.textContent).toBe("林晓 已接入对话");
    await act(() => network.last.say({ t: "typing", conv: CONV, author: { kind: "agent", name: "林晓" } }));
    expect(find("[role=status].hidden")?.textContent).toBe("林晓正在输入");
    await type(".write textarea", "好");
    expect(network.last.frames("typing")).toHaveLength(1);
    await receive(message(4, { author: { kind: "agent", name: "林晓" }, epoch: 6 }));
    expect(find(".typing")).toBeNull();
    expect(find(".message.agent .name")?.textContent).toBe("林晓");
  });

  it("trusts whichever is newer, the log's state change or the status", async () => {
    await status("agent", { owner: owner("agent", "林晓"), epoch: 3 });
    await receive(state(3, { epoch: 4, body: { event: "give_back", to: owner("bot") } }));
    expect(find(".speaker")?.textContent).toContain("AI 助手");
    await status("closed", { epoch: 5 });
    expect(find(".speaker")?.textContent).toBe("对话已结束");
  });

  it("takes a rating after the close, and goes on when the customer writes again", async () => {
    await status("closed", { rate: true });
    await vi.waitFor(() => expect(find(".rating")).not.toBeNull());
    await act(() => find<HTMLInputElement>("input[type=radio][value='4']")!.click());
    await type(".rating textarea", "很快");
    await press("提交评价");
    expect(calls.at(-1)).toMatchObject({ path: `/v1/conversations/${CONV}/rating`, body: { score: 4, comment: "很快" } });
    await vi.waitFor(() => expect(find(".card")?.textContent).toContain("感谢您的评价"));
    expect(find(".write textarea")?.getAttribute("placeholder")).toBe("再写一句即可继续…");
    await status("bot", { epoch: 6 });
    expect(find(".card")).toBeNull();
  });

  it("never shows what is hidden", async () => {
    await receive({ seq: 3, kind: "hidden" }, message(4));
    expect(page.querySelectorAll(".message")).toHaveLength(3); // greeting and two of the customer's
  });
});

describe("writing", () => {
  it("does not send while an input method composes, nor on Shift+Enter", async () => {
    await show();
    await online();
    await type(".write textarea", "ni hao");
    await key(".write textarea", { key: "Enter", isComposing: true });
    await key(".write textarea", { key: "Enter", shiftKey: true });
    expect(network.last.frames("send")).toEqual([]);
    await key(".write textarea", { key: "Enter" });
    expect(network.last.frames("send")).toHaveLength(1);
    expect(find<HTMLTextAreaElement>(".write textarea")!.value).toBe("");
  });

  it("sends what was typed once, however quickly Enter follows", async () => {
    await show();
    await online();
    await act(() => {
      const field = find<HTMLTextAreaElement>(".write textarea")!;
      field.value = "你好";
      field.dispatchEvent(new Event("input", { bubbles: true }));
      for (const _ of [1, 2]) field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
    });
    expect(network.last.frames("send").map(({ body }) => body)).toEqual([{ text: "你好" }]);
  });

  it.each([["你好", ["你好"]], ["你好，还有", []]])("sends by itself what was sent too early, unless it is written on: %s", async (then, sent) => {
    let reached = (): void => undefined;
    const session = new Promise<Response>((resolve) => (reached = () => resolve(json(SESSION, 201))));
    answers["/v1/widget/sessions"] = () => session as unknown as Response;
    await show();
    await act(() => chat.setOpen(true));
    await type(".write textarea", "你好");
    await key(".write textarea", { key: "Enter" });
    if (then !== "你好") await type(".write textarea", then);
    await act(async () => {
      reached();
      await vi.waitFor(() => expect(network.sockets).not.toHaveLength(0));
      network.last.accept();
      network.last.say(welcome({ current: null }));
      await settle();
    });
    expect(network.last.frames("send").map(({ body }) => (body as { text: string }).text)).toEqual(sent);
    expect(find<HTMLTextAreaElement>(".write textarea")!.value).toBe(sent.length > 0 ? "" : then);
  });

  it("keeps the draft, counts near the limit and stops beyond it", async () => {
    await show();
    await online();
    await type(".write textarea", "x".repeat(7600));
    expect(find(".count")?.textContent).toBe("还可输入 400 字");
    await type(".write textarea", "x".repeat(8001));
    expect(find(".count")?.textContent).toBe("超出 1 字");
    expect(find<HTMLButtonElement>(".send")!.disabled).toBe(true);
    expect(newChat().written.text).toHaveLength(8001);
  });

  it("marks a refused message, over a reload too, and sends it again", async () => {
    await show();
    await online();
    await type(".write textarea", "你好");
    await key(".write textarea", { key: "Enter" });
    const id = network.last.frames("send")[0]!.client_id;
    await act(() => network.last.say({ t: "err", client_id: id, code: "invalid", message: "No.", retryable: false }));
    expect(find(".message.failed")?.textContent).toContain("未发送");
    expect(newChat().failed.all.value).toHaveLength(1);
    await press("重新发送");
    expect(network.last.frames("send")[1]).toMatchObject({ body: { text: "你好" } });
    expect(find(".message.failed")).toBeNull();
  });

  it("says that it is offline and keeps what is written meanwhile", async () => {
    await show();
    await online();
    await act(() => network.last.drop(1006));
    expect(find(".banner")?.textContent).toContain("网络已断开");
    await type(".write textarea", "还在吗");
    await key(".write textarea", { key: "Enter" });
    expect(find(".message.pending")?.textContent).toContain("还在吗");
    chat.stop();
    expect(newChat().outgoing.value).toHaveLength(1);
  });

  it("draws everything again when the server's log is another one", async () => {
    await show();
    await online([state(1), message(2)]);
    await act(() => network.last.say(welcome({ log_id: "log_2" })));
    expect(page.querySelectorAll(".message.customer")).toHaveLength(0);
  });
});

describe("language and safety", () => {
  it("switches between Chinese and English and remembers it", async () => {
    await show();
    await online([state(1), message(2), answer]);
    await press("更多");
    await vi.waitFor(() => expect(button("English")).toBeDefined());
    await press("English");
    await vi.waitFor(() => expect(find(".menu")).toBeNull());
    expect(find(".source")?.textContent).toBe("Source: 退款多久到账");
    expect(find(".tandem")?.lang).toBe("en-GB");
    expect(storage.getItem("language")).toBe("en");
  });

  it("shows a customer's markup as the text that it is", async () => {
    await show();
    await online([state(1), message(2, { body: { text: "<img src=x onerror=alert(1)> **x**" } })]);
    expect(find(".message.customer .bubble")?.textContent).toBe("<img src=x onerror=alert(1)> **x**");
    expect(find(".list img, .customer strong")).toBeNull();
  });

  it("has no inline style or script, which a strict policy would refuse", async () => {
    await show();
    await online([state(1), message(2), answer]);
    await status("queue", { place: 2 });
    const markup = page.querySelectorAll("[style], script, style, [onclick]");
    expect([...markup].filter((node) => node.tagName !== "TEXTAREA")).toEqual([]);
  });
});
