import { act } from "preact/test-utils";
import { afterEach, expect, it } from "vitest";
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
    expect(button(root, "Export everything") !== undefined).toBe(offered);
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
