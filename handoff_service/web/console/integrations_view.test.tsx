import { act } from "preact/test-utils";
import { afterEach, describe, expect, it } from "vitest";
import { AdministrationPage } from "./components/administration/AdministrationPage";
import { KeysPanel } from "./components/administration/KeysPanel";
import { WebhooksPanel } from "./components/administration/WebhooksPanel";
import { type Answer, type Trial, trial, whoMay } from "./fixtures";
import type { SettingsPart } from "./forms/sections";
import { click, mounted, settled } from "./mounted";
import type { ComponentChild } from "preact";

let leave = (): void => undefined;
afterEach(() => leave());
const ok = (body: object): Answer => ({ status: 200, body });
const AT = "2026-11-22T08:00:00Z";

async function show(what: ComponentChild, answers: Record<string, Answer>, ...permissions: string[]): Promise<{ desk: Trial; root: HTMLElement }> {
  const desk = await trial(answers, "en", whoMay("conversations.read", ...permissions));
  const drawn = await mounted(desk, what);
  leave = () => {
    drawn.leave();
    desk.session.stop();
  };
  await settled();
  return { desk, root: drawn.root };
}
const button = (root: HTMLElement, text: string): HTMLButtonElement | undefined => [...root.querySelectorAll("button")].find((each) => each.textContent?.startsWith(text));
const asked = (desk: Trial, end: string): unknown[] => desk.requests.filter(({ path }) => path.endsWith(end)).map(({ body }) => body);
const press = async (root: HTMLElement, text: string): Promise<void> => {
  await click(button(root, text));
  await settled();
};
const type = (input: Element | null | undefined, text: string) =>
  act(() => {
    (input as HTMLInputElement).value = text;
    input!.dispatchEvent(new Event("input", { bubbles: true }));
  });
const tick = (root: HTMLElement, text: string) => click([...root.querySelectorAll(".chip")].find((each) => each.textContent === text)?.querySelector("input"));
const submit = async (form: Element | null | undefined): Promise<void> => {
  await act(() => void form!.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true })));
  await settled();
};

describe("the parts of the settings", () => {
  const parts = async (...permissions: string[]): Promise<SettingsPart[]> => {
    const { root } = await show(<AdministrationPage />, {}, "settings.read", ...permissions);
    return [...root.querySelectorAll<HTMLElement>("[data-part]")].map(({ dataset }) => dataset["part"] as SettingsPart);
  };

  it("are those that one's role may see", async () => {
    const mine = ["webhooks", "keys", "privacy", "people"] as const;
    const seen = async (...permissions: string[]): Promise<string[]> => (await parts(...permissions)).filter((part) => mine.includes(part as never));
    expect(await seen()).toEqual([]);
    leave();
    expect(await seen("integrations.manage")).toEqual(["webhooks", "keys"]);
    leave();
    expect(await seen("privacy.execute", "agents.read")).toEqual(["people", "privacy"]);
  });
});

describe("webhooks", () => {
  const HOOK = {
    id: "wh_1", url: "https://crm.example/tandem", description: "CRM", events: ["ticket.changed"], disabled: false, waiting: 0, sent: 3, dead: 2,
    secrets: 1, delivered_at: AT, last_error: { message: "msg_2", error: "crm.example answered 500", at: AT },
  };
  const dead = (id: string) => ({
    id, webhook: "wh_1", subject: "c_1", event: "ticket.changed", state: "dead", attempts: 10, error: "crm.example answered 500",
    body: { type: "ticket.changed", data: { ticket: "t_1" } }, created_at: AT, next_at: AT, ended_at: AT,
  });
  const answers = (change: object = {}): Record<string, Answer> => ({
    "/v1/admin/webhooks": ok({ webhooks: [{ ...HOOK, ...change }], events: ["conversation.closed", "ticket.changed"] }),
    "state=dead&limit=20": ok({ messages: [dead("msg_2"), dead("msg_1")], cursor: null }),
    "/messages/msg_2": ok({ ...dead("msg_2"), log: [{ n: 1, at: AT, took_ms: 12, status: 500, error: "crm.example answered 500" }] }),
    "webhook=wh_1&limit=20": ok({ messages: [{ ...dead("msg_2"), state: "sent", error: null }], cursor: null }),
    "/replay": ok({ replayed: 2 }),
    "/rotate": ok({ id: "wh_1", secret: "whsec_north-star" }),
  });

  it("tell how it goes, and what failed with every attempt", async () => {
    const { root } = await show(<WebhooksPanel />, answers(), "integrations.manage");
    const line = root.querySelector(".accounts > li")?.textContent ?? "";
    for (const told of ["CRM", "https://crm.example/tandem", "Ticket changed", "2 not delivered", "Last delivered:", "crm.example answered 500"]) expect(line).toContain(told);
    await press(root, "Deliveries");
    expect(root.querySelectorAll("[data-delivery]")).toHaveLength(2);
    await click(root.querySelector("[data-delivery=msg_2] .link-row"));
    await settled();
    const log = root.querySelector("[data-delivery=msg_2] .delivery-log")?.textContent ?? "";
    for (const told of ["Attempt 1", "crm.example answered 500", "12 ms", '"ticket": "t_1"', "msg_2"]) expect(log).toContain(told);
  });

  it("are told again what they did not take, one or all, and show what becomes of it", async () => {
    const { desk, root } = await show(<WebhooksPanel />, answers(), "integrations.manage");
    await press(root, "Deliveries");
    await click([...root.querySelectorAll("[data-delivery=msg_2] button")].at(-1));
    await settled();
    expect(asked(desk, "/v1/admin/webhooks/messages/msg_2/replay")).toHaveLength(1);
    expect(root.querySelector("[data-delivery=msg_2] .badge")?.textContent).toBe("Delivered");
    await press(root, "Send all again that were not delivered (2)");
    expect(asked(desk, "/v1/admin/webhooks/wh_1/replay")).toHaveLength(1);
    expect(desk.state.notices.value.map(({ text }) => text)).toContain("Being sent again: 2");
  });

  it("are added with what they want to know; the secret is shown once", async () => {
    const made = { ...answers(), "/v1/admin/webhooks": ok({ webhooks: [], events: ["conversation.closed", "ticket.changed"], secret: "whsec_once" }) };
    const { desk, root } = await show(<WebhooksPanel />, made, "integrations.manage");
    await type(root.querySelector("input[type=url]"), "https://crm.example/tandem");
    await tick(root, "Conversation closed");
    await submit(root.querySelector("form"));
    expect(asked(desk, "/v1/admin/webhooks").filter(Boolean)).toEqual([{ url: "https://crm.example/tandem", description: "", events: ["conversation.closed"] }]);
    expect(root.querySelector(".drawn")?.textContent).toContain("whsec_once");
    expect(root.querySelector<HTMLInputElement>("input[type=url]")?.value).toBe("");
    await press(root, "Noted");
    expect(root.textContent).not.toContain("whsec_once");
  });

  it("get a new secret beside the old one, which ends when somebody says that the receiver knows the new one", async () => {
    const { desk, root } = await show(<WebhooksPanel />, answers(), "integrations.manage");
    await press(root, "New secret");
    expect(root.querySelector(".drawn")?.textContent).toContain("whsec_north-star");
    leave();
    const later = await show(<WebhooksPanel />, answers({ secrets: 2 }), "integrations.manage");
    await press(later.root, "End the old secret");
    expect(asked(later.desk, "/finish-rotation")).toEqual([]);
    await press(later.root, "It does");
    expect([asked(desk, "/rotate").length, asked(later.desk, "/finish-rotation").length]).toEqual([1, 1]);
  });

  it("get another secret when the new one was lost, once one is sure; the one that is shown is noted first", async () => {
    const { desk, root } = await show(<WebhooksPanel />, answers({ secrets: 2 }), "integrations.manage");
    await press(root, "New secret");
    expect([asked(desk, "/rotate").length, root.querySelector("[role=alertdialog]")?.textContent]).toEqual([0, expect.stringContaining("the oldest one still does")]);
    await press(root, "Draw another one");
    expect([asked(desk, "/rotate").length, root.querySelector(".drawn")?.textContent]).toEqual([1, expect.stringContaining("whsec_north-star")]);
    await press(root, "New secret");
    await press(root, "Draw another one");
    expect(asked(desk, "/rotate")).toHaveLength(1);
    expect(desk.state.notices.value.at(-1)?.text).toContain("Press “Noted” there first");
  });

  it("say so when a secret was drawn and lost on the way", async () => {
    const lost = { ...answers(), "/rotate": ok({ id: "wh_1", secret: null }) };
    const { desk, root } = await show(<WebhooksPanel />, lost, "integrations.manage");
    await press(root, "New secret");
    expect([root.querySelector(".drawn"), desk.state.notices.value.at(-1)?.text]).toEqual([null, expect.stringContaining("Draw a new one")]);
  });

  it("are made once, however often one presses Enter, and drawn whatever their address is", async () => {
    const { desk, root } = await show(<WebhooksPanel />, answers({ url: "https://ex%zz.example/x", description: "" }), "integrations.manage");
    expect(root.querySelector(".accounts > li strong")?.textContent).toBe("https://ex%zz.example/x");
    await type(root.querySelector("input[type=url]"), "https://crm.example/tandem");
    const form = root.querySelector("form");
    await act(() => {
      for (let n = 0; n < 2; n += 1) form!.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
    });
    await settled();
    expect(asked(desk, "/v1/admin/webhooks").filter(Boolean)).toHaveLength(1);
  });

  it("give the keyboard back: to the button after Escape, to what is left after the deed", async () => {
    const { root } = await show(<WebhooksPanel />, answers({ secrets: 2 }), "integrations.manage");
    await press(root, "Delete");
    await act(() => void document.activeElement!.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true })));
    await settled();
    expect([root.querySelector("[role=alertdialog]"), document.activeElement?.textContent]).toEqual([null, "Delete"]);
    await press(root, "New secret");
    await press(root, "Draw another one");
    expect(root.querySelector("[role=alert] code")).toBeNull(); // nobody reads a secret aloud
    expect(document.activeElement?.textContent).toBe("New secret");
    await settled();
    button(root, "Noted")!.focus();
    await press(root, "Noted");
    await settled();
    expect(document.activeElement?.tagName).toBe("H2");
  });

  it("are switched off, and deleted only when one is sure", async () => {
    const { desk, root } = await show(<WebhooksPanel />, answers(), "integrations.manage");
    await press(root, "Switch off");
    expect(asked(desk, "/v1/admin/webhooks/wh_1")).toEqual([{ disabled: true }]);
    await press(root, "Delete");
    expect(document.activeElement?.textContent).toBe("Cancel");
    await press(root, "Cancel");
    expect(asked(desk, "/remove")).toEqual([]);
    await press(root, "Delete");
    await press(root, "Delete for good");
    expect(asked(desk, "/remove")).toHaveLength(1);
  });

  it("of a gateway of the release before, which tells less, are shown all the same", async () => {
    const { secrets: _s, delivered_at: _d, last_error: _l, ...former } = HOOK;
    const { root } = await show(<WebhooksPanel />, { "/v1/admin/webhooks": ok({ webhooks: [former] }) }, "integrations.manage");
    expect(root.querySelector(".accounts > li")?.textContent).toContain("Nothing delivered lately");
  });
});

describe("API keys", () => {
  const KEY = { id: "key_1", name: "crm", permissions: ["tickets.read", "conversations.answer", "made.up"], created_by: "agent:a_lin", created_at: AT, last_used_at: null as string | null, revoked_at: null as string | null };
  const answers = (...keys: object[]): Record<string, Answer> => ({
    "/v1/admin/api-keys": ok({ ...KEY, keys, permissions: ["conversations.read", "tickets.read"], key: "tdm.demo.once" }),
  });

  it("tell whose they are, what they open, who made them and when they were used", async () => {
    const { root } = await show(<KeysPanel />, answers(KEY, { ...KEY, id: "key_2", last_used_at: AT }), "integrations.manage");
    const lines = [...root.querySelectorAll("[data-key]")].map((each) => each.textContent ?? "");
    for (const told of ["crm", "Read tickets", "Write internal notes", "made.up", "Never used", "Made by 林晓"]) expect(lines[0]).toContain(told);
    expect(lines[1]).toContain("Last used:");
  });

  it("are made with what is ticked, at least one thing, and shown once", async () => {
    const { desk, root } = await show(<KeysPanel />, answers(), "integrations.manage");
    expect([root.textContent?.includes("No keys yet."), root.querySelector<HTMLButtonElement>("form .primary")?.disabled]).toEqual([true, true]);
    await type(root.querySelector("form input"), "crm");
    await tick(root, "Read tickets");
    await submit(root.querySelector("form"));
    expect(asked(desk, "/v1/admin/api-keys").filter(Boolean)).toEqual([{ name: "crm", permissions: ["tickets.read"] }]);
    expect(root.querySelector(".drawn")?.textContent).toContain("tdm.demo.once");
    await press(root, "Noted");
    expect(root.textContent).not.toContain("tdm.demo.once");
  });

  it("are made once, however often one presses Enter; the one that is shown is noted first", async () => {
    const { desk, root } = await show(<KeysPanel />, answers(), "integrations.manage");
    await type(root.querySelector("form input"), "crm");
    await tick(root, "Read tickets");
    const form = root.querySelector("form");
    await act(() => {
      for (let n = 0; n < 2; n += 1) form!.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
    });
    await settled();
    expect(asked(desk, "/v1/admin/api-keys").filter(Boolean)).toHaveLength(1);
    expect(await desk.apiKeys.add("other", ["tickets.read"])).toBe(false);
    expect(asked(desk, "/v1/admin/api-keys").filter(Boolean)).toHaveLength(1);
  });

  it("get one successor, and are revoked only when one is sure", async () => {
    const { desk, root } = await show(<KeysPanel />, answers(KEY), "integrations.manage");
    await press(root, "Make its successor");
    expect(asked(desk, "/key_1/rotate")).toHaveLength(1);
    await press(root, "Revoke");
    await press(root, "Cancel");
    expect(asked(desk, "/revoke")).toEqual([]);
    await press(root, "Revoke");
    await press(root, "Revoke now");
    expect(asked(desk, "/key_1/revoke")).toHaveLength(1);
    leave();
    const two = await show(<KeysPanel />, answers(KEY, { ...KEY, id: "key_2" }, { ...KEY, id: "key_3", revoked_at: AT }), "integrations.manage");
    expect(button(two.root, "Make its successor")).toBeUndefined();
    expect(two.root.querySelector("details [data-key=key_3]")?.textContent).toContain("revoked");
    expect(two.root.querySelector("details button")).toBeNull();
  });
});
