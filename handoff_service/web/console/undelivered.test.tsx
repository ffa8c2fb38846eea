import { afterEach, describe, expect, it } from "vitest";
import { Composer } from "./components/Composer";
import { MessageRow } from "./components/EntryRows";
import { card, deskFrame, LIN, message, MIA, owner, type Trial, trial } from "./fixtures";
import { click, mounted, settled } from "./mounted";
import { lostWords } from "./undelivered";

let desk: Trial;
let leave = (): void => undefined;
afterEach(() => {
  leave();
  desk.session.stop();
});

const said = (seq: number, text: string, more: object = {}) => message(seq, text, { author: { kind: "agent", ...LIN }, body: { text, ...more } });
const note = (body: object) =>
  message(9, "", { author: { kind: "system", id: "system", name: "" }, audience: "internal", body: { text: "Not delivered: the window is closed", kind: "undelivered", ...body } });
const ENTRIES = [message(6, "Where is it?"), said(7, "One."), said(8, "Two."), note({ of: 7, upto: 8 })];

async function show(body: object, holder = LIN): Promise<HTMLElement> {
  desk = await trial({}, "en");
  desk.server.say(deskFrame({ mine: [card("c_1", { owner: owner("agent", holder), epoch: 3 })] }));
  desk.session.open("c_1");
  desk.state.timelines.value = new Map([["c_1", { entries: [...ENTRIES.slice(0, 3), note(body)] }]]);
  const row = <MessageRow entry={note(body)} feedback={[]} continues={false} cited={false} lit={false} />;
  let root: HTMLElement;
  ({ root, leave } = await mounted(desk, <>{row}<Composer conversation="c_1" name="Ann" /></>));
  return root;
}
const button = (root: HTMLElement, words: string) => [...root.querySelectorAll<HTMLButtonElement>(".undelivered-actions button")].find((each) => each.textContent?.includes(words));

describe("a message that did not arrive", () => {
  it("goes back into the box, ahead of what is written there, with all that went as one", async () => {
    const root = await show({ of: 7, upto: 8 });
    desk.writing.toggleMode();
    desk.writing.write("c_1", { ...desk.writing.draftOf("c_1"), reply: "since then", note: "a note" });
    expect(root.querySelector(".undelivered-actions .seq")?.textContent).toBe("#7–8");
    await click(button(root, "back into the box"));
    await settled();
    expect(root.querySelector("textarea")?.value).toBe("One.\n\nTwo.\nsince then");
    expect(desk.writing.draftOf("c_1").note).toBe("a note");
    await click(button(root, "back into the box"));
    await settled();
    expect(root.querySelector("textarea")?.value).toBe("One.\n\nTwo.\nsince then");
    expect(desk.server.sends).toHaveLength(0);
  });

  it("is replaced by the approved message of the account", async () => {
    const root = await show({ of: 7, template: "order_update" });
    await click(button(root, "“order_update”"));
    await settled();
    expect(desk.server.sends).toMatchObject([{ body: { text: "order_update", template: "order_update" }, audience: "public", epoch: 3 }]);
  });

  it("is replaced once", async () => {
    const root = await show({ of: 7, template: "order_update" });
    const entries = [...ENTRIES.slice(0, 3), note({ of: 7, template: "order_update" }), said(10, "[order_update]", { template: "order_update" })];
    desk.state.timelines.value = new Map([["c_1", { entries }]]);
    await settled();
    expect(button(root, "order_update")).toBeUndefined();
  });

  it("offers nothing to colleagues who do not hold the conversation", async () => {
    const root = await show({ of: 7, template: "order_update" }, MIA);
    expect(root.querySelector(".undelivered-actions")).toBeNull();
  });

  it("gives back words only: no files, no customer's words, nothing that the platform words itself", () => {
    const file = { id: "f_1", name: "a.png", type: "image/png", size: 3 };
    const entries = [said(1, "[file: a.png]", { file }), said(2, "See:", { file }), message(3, "mine"), said(4, "[order_update]", { template: "order_update" })];
    expect(lostWords({ text: "", of: 1, upto: 4 }, entries)).toBe("See:");
    expect(lostWords({ text: "", of: 1 }, entries)).toBe("");
    expect(lostWords({ text: "" }, entries)).toBe("");
  });
});
