import { type ComponentChild, render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, describe, expect, it } from "vitest";
import { blank, type Kept } from "./articles";
import { Offer } from "./components/CardItem";
import { ArticleForm } from "./components/articles/ArticleForm";
import { ArticlesPage } from "./components/articles/ArticlesPage";
import { TagsView } from "./components/TagsView";
import { ComplaintView } from "./components/tickets/ComplaintView";
import { TicketForm } from "./components/tickets/TicketForm";
import { WallPage } from "./components/wall/WallPage";
import { WorkplaceContext } from "./components/workplace";
import { type Answer, card, LIN, type Trial, trial } from "./fixtures";

let desk: Trial;
const root = document.createElement("div");
document.body.append(root);
afterEach(() => {
  render(null, root);
  desk.session.stop();
});

async function begin(permissions: string[], answers: Record<string, Answer> = {}): Promise<void> {
  desk = await trial(answers, "en");
  const { me } = desk.state;
  const tags = [{ id: "vip", zh: "贵宾", en: "Valued" }, { id: "late", zh: "晚到", en: "Late" }];
  me.value = {
    ...me.value, agent: { ...me.value.agent, permissions },
    tenant: { ...me.value.tenant, tags, ticket_types: ["message", "refund"] },
  };
}
const show = (what: ComponentChild) =>
  act(() => render(<WorkplaceContext.Provider value={desk}>{what}</WorkplaceContext.Provider>, root));
const button = (text: string): HTMLButtonElement => {
  const found = [...root.querySelectorAll("button")].find((each) => each.textContent === text);
  if (found === undefined) throw new Error(`no button ${text}`);
  return found;
};
/** Presses a button and lets what it started come to its end. */
const press = (text: string) =>
  act(async () => {
    button(text).click();
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
  });
const type = (selector: string, text: string) =>
  act(() => {
    const field = root.querySelector<HTMLInputElement>(selector) as HTMLInputElement;
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new Event("change", { bubbles: true }));
  });

const KEPT: Kept = {
  article: { ...blank("en", "lin", new Date("2026-11-21T08:00:00Z")), id: "parking", title: "Parking", answer: "No." },
  state: "draft", revision: 3, served: null, changed_by: LIN.id, changed_at: null,
};

describe("the form of an article", () => {
  it("offers no step over unsaved words, and asks before it deletes", async () => {
    await begin(["knowledge.decide"], { "/v1/knowledge/articles/parking/en": { status: 200, body: KEPT }, "/history": { status: 200, body: { history: [] } } });
    desk.articles.open.value = KEPT;
    await show(<ArticleForm kept={KEPT} />);
    expect(button("Publish").disabled).toBe(false);
    await type("textarea[required]", "Yes.");
    expect([button("Publish").disabled, button("Delete").disabled]).toEqual([true, true]);
    await press("Discard changes");
    expect(root.querySelector<HTMLTextAreaElement>("textarea[required]")?.value).toBe("No.");
    await press("Delete");
    expect(desk.requests.some(({ path }) => path.endsWith("/delete"))).toBe(false);
    await press("Delete for good");
    expect(desk.requests.find(({ path }) => path.endsWith("/delete"))?.body).toMatchObject({ revision: 3 });
  });
});

describe("the further fields of an article", () => {
  const more = { ...KEPT, article: { ...KEPT.article, category: "service", facts: [{ name: "hotline", kind: "phone" as const, value: "400-820-6178" }] } };
  const stored = (): unknown => desk.requests.findLast(({ path, body }) => path.endsWith("/parking/en") && body !== null)?.body;

  it("are typed into the form, and what is emptied is no field any more", async () => {
    await begin(["knowledge.draft"], { "/v1/knowledge/articles/parking/en": { status: 200, body: more }, "/history": { status: 200, body: { history: [] } } });
    desk.articles.open.value = more;
    await show(<ArticleForm kept={more} />);
    const labelled = (text: string) => `[aria-label="${text}"]`;
    await type(labelled("Value"), "400-820-6179");
    await type(".article-more label:first-of-type textarea", "No parking.");
    const products = [...root.querySelectorAll(".article-more label")].find((each) => each.textContent?.startsWith("Codes"))?.querySelector("input");
    await act(() => {
      if (products == null) throw new Error("no field for products");
      products.value = "garage, garage，ticket";
      products.dispatchEvent(new Event("input", { bubbles: true }));
    });
    await press("Save draft");
    expect(stored()).toMatchObject({ article: {
      short: "No parking.", products: ["garage", "ticket"], facts: [{ name: "hotline", kind: "phone", value: "400-820-6179" }],
    } });
    await press("Remove hotline");
    await type(".article-more label:first-of-type textarea", "");
    await press("Save draft");
    const { article } = stored() as { article: Record<string, unknown> };
    expect([article["facts"], article["short"]]).toEqual([undefined, undefined]);
  });
});

it.each([[0, false], [3, true]])("offers a new article where articles are written here (revision %i)", async (revision, offered) => {
  await begin([], { "/v1/knowledge/articles?limit=50": { status: 200, body: { articles: [{ ...KEPT, revision }], after: null } }, "/tasks": { status: 200, body: { tasks: [] } }, "/categories": { status: 200, body: { categories: [] } } });
  await show(<ArticlesPage />);
  await act(() => desk.articles.start());
  expect([...root.querySelectorAll("button")].some((each) => each.textContent === "New article")).toBe(offered);
  expect(root.textContent?.includes("kept in files under git")).toBe(!offered);
});

describe("the tags of a conversation", () => {
  it("are picked by name and kept by id, beside typed ones", async () => {
    await begin([]);
    await show(<TagsView card={card("c_1", { tags: ["vip"] })} />);
    expect(root.textContent).toContain("Valued");
    await press("Edit");
    await press("Late");
    await type("input", `${root.querySelector("input")?.value ?? ""}, own`);
    await press("Save");
    expect(desk.requests.find(({ path }) => path.endsWith("/tags"))?.body).toMatchObject({ tags: ["vip", "late", "own"] });
  });
});

describe("a ticket of the open conversation", () => {
  it("needs a subject and a type, and belongs to the conversation", async () => {
    await begin([], {
      "/v1/tickets": { status: 200, body: { ticket: "t_1" } },
      "/v1/tickets/t_1": { status: 200, body: { ticket: { id: "t_1" }, contact: null, log: [], conversations: ["c_1"] } },
    });
    desk.state.current.value = "c_1";
    await show(<TicketForm />);
    expect([...root.querySelectorAll("option")].map((each) => each.value)).toEqual(["", "refund"]);
    await press("Open a ticket");
    expect(root.querySelector("[role=alert]")?.textContent).toContain("pick a type");
    await type("#ticket-subject", "Refund");
    await type("#ticket-type", "refund");
    await press("Open a ticket");
    const made = desk.requests.find(({ path, body }) => path === "/v1/tickets" && body !== null);
    expect(made?.body).toMatchObject({ subject: "Refund", type: "refund", conversation: "c_1" });
  });
});

describe("remedies of a complaint", () => {
  const complaint = {
    category: "product", cause: null, threat: null, wanted: "", checklist: [], complete: true, currency: "CNY",
    remedies: [{ id: "r_1", kind: "refund", amount: 500, note: "", state: "proposed", proposed_by: LIN }],
  };

  it("can be taken back by who proposed them, by nobody who may only read", async () => {
    await begin(["complaints.work", "complaints.decide"]);
    await show(<ComplaintView complaint={complaint} ticket="t_1" />);
    expect([...root.querySelectorAll("li button")].map((each) => each.textContent)).toEqual(["Take back"]);
    render(null, root);
    await begin(["complaints.read"]);
    await show(<ComplaintView complaint={complaint} ticket="t_1" />);
    expect(root.querySelectorAll("li button")).toHaveLength(0);
  });
});

it("the wall says why somebody is away", async () => {
  const people = [{ ...LIN, status: "online", open: 2, capacity: 5 }, { id: "a_mia", name: "Mia", status: "away", open: 0, capacity: 5, reason: "lunch" }];
  const body = { at: "2026-11-21T08:00:00Z", queues: [], bot: 0, mailbox: 0, agents: people, upset: [], overdue: [] };
  const none = { status: 200, body: { clocks: [], promises: [] } };
  await begin(["conversations.supervise"], { "/v1/wall": { status: 200, body }, "box=late": none, "box=overdue": none });
  await show(<WallPage />);
  await act(async () => { for (let turn = 0; turn < 10; turn += 1) await Promise.resolve(); });
  expect([...root.querySelectorAll(".people li")].map((line) => line.textContent)).toEqual(["林晓Online2/5", "MiaAway · lunch0/5"]);
});

it("an offer says that no page of the customer answers, for screen readers too", async () => {
  await begin(["conversations.answer"]);
  const before = new Date(desk.state.now.value - 11_000).toISOString();
  const offer = { agent: LIN, deadline: new Date(desk.state.now.value + 20_000).toISOString() };
  for (const [has, told] of [[5, ""], [4, "The customer's page does not answer; it may be closed"]] as const) {
    await show(<Offer card={card("c_1", { offer, last_seq: 5, customer_has: has, updated_at: before })} />);
    expect(root.querySelector(".offer [role=status]")?.textContent).toBe(told);
  }
});
