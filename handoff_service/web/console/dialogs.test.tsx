import { act } from "preact/test-utils";
import { afterEach, describe, expect, it } from "vitest";
import { Dialogs } from "./components/Dialogs";
import { Notices } from "./components/Notices";
import { TopBar } from "./components/TopBar";
import { card, deskFrame, LIN, owner, type Trial, trial } from "./fixtures";
import { click, mounted, settled } from "./mounted";

let desk: Trial;
let leave = (): void => undefined;
afterEach(() => {
  leave();
  desk.session.stop();
});

const answer = (status: number, code: string) => ({ status, body: { error: { code, message: "no" } } });

async function holding(answers: Parameters<typeof trial>[0]): Promise<Trial> {
  desk = await trial(answers);
  desk.server.say(deskFrame({ mine: [card("c_1", { owner: owner("agent", LIN), epoch: 3 })] }));
  desk.session.open("c_1");
  return desk;
}

describe("a request inside a dialog", () => {
  it("that is refused is explained in the dialog, which stays, and not behind it", async () => {
    const { state } = await holding({ "/give-back": answer(409, "stays_with_people") });
    const { root, leave: away } = await mounted(desk, <Dialogs />);
    leave = away;
    await act(() => void (state.dialog.value = "give_back"));
    await act(() => void root.querySelector("form")?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true })));
    await settled();
    expect(root.querySelector("dialog .form-error")?.textContent).toContain("一小时内机器人多次未能解决");
    expect(state.notices.value).toEqual([]);
    expect(state.dialog.value).toBe("give_back");
  });

  it("that is outside of one is a notice", async () => {
    const { state, verbs } = await holding({ "/bring-back": answer(409, "illegal_transition") });
    await verbs.bringBack();
    expect(state.notices.value).toHaveLength(1);
  });
});

describe("signing off", () => {
  const signedOut = () => desk.requests.some(({ path }) => path.endsWith("/sign-out"));
  it("goes on to sign out where the gateway of the release before knows nothing of it", async () => {
    const { verbs } = await holding({ "/sign-off": { status: 404, body: { detail: "Not Found" } } });
    expect(await verbs.signOff({ conversations: "requeue" }, { leaves: true })).toBe(true);
    expect(signedOut()).toBe(true);
  });

  it("stops where the colleague is not found, and where it is refused", async () => {
    const { verbs } = await holding({ "/sign-off": answer(404, "not_found") });
    expect(await verbs.signOff({ conversations: "transfer", to_agent: "a_nobody" }, { leaves: true })).not.toBe(true);
    desk.session.stop();
    await holding({ "/sign-off": answer(409, "conflict") });
    expect(await desk.verbs.signOff({ conversations: "requeue" }, { leaves: true })).not.toBe(true);
    expect(signedOut()).toBe(false);
  });
});

describe("going offline", () => {
  const asked = () => desk.requests.filter(({ path }) => path.endsWith("/presence")).length;

  it("with conversations left open asks first what becomes of them, and stays signed in", async () => {
    const { state, verbs } = await holding({});
    const { root, leave: away } = await mounted(desk, <><TopBar /><Dialogs /></>);
    leave = away;
    const status = root.querySelector<HTMLSelectElement>(".presence select")!;
    status.value = "offline";
    await act(() => void status.dispatchEvent(new Event("change", { bubbles: true })));
    expect([status.value, asked(), state.dialog.value]).toEqual(["online", 0, "offline"]);
    await act(() => void root.querySelector("dialog form")?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true })));
    await settled();
    expect(desk.requests.find(({ path }) => path.endsWith("/sign-off"))?.body).toMatchObject({ conversations: "requeue" });
    expect([state.me.value.agent.status, state.dialog.value, status.value]).toEqual(["offline", null, "offline"]);
    expect(desk.requests.some(({ path }) => path.endsWith("/sign-out"))).toBe(false);
    await verbs.presence("online");
    expect(state.me.value.agent.status).toBe("online");
  });

  it("is asked too where the server knows of conversations that are not on the screen", async () => {
    desk = await trial({ "/presence": answer(409, "open_conversations") });
    await desk.verbs.presence("offline");
    expect([desk.state.dialog.value, desk.state.me.value.agent.status]).toEqual(["offline", "online"]);
    expect(desk.state.notices.value.map(({ text }) => text)).toEqual(["您还有没结束的会话，请先说明怎么处理。"]);
  });
});

describe("a notice", () => {
  const posted = (end: string) => desk.requests.filter(({ path }) => path.endsWith(end)).map(({ body }) => body);
  const takeBack = async (): Promise<void> => {
    const { root, leave: away } = await mounted(desk, <Notices />);
    leave = away;
    await click(root.querySelector(".undo"));
    await settled();
    expect(root.querySelectorAll(".notice")).toHaveLength(0);
  };

  it("takes a conversation back that was put aside", async () => {
    const { verbs } = await holding({});
    expect(await verbs.putAside(new Date("2026-11-22T08:00:00Z"))).toBe(true);
    await takeBack();
    expect(posted("/bring-back")).toMatchObject([{ epoch: 3 }]);
  });

  it("puts it back to where it was when it was put aside already", async () => {
    desk = await trial();
    const before = "2026-11-21T20:00:00Z";
    desk.server.say(deskFrame({ mine: [card("c_1", { owner: owner("agent", LIN), epoch: 3, aside_until: before })] }));
    desk.session.open("c_1");
    await desk.verbs.putAside(new Date("2026-11-22T08:00:00Z"));
    await takeBack();
    expect(posted("/put-aside")).toMatchObject([{}, { until: before }]);
    expect(posted("/bring-back")).toEqual([]);
  });

  it("gives a conversation the tags of before", async () => {
    const { verbs } = await holding({});
    await verbs.tag(card("c_1", { tags: ["vip"] }), ["vip", "refund"]);
    await takeBack();
    expect(posted("/tags")).toMatchObject([{ tags: ["vip", "refund"] }, { tags: ["vip"] }]);
  });
});
