import { act } from "preact/test-utils";
import { afterEach, describe, expect, it } from "vitest";
import type { Me } from "../shared/protocol";
import { DeskPage } from "./components/DeskPage";
import { createDesk } from "./composition";
import { card, deskFrame, LIN, MIA, owner, type Trial, trial, whoMay } from "./fixtures";
import { click, mounted, settled } from "./mounted";
import type { DeskState } from "./state";

let desk: Trial;
let root: HTMLElement;
let leave = (): void => undefined;
afterEach(() => {
  leave();
  desk.session.stop();
});

const detail = (id: string) => ({
  status: 200,
  body: { card: card(id), handoffs: [], contact: { id: "cus_1", name: "陈女士", verified: false, identities: [] } },
});
const ANSWERS = {
  "/v1/conversations/c_1": detail("c_1"),
  "/v1/conversations/c_2": detail("c_2"),
  "/v1/contacts/cus_1/conversations": { status: 200, body: { conversations: [] } },
  "/v1/ws-ticket": { status: 200, body: { ticket: "t" } },
};

async function page(answers: Parameters<typeof trial>[0] = {}, ...rest: [language?: "zh", me?: Me]): Promise<DeskState> {
  // What the pages themselves ask for is their own tests' affair: here it is not to be had.
  const refused = { "": { status: 503, body: { error: { code: "unavailable", message: "no" } } } };
  desk = await trial({ ...answers, ...ANSWERS, ...refused }, ...rest);
  ({ root, leave } = await mounted(desk, <DeskPage />));
  return desk.state;
}
const press = (init: KeyboardEventInit) =>
  act(() => void document.body.dispatchEvent(new KeyboardEvent("keydown", { bubbles: true, cancelable: true, ...init })));
const SUPERVISOR = ["conversations.read", "conversations.answer", "conversations.supervise", "settings.read"];

describe("on a page beside the conversations", () => {
  it("the palette and the list of shortcuts open, other shortcuts do not act on what is not shown", async () => {
    const state = await page({}, "zh", whoMay(...SUPERVISOR));
    await act(() => desk.server.say(deskFrame({ offers: [card("c_1", { owner: owner("offer", LIN) })] })));
    await act(() => void (state.view.value = "administration"));
    await press({ key: "a", code: "KeyA" });
    expect(desk.requests.some(({ path }) => path.endsWith("/accept"))).toBe(false);
    await press({ key: "k", code: "KeyK", ctrlKey: true });
    expect(state.dialog.value).toBe("palette");
    await act(() => void (state.dialog.value = null));
    await press({ key: "?", code: "Slash", shiftKey: true });
    expect(state.dialog.value).toBe("shortcuts");
  });

  it("single keys are switched off in the list of shortcuts, and stay so after a reload", async () => {
    await page();
    await press({ key: "?", code: "Slash", shiftKey: true });
    await click(root.querySelector(".plain-keys input"));
    await act(() => void (desk.state.dialog.value = null));
    await press({ key: "?", code: "Slash", shiftKey: true });
    expect(desk.state.dialog.value).toBeNull();
    const { api, state } = desk;
    const reloaded = createDesk({ me: state.me.value, api, language: state.language, signedOut: () => undefined });
    expect(reloaded.state.plainKeys.value).toBe(false);
  });

  it("an offer can be accepted, and leads to its conversation", async () => {
    const accepted = { status: 200, body: { conversation: "c_1", epoch: 3 } };
    const state = await page({ "/accept": accepted }, "zh", whoMay(...SUPERVISOR));
    await act(() => void (state.view.value = "administration"));
    expect(root.querySelector(".offer-bar")).toBeNull();
    await act(() => desk.server.say(deskFrame({ offers: [card("c_1", { owner: owner("offer", LIN) })] })));
    expect(root.querySelector(".offer-bar")?.textContent).toContain("陈女士");
    await click(root.querySelector(".offer-bar .primary"));
    await settled();
    expect([state.view.value, state.current.value]).toEqual(["desk", "c_1"]);
  });
});

describe("presence", () => {
  it("tells an agent why he was set to away", async () => {
    await page();
    const away = { id: LIN.id, name: LIN.name, status: "away" as const, open: 0, capacity: 3, reason: "连续 3 次未接受分配，已自动设为离开" };
    await act(() => desk.server.say(deskFrame({ agents: [away] })));
    expect(root.querySelector<HTMLSelectElement>(".presence select")?.value).toBe("away");
    expect(root.querySelector(".top-bar [role=status]")?.textContent).toBe(away.reason);
    await act(() => desk.server.say(deskFrame({ agents: [{ ...away, status: "online", reason: "" }] })));
    expect(root.querySelector(".top-bar [role=status]")).toBeNull();
  });
});

describe("a refusal in another conversation than the open one", () => {
  it("is told with a way there, and marked on its card", async () => {
    const mine = (id: string) => card(id, { owner: owner("agent", LIN), epoch: 3 });
    const state = await page();
    await act(() => desk.server.say(deskFrame({ mine: [mine("c_1"), mine("c_2")] })));
    await act(() => desk.session.open("c_1"));
    desk.writing.write("c_1", { reply: "马上查", note: "", article: null });
    await act(() => desk.writing.send());
    await act(() => desk.session.open("c_2"));
    await act(() => desk.server.refuse({ code: "fenced", message: "moved on", owner: owner("agent", MIA), epoch: 4 }));
    expect(root.querySelector(".notice.bad")?.textContent).toContain("陈女士");
    expect(root.querySelectorAll(".card .badge.bad")).toHaveLength(1);
    await click(root.querySelector(".notice .small"));
    expect(state.current.value).toBe("c_1");
    expect(root.querySelector(".notice")).toBeNull();
    await act(() => desk.writing.forgive("c_1"));
    expect(root.querySelector(".card .badge.bad")).toBeNull();
  });
});

describe("rights", () => {
  it("show who does not serve customers no way to take them", async () => {
    const state = await page({}, "zh", whoMay("conversations.read"));
    const waiting = [card("c_1")];
    await act(() => desk.server.say(deskFrame({ waiting, offers: [card("c_2", { owner: owner("offer", LIN) })] })));
    await act(() => desk.session.open("c_1"));
    expect([...root.querySelectorAll("button")].filter((each) => /接起|接管|谢绝/.test(each.textContent ?? ""))).toEqual([]);
    expect(root.querySelector(".presence")).toBeNull();
    expect(state.blocked.value?.key).toBe("composer.blocked.rights");
    await press({ key: "a", code: "KeyA" });
    expect(desk.requests.some(({ path }) => path.endsWith("/accept"))).toBe(false);
  });

  it("lead who reads no conversations to the page that he may see, without a socket", async () => {
    const state = await page({}, "zh", whoMay("settings.read", "reports.read"));
    expect(root.querySelector("main.reports")).not.toBeNull();
    expect(root.querySelector(".lists")).toBeNull();
    expect(root.querySelector(".banner")).toBeNull();
    expect(state.view.value).toBe("reports");
    expect(desk.requests.some(({ path }) => path.includes("ws-ticket"))).toBe(false);
    await act(() => void (state.view.value = "desk"));
    expect(root.querySelector(".lists")).toBeNull();
  });
});
