import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, expect, it } from "vitest";
import type { StateBody, StateEntry } from "../shared/protocol";
import { StateLine } from "./components/EntryRows";
import { WorkplaceContext } from "./components/workplace";
import { owner, type Trial, trial } from "./fixtures";

let desk: Trial;
const root = document.createElement("div");
afterEach(() => {
  render(null, root);
  desk.session.stop();
});

async function line(body: StateBody, ...language: ["en"?]): Promise<string> {
  desk = await trial({}, ...language);
  const entry: StateEntry = {
    seq: 4, mid: "m_4", kind: "state", audience: "public", author: { kind: "system" }, client_id: null, epoch: 2,
    at: "2026-11-21T08:00:00Z", body,
  };
  await act(() => render(<WorkplaceContext.Provider value={desk}><StateLine entry={entry} lit={false} /></WorkplaceContext.Provider>, root));
  return root.textContent ?? "";
}
const due_at = new Date(2026, 10, 24, 7, 11).toISOString();

it("tells until when the customer was promised a reply, whatever led to the mailbox", async () => {
  expect(await line({ event: "leave_message", to: owner("mailbox"), due_at })).toContain("客户改为留言承诺 11月24日 07:11 前回复");
  desk.session.stop();
  expect(await line({ event: "asked", to: owner("mailbox"), due_at }, "en")).toContain("promised by 24 Nov, 07:11");
});

it.each([{}, { due_at: null }, { due_at: "soon" }])("promises nothing with %j", async (extra) => {
  expect(await line({ event: "closing_time", to: owner("mailbox"), ...extra })).not.toContain("承诺");
});

it("calls a slow bot a first handoff", async () => {
  expect(await line({ event: "reply_timeout", to: owner("queue") })).toContain("机器人未及时回复，转人工");
});

it("tells why somebody escalated", async () => {
  expect(await line({ event: "escalate", to: owner("queue"), reason: "要赔偿，超出我的权限" })).toContain("要赔偿，超出我的权限");
});
