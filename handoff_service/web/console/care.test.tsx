import { act } from "preact/test-utils";
import type { ConversationDetail } from "../shared/protocol";
import { afterEach, expect, it } from "vitest";
import { CareView } from "./components/CareView";
import { ContactView } from "./components/ContactView";
import { type Answer, card, LIN, ME, MIA, type Trial, trial } from "./fixtures";
import { click, mounted, settled } from "./mounted";

let desk: Trial;
let root: HTMLElement;
let leave = (): void => undefined;
afterEach(() => {
  leave();
  desk.session.stop();
});
async function show(answer: Answer, ...permissions: string[]): Promise<void> {
  const colleagues = [{ ...MIA, status: "online", open: 0, capacity: 5 }] as typeof ME.colleagues;
  desk = await trial({ "/care": answer }, "en", { ...ME, agent: { ...ME.agent, permissions }, colleagues });
  ({ root, leave } = await mounted(desk, <CareView contact="cus_1" />));
  await settled();
}
const SET: Answer = { status: 200, body: { agent: MIA.id, name: MIA.name, classes: 1 } };

it("tells an agent whose customer somebody is, and nothing where nothing is set", async () => {
  await show(SET);
  expect([root.textContent, root.querySelector("select")]).toEqual(["Customer of Mia · Comes before others", null]);
  leave();
  await show({ status: 200, body: { agent: null, name: null, classes: 0 } });
  expect(root.textContent).toBe("");
  leave();
  await show({ status: 404, body: { error: { code: "not_found", message: "No." } } }, "conversations.supervise");
  expect([root.textContent, desk.state.notices.value]).toEqual(["", []]);
});

it("lets a supervisor set both, each beside the other", async () => {
  await show(SET, "conversations.read", "conversations.supervise");
  const [whose, classes] = [...root.querySelectorAll("select")];
  expect([whose?.value, classes?.value]).toEqual([MIA.id, "1"]);
  await act(() => {
    whose!.value = LIN.id;
    whose!.dispatchEvent(new Event("change", { bubbles: true }));
  });
  await act(() => {
    classes!.value = "3";
    classes!.dispatchEvent(new Event("change", { bubbles: true }));
  });
  const sent = desk.requests.filter(({ path, body }) => path === "/v1/contacts/cus_1/care" && body !== null).map(({ body }) => body);
  expect(sent).toMatchObject([{ agent: LIN.id, classes: 1 }, { agent: LIN.id, classes: 3 }]);
});

it("takes down the name of who has not signed in, and of nobody else", async () => {
  const contact = { id: "cus_1", name: "访客 7", verified: false, identities: [] };
  const detail = (change: object): ConversationDetail => ({ card: card("c_1"), contact: { ...contact, ...change }, handoffs: [] }) as ConversationDetail;
  desk = await trial({}, "en");
  ({ root, leave } = await mounted(desk, <ContactView detail={detail({})} />));
  await click(root.querySelector("[aria-label='Change the name 访客 7']"));
  const field = root.querySelector<HTMLInputElement>(".contact-name input")!;
  await act(() => {
    field.value = " 陈女士 ";
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
  await act(() => void root.querySelector(".contact-name")!.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true })));
  await settled();
  expect(desk.requests.find(({ path }) => path.endsWith("/name"))).toMatchObject({ path: "/v1/contacts/cus_1/name", body: { name: "陈女士" } });
  leave();
  ({ root, leave } = await mounted(desk, <ContactView detail={detail({ verified: true })} />));
  expect(root.querySelector("[aria-label^='Change the name']")).toBeNull();
});
