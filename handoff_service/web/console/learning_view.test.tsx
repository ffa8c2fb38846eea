import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ArticlesPage } from "./components/articles/ArticlesPage";
import { type Answer, ME, type Trial, trial } from "./fixtures";
import type { Gap, LearnedDraft, Replay } from "./learning";
import { click, mounted, settled } from "./mounted";

const GAP: Gap = {
  id: "g_1", title: "Can I pay in two parts?", count: 12, conversations: 9, last_7_days: 7, before_7_days: 1, trend: "rising",
  why: { abstained: 4, handed_off: 8 },
  examples: [{ text: "Can I pay in two parts?", language: "en", conversation: "c_1", question: 3, count: 10 }],
  replies: [{ conversation: "c_2", question: 5 }],
  nearest: { article: "instalments", language: "en", title: "Paying by instalments", probability: 0.3 }, extends: null,
};
const DRAFT: LearnedDraft = {
  id: "draft_1", state: "open", article: "learned-1", language: "en", title: "Can I pay in two parts?", category: "payment",
  questions: [{ text: "Can I pay in two parts?" }], answer: "Yes, by card.", extends: false,
  provenance: { conversation: "c_2", question: 5, entry: 7, agent: "a_lin", at: "2026-11-20T08:00:00Z" },
  created_by: "a_lin", created_at: "2026-11-21T08:00:00Z", accepted: {},
};
const REPLAY: Replay = {
  past: { asked: 40, now_answered: 9, no_longer_answered: 1 }, golden: 139, blocking: ["k_1"], seconds: 1.5,
  changes: [{
    key: "k_1", worse: true, source: "golden", text: "How do instalments work?", language: "en",
    before: { action: "answer", articles: ["instalments"] }, after: { action: "clarify", articles: ["learned-1", "instalments"] },
  }],
};
const ok = (body: object): Answer => ({ status: 200, body });
const DECIDER = { ...ME, agent: { ...ME.agent, permissions: ["conversations.read", "knowledge.draft", "knowledge.decide"] } };

let desk: Trial;
let root: HTMLElement;
let leave = (): void => undefined;
const ANSWERS: Record<string, Answer> = {
  "/v1/knowledge/articles?limit=50": ok({ articles: [], after: null }),
  "/v1/knowledge/tasks": ok({ tasks: [] }),
  "/v1/knowledge/categories": ok({ categories: [] }),
  "/v1/knowledge/gaps?days=90": ok({ gaps: [GAP] }),
  "/v1/knowledge/drafts?state=open": ok({ drafts: [DRAFT] }),
  "/v1/knowledge/golden": ok({ golden: [] }),
  "/v1/knowledge/drafts": ok(DRAFT),
  "/v1/knowledge/drafts/draft_1/replay": ok(REPLAY),
  "/v1/knowledge/drafts/draft_1/accept": ok({ ...DRAFT, accepted: { k_1: { by: "a_lin" } } }),
  "/v1/knowledge/drafts/draft_1/publish": ok({ ...DRAFT, state: "published", placed: { published: false, path: "/var/proposals/learned-1.md" } }),
};

async function show(me = DECIDER, answers: Record<string, Answer> = {}): Promise<void> {
  desk = await trial({ ...answers, ...ANSWERS, ...answers }, "en", me);
  ({ root, leave } = await mounted(desk, <ArticlesPage />));
  await settled();
}
const button = (text: string): HTMLButtonElement | undefined => [...root.querySelectorAll("button")].find((each) => each.textContent === text);
const press = async (text: string): Promise<void> => {
  await click(button(text));
  await settled();
};
const sent = (end: string): unknown => desk.requests.find(({ path, body }) => path.endsWith(end) && body !== null)?.body;

beforeEach(() => localStorage.clear());
afterEach(() => {
  leave();
  desk.session.stop();
});

describe("a gap", () => {
  it("tells how often, its trend and why, and its agent's answer becomes a draft with provenance", async () => {
    await show();
    const line = root.querySelector(".gaps li")?.textContent ?? "";
    for (const part of ["12 × asked", "conversations: 9", "rising", "last 7 days: 7, the 7 before: 1", "handed to a person 8", "Paying by instalments"]) expect(line).toContain(part);
    expect(line.indexOf("handed to a person")).toBeLessThan(line.indexOf("the bot did not answer"));
    await press("Make an article of the agent's answer");
    expect(sent("/v1/knowledge/drafts")).toEqual({ conversation: "c_2", question: 5, gap: "g_1" });
    const form = root.querySelector<HTMLElement>("form.article-form");
    expect(form?.textContent).toContain("林晓 answered a customer this way on");
    expect(form?.querySelector<HTMLTextAreaElement>("textarea[required]")?.value).toBe("Yes, by card.");
  });

  it("is added to the article that has the answer", async () => {
    await show();
    await press("Add these questions to article Paying by instalments");
    expect(sent("/v1/knowledge/drafts")).toEqual({ conversation: "c_1", question: 3, gap: "g_1", extends: "instalments" });
  });

  it("that nobody answered is written from its questions", async () => {
    await show(DECIDER, { "/v1/knowledge/gaps?days=90": ok({ gaps: [{ ...GAP, replies: [] }] }) });
    expect(button("Make an article of the agent's answer")).toBeUndefined();
    await press("Write an article");
    expect(root.querySelector<HTMLTextAreaElement>(".article-form textarea")?.value).toBe("Can I pay in two parts?");
  });

  it("list that cannot be read says why, and is asked for again", async () => {
    await show(DECIDER, { "/v1/knowledge/gaps?days=90": { status: 503, body: { error: { code: "unavailable", message: "away" } } } });
    expect(root.querySelector(".gaps [role=alert]")?.textContent).toContain("not available");
    const before = desk.requests.length;
    await click(root.querySelector(".gaps [role=alert] button"));
    await settled();
    expect(desk.requests.length).toBeGreaterThan(before);
  });
});

describe("a draft", () => {
  const opened = async (me = DECIDER, answers: Record<string, Answer> = {}): Promise<void> => {
    await show(me, answers);
    await click(root.querySelector("section[aria-label='Drafts to decide on'] .link-row"));
  };

  it("whose replay makes a golden question worse is published only after somebody accepts that", async () => {
    await opened();
    await press("Replay");
    const found = root.querySelector(".found-out")?.textContent ?? "";
    expect(found).toContain("40 past questions and 139 golden");
    expect(found).toContain("Newly answered: 9, no longer answered: 1");
    expect(found).toContain("Worse: How do instalments work? (golden question) answer: instalments → ask back: learned-1, instalments");
    expect(button("Publish")?.disabled).toBe(true);
    await press("Accept these changes");
    expect(sent("/accept")).toEqual({ changes: ["k_1"] });
    expect(root.querySelector(".found-out")?.textContent).toContain("Worse (accepted)");
    await press("Publish");
    expect(sent("/publish")).toEqual({});
    expect(root.querySelector("section[aria-label='Drafts to decide on'] [role=status]")?.textContent).toContain("/var/proposals/learned-1.md");
  });

  it("that the server will not publish shows what got worse", async () => {
    await opened(DECIDER, { "/v1/knowledge/drafts/draft_1/publish": { status: 409, body: { error: { code: "conflict", message: "gets worse" } } } });
    await press("Publish");
    expect(root.querySelector(".found-out")?.textContent).toContain("Worse:");
  });

  it("is replayed by every agent and decided by who may", async () => {
    await opened({ ...ME, agent: { ...ME.agent, permissions: ["conversations.read", "knowledge.draft"] } });
    expect([button("Publish"), button("Discard the draft")]).toEqual([undefined, undefined]);
    await press("Replay");
    expect(button("Accept these changes")).toBeUndefined();
  });

  it("is saved before it is replayed or published", async () => {
    await opened(DECIDER, { "/v1/knowledge/drafts/draft_1": ok({ ...DRAFT, answer: "Yes." }) });
    const answer = root.querySelector<HTMLTextAreaElement>(".article-form textarea[required]") as HTMLTextAreaElement;
    await act(() => {
      answer.value = "Yes.";
      answer.dispatchEvent(new Event("input", { bubbles: true }));
    });
    expect([button("Replay")?.disabled, button("Publish")?.disabled]).toEqual([true, true]);
    await press("Save draft");
    expect(sent("/v1/knowledge/drafts/draft_1")).toMatchObject({ answer: "Yes.", article: "learned-1" });
    expect(button("Replay")?.disabled).toBe(false);
  });
});

it("a golden question is added and taken away", async () => {
  const golden = { key: "q_1", text: "Is tea sold?", article: null, language: "en" };
  await show(DECIDER, { "/v1/knowledge/golden": ok({ golden: [golden] }) });
  const panel = root.querySelector("section[aria-label='Golden questions']");
  expect(panel?.textContent).toContain("not to be answered");
  await press("Remove");
  expect(sent("/q_1/drop")).toEqual({});
});
