import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { broughtPhotos, requestWords } from "../shared/photos";
import { Composer } from "./components/Composer";
import { Dialogs } from "./components/Dialogs";
import { openRequest } from "./components/Photos";
import { MessageRow } from "./components/EntryRows";
import { card, deskFrame, LIN, message, owner, type Trial, trial } from "./fixtures";
import { click, mounted, settled } from "./mounted";

let desk: Trial;
let leave = (): void => undefined;
beforeEach(() => {
  vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:one");
  vi.spyOn(URL, "revokeObjectURL").mockReturnValue(undefined);
});
afterEach(() => {
  leave();
  desk.session.stop();
  vi.restoreAllMocks();
});

const FILE = { id: "f_1", name: "a.png", type: "image/png", size: 3 };
const asked = () => message(3, "", { author: { kind: "agent", ...LIN }, body: { text: "请补充：\n1. 破损处\n2. 快递面单", photos: ["破损处", "快递面单"] } });
const brought = (seq: number, index: number) => message(seq, "", { body: { text: "破损处", file: FILE, photo: { seq: 3, index } } });

describe("photos by name", () => {
  it("are asked for in the customer's language, as many as are listed", async () => {
    desk = await trial();
    desk.server.say(deskFrame({ mine: [card("c_1", { owner: owner("agent", LIN), epoch: 3, channel: "web", language: "en" })] }));
    desk.session.open("c_1");
    let root: HTMLElement;
    ({ root, leave } = await mounted(desk, <><Composer conversation="c_1" name="Ann" /><Dialogs /></>));
    await click(root.querySelector(".ask-photos"));
    const names = root.querySelector<HTMLTextAreaElement>("#photos-names")!;
    expect(names.value).toBe("The whole item\nThe damage\nThe label");
    await act(() => {
      names.value = "The damage\n\n The label \nThe damage";
      names.dispatchEvent(new Event("input", { bubbles: true }));
    });
    await click(root.querySelector(".modal-photos footer .primary"));
    await settled();
    expect(desk.server.sends).toMatchObject([{ body: { photos: ["The damage", "The label"] }, audience: "public", epoch: 3 }]);
    expect(root.querySelector(".modal-photos")).toBeNull();
  });

  it("keep their names when the request is refused, until it is sent again", async () => {
    desk = await trial({}, "en");
    desk.server.say(deskFrame({ mine: [card("c_1", { owner: owner("agent", LIN), epoch: 3, channel: "web", language: "en" })] }));
    desk.session.open("c_1");
    desk.writing.write("c_1", { ...desk.writing.draftOf("c_1"), reply: "half a sentence" });
    desk.writing.askForPhotos("c_1", "Please:", ["The zip", "The bill"]);
    desk.server.refuse({ code: "rate", message: "Later." });
    expect(desk.stored.read("c_1")).toMatchObject({ reply: "half a sentence", asked: { text: "Please:", photos: ["The zip", "The bill"] } });
    let root: HTMLElement;
    ({ root, leave } = await mounted(desk, <><Composer conversation="c_1" name="Ann" /><Dialogs /></>));
    await click([...root.querySelectorAll(".refusal button")].find((each) => each.textContent === "Ask for the photos again"));
    expect(root.querySelector<HTMLTextAreaElement>("#photos-names")!.value).toBe("The zip\nThe bill");
    await click(root.querySelector(".modal-photos footer .primary"));
    await settled();
    expect(desk.server.sends.at(-1)).toMatchObject({ body: { text: "Please:", photos: ["The zip", "The bill"] } });
    expect(desk.stored.read("c_1").asked).toBeUndefined();
  });

  it("are forgotten when their refusal is dismissed", async () => {
    desk = await trial({}, "en");
    desk.server.say(deskFrame({ mine: [card("c_1", { owner: owner("agent", LIN), epoch: 3, channel: "web", language: "en" })] }));
    desk.session.open("c_1");
    desk.writing.write("c_1", { ...desk.writing.draftOf("c_1"), reply: "half a sentence" });
    desk.writing.askForPhotos("c_1", "Please:", ["The zip"]);
    desk.server.refuse({ code: "rate", message: "Later." });
    let root: HTMLElement;
    ({ root, leave } = await mounted(desk, <Composer conversation="c_1" name="Ann" />));
    await click([...root.querySelectorAll(".refusal button")].find((each) => each.textContent === "Got it"));
    expect(root.querySelector(".refusal")).toBeNull();
    expect(desk.stored.read("c_1")).toEqual({ reply: "half a sentence", note: "", article: null });
  });

  it("are one thing in the conversation, which tells what is missing", async () => {
    desk = await trial();
    desk.server.say(deskFrame({ mine: [card("c_1", { owner: owner("agent", LIN), epoch: 3 })] }));
    desk.session.open("c_1");
    for (const entry of [message(1, "a"), message(2, "b"), asked(), brought(4, 0)]) desk.server.say({ t: "entry", conv: "c_1", entry });
    await settled();
    let root: HTMLElement;
    ({ root, leave } = await mounted(desk, <MessageRow entry={asked()} feedback={[]} continues={false} cited={false} lit={false} />));
    expect(root.querySelector(".text")?.textContent).toBe("请补充：");
    expect([...root.querySelectorAll(".photos li")].map((each) => each.className)).toEqual(["there", "missing"]);
    expect(root.querySelector(".photos")?.textContent).toContain("1/2");
  });

  it("are counted beside the reply until they are all there, with the way to the request", async () => {
    desk = await trial({}, "en");
    desk.server.say(deskFrame({ mine: [card("c_1", { owner: owner("agent", LIN), epoch: 1 })] }));
    desk.session.open("c_1");
    for (const entry of [message(1, "a"), message(2, "b"), asked(), brought(4, 0)]) desk.server.say({ t: "entry", conv: "c_1", entry });
    await settled();
    let root: HTMLElement;
    ({ root, leave } = await mounted(desk, <Composer conversation="c_1" name="Ann" />));
    expect(root.querySelector(".photos-line")?.textContent).toBe("1 of 2 received");
    await click(root.querySelector(".photos-line"));
    expect(desk.state.highlight.value).toEqual({ conversation: "c_1", seqs: [3] });
    await act(() => desk.server.say({ t: "entry", conv: "c_1", entry: brought(5, 1) }));
    await settled();
    expect(root.querySelector(".photos-line")).toBeNull();
    expect(openRequest([asked()], 2)).toBeNull();
  });

  it("are replaced by a later picture for the same place, and never by what has none", () => {
    const found = broughtPhotos([brought(4, 0), brought(5, 0), brought(6, 9)], 3, ["破损处", "快递面单"]);
    expect(found.map((one) => one?.seq ?? null)).toEqual([5, null]);
    expect(requestWords({ text: "words", photos: ["a"] })).toBe("words");
  });
});
