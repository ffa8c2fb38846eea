import { afterEach, describe, expect, it } from "vitest";
import { ReportsPage } from "./components/reports/ReportsPage";
import { type Answer, type Trial, trial, whoMay } from "./fixtures";
import { mounted, settled } from "./mounted";
import { byRule, byWeek, hoursOfWork, type HourNeed, isShort, type Staffing, week } from "./reports";
import { viewFor, VIEWS } from "./views";

const need = (weekday: number, hour: number, change: Partial<HourNeed> = {}): HourNeed => ({
  weekday, hour, came: 12.5, most: 20, agents: 3, open: true, on_shift: 2, ...change,
});
const STAFFING: Staffing = {
  queue: "support", since: "2026-10-05", level: { share: 0.8, within_s: 60 }, service_s: 420, came: [90, 110, 95, 130],
  hours: [need(0, 9), need(4, 11, { agents: 1, on_shift: 2 })],
};
const SIGNALS = {
  signals: [
    { day: "2026-11-01", signal: "unsure", rule: "margin", outcome: "stayed with the bot", count: 3 },
    { day: "2026-11-02", signal: "unsure", rule: "margin", outcome: "solved", count: 2 },
    { day: "2026-11-02", signal: "asked", rule: "asks for a person", outcome: "solved", count: 4 },
  ],
  totals: { asked: { seen: 4, handed_over: 4 }, unsure: { seen: 5, handed_over: 2 } },
};
const KEPT = [{ queue: "support", clock: "first_reply", running: 1, met: 95, missed: 5, kept_share: 0.95 }];
const row = (n: number): object => ({ n, at: "2026-11-02T09:30:00.000Z", actor: "agent:a_lin", action: "hold", subject: `c_${n}` });
const ANSWERS: Record<string, Answer> = {
  "/v1/staffing?queue=support&weeks=4": { status: 200, body: STAFFING },
  "/v1/staffing?queue=support&weeks=12": { status: 200, body: { ...STAFFING, came: [1, 2] } },
  "/v1/sla?box=ended&days=14&limit=1": { status: 200, body: { clocks: [], kept: KEPT } },
  "/api/reports/signals?days=30": { status: 200, body: SIGNALS },
  "/v1/admin/audit?limit=50": { status: 200, body: { rows: Array.from({ length: 50 }, (_, place) => row(60 - place)) } },
  "/v1/admin/audit?limit=50&before=11": { status: 200, body: { rows: [row(10)] } },
};

describe("figures", () => {
  it("shows the hours from the first to the last in which anybody came, a column for each day", () => {
    const lines = week(STAFFING);
    expect(lines.map(({ hour }) => hour)).toEqual([9, 10, 11]);
    expect(lines[0]!.days.map((one) => one?.agents ?? null)).toEqual([3, null, null, null, null, null, null]);
    expect(lines[2]!.days[4]?.agents).toBe(1);
    expect(week({ hours: [] })).toEqual([]);
  });

  it("tells where the roster is short, and adds up what is needed and planned", () => {
    expect(STAFFING.hours.map(isShort)).toEqual([true, false]);
    expect(isShort(need(0, 9, { on_shift: null }))).toBe(false);
    expect(isShort(need(0, 3, { open: false, on_shift: 0 }))).toBe(false);
    expect(hoursOfWork({ hours: [need(0, 3, { open: false, on_shift: 0 })] })).toEqual({ needed: 0, planned: 0 });
    expect(hoursOfWork(STAFFING)).toEqual({ needed: 4, planned: 4 });
    expect(hoursOfWork({ hours: [need(0, 9, { on_shift: null })] })).toEqual({ needed: 3, planned: null });
    expect(hoursOfWork({ hours: [need(0, 9), need(0, 3, { open: false })] })).toEqual({ needed: 3, planned: 2 });
  });

  it("counts weeks from their Mondays and rules over all days", () => {
    expect(byWeek(STAFFING).map(({ monday, came }) => [monday.getDate(), came])).toEqual([[5, 90], [12, 110], [19, 95], [26, 130]]);
    expect(byRule(SIGNALS)).toEqual([
      { signal: "unsure", rule: "margin", seen: 5, handed_over: 2 },
      { signal: "asked", rule: "asks for a person", seen: 4, handed_over: 4 },
    ]);
  });
});

describe("the page of reports", () => {
  let leave = (): void => undefined;
  let desk: Trial;
  afterEach(() => {
    leave();
    desk.session.stop();
  });

  async function shown(...permissions: string[]): Promise<HTMLElement> {
    desk = await trial(ANSWERS, "en", whoMay(...permissions));
    const found = await mounted(desk, <ReportsPage />);
    leave = found.leave;
    await settled();
    return found.root;
  }

  it("is where an analyst begins, who reads no conversations", async () => {
    await shown("reports.read", "settings.read", "agents.read");
    expect(viewFor(desk.state, "desk")).toBe("reports");
    expect(VIEWS.find(({ view }) => view === "reports")?.needs).toBe("reports.read");
  });

  it("shows who is needed beside who is there, what was kept and what the bot noticed", async () => {
    const root = await shown("reports.read");
    const cells = [...root.querySelectorAll(".hours td")].map((cell) => cell.textContent);
    expect(cells[0]).toBe("3 / 2 too few12.5");
    expect(cells.filter((text) => text?.includes("too few"))).toHaveLength(1);
    expect(root.textContent).toContain("130 customers");
    expect(root.textContent).toContain("95%");
    expect(root.textContent).toContain("5, of which 2 handed over");
    expect(root.textContent).not.toContain("Audit");
    expect(desk.requests.some(({ path }) => path.includes("/audit"))).toBe(false);
    const weeks = root.querySelectorAll("select")[1]!;
    weeks.value = "12";
    weeks.dispatchEvent(new Event("change", { bubbles: true }));
    await settled();
    expect(root.textContent).toContain("2 customers");
  });

  it("shows the audit to who may read it, page by page", async () => {
    const root = await shown("reports.read", "audit.read");
    const rows = (): number => root.querySelectorAll("section[aria-labelledby=audit-title] tbody tr").length;
    expect(rows()).toBe(50);
    [...root.querySelectorAll("button")].find((one) => one.textContent === "More")!.click();
    await settled();
    expect(rows()).toBe(51);
    expect([...root.querySelectorAll("button")].some((one) => one.textContent === "More")).toBe(false);
  });

  it("says why it shows nothing", async () => {
    desk = await trial({ ...ANSWERS, "/v1/staffing?queue=support&weeks=4": { status: 503, body: { error: { code: "unavailable" } } } }, "en", whoMay("reports.read"));
    const found = await mounted(desk, <ReportsPage />);
    leave = found.leave;
    await settled();
    expect(found.root.querySelector("[role=alert]")).not.toBeNull();
  });
});
