import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, describe, expect, it } from "vitest";
import { Modal } from "./components/Modal";
import { WorkplaceContext } from "./components/workplace";
import { type Trial, trial } from "./fixtures";

let desk: Trial;
const root = document.createElement("div");
document.body.append(root);
afterEach(() => {
  render(null, root);
  desk.session.stop();
});

/** Presses the pointer on one element and lets it go on the other; the click goes to what holds both. */
const drag = (from: Element, to: Element, clicked: Element) =>
  act(() => {
    from.dispatchEvent(new Event("pointerdown", { bubbles: true }));
    to.dispatchEvent(new Event("pointerup", { bubbles: true }));
    clicked.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  });

describe("a modal window", () => {
  it("closes on a click beside it, not when a selection of its text ends there", async () => {
    desk = await trial();
    desk.state.dialog.value = "close";
    await act(() =>
      render(
        <WorkplaceContext.Provider value={desk}><Modal name="test" label="test"><input /></Modal></WorkplaceContext.Provider>,
        root,
      ),
    );
    const dialog = root.querySelector("dialog") as HTMLDialogElement;
    await drag(root.querySelector("input") as HTMLInputElement, dialog, dialog);
    expect(desk.state.dialog.value).toBe("close");
    await drag(dialog, dialog, dialog);
    expect(desk.state.dialog.value).toBe(null);
  });
});
