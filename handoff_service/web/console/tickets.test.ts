import { describe, expect, it } from "vitest";
import { trial } from "./fixtures";
import { deedsOf, hundredths, money, type Ticket, TICKET_STATES, words } from "./tickets";

const ticket = (change: Partial<Ticket> = {}): Ticket => ({
  id: "t_1", number: "T261121-123456", type: "refund", subject: "Where is my refund", state: "open", priority: 3, tier: 1,
  conversation: "c_1", contact: "k_1", queue: "support", agent: null, fields: null, due_at: "2026-11-22T08:00:00Z",
  created_at: "2026-11-21T08:00:00Z", overdue: false, ...change,
});
const whole = { ticket: ticket(), contact: null, log: [], conversations: ["c_1"] };

describe("a ticket", () => {
  it("offers something to do in every state, and nothing on a mere promise", () => {
    for (const state of TICKET_STATES) expect(deedsOf(ticket({ state })).length).toBeGreaterThan(0);
    expect(deedsOf(ticket({ number: null }))).toEqual([]);
  });

  it("shows only words of its log", () => {
    expect(words({ text: "Called him", conversation: "c_1" })).toBe("Called him");
    expect(words({ to: "open" })).toBe("");
  });
});

describe("amounts", () => {
  it.each([["12", 1200], ["12.5", 1250], ["12,34", 1234], ["0.05", 5], ["", null], ["1.234", null], ["-3", null], ["x", null]])(
    "%s → %s", (typed, value) => expect(hundredths(typed)).toBe(value),
  );
  it("are written with two places", () => expect(money(1205)).toBe("12.05"));
});

describe("the board", () => {
  it("shows what became of the open ticket after a command, also after a refusal", async () => {
    const desk = await trial({
      "/v1/tickets?limit=50": { status: 200, body: { tickets: [ticket()], next: null } },
      "/v1/tickets/t_1": { status: 200, body: whole },
      "/take": { status: 409, body: { error: { code: "already_taken", message: "Mia has this ticket." } } },
    });
    await desk.tickets.start();
    await desk.tickets.show("t_1");
    const before = desk.requests.length;
    expect(await desk.tickets.command("take")).toBe(false);
    expect(desk.requests.slice(before).map((each) => each.path)).toEqual(["/v1/tickets/t_1/take", "/v1/tickets/t_1"]);
    expect(await desk.tickets.command("wait")).toBe(true);
    expect(desk.requests.at(-1)?.path).toBe("/v1/tickets?limit=50");
  });

  it("asks for what the filter says", async () => {
    const desk = await trial({ "/v1/tickets": { status: 200, body: { tickets: [], next: null } } });
    await desk.tickets.search({ whose: "me", state: "waiting", type: "refund", text: "鞋" });
    const asked = new URL(desk.requests.at(-1)?.path ?? "", "http://x").searchParams;
    expect(Object.fromEntries(asked)).toEqual({ owner: "me", state: "waiting", type: "refund", text: "鞋", limit: "50" });
  });
});
