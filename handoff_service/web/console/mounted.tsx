import { type ComponentChildren, render } from "preact";
import { act } from "preact/test-utils";
import { WorkplaceContext } from "./components/workplace";
import type { Workplace } from "./composition";

/** For tests: a component on one agent's desk; returns where it is drawn and what takes it away again. */
export async function mounted(desk: Workplace, children: ComponentChildren): Promise<{ root: HTMLElement; leave: () => void }> {
  const root = document.createElement("div");
  document.body.append(root);
  await act(() => render(<WorkplaceContext.Provider value={desk}>{children}</WorkplaceContext.Provider>, root));
  const leave = (): void => {
    render(null, root);
    root.remove();
  };
  return { root, leave };
}

/** Lets every answer of the played server come in and be drawn. */
export const settled = (): Promise<void> => act(() => new Promise((resolve) => setTimeout(resolve)));

export const click = (element: Element | null | undefined): Promise<void> =>
  act(() => {
    if (!(element instanceof HTMLElement)) throw new Error("there is nothing to click");
    element.click();
  });
