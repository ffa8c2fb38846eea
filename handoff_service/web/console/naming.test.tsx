import { act } from "preact/test-utils";
import { afterEach, describe, expect, it } from "vitest";
import { Composer } from "./components/Composer";
import { card, deskFrame, LIN, ME, owner, type Trial, trial } from "./fixtures";
import { click, mounted } from "./mounted";
import { calls, meant, named, namingAt } from "./naming";

const COLLEAGUES = [
  { ...LIN, status: "online" }, { id: "a_maya", name: "Maya", status: "online" }, { id: "a_lin2", name: "Maya Lin", status: "away" },
  { id: "a_chen", name: "陈主管 Chen", status: "offline" },
].map((one) => ({ ...one, open: 0, capacity: 5 })) as typeof ME.colleagues;
/** An analyst: whom a note asks must be able to read it. */
const NUMBERS_ONLY: (typeof COLLEAGUES)[number] = { id: "a_mara", name: "Mara", status: "online", open: 0, capacity: 5, reads: false };

describe("a name after an @", () => {
  it("is what stands right before the cursor, and no address", () => {
    expect(namingAt("请@陈主", 4)).toEqual({ at: 1, typed: "陈主" });
    expect(namingAt("@Maya Li", 8)).toEqual({ at: 0, typed: "Maya Li" });
    expect([namingAt("mail lin@shop", 13), namingAt("@Maya\n", 6), namingAt("hello", 5)]).toEqual([null, null, null]);
  });

  it("finds colleagues by any word of their names; a whole name needs no more", () => {
    const names = (typed: string): unknown[] => meant(COLLEAGUES, typed).map(({ name }) => name);
    expect(names("")).toHaveLength(4);
    expect(names("ma")).toEqual(["Maya", "Maya Lin"]);
    expect(names("chen")).toEqual(["陈主管 Chen"]);
    expect([names("maya lin"), names("nobody")]).toEqual([[], []]);
  });

  it("is written out with one space behind it", () => {
    expect(named("ask @ma soon", { at: 4, typed: "ma" }, "Maya")).toEqual({ text: "ask @Maya soon", cursor: 10 });
    expect(named("问@陈", { at: 1, typed: "陈" }, "陈主管 Chen")).toEqual({ text: "问@陈主管 Chen ", cursor: 11 });
  });
});

it("tells the calls in a note from its other words", () => {
  const called = (text: string): string[] => calls(text, COLLEAGUES).filter((one) => one.called).map((one) => one.text);
  expect(called("请@陈主管 Chen看，@maya lin too, not @Mayan or x@Maya")).toEqual(["@陈主管 Chen", "@maya lin"]);
  expect(calls("a @Maya b", COLLEAGUES).map(({ text }) => text)).toEqual(["a ", "@Maya", " b"]);
  expect(calls("1 + 1", [{ id: "a", name: "(.*" }])).toEqual([{ text: "1 + 1", called: false }]);
});

describe("a note", () => {
  let desk: Trial;
  let root: HTMLElement;
  let leave = (): void => undefined;
  afterEach(() => {
    leave();
    desk.session.stop();
  });
  async function show(mode: "note" | "reply"): Promise<void> {
    desk = await trial({}, "en", { ...ME, colleagues: [...COLLEAGUES, NUMBERS_ONLY] });
    desk.server.say(deskFrame({ mine: [card("c_1", { owner: owner("agent", LIN), epoch: 3 })] }));
    desk.session.open("c_1");
    desk.writing.setMode("c_1", mode);
    ({ root, leave } = await mounted(desk, <Composer conversation="c_1" name="Chen" />));
  }
  const area = (): HTMLTextAreaElement => root.querySelector("textarea") as HTMLTextAreaElement;
  const type = (text: string) =>
    act(() => {
      area().value = text;
      area().setSelectionRange(text.length, text.length);
      area().dispatchEvent(new InputEvent("input", { bubbles: true }));
    });
  const press = (key: string) =>
    act(() => void area().dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true })));
  const listed = (): (string | null)[] => [...root.querySelectorAll("[role=option] strong")].map((each) => each.textContent);

  it("completes the colleague whom the arrow keys chose; the next Enter sends it", async () => {
    await show("note");
    await type("look @ma");
    expect(listed()).toEqual(["Maya", "Maya Lin"]);
    await press("ArrowDown");
    expect(area().getAttribute("aria-activedescendant")).toBe(root.querySelector("[aria-selected=true]")?.id);
    await press("Enter");
    expect([area().value, desk.server.sends, listed()]).toEqual(["look @Maya Lin ", [], []]);
    await press("Enter");
    expect(desk.server.sends).toMatchObject([{ audience: "internal", body: { text: "look @Maya Lin" } }]);
  });

  it("offers nobody after Escape, and does not offer again the name that was taken", async () => {
    await show("note");
    await type("@");
    expect(listed()).not.toContain(LIN.name);
    await press("Escape");
    expect(listed()).toEqual([]);
    await type("@Maya x @ma");
    await click(root.querySelector("[role=option]"));
    expect([area().value, listed()]).toEqual(["@Maya x @Maya ", []]);
  });

  it("is what names are for: a reply to the customer offers none", async () => {
    await show("reply");
    await type("@ma");
    expect(listed()).toEqual([]);
  });
});
