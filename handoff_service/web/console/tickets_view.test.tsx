import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { TicketView } from "./components/tickets/TicketView";
import { type Answer, ME, type Trial, trial } from "./fixtures";
import { click, mounted, settled } from "./mounted";
import type { LogLine, Ticket, WholeTicket } from "./tickets";

const TICKET: Ticket = {
  id: "t_1", number: "T261121-123456", type: "refund", subject: "退款没到", state: "open", priority: 3, tier: 1,
  conversation: "c_1", contact: "k_1", queue: "support", agent: null, fields: null, due_at: "2126-11-22T08:00:00.000Z",
  created_at: "2026-11-21T08:00:00Z", overdue: false, follow_up: null,
};
const line = (n: number, body: LogLine["body"]): LogLine =>
  ({ n, kind: "updated", audience: "internal", body, at: "2026-11-21T08:00:00Z", actor: { kind: "agent", id: "a_mia", name: "Mia" } });
const WHOLE: WholeTicket = { ticket: TICKET, contact: null, log: [], conversations: ["c_1"], files: [] };
const PHOTO = { id: "f_1", name: "box.png", type: "image/png", size: 3, audience: "public" } as const;
const NOTED = { id: "f_2", name: "bill.pdf", type: "application/pdf", size: 9, audience: "internal" } as const;

let desk: Trial;
let root: HTMLElement;
let leave = (): void => undefined;
beforeEach(() => {
  vi.spyOn(URL, "createObjectURL").mockReturnValue("blob:one");
  vi.spyOn(URL, "revokeObjectURL").mockReturnValue(undefined);
});
afterEach(() => {
  leave();
  desk.session.stop();
  vi.restoreAllMocks();
});

async function shown(whole: WholeTicket, answers: Record<string, Answer> = {}, permissions: string[] = ["tickets.read", "tickets.work"]): Promise<void> {
  const me = { ...ME, agent: { ...ME.agent, permissions }, tenant: { ...ME.tenant, ticket_types: ["message", "complaint", "refund", "order"] } };
  const list = { status: 200, body: { tickets: [], next: null } };
  desk = await trial({ "/v1/tickets?limit=50": list, "/v1/tickets/t_1": { status: 200, body: whole }, ...answers }, "zh", me);
  await desk.tickets.show("t_1");
  ({ root, leave } = await mounted(desk, <Shown />));
  await settled();
}
function Shown() {
  const open = desk.tickets.open.value;
  return open === null ? null : <TicketView key={open.ticket.id} whole={open} />;
}
const asked = (path: string) => desk.requests.filter((each) => each.path.startsWith(path) && each.body !== null).map(({ body }) => body);
const field = (name: string): HTMLInputElement =>
  [...root.querySelectorAll("label")].find((label) => label.textContent!.startsWith(name))!.querySelector<HTMLInputElement>("input, select")!;
const button = (name: string) => [...root.querySelectorAll("button")].find((each) => each.textContent === name);
const type = (into: HTMLElement, value: string, kind = "input") =>
  act(() => {
    (into as HTMLInputElement).value = value;
    into.dispatchEvent(new Event(kind, { bubbles: true }));
  });
async function submit(name: string): Promise<void> {
  await click(button(name));
  await settled();
}

describe("the files of a ticket", () => {
  it("are shown, pictures as pictures, with the way to each, and whom they are kept from", async () => {
    await shown({ ...WHOLE, files: [PHOTO, NOTED] });
    const files = root.querySelectorAll(".ticket-files li");
    expect(files[0]?.querySelector("img")?.alt).toBe("box.png");
    expect(files[0]?.textContent).not.toContain("仅内部可见");
    expect(files[1]?.querySelector("img")).toBe(null);
    expect(files[1]?.querySelector("a")?.getAttribute("href")).toBe("/v1/files/f_2");
    expect(files[1]?.textContent).toContain("仅内部可见");
  });

  it("get one more: uploaded to the ticket's conversation and named in the ticket", async () => {
    await shown(WHOLE, { "/v1/conversations/c_1/files?name=box.png": { status: 201, body: { file: PHOTO } } });
    expect(root.querySelector(".ticket-files")?.textContent).toContain("还没有附件");
    await choose(new File(["png"], "box.png", { type: "image/png" }));
    await settled();
    expect(asked("/v1/tickets/t_1/files")).toMatchObject([{ file: "f_1" }]);
    expect(desk.tickets.adding.value).toBe(null);
  });

  it("stay as they are when the upload is refused", async () => {
    const error = { code: "too_large", message: "The file is larger than 10 bytes.", retryable: false };
    await shown(WHOLE, { "/files?name=box.png": { status: 413, body: { error } } });
    await choose(new File(["png"], "box.png"));
    await settled();
    expect(asked("/v1/tickets/t_1/files")).toEqual([]);
    expect(desk.tickets.adding.value).toBe(null);
    expect(desk.state.notices.value.map(({ tone }) => tone)).toEqual(["bad"]);
  });

  it("get one more without any conversation, of a customer who has called", async () => {
    await shown({ ...WHOLE, contact: { id: "cus_1", name: "陈女士" }, conversations: [] }, { "/v1/tickets/t_1/upload?name=box.png": { status: 201, body: { file: PHOTO } } });
    await choose(new File(["png"], "box.png", { type: "image/png" }));
    await settled();
    expect(asked("/v1/tickets/t_1/files")).toMatchObject([{ file: "f_1" }]);
  });

  it("cannot be added where there is no customer, and by nobody who only reads", async () => {
    await shown({ ...WHOLE, contact: null, conversations: [] });
    expect(root.querySelector(".ticket-files input")).toBe(null);
    expect(root.querySelector(".ticket-files")?.textContent).toContain("没有客户");
    leave();
    await shown({ ...WHOLE, files: [PHOTO] }, {}, ["tickets.read"]);
    expect(root.querySelectorAll(".ticket-files li")).toHaveLength(1);
    expect(root.querySelector(".ticket-files input")).toBe(null);
  });
});

async function choose(file: File): Promise<void> {
  const input = root.querySelector(".ticket-files input")!;
  Object.defineProperty(input, "files", { value: [file] });
  await act(() => void input.dispatchEvent(new Event("change", { bubbles: true })));
}

describe("what is moved", () => {
  it("plans a message to the customer, or a task with what is to be done, and drops it", async () => {
    await shown({ ...WHOLE, ticket: { ...TICKET, follow_up: { kind: "task", text: "看看退款", at: "2126-01-02T03:04:00Z" } } });
    expect(root.querySelector(".planned")?.textContent).toContain("看看退款");
    await submit("取消跟进");
    expect(asked("/v1/tickets/t_1/follow-up")).toEqual([{ op_id: expect.any(String) }]);
    await type(field("时间"), "2126-03-04T05:06");
    await submit("安排跟进");
    const at = new Date("2126-03-04T05:06").toISOString();
    expect(asked("/v1/tickets/t_1/follow-up").at(-1)).toMatchObject({ kind: "message", at, text: "" });
    await type(field("方式"), "task", "change");
    expect(button("安排跟进")).toHaveProperty("disabled", true);
    await type(root.querySelector("[aria-label='到时要做什么']")!, "  打电话 ");
    await submit("安排跟进");
    expect(asked("/v1/tickets/t_1/follow-up").at(-1)).toMatchObject({ kind: "task", at, text: "打电话" });
  });

  it("asks nobody who cannot be asked, and not in the past", async () => {
    await shown({ ...WHOLE, conversations: [] });
    expect(field("方式").value).toBe("task");
    expect(root.querySelector("option[value=message]")).toHaveProperty("disabled", true);
    await type(root.querySelector("[aria-label='到时要做什么']")!, "打电话");
    expect(button("安排跟进")).toHaveProperty("disabled", false);
    await type(field("时间"), "2001-01-01T00:00");
    expect(button("安排跟进")).toHaveProperty("disabled", true);
  });

  it("has another due time, as long as it is not finished", async () => {
    await shown(WHOLE);
    expect(button("更改")).toHaveProperty("disabled", true);
    await type(field("到期时间"), "2126-12-01T10:00");
    await submit("更改");
    expect(asked("/v1/tickets/t_1/change")).toMatchObject([{ due_at: new Date("2126-12-01T10:00").toISOString() }]);
    leave();
    await shown({ ...WHOLE, ticket: { ...TICKET, state: "closed" } });
    expect(button("更改")).toBeUndefined();
    expect(button("拆分")).toBeUndefined();
  });

  it("splits off a second ticket with lines and conversations, and shows it", async () => {
    const second = { ...WHOLE, ticket: { ...TICKET, id: "t_2", subject: "换颜色" }, log: [line(1, { lines: [{ n: 2, text: "还想换颜色" }, { n: 3, text: "" }] })] };
    await shown({ ...WHOLE, conversations: ["c_1", "c_2"], log: [line(1, {}), line(2, { text: "还想换颜色" })] }, {
      "/v1/tickets/t_1/split": { status: 200, body: { ticket: "t_1", second: { ticket: "t_2" } } },
      "/v1/tickets/t_2": { status: 200, body: second },
    });
    expect([...root.querySelectorAll<HTMLOptionElement>("form[aria-label^=拆出] option")].map(({ value }) => value)).toEqual(["", "refund", "order"]);
    expect(button("拆分")).toHaveProperty("disabled", true);
    await type(field("主题"), "换颜色 ");
    await click(field("还想换颜色"));
    await click(field("会话 2"));
    await submit("拆分");
    await settled();
    expect(asked("/v1/tickets/t_1/split")).toMatchObject([{ subject: "换颜色", type: "refund", lines: [2], conversations: ["c_2"] }]);
    expect(root.querySelector("h2")?.textContent).toBe("换颜色");
    expect(root.querySelector(".ticket-log p")?.textContent).toBe("还想换颜色");
  });
});
