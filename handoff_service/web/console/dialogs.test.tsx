import { act } from "preact/test-utils";
import { afterEach, describe, expect, it } from "vitest";
import { Dialogs } from "./components/Dialogs";
import { card, deskFrame, LIN, owner, type Trial, trial } from "./fixtures";
import { mounted, settled } from "./mounted";

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
    expect(await verbs.signOff({ conversations: "requeue" })).toBe(true);
    expect(signedOut()).toBe(true);
  });

  it("stops where the colleague is not found, and where it is refused", async () => {
    const { verbs } = await holding({ "/sign-off": answer(404, "not_found") });
    expect(await verbs.signOff({ conversations: "transfer", to_agent: "a_nobody" })).not.toBe(true);
    desk.session.stop();
    await holding({ "/sign-off": answer(409, "conflict") });
    expect(await desk.verbs.signOff({ conversations: "requeue" })).not.toBe(true);
    expect(signedOut()).toBe(false);
  });
});
