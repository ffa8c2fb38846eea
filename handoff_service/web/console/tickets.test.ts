import { describe, expect, it } from "vitest";
import { LIN, MIA, trial } from "./fixtures";
import { deedsOf, handTypes, hundredths, money, type Remedy, remedyDeeds, type Ticket, TICKET_STATES, words } from "./tickets";

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

  it("is not opened by hand as a promise to answer", () => expect(handTypes(["message", "refund"])).toEqual(["refund"]));

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

const remedy = (state: string): Remedy => ({ id: "r_1", kind: "refund", amount: 500, note: "", state, proposed_by: LIN });

describe("a remedy", () => {
  it("is decided by others, and taken back by who proposed it", () => {
    expect(remedyDeeds(remedy("proposed"), LIN.id, true)).toEqual(["withdraw"]);
    expect(remedyDeeds(remedy("proposed"), MIA.id, true)).toEqual(["approve", "refuse"]);
    expect(remedyDeeds(remedy("proposed"), MIA.id, false)).toEqual([]);
    expect(remedyDeeds(remedy("approved"), MIA.id, false)).toEqual(["done"]);
    expect(remedyDeeds(remedy("done"), LIN.id, true)).toEqual([]);
  });
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

  it("does not go back to a ticket that was left while its command ran", async () => {
    const desk = await trial({
      "/v1/tickets/t_1": { status: 200, body: whole },
      "/v1/tickets/t_2": { status: 200, body: { ...whole, ticket: ticket({ id: "t_2" }) } },
    });
    await desk.tickets.show("t_1");
    const command = desk.tickets.command("take");
    await desk.tickets.show("t_2");
    await command;
    expect(desk.tickets.open.value?.ticket.id).toBe("t_2");
    const late = desk.tickets.show("t_1");
    desk.tickets.leave();
    await late;
    expect(desk.tickets.open.value).toBe(null);
  });

  it("keeps what is written in each ticket until it was said", async () => {
    const desk = await trial({ "/v1/tickets/t_1": { status: 200, body: whole }, "/update": { status: 503, body: {} } });
    await desk.tickets.show("t_1");
    desk.tickets.write("t_1", { text: "Called him", audience: "public" });
    desk.tickets.leave();
    await desk.tickets.show("t_1");
    expect(await desk.tickets.say()).toBe(false);
    expect(desk.tickets.wordsOf("t_1")).toEqual({ text: "Called him", audience: "public" });
    expect(desk.tickets.wordsOf("t_2").text).toBe("");
    expect(desk.requests.find(({ path }) => path.endsWith("/update"))?.body).toMatchObject({ text: "Called him", audience: "public" });
  });

  it("takes an own proposal back by refusing it", async () => {
    const desk = await trial({ "/v1/tickets/t_1": { status: 200, body: whole } });
    await desk.tickets.show("t_1");
    await desk.tickets.onRemedy(remedy("proposed"), "withdraw");
    expect(desk.requests.some(({ path }) => path === "/v1/complaints/t_1/remedies/r_1/refuse")).toBe(true);
  });

  it("asks for what the filter says", async () => {
    const desk = await trial({ "/v1/tickets": { status: 200, body: { tickets: [], next: null } } });
    await desk.tickets.search({ whose: "me", state: "waiting", type: "refund", text: "鞋" });
    const asked = new URL(desk.requests.at(-1)?.path ?? "", "http://x").searchParams;
    expect(Object.fromEntries(asked)).toEqual({ owner: "me", state: "waiting", type: "refund", text: "鞋", limit: "50" });
  });
});
