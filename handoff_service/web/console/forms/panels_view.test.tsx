import type { ComponentChild } from "preact";
import { act } from "preact/test-utils";
import { afterEach, describe, expect, it } from "vitest";
import { ChannelsPanel } from "../components/administration/ChannelsPanel";
import { PeoplePanel } from "../components/administration/PeoplePanel";
import { type Answer, type Trial, trial, whoMay } from "../fixtures";
import { click, mounted, settled } from "../mounted";

let leave = (): void => undefined;
afterEach(() => leave());
const ok = (body: object): Answer => ({ status: 200, body });

async function show(what: ComponentChild, answers: Record<string, Answer>, ...permissions: string[]): Promise<{ desk: Trial; root: HTMLElement }> {
  const desk = await trial(answers, "en", whoMay("conversations.read", ...permissions));
  await desk.administration.start();
  const drawn = await mounted(desk, what);
  leave = () => {
    drawn.leave();
    desk.session.stop();
  };
  await settled();
  return { desk, root: drawn.root };
}
const button = (root: HTMLElement, text: string): HTMLButtonElement | undefined => [...root.querySelectorAll("button")].find((each) => each.textContent === text);
const labelled = (root: HTMLElement, text: string): HTMLInputElement =>
  [...root.querySelectorAll("label")].find((each) => each.textContent?.startsWith(text))!.querySelector("input") as HTMLInputElement;
const type = (input: HTMLInputElement, text: string) =>
  act(() => {
    input.value = text;
    input.dispatchEvent(new Event("input", { bubbles: true }));
  });
const submit = async (root: HTMLElement): Promise<void> => {
  await act(() => void root.querySelector("form")!.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true })));
  await settled();
};

describe("an account of a channel", () => {
  const ACCOUNT = {
    id: "ch_1", channel: "telegram", name: "Bot", disabled: false, webhook: "https://x.example/w", options: { api: "https://t.example" },
    secrets: { token: 2 }, health: { last_event_at: null, last_error: null, examined_at: null },
  };
  const answers = {
    "/accounts": ok({ accounts: [ACCOUNT] }), "/rotate": ok({ account: "ch_1", token: "north-star" }),
    "/kinds": ok({ kinds: { telegram: { platform: "Telegram", fields: { api: "Server", token: "Token (secret)" } } } }),
  };

  it("is changed in what is no secret, only in what is otherwise", async () => {
    const { desk, root } = await show(<ChannelsPanel />, answers, "integrations.manage");
    await click(button(root, "Edit"));
    expect([...root.querySelector("form")!.querySelectorAll("label")].map((each) => each.textContent)).toEqual(["Name", "Server"]);
    await type(labelled(root, "Name"), "Shop bot");
    await submit(root);
    expect(desk.requests.find(({ path }) => path.endsWith("/accounts/ch_1"))?.body).toEqual({ name: "Shop bot", fields: {} });
  });

  it("gets new secrets, those that were made are shown once, and ends the old ones", async () => {
    const { desk, root } = await show(<ChannelsPanel />, answers, "integrations.manage");
    await click(button(root, "New secrets"));
    await submit(root);
    expect(desk.requests.find(({ path }) => path.endsWith("/rotate"))?.body).toEqual({ fields: {} });
    expect(root.querySelector(".drawn")?.textContent).toContain("north-star");
    await click(button(root, "End the old secrets"));
    expect(desk.requests.some(({ path }) => path.endsWith("/finish-rotation"))).toBe(true);
  });
});

describe("accounts of people", () => {
  const LIN = { id: "a_1", email: "l@x.example", name: "Lin", role: "agent", languages: ["zh"], queues: ["support"], capacity: 5, skills: { billing: 2 }, disabled: false, status: "online", open: 0 };
  const answers = {
    "/v1/admin/agents": ok({ agents: [LIN] }), "/v1/admin/roles": ok({ roles: { agent: ["tickets.read"], owner: ["tickets.read", "agents.manage"] } }),
    "/v1/admin/config": ok({ yaml: "", version: "v", document: { skills: [{ id: "billing", zh: "账单", en: "Billing" }, { id: "tech", zh: "技术", en: "Tech" }] } }),
  };

  it("have names, languages and levels of the skills that the company lists", async () => {
    const { desk, root } = await show(<PeoplePanel />, answers, "agents.manage");
    await click(button(root, "Edit"));
    await type(labelled(root, "Tech"), "4");
    await type(labelled(root, "Billing"), "");
    await act(() => labelled(root, "English").click());
    await submit(root);
    expect(desk.requests.find(({ path }) => path.endsWith("/agents/a_1"))?.body).toEqual({ languages: ["zh", "en"], skills: { tech: 4 } });
  });

  it("are sent only what was changed here, though the account is another one by now", async () => {
    const { desk, root } = await show(<PeoplePanel />, answers, "agents.manage");
    await click(button(root, "Edit"));
    const people = desk.administration.people;
    await act(() => void (people.value = people.value!.map((each) => ({ ...each, capacity: 9, queues: ["support", "vip"] }))));
    await type(labelled(root, "Name"), "Lin Xia");
    await submit(root);
    expect(desk.requests.find(({ path }) => path.endsWith("/agents/a_1"))?.body).toEqual({ name: "Lin Xia" });
  });

  it("say what each role may do, in words", async () => {
    const { root } = await show(<PeoplePanel />, answers);
    await act(() => {
      const table = root.querySelector<HTMLDetailsElement>(".roles")!;
      table.open = true;
      table.dispatchEvent(new Event("toggle"));
    });
    await settled();
    const rows = [...root.querySelectorAll(".roles tbody tr")].map((row) => [row.querySelector("th")?.textContent, row.querySelectorAll("[role=img]").length]);
    expect(rows).toEqual([["Read tickets", 2], ["Manage accounts", 1]]);
  });
});
