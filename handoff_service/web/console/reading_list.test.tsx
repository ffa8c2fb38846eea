import { act } from "preact/test-utils";
import { afterEach, describe, expect, it } from "vitest";
import { Knowledge } from "./components/Knowledge";
import { ME, type Trial, trial } from "./fixtures";
import { mounted, settled } from "./mounted";

const TOOLS = { playbooks: [], forbidden: [], translates: false, reading: ["returns", "fees", "gone"] };
const WHO = { ...ME, tenant: { ...ME.tenant, desk: TOOLS } };
const kept = (id: string, language: string, state = "published") => ({ status: 200, body: { article: { id, language, title: `About ${id}`, answer: "**Ten** days" }, state } });
const MISSING = { status: 404, body: { error: { code: "not_found", message: "" } } };
const ANSWERS = { "returns/en": kept("returns", "en"), "fees/en": MISSING, "fees/zh": kept("fees", "zh"), "gone/en": kept("gone", "en", "retired"), "gone/zh": MISSING };
let desk: Trial;
let leave = (): void => undefined;
afterEach(() => {
  leave();
  desk.session.stop();
});

async function shown(): Promise<HTMLElement> {
  const drawn = await mounted(desk, <Knowledge />);
  leave = drawn.leave;
  await settled();
  return drawn.root;
}

describe("the reading list of new colleagues", () => {
  it("has what is published, in the company's order, and remembers what was opened", async () => {
    desk = await trial(ANSWERS, "en", WHO);
    desk.state.side.value = "knowledge";
    let root = await shown();
    expect([...root.querySelectorAll(".reading summary")].map((each) => each.textContent)).toEqual(["About returns", "About fees"]);
    expect(root.querySelector(".reading h3")?.textContent).toContain("0 of 2 read");
    await act(() => {
      root.querySelector("details")!.open = true;
      root.querySelector("details")!.dispatchEvent(new Event("toggle"));
    });
    expect(root.querySelector(".reading h3")?.textContent).toContain("1 of 2 read");
    expect(root.querySelector("details .text strong")?.textContent).toBe("Ten");
    leave();
    root = await shown();
    expect(root.querySelector(".reading h3")?.textContent).toContain("1 of 2 read");
  });

  it("asks for nothing while another tab is shown", async () => {
    desk = await trial(ANSWERS, "en", WHO);
    await shown();
    expect(desk.requests.filter(({ path }) => path.includes("/knowledge/"))).toEqual([]);
  });
});
