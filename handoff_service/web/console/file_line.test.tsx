import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, expect, it } from "vitest";
import { MessageRow } from "./components/EntryRows";
import { WorkplaceContext } from "./components/workplace";
import { message, type Trial, trial } from "./fixtures";

let desk: Trial;
const root = document.createElement("div");
afterEach(() => {
  render(null, root);
  desk.session.stop();
});

const file = { id: "f_1", name: "invoice.pdf", type: "application/pdf", size: 13 };

async function row(text: string): Promise<string> {
  desk = await trial();
  const entry = message(3, text, { body: { text, file } });
  await act(() =>
    render(
      <WorkplaceContext.Provider value={desk}>
        <MessageRow entry={entry} feedback={[]} continues={true} cited={false} lit={false} />
      </WorkplaceContext.Provider>,
      root,
    ),
  );
  return root.textContent ?? "";
}

it("names the file of a message once, with words or without", async () => {
  expect(await row("Here it is")).toContain("Here it isinvoice.pdf");
  desk.session.stop();
  expect((await row("[file: invoice.pdf]")).split("invoice.pdf")).toHaveLength(2);
});
