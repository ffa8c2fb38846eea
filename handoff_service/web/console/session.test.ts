import { afterEach, describe, expect, it, vi } from "vitest";
import { card, deskFrame, LIN, message, MIA, owner, type Trial, trial, welcome } from "./fixtures";

let desk: Trial | null = null;
const begin = async (...args: Parameters<typeof trial>): Promise<Trial> => (desk = await trial(...args));
afterEach(() => desk?.session.stop());

const mine = card("c_1", { owner: owner("agent", LIN), epoch: 3 });
const fenced = { code: "fenced", message: "The conversation moved on.", owner: owner("agent", MIA), epoch: 4 };

function writes(trial: Trial, text: string): void {
  trial.writing.write("c_1", { ...trial.writing.draftOf("c_1"), reply: text });
}

describe("accepting", () => {
  it("opens the conversation, wants the focus in the composer and lets me reply at once", async () => {
    const { state, server, verbs } = await begin({ "/accept": { status: 200, body: { conversation: "c_1", epoch: 3 } } });
    server.say(deskFrame({ offers: [card("c_1", { owner: owner("offer", LIN) })] }));
    await verbs.accept();
    expect(state.current.value).toBe("c_1");
    expect(state.focusWanted.value).toBe(true);
    expect(state.blocked.value).toBeNull();
  });

  it("tells who was faster and stays where I am", async () => {
    const error = { code: "already_taken", message: "taken", holder: MIA };
    const { state, server, verbs } = await begin({ "/accept": { status: 409, body: { error } } });
    server.say(deskFrame({ waiting: [card("c_1")] }));
    await verbs.accept(card("c_1"));
    expect(state.current.value).toBeNull();
    expect(state.notices.value.map((notice) => notice.text)).toEqual(["Mia 已经接起了这个会话。"]);
  });
});

describe("an offer that goes away", () => {
  const late = (seconds: number) => ({ agent: LIN.id, deadline: new Date(Date.now() + seconds * 1000).toISOString() });
  const offered = (seconds = 20) => card("c_1", { owner: owner("offer", LIN), offer: late(seconds) });
  const told = async (before: ReturnType<typeof offered>, after: Parameters<typeof deskFrame>[0]): Promise<string[]> => {
    const { state, server } = await begin();
    server.say(deskFrame({ offers: [before] }));
    server.say(deskFrame(after));
    return state.notices.value.map(({ text }) => text);
  };

  it("because the customer waits no longer is said (F-63)", async () => {
    const said = ["陈女士不再等您接待，分配已撤回。"];
    expect(await told(offered(), {})).toEqual(said);
    desk?.session.stop();
    expect(await told(offered(), { mailbox: [card("c_1", { owner: owner("mailbox") })] })).toEqual(said);
    desk?.session.stop();
    expect(await told(offered(), { others: [card("c_1", { owner: owner("bot") })] })).toEqual(said);
  });

  it("because it was declined, taken, passed on or has run out is not", async () => {
    const others = [
      { waiting: [card("c_1")] }, { mine: [mine] }, { others: [card("c_1", { owner: owner("agent", MIA) })] }, { offers: [offered()] },
    ];
    for (const after of others) {
      expect(await told(offered(), after)).toEqual([]);
      desk?.session.stop();
    }
    expect(await told(offered(-1), {})).toEqual([]);
  });
});

describe("what is being written", () => {
  it("stays a note when the conversation is accepted in the middle of it", async () => {
    const { state, server, verbs, writing } = await begin({ "/accept": { status: 200, body: { conversation: "c_1", epoch: 3 } } });
    server.say(deskFrame({ waiting: [card("c_1")] }));
    writing.setMode("c_1", "note");
    writing.write("c_1", { reply: "", note: "客户上周", article: null });
    await verbs.accept(card("c_1"));
    expect(state.mode.value).toBe("note");
  });

  it("is not cut by where the cursor was in another conversation, or in a text that was replaced", async () => {
    const { state, session, writing } = await begin();
    session.open("c_1");
    state.cursor = 5;
    session.open("c_2");
    expect(state.cursor).toBeNull();
    state.cursor = 5;
    writing.useCanned("c_2", { id: "thanks", title: "谢谢", text: "谢谢" });
    expect(state.cursor).toBeNull();
  });

  it("is shown wherever the agent was: opening a conversation leaves the other pages", async () => {
    const { state, session } = await begin();
    state.view.value = "tickets";
    session.open("c_1");
    expect(state.view.value).toBe("desk");
  });
});

describe("a reply", () => {
  it("carries the epoch that I saw and leaves the composer", async () => {
    const trial = await begin();
    trial.server.say(deskFrame({ mine: [mine] }));
    trial.session.open("c_1");
    writes(trial, " 马上查 ");
    trial.writing.send();
    expect(trial.server.sends).toMatchObject([{ conv: "c_1", body: { text: "马上查" }, audience: "public", epoch: 3 }]);
    expect(trial.state.draft.value.reply).toBe("");
  });

  it("comes back into the draft when it is fenced, with who owns the conversation now", async () => {
    const trial = await begin();
    trial.server.say(deskFrame({ mine: [mine] }));
    trial.session.open("c_1");
    writes(trial, "马上查");
    trial.writing.send();
    writes(trial, "还有");
    trial.server.refuse(fenced);
    expect(trial.state.draft.value.reply).toBe("马上查\n还有");
    expect(trial.stored.read("c_1").reply).toBe("马上查\n还有");
    expect(trial.state.refusal.value).toMatchObject({ code: "fenced", owner: { agent: MIA } });
    expect(trial.state.blocked.value).toEqual({ key: "composer.blocked.agent", name: "Mia" });
  });

  it("comes back with its article, into the conversation it was for", async () => {
    const trial = await begin();
    const article = { id: "refund-timing", language: "zh", title: "退款多久到账" } as const;
    trial.server.say(deskFrame({ mine: [mine, card("c_2", { owner: owner("agent", LIN), epoch: 3 })] }));
    trial.session.open("c_1");
    trial.writing.sendArticle("1–3 个工作日", article);
    trial.session.open("c_2");
    trial.server.refuse(fenced);
    expect(trial.state.draft.value.reply).toBe("");
    expect(trial.stored.read("c_1")).toEqual({ reply: "1–3 个工作日", note: "", article });
  });

  it("never carries the note, and a note never the reply", async () => {
    const trial = await begin();
    trial.server.say(deskFrame({ mine: [mine] }));
    trial.session.open("c_1");
    trial.writing.write("c_1", { reply: "给客户", note: "给同事", article: null });
    trial.writing.setMode("c_1", "note");
    trial.writing.send();
    expect(trial.server.sends).toMatchObject([{ body: { text: "给同事" }, audience: "internal" }]);
    expect(trial.state.draft.value).toEqual({ reply: "给客户", note: "", article: null });
  });
});

describe("the server's view", () => {
  it("wins by epoch: a late snapshot does not give a lost conversation back", async () => {
    const { state, session, server } = await begin();
    server.say(deskFrame({ mine: [mine] }));
    session.open("c_1");
    const status = { t: "status", conv: "c_1", place: null, wait_s: null, language: "zh", rate: false } as const;
    server.say({ ...status, owner: owner("agent", MIA), epoch: 5 });
    server.say(deskFrame({ mine: [mine] }));
    expect(state.holding.value).toBe(false);
  });

  it("starts all timelines again when the log is another one", async () => {
    const { state, session, server } = await begin();
    session.open("c_1");
    server.say({ t: "entry", conv: "c_1", entry: message(1, "你好") });
    expect(state.timeline.value.entries).toHaveLength(1);
    server.say(welcome("log_2"));
    expect(state.timeline.value.entries).toHaveLength(0);
  });
});

describe("a call", () => {
  it("is confirmed once, by a page that somebody looks at", async () => {
    const { server } = await begin();
    const one = card("c_1");
    const called = { ...one, handoff: one.handoff && { ...one.handoff, call: { n: 1, rung: "queued", at: "", shown: false } } };
    const shown = () => server.frames.filter((frame) => frame.t === "shown");
    const hidden = vi.spyOn(document, "hidden", "get").mockReturnValue(true);
    server.say(deskFrame({ waiting: [called] }));
    expect(shown()).toEqual([]);
    hidden.mockReturnValue(false);
    document.dispatchEvent(new Event("visibilitychange"));
    server.say(deskFrame({ waiting: [called] }));
    expect(shown()).toEqual([{ t: "shown", calls: [{ handoff: "h_c_1", n: 1 }] }]);
    hidden.mockRestore();
  });
});

describe("closing", () => {
  it("sends the outcome under the epoch that I see", async () => {
    const { session, server, verbs, requests } = await begin();
    server.say(deskFrame({ mine: [mine] }));
    session.open("c_1");
    expect(await verbs.close("solved", " 已退款 ")).toBe(true);
    const sent = requests.find((request) => request.path === "/v1/conversations/c_1/close");
    expect(sent?.body).toMatchObject({ epoch: 3, wrap_up: "solved", note: "已退款" });
  });
});

describe("notices", () => {
  it("go by themselves", async () => {
    const { state, session } = await begin();
    vi.useFakeTimers();
    session.notify("good", "已转接");
    vi.advanceTimersByTime(8000);
    expect(state.notices.value).toEqual([]);
    vi.useRealTimers();
  });
});
