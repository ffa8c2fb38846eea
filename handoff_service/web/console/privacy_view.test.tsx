import { act } from "preact/test-utils";
import { afterEach, expect, it } from "vitest";
import { ApiError } from "./api";
import { PrivacyPanel } from "./components/administration/PrivacyPanel";
import { type Answer, card, type Trial, trial, whoMay } from "./fixtures";
import { click, mounted, settled } from "./mounted";
import { type KeptData, mayErase, peopleIn } from "./privacy";

let leave = (): void => undefined;
afterEach(() => leave());
const ok = (body: object): Answer => ({ status: 200, body });
const AT = "2026-11-22T08:00:00Z";
const KEPT: KeptData = {
  contact: "k_1", name: "Ann", verified: true,
  person: [{ id: "k_1", name: "Ann", identities: [{ channel: "mail", external_id: "ann@x.example" }] }],
  counts: { conversations: 2, open: 1, held: 0, entries: 31, tickets: 1, files: 4 },
  conversations: [
    { id: "c_2", channel: "web", opened_at: AT, closed_at: null, entries: 11, hold: false, kept: true },
    { id: "c_1", channel: "mail", opened_at: AT, closed_at: AT, entries: 20, hold: false, kept: true },
  ],
  holds: {},
};
const HELD: KeptData = {
  ...KEPT, counts: { ...KEPT.counts, held: 1 }, conversations: KEPT.conversations.map((one) => ({ ...one, hold: one.id === "c_1" })),
  holds: { c_1: { at: AT, actor: "agent:a_lin", detail: { reference: "case-17" } } },
};
const JOB = { job: "j_1", kind: "erase", subject: "k_0", state: "done", requested_by: "customer:k_0", erased: { conversations: 3, entries: 7 }, created_at: AT, updated_at: AT };

async function shown(kept: KeptData, answers: Record<string, Answer> = {}): Promise<{ desk: Trial; root: HTMLElement }> {
  const all = { "/kept": ok(kept), "/v1/jobs": ok({ jobs: [JOB] }), "/erase": ok({ state: "done" }), ...answers };
  const desk = await trial(all, "en", whoMay("conversations.read", "settings.read", "privacy.execute"));
  await desk.privacy.show(kept.contact);
  const drawn = await mounted(desk, <PrivacyPanel />);
  leave = () => {
    drawn.leave();
    desk.session.stop();
  };
  await settled();
  return { desk, root: drawn.root };
}
const button = (root: HTMLElement, text: string): HTMLButtonElement | undefined => [...root.querySelectorAll("button")].find((each) => each.textContent?.startsWith(text));
const bodies = (desk: Trial, end: string): unknown[] => desk.requests.filter(({ path }) => path.endsWith(end)).map(({ body }) => body);
const type = (input: Element | null | undefined, text: string) =>
  act(() => {
    (input as HTMLInputElement).value = text;
    input!.dispatchEvent(new Event("input", { bubbles: true }));
  });
const submit = async (form: Element | null | undefined): Promise<void> => {
  await act(() => void form!.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true })));
  await settled();
};

it("finds each customer once among his conversations, with all his channels and what was last", () => {
  const cards = [card("c_3", { preview: "latest", channel: "web" }), card("c_2", { channel: "mail", preview: "older" }), card("c_1", { contact: { id: "cus_2", name: "Bo" } })];
  expect(peopleIn(cards).map(({ contact, channels, preview }) => [contact, channels, preview])).toEqual([["cus_1", ["web", "mail"], "latest"], ["cus_2", ["web"], "转人工"]]);
});

it("has something to erase while anything is left, and nothing is on hold", () => {
  const nothing = { conversations: 0, open: 0, held: 0, entries: 0, tickets: 0, files: 0 };
  const nobody = [{ id: "k_1", name: "", identities: [] }];
  expect([KEPT, HELD, { ...KEPT, counts: nothing }, { ...KEPT, counts: nothing, person: nobody }].map(mayErase)).toEqual([true, false, true, false]);
});

it("finds by words, and by a customer's id at once", async () => {
  const { desk, root } = await shown(KEPT, { "/v1/search?q=Ann": ok({ conversations: [card("c_2"), card("c_1")] }) });
  await type(root.querySelector("input[type=search]"), "Ann");
  await submit(root.querySelector("form[role=search]"));
  expect(root.querySelectorAll("[data-contact]")).toHaveLength(1);
  await click(root.querySelector("[data-contact]"));
  await settled();
  expect(desk.requests.at(-1)?.path).toBe("/v1/contacts/cus_1/kept");
  await desk.privacy.find(`k_${"0".repeat(26)}`);
  expect(desk.requests.at(-1)?.path).toBe(`/v1/contacts/k_${"0".repeat(26)}/kept`);
});

it("says what goes and what stays, and erases only whose name was typed", async () => {
  const { desk, root } = await shown(KEPT);
  await click(button(root, "Erase this customer"));
  const form = root.querySelector(".erase");
  for (const told of ["conversations: 2", "messages and events: 31", "tickets say (1)", "files (4)", "stars of ratings", "end at once: 1"]) expect(form?.textContent).toContain(told);
  const sure = button(root, "Erase for good");
  await type(form?.querySelector("input"), "An");
  expect(sure?.disabled).toBe(true);
  await submit(form); // Enter does no more than the button
  expect(bodies(desk, "/erase")).toEqual([]);
  await type(form?.querySelector("input"), " Ann ");
  expect(sure?.disabled).toBe(false);
  await submit(form);
  expect(bodies(desk, "/contacts/k_1/erase")).toHaveLength(1);
  expect(desk.state.notices.value.map(({ text }) => text)).toContain("The data of Ann is erased");
});

it("asks for a name as it can be typed, and for the id of who has none", async () => {
  for (const [name, typed] of [["Ann \u200b  Ｌee ", "ann"], ["Ann \u200b  Ｌee ", "Ann Lee"], [" ", "k_1"]] as const) {
    const { root } = await shown({ ...KEPT, name });
    await click(button(root, "Erase this customer"));
    await type(root.querySelector(".erase input"), typed);
    expect(button(root, "Erase for good")?.disabled).toBe(typed === "ann");
    leave();
  }
});

it("puts on hold for a case, says for which, and erases nobody until that is lifted", async () => {
  const { desk, root } = await shown(KEPT);
  await click(root.querySelector("[data-conversation=c_1] button"));
  await type(root.querySelector("[data-conversation=c_1] input"), "case-17");
  await submit(root.querySelector("[data-conversation=c_1] form"));
  expect(bodies(desk, "/conversations/c_1/hold")).toEqual([expect.objectContaining({ hold: true, reference: "case-17" })]);
  leave();

  const held = await shown(HELD);
  expect(held.root.querySelector("[data-conversation=c_1]")?.textContent).toContain("Put on hold by 林晓");
  expect(held.root.querySelector("[data-conversation=c_1]")?.textContent).toContain("case-17");
  expect([button(held.root, "Erase this customer"), held.root.textContent?.includes("Conversations on hold: 1")]).toEqual([undefined, true]);
  await click(button(held.root, "Lift the hold"));
  await type(held.root.querySelector("[data-conversation=c_1] input"), "case-18");
  await submit(held.root.querySelector("[data-conversation=c_1] form"));
  expect(bodies(held.desk, "/conversations/c_1/hold")).toEqual([expect.objectContaining({ hold: false, reference: "case-18" })]);
});

it("offers a copy of what is there, on hold or not, and none of nothing", async () => {
  const nothing = { conversations: 0, open: 0, held: 0, entries: 0, tickets: 0, files: 0 };
  for (const [kept, offered] of [[KEPT, true], [HELD, true], [{ ...KEPT, counts: nothing, person: [] }, false]] as const) {
    const { root } = await shown(kept);
    expect(button(root, "Export a copy") !== undefined).toBe(offered);
    leave();
  }
});

it("asks for the name again after a hold: what was typed before it counts no more", async () => {
  const { desk, root } = await shown(KEPT);
  await click(button(root, "Erase this customer"));
  await type(root.querySelector(".erase input"), "Ann");
  await act(() => void (desk.privacy.kept.value = HELD));
  await act(() => void (desk.privacy.kept.value = KEPT));
  expect([root.querySelector(".erase"), button(root, "Erase this customer") !== undefined]).toEqual([null, true]);
});

it("lists what was erased, with who asked for it", async () => {
  const { root } = await shown(KEPT);
  const line = root.querySelector("[data-job=j_1]")?.textContent ?? "";
  for (const told of ["a customer", "done", "Conversations 3, messages and events 7", "k_0"]) expect(line).toContain(told);
});

const EVE = { id: "k_9", name: "Eve", identities: [{ channel: "mail", external_id: "eve@x.example" }] };
const ALONE: KeptData = { ...KEPT, own: ["k_1"], merged: [{ id: "k_9", name: "Eve" }] };
const BOTH: KeptData = { ...ALONE, person: [...KEPT.person, EVE], counts: { ...KEPT.counts, entries: 99 } };
const box = (root: HTMLElement): HTMLInputElement => root.querySelector(".whose input") as HTMLInputElement;

it("shows and erases the customer himself, and whom an agent merged with him only when that was ticked", async () => {
  const { desk, root } = await shown(ALONE, { "/kept?merged=true": ok(BOTH) });
  expect([box(root).checked, root.querySelector(".whose .choice")?.textContent]).toEqual([false, expect.stringContaining("Eve")]);
  expect(root.querySelector(".facts")?.textContent).not.toContain("eve@x.example");
  await click(button(root, "Erase this customer"));
  await settled();
  expect(root.querySelector(".erase")?.textContent).toContain("What is not touched: Eve");
  await type(root.querySelector(".erase input"), "Ann");
  await submit(root.querySelector(".erase"));
  expect(bodies(desk, "/contacts/k_1/erase")).toEqual([expect.objectContaining({ merged: false, contacts: ["k_1"] })]);
  leave();

  const both = await shown(ALONE, { "/kept?merged=true": ok(BOTH) });
  await click(box(both.root));
  await settled();
  expect([box(both.root).checked, both.root.querySelector(".facts")?.textContent]).toEqual([true, expect.stringContaining("eve@x.example")]);
  const copied: unknown[] = [];
  both.desk.api.exportPerson = async (...asked) => {
    copied.push(asked);
    throw new ApiError(503, {}); // a download would leave the page of the test
  };
  await click(button(both.root, "Export a copy"));
  await settled();
  expect(copied).toEqual([["k_1", { merged: true, contacts: ["k_1", "k_9"] }]]);
  await click(button(both.root, "Erase this customer"));
  await settled();
  expect(both.root.querySelector(".erase")?.textContent).toContain("messages and events: 99");
  expect(both.root.querySelector(".erase")?.textContent).not.toContain("What is not touched");
  await type(both.root.querySelector(".erase input"), "Ann");
  await submit(both.root.querySelector(".erase"));
  expect(bodies(both.desk, "/contacts/k_1/erase")).toEqual([expect.objectContaining({ merged: true, contacts: ["k_1", "k_9"] })]);
});

it("leaves the choice as it was where that was not answered", async () => {
  const { root } = await shown(ALONE, { "/kept?merged=true": { status: 503, body: {} } });
  await click(box(root));
  await settled();
  expect([box(root).checked, root.querySelector(".page-failed") !== null]).toEqual([false, true]);
});

it("erases nobody who was not shown: refused, it reads anew, says so and asks for the name again", async () => {
  const refusal = { code: "conflict", message: "Who belongs to this customer is not what was shown: somebody was merged with him or parted from him since.", contacts: ["k_1", "k_2"] };
  const answers: Record<string, Answer> = { "/erase": { status: 409, body: { error: refusal } } };
  const { desk, root } = await shown(ALONE, answers);
  await click(button(root, "Erase this customer"));
  await settled();
  await type(root.querySelector(".erase input"), "Ann");
  desk.api.kept = async () => ({ ...ALONE, person: [...KEPT.person, { ...EVE, id: "k_2", name: "Ann's phone" }], own: ["k_1", "k_2"] });
  await submit(root.querySelector(".erase"));
  expect(desk.state.notices.value.map(({ text }) => text)).toEqual([expect.stringContaining("Nothing was done: an agent has just changed")]);
  expect(root.querySelector(".whose")?.textContent).toContain("Ann's phone");
  expect([root.querySelector<HTMLInputElement>(".erase input")?.value, button(root, "Erase for good")?.disabled]).toEqual(["", true]);
});

it("forgets what was typed when it is cancelled, reads anew what goes, and gives the keyboard back", async () => {
  const { desk, root } = await shown(KEPT);
  await click(button(root, "Erase this customer"));
  await settled();
  expect(document.activeElement).toBe(root.querySelector(".erase input"));
  await type(root.querySelector(".erase input"), "Ann");
  await act(() => void document.activeElement!.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true })));
  await settled();
  expect([root.querySelector(".erase"), document.activeElement?.textContent]).toEqual([null, "Erase this customer's data…"]);
  desk.api.kept = async () => ({ ...KEPT, counts: { ...KEPT.counts, entries: 32 } });
  await click(button(root, "Erase this customer"));
  await settled();
  expect([root.querySelector<HTMLInputElement>(".erase input")?.value, root.querySelector(".erase")?.textContent]).toEqual(["", expect.stringContaining("messages and events: 32")]);
});
