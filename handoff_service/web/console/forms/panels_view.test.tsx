import type { ComponentChild } from "preact";
import { act } from "preact/test-utils";
import { afterEach, describe, expect, it } from "vitest";
import { AdministrationPage } from "../components/administration/AdministrationPage";
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
    "/kinds": ok({ kinds: { telegram: { platform: "Telegram", servers: { api: ["token"] }, fields: { api: "Server", token: "Token (secret)" } } } }),
  };

  it("is changed in what is no secret, only in what is otherwise", async () => {
    const { desk, root } = await show(<ChannelsPanel />, answers, "integrations.manage");
    await click(button(root, "Edit"));
    expect([...root.querySelector("form")!.querySelectorAll("label")].map((each) => each.textContent)).toEqual(["Name", "Server"]);
    await type(labelled(root, "Name"), "Shop bot");
    await submit(root);
    expect(desk.requests.find(({ path }) => path.endsWith("/accounts/ch_1"))?.body).toEqual({ name: "Shop bot", fields: {} });
  });

  it("gives a server that is named anew its secrets again, and no server those that were typed for another one", async () => {
    const { desk, root } = await show(<ChannelsPanel />, answers, "integrations.manage");
    await click(button(root, "Edit"));
    await type(labelled(root, "Server"), "https://one.example");
    expect([labelled(root, "Token").required, root.querySelector("form [role=status]")?.textContent]).toEqual([true, "This server has not been shown these secrets yet: give them again."]);
    await type(labelled(root, "Token"), "for one");
    await type(labelled(root, "Server"), "https://two.example");
    expect(labelled(root, "Token").value).toBe("");
    await type(labelled(root, "Token"), "for two");
    await submit(root);
    expect(desk.requests.find(({ path }) => path.endsWith("/accounts/ch_1"))?.body).toEqual({ name: "Bot", fields: { api: "https://two.example", token: "for two" } });
  });

  it("asks for no secret when its server is the former one again", async () => {
    const { desk, root } = await show(<ChannelsPanel />, answers, "integrations.manage");
    await click(button(root, "Edit"));
    await type(labelled(root, "Server"), "https://one.example");
    await type(labelled(root, "Token"), "for one");
    await type(labelled(root, "Server"), "https://t.example");
    await submit(root);
    expect(desk.requests.find(({ path }) => path.endsWith("/accounts/ch_1"))?.body).toEqual({ name: "Bot", fields: {} });
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

describe("the access token of an account", () => {
  const account = (token_until: string | null) => ({
    id: "ch_1", channel: "douyin", name: "Shop", disabled: false, webhook: "https://x.example/w", options: {}, secrets: { access_token: 1 },
    health: { last_event_at: null, last_error: null, examined_at: null, token_until },
  });
  const answers = (token_until: string | null) => ({
    "/accounts": ok({ accounts: [account(token_until)] }), "/rotate": ok({ account: "ch_1" }),
    "/kinds": ok({ kinds: { douyin: { platform: "Douyin", fields: { access_token: "Token (secret)" }, token_ends: true } } }),
  });
  const inDays = (days: number) => new Date(Date.now() + days * 24 * 3600 * 1000).toISOString();

  it.each([[20, "hint", "is good until"], [4, "page-failed", "renew it before"], [-1, "page-failed", "nothing can be sent"]])(
    "that has %i days left is shown as it is",
    async (days, style, words) => {
      const { root } = await show(<ChannelsPanel />, answers(inDays(days)), "integrations.manage");
      expect([...root.querySelectorAll(`.accounts .${style}`)].some((each) => each.textContent?.includes(words))).toBe(true);
    },
  );

  it.each([[4, ["integrations.manage"], 1], [-1, ["integrations.manage"], 1], [20, ["integrations.manage"], 0], [4, [], 0]] as const)(
    "that has %i days left is told to %j, when he comes, %i times",
    async (days, permissions, times) => {
      const { desk } = await show(<p />, answers(inDays(days)), ...permissions);
      await desk.channels.warn();
      expect(desk.state.notices.value.filter(({ tone, text }) => tone === "bad" && text.startsWith("Shop: The access token"))).toHaveLength(times);
      expect(desk.requests.some(({ path }) => path.endsWith("/channels/accounts"))).toBe(permissions.length > 0);
    },
  );

  it("is given with its last day", async () => {
    const { desk, root } = await show(<ChannelsPanel />, answers(null), "integrations.manage");
    expect(root.querySelector(".accounts")?.textContent).not.toContain("access token");
    await click(button(root, "New secrets"));
    await type(labelled(root, "Token"), "act.new");
    await type(labelled(root, "Day on which"), "2026-12-22");
    await submit(root);
    const token_until = new Date("2026-12-22T00:00").toISOString();
    expect(desk.requests.find(({ path }) => path.endsWith("/rotate"))?.body).toEqual({ fields: { access_token: "act.new" }, token_until });
  });
});

describe("an access token that is renewed by itself", () => {
  const account = (days: number, refresh_is_last: boolean) => {
    const inDays = (after: number) => new Date(Date.now() + after * 24 * 3600 * 1000).toISOString();
    const health = { last_event_at: null, last_error: null, examined_at: null, token_until: inDays(12), refresh_until: inDays(days), refresh_is_last };
    return { id: "ch_1", channel: "douyin", name: "Shop", disabled: false, webhook: "https://x.example/w", options: {}, secrets: {}, health };
  };

  it.each([
    [2, false, "hint", "is renewed by itself", 0],
    [20, true, "hint", "until", 0],
    [4, true, "page-failed", "only until", 1],
    [-1, true, "page-failed", "is not renewed any more", 1],
  ] as const)("for %i days more, for the last time: %j", async (days, isLast, style, words, times) => {
    const answers = { "/accounts": ok({ accounts: [account(days, isLast)] }), "/kinds": ok({ kinds: {} }) };
    const { desk, root } = await show(<ChannelsPanel />, answers, "integrations.manage");
    expect([...root.querySelectorAll(`.accounts .${style}`)].some((each) => each.textContent?.includes(words))).toBe(true);
    await desk.channels.warn();
    expect(desk.state.notices.value.filter(({ tone, text }) => tone === "bad" && text.includes("authorise"))).toHaveLength(times);
  });
});

describe("what the doctor says", () => {
  it("is said in the language of the desk", async () => {
    const findings = [{ level: "warning", about: "events", words: "Nothing has come yet.", zh: "还没有收到过任何消息。" }, { level: "ok", about: "keys", words: "Of the former release." }];
    const answers = {
      "/examine": ok({ findings }), "/kinds": ok({ kinds: {} }),
      "/accounts": ok({ accounts: [{ id: "ch_1", channel: "x", name: "X", disabled: false, webhook: "w", health: { last_event_at: null, last_error: null, examined_at: null } }] }),
    };
    const { desk, root } = await show(<ChannelsPanel />, answers, "integrations.manage");
    await click(button(root, "Examine"));
    await settled();
    const said = () => [...root.querySelectorAll(".findings li")].map((each) => each.textContent);
    expect(said()).toEqual(["Nothing has come yet.", "Of the former release."]);
    await act(() => void (desk.state.language.value = "zh"));
    expect(said()).toEqual(["还没有收到过任何消息。", "Of the former release."]);
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

  it("begin with the languages of the company", async () => {
    const english = { ...answers, "/v1/admin/config": ok({ yaml: "", version: "v", document: { languages: ["en"] } }) };
    const { desk, root } = await show(<PeoplePanel />, english, "agents.manage");
    await type(labelled(root, "E-mail"), "wu@x.example");
    await type(labelled(root, "Name"), "Wu");
    expect([...root.querySelectorAll("form .chip")].map((each) => each.textContent)).toEqual(["English"]);
    await submit(root);
    expect(desk.requests.findLast(({ path }) => path.endsWith("/admin/agents"))).toMatchObject({ path: "/v1/admin/agents" });
    expect(desk.requests.find(({ body }) => body !== null && "email" in (body as object))?.body).toMatchObject({ name: "Wu", languages: ["en"] });
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

describe("settings", () => {
  const answers = { "/v1/admin/config": ok({ yaml: "", version: "v1", document: {} }), "/config/apply": ok({ version: "v2", changes: [] }) };
  const applied = ({ requests }: Trial): unknown => (requests.findLast(({ path }) => path.endsWith("/apply"))?.body as { yaml: string } | undefined)?.yaml;

  it("show accounts only to who may see them", async () => {
    const parts = (root: HTMLElement): unknown[] => [...root.querySelectorAll("[data-part]")].map((each) => each.getAttribute("data-part"));
    const { desk, root } = await show(<AdministrationPage />, answers, "settings.read", "canned.write");
    expect([parts(root)[0], root.querySelector("[aria-current=page]")?.getAttribute("data-part")]).toEqual(["queues", "queues"]);
    expect(desk.requests.some(({ path }) => path.endsWith("/admin/agents"))).toBe(false);
    leave();
    expect(parts((await show(<AdministrationPage />, answers, "settings.read", "agents.read")).root)).toContain("people");
  });

  it("store of the widget's look only what was tried out, and nothing over what somebody else has stored since", async () => {
    const desk = await trial(answers, "en");
    leave = () => desk.session.stop();
    await desk.forms.start();
    const theirs = { widget: { accent: "#aa0000", scheme: "light", voice: false } };
    const apply = (): Promise<boolean> => {
      desk.forms.document.value = theirs;
      return desk.forms.applyPart("widget", (before) => desk.administration.withTried(before));
    };
    desk.administration.tryLook({ accent: "#155eb0" }, { position: "start" });
    expect([await apply(), applied(desk)]).toEqual([true, '{"widget":{"voice":false,"accent":"#aa0000","position":"start","scheme":"light"}}']);
    desk.administration.tryLook({ accent: "#155eb0" }, { scheme: "dark" });
    expect([await apply(), await apply()]).toEqual([false, true]);
    expect(applied(desk)).toBe('{"widget":{"voice":false,"accent":"#aa0000","position":"start","scheme":"dark"}}');
  });
});
