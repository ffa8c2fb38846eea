import { readFileSync } from "node:fs";
import { act } from "preact/test-utils";
import { afterEach, describe, expect, it } from "vitest";
import { SettingsPanel } from "../components/administration/SettingsPanel";
import { type Answer, type Trial, trial, whoMay } from "../fixtures";
import { click, mounted, settled } from "../mounted";
import { SECTIONS, type SectionId } from "./sections";
import type { Item } from "./values";

const DOCUMENT: Item = {
  queues: [{ id: "support", name: "Support", mode: "claim", hours: [{ days: ["mon"], from: "09:00", to: "24:00" }] }],
  calendars: { office: {} }, skills: [], agents: [{ email: "lin@x.example", name: "Lin", queues: ["support"] }],
};
const PROBLEMS = [
  { line: 1, column: 1, where: "queues.0.hours.0.from", message: "is no time" },
  { line: 1, column: 1, where: "queues.0", message: "queue support has `hours` and a `calendar`; move the hours" },
  { line: 1, column: 1, where: "agents", message: "lin must not" },
];
let leave = (): void => undefined;
afterEach(() => leave());

async function show(section: SectionId, answers: Record<string, Answer> = {}, ...permissions: string[]): Promise<{ desk: Trial; root: HTMLElement }> {
  const read: Answer = { status: 200, body: { yaml: "", version: "v1", document: DOCUMENT } };
  const desk = await trial({ "/v1/admin/config": read, "/kinds": { status: 200, body: { kinds: {} } }, ...answers }, "en", whoMay("conversations.read", ...permissions));
  const drawn = await mounted(desk, <SettingsPanel section={SECTIONS.find(({ id }) => id === section)!} />);
  leave = () => {
    drawn.leave();
    desk.session.stop();
  };
  await settled();
  return { desk, root: drawn.root };
}
const button = (root: HTMLElement, text: string): HTMLButtonElement | undefined => [...root.querySelectorAll("button")].find((each) => each.textContent === text);
const field = (root: HTMLElement, label: string): HTMLInputElement => {
  const found = [...root.querySelectorAll("label")].find((each) => each.textContent === label);
  return root.querySelector(`[id="${found?.htmlFor ?? ""}"]`) as HTMLInputElement;
};
const type = (input: HTMLInputElement, text: string) =>
  act(() => {
    input.value = text;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
const save = async (root: HTMLElement): Promise<void> => {
  await act(() => void root.querySelector("form")!.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true })));
  await settled();
};

describe("a queue in a form", () => {
  it("shows what is wrong beside its field, and the rest above", async () => {
    const refused: Answer = { status: 422, body: { error: { code: "bad_configuration", message: "", problems: PROBLEMS } } };
    const { root } = await show("queues", { "/config/apply": refused }, "settings.write");
    await click(root.querySelector(".things .link-row"));
    expect(field(root, "Id").readOnly).toBe(true);
    await type(field(root, "Name"), "Help");
    await save(root);
    const from = field(root, "From");
    expect([from.getAttribute("aria-invalid"), document.getElementById(from.getAttribute("aria-describedby")!)?.textContent]).toEqual(["true", "is no time"]);
    expect([...root.querySelectorAll(".problems li")].map((each) => each.textContent)).toEqual(["agents: lin must not", "It has hours of its own and a calendar; keep one of them."]);
    expect([field(root, "Name").value, field(root, "To").value]).toEqual(["Help", "00:00"]);
  });

  it("sends what was added, and takes nothing away that the form does not show", async () => {
    const { desk, root } = await show("queues", { "/config/apply": { status: 200, body: { version: "v2", changes: [] } }, "/v1/agents/me": { status: 200, body: { tenant: { id: "demo" } } } }, "settings.write");
    await click(root.querySelector(".things .link-row"));
    await click(root.querySelector("[aria-label='Add: E-mail when nobody looks at a waiting customer']"));
    await type(root.querySelector("input[type=email]") as HTMLInputElement, "boss@x.example");
    await type(field(root, "Time limit of an offer (seconds)"), "20");
    await save(root);
    const applied = desk.requests.find(({ path }) => path.endsWith("/apply"))?.body as { yaml: string };
    expect(JSON.parse(applied.yaml)).toEqual({ queues: [{ ...(DOCUMENT["queues"] as Item[])[0], alert_mail: ["boss@x.example"], accept_s: 20 }] });
  });

  it("is deleted only when that was asked twice, after saying who uses it", async () => {
    const { desk, root } = await show("queues", {}, "settings.write");
    await click(root.querySelector(".things .link-row"));
    await click(button(root, "Delete"));
    expect(root.querySelector("[role=alertdialog]")?.textContent).toContain("Used by: Lin.");
    expect(desk.requests.some(({ path }) => path.endsWith("/apply"))).toBe(false);
    await click(button(root, "Delete for good"));
    await settled();
    expect(desk.requests.some(({ path }) => path.endsWith("/apply"))).toBe(true);
  });

  it("is only shown to who may not change it", async () => {
    const { root } = await show("queues", {}, "canned.write");
    await click(root.querySelector(".things .link-row"));
    expect([button(root, "New"), button(root, "Save"), field(root, "Name").readOnly]).toEqual([undefined, undefined, true]);
  });
});

it("a canned reply gets its variables where the cursor is", async () => {
  const { desk, root } = await show("canned_replies", {}, "canned.write");
  await click(button(root, "New"));
  const text = field(root, "English") as unknown as HTMLTextAreaElement;
  await type(text as unknown as HTMLInputElement, "Dear !");
  text.setSelectionRange(5, 5);
  const customer = [...root.querySelectorAll("button")].filter((each) => each.textContent === "customer's name");
  await click(customer[1]);
  expect(desk.forms.edited.value.get("canned_replies/+")?.now).toMatchObject({ en: "Dear {customer}!" });
  expect(root.querySelector(".sample")?.textContent).toBe("Reads: Dear Ms Chen!");
  await type(text as unknown as HTMLInputElement, "{agent}, {{as it is}} {nobody}");
  expect(root.querySelector(".sample")?.textContent).toBe("Reads: 林晓, {as it is} {nobody}");
});

describe("fields of the shop", () => {
  const about = (document: Item): Record<string, Answer> => ({ "/v1/admin/config": { status: 200, body: { yaml: "", version: "v1", document } } });
  const nowOf = (desk: Trial, name: string): Item | undefined => desk.forms.edited.value.get(name)?.now;

  it("show the types of tickets that apply while nobody has set any, and keep them when one is added", async () => {
    const { desk, root } = await show("rules", about({ desk: {}, tickets: {}, promises: {}, capacity: {} }), "settings.write");
    const usual = /types: tuple.* = \((.*)\)/.exec(readFileSync(`${import.meta.dirname}/../../../tickets/settings.py`, "utf8"))![1]!.split(", ").map((each) => each.replaceAll('"', ""));
    const lines = () => [...root.querySelectorAll<HTMLInputElement>("input[aria-label^='Types']")].map(({ value }) => value);
    expect(lines()).toEqual(usual);
    await click(root.querySelector("[aria-label='Add: Types that agents can open']"));
    await type([...root.querySelectorAll<HTMLInputElement>("input[aria-label^='Types']")].at(-1)!, "repair");
    expect(nowOf(desk, "rules/rules")).toMatchObject({ tickets: { types: [...usual, "repair"] } });
  });

  it("leave the first language the first one", async () => {
    const { desk, root } = await show("general", about({ languages: ["en"] }), "settings.write");
    await act(() => [...root.querySelectorAll<HTMLLabelElement>("label.chip")].find((each) => each.textContent === "Chinese")!.querySelector("input")!.click());
    expect(nowOf(desk, "general/general")?.["languages"]).toEqual(["en", "zh"]);
  });

  it("store of an allowed address what browsers send of it, when it is written", async () => {
    const { desk, root } = await show("general", about({ allowed_origins: ["https://a.example"] }), "settings.write");
    const input = root.querySelector<HTMLInputElement>("input[type=url]")!;
    await type(input, "https://Shop.example:8443/");
    expect(input.value).toBe("https://Shop.example:8443/");
    await act(() => void input.dispatchEvent(new Event("change", { bubbles: true })));
    expect(nowOf(desk, "general/general")?.["allowed_origins"]).toEqual(["https://shop.example:8443"]);
  });

  it("leave a number as it is being written", async () => {
    const { desk, root } = await show("sla", about({ sla: [{ first_reply_min: 5 }] }), "settings.write");
    await click(root.querySelector(".things .link-row"));
    const input = root.querySelector<HTMLInputElement>("input[step=any]")!;
    await type(input, "1.0");
    expect([input.value, [...desk.forms.edited.value.values()][0]?.now]).toEqual(["1.0", { first_reply_min: 1 }]);
    await type(input, "1.05");
    expect([...desk.forms.edited.value.values()][0]?.now).toEqual({ first_reply_min: 1.05 });
  });
});
