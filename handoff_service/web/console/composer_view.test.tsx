import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, describe, expect, it } from "vitest";
import { Composer } from "./components/Composer";
import { WorkplaceContext } from "./components/workplace";
import { card, deskFrame, LIN, MIA, owner, type Trial, trial } from "./fixtures";

let desk: Trial;
const root = document.createElement("div");
document.body.append(root);

async function show(holder: typeof LIN): Promise<void> {
  desk = await trial();
  desk.server.say(deskFrame({ mine: [card("c_1", { owner: owner("agent", holder), epoch: 3 })] }));
  desk.session.open("c_1");
  await act(() =>
    render(
      <WorkplaceContext.Provider value={desk}>
        <Composer conversation="c_1" name="陈女士" />
      </WorkplaceContext.Provider>,
      root,
    ),
  );
}
afterEach(() => {
  render(null, root);
  desk.session.stop();
});
const area = (): HTMLTextAreaElement => root.querySelector("textarea") as HTMLTextAreaElement;
const press = (init: KeyboardEventInit) =>
  act(() => void area().dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, ...init })));
const type = (text: string) =>
  act(() => {
    area().value = text;
    area().dispatchEvent(new InputEvent("input", { bubbles: true }));
  });

describe("the composer", () => {
  it("sends on Enter, not on Shift+Enter and not while composing Chinese", async () => {
    await show(LIN);
    await type("您好");
    await press({ shiftKey: true });
    await press({ isComposing: true });
    expect(desk.server.sends).toHaveLength(0);
    await press({});
    expect(desk.server.sends.map((each) => each.body)).toEqual([{ text: "您好" }]);
    expect(area().value).toBe("");
  });

  it("cannot be written in and says why when a colleague owns the conversation", async () => {
    await show(MIA);
    expect(area().readOnly).toBe(true);
    expect(root.querySelector("#composer-blocked")?.textContent).toContain("Mia 正在负责这个会话");
    expect(root.querySelector<HTMLButtonElement>(".send")?.disabled).toBe(true);
  });

  it("keeps a fenced reply in sight, with the new owner", async () => {
    await show(LIN);
    await type("马上查");
    await press({});
    await act(() => desk.server.refuse({ code: "fenced", message: "moved on", owner: owner("agent", MIA), epoch: 4 }));
    expect(area().value).toBe("马上查");
    expect(root.querySelector("[role=alert]")?.textContent).toContain("Mia 负责");
    expect(area().readOnly).toBe(true);
  });

  it("lets a note be written whoever owns the conversation", async () => {
    await show(MIA);
    await act(() => desk.writing.toggleMode());
    expect(area().readOnly).toBe(false);
    await type("他上周也来过");
    await press({});
    expect(desk.server.sends[0]?.audience).toBe("internal");
  });
});
