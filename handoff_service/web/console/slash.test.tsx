import { act } from "preact/test-utils";
import { afterEach, describe, expect, it } from "vitest";
import { Composer } from "./components/Composer";
import { card, deskFrame, LIN, owner, type Trial, trial } from "./fixtures";
import { click, mounted, settled } from "./mounted";

let desk: Trial;
let leave = (): void => undefined;
let root: HTMLElement;
afterEach(() => {
  leave();
  desk.session.stop();
});

const REPLIES = [{ id: "refund", title: "退款", text: "退款 1–3 天" }, { id: "return", title: "退货", text: "请寄回" }];

async function show(status: number, canned_replies: object[]): Promise<void> {
  desk = await trial({ "/canned-replies": { status, body: { canned_replies } } });
  desk.server.say(deskFrame({ mine: [card("c_1", { owner: owner("agent", LIN), epoch: 3 })] }));
  desk.session.open("c_1");
  ({ root, leave } = await mounted(desk, <Composer conversation="c_1" name="陈女士" />));
}
const area = (): HTMLTextAreaElement => root.querySelector("textarea") as HTMLTextAreaElement;
const press = (key: string) =>
  act(() => void area().dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true })));
const type = (text: string) =>
  act(() => {
    area().value = text;
    area().dispatchEvent(new InputEvent("input", { bubbles: true }));
  });

describe("a text that begins with a slash", () => {
  it("is not sent by Enter before the canned replies are there, nor by the button", async () => {
    await show(200, REPLIES);
    await type("/refund");
    await press("Enter");
    expect(root.querySelector<HTMLButtonElement>(".send")?.disabled).toBe(true);
    expect(desk.server.sends).toEqual([]);
    expect(area().value).toBe("/refund");
  });

  it("is not sent by Enter when they could not be loaded, nor when none fits; a click sends it as it is", async () => {
    await show(500, []);
    await type("/refund");
    await settled();
    await press("Enter");
    expect(desk.server.sends).toEqual([]);
    leave();
    desk.session.stop();
    await show(200, REPLIES);
    await type("/nothing");
    await settled();
    await press("Enter");
    expect(desk.server.sends).toEqual([]);
    await click(root.querySelector(".send"));
    expect(desk.server.sends).toMatchObject([{ body: { text: "/nothing" } }]);
  });

  it("becomes the reply that the arrow keys chose, which is said aloud", async () => {
    await show(200, REPLIES);
    await type("/re");
    await settled();
    await press("ArrowDown");
    expect(root.querySelector(".canned [role=status]")?.textContent).toBe("退货，第 2 条，共 2 条");
    expect(area().getAttribute("aria-activedescendant")).toBe(root.querySelector("[aria-selected=true]")?.id);
    await press("Enter");
    expect(desk.server.sends).toEqual([]);
    expect(desk.state.draft.value).toMatchObject({ reply: "请寄回", canned: "return" });
  });

  it("leaves no trace of the canned reply in what is written after the text was emptied", async () => {
    await show(200, REPLIES);
    desk.writing.useCanned("c_1", { id: "return", title: "退货", text: "请寄回" });
    await type("");
    await type("您好");
    await press("Enter");
    expect(desk.server.sends.map(({ body }) => body)).toEqual([{ text: "您好" }]);
  });
});
