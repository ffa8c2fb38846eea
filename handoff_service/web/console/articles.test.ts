import { describe, expect, it } from "vitest";
import { actionOf, type ArticleFields, blank, isChanged, linesOf } from "./articles";
import { type Trial, trial } from "./fixtures";

const kept = (revision: number, answer: string) => ({
  article: { ...blank("en", "returns", new Date("2026-11-21T08:00:00Z")), id: "parking", title: "Parking", answer },
  state: "draft", revision, served: null, changed_by: "a_lin", changed_at: "2026-11-21T08:00:00Z",
});
const page = { articles: [kept(1, "No.")], after: null };
const ANSWERS = {
  "/v1/knowledge/articles?limit=50": { status: 200, body: page },
  "/v1/knowledge/articles/parking/en": { status: 200, body: kept(1, "No.") },
  "/history": { status: 200, body: { history: [] } },
};

/** Types into the form of the open article. */
function write({ articles }: Trial, change: Partial<ArticleFields>): void {
  const open = articles.open.value;
  if (open === null) throw new Error("nothing is open");
  articles.write(open, { fields: { ...articles.draftOf(open).fields, ...change } as ArticleFields });
}

describe("the editor of articles", () => {
  it("starts a new article with a year until it is looked at again", () => {
    expect(blank("zh", "张三", new Date("2026-11-21T08:00:00Z"))).toMatchObject({
      valid_from: "2026-11-21", review_by: "2027-11-21", audience: "public", owner: "张三",
    });
    expect(linesOf(" 有停车场吗 \n\n停车\n停车")).toEqual(["有停车场吗", "停车"]);
  });

  it("names a category in the agent's language, also one below another, and one without a title by its path", async () => {
    const child = { path: "account/email", titles: { zh: "邮箱", en: "E-mail" }, children: [] };
    const categories = [{ path: "account", titles: { zh: "账号", en: "Account" }, children: [child] }];
    const { articles } = await trial({ ...ANSWERS, "/v1/knowledge/categories": { status: 200, body: { categories } } });
    expect(articles.categoryName("account", "zh")).toBe("account");
    await articles.start();
    expect([articles.categoryName("account", "zh"), articles.categoryName("account/email", "en"), articles.categoryName("new", "en")])
      .toEqual(["账号", "E-mail", "new"]);
  });

  it("creates what is nowhere stored, and edits on top of the revision that was read", async () => {
    const desk = await trial(ANSWERS);
    desk.articles.create("en");
    write(desk, { id: "parking", title: "Parking", answer: "No." });
    expect(await desk.articles.save()).toBe(true);
    expect(desk.articles.open.value?.revision).toBe(1);
    write(desk, { answer: "Yes." });
    await desk.articles.save();
    const posts = desk.requests.filter((each) => each.body !== null && each.path.startsWith("/v1/knowledge/articles"));
    expect(posts.map((each) => each.path)).toEqual(["/v1/knowledge/articles", "/v1/knowledge/articles/parking/en"]);
    expect(posts[1]?.body).toMatchObject({ revision: 1, article: { answer: "Yes." } });
    expect(desk.articles.drafts.value.size).toBe(0);
  });

  it("keeps what is written when another article is opened, until it is saved or discarded", async () => {
    const desk = await trial(ANSWERS);
    const { articles } = desk;
    await articles.show("parking", "en");
    write(desk, { answer: "Perhaps." });
    articles.create("zh");
    write(desk, { title: "停车" });
    articles.leave();
    await articles.show("parking", "en");
    const open = articles.open.value;
    if (open === null) throw new Error("nothing is open");
    expect([articles.draftOf(open).fields.answer, isChanged(open, articles.draftOf(open))]).toEqual(["Perhaps.", true]);
    articles.discard(open);
    expect(isChanged(open, articles.draftOf(open))).toBe(false);
    articles.create("zh");
    expect(articles.open.value && articles.draftOf(articles.open.value).fields.title).toBe("停车");
  });

  it("keeps the form and says which fields are wrong when the knowledge base refuses", async () => {
    const refusal = { error: { code: "invalid", message: "1 problem", fields: [{ field: "title", message: "is missing" }] } };
    const desk = await trial({ "/v1/knowledge/articles": { status: 422, body: refusal } });
    desk.articles.create("zh");
    write(desk, { answer: "有" });
    expect(await desk.articles.save()).toBe(false);
    expect(desk.articles.open.value?.revision).toBe(-1);
    expect(desk.articles.drafts.value.get("")?.fields.answer).toBe("有");
    expect(desk.state.notices.value.at(-1)).toMatchObject({ tone: "bad", text: "内容不符合要求。 1 problem · title: is missing" });
  });

  it("shows what contradicts a publication, which then is possible all the same", async () => {
    const refusal = { error: { code: "conflict", message: "1 error(s)", findings: ["two prices for parking"] } };
    const desk = await trial({ "/publish": { status: 409, body: refusal }, ...ANSWERS });
    await desk.articles.show("parking", "en");
    expect(await desk.articles.step("publish")).toBe(false);
    expect(desk.articles.findings.value).toEqual({ of: "parking/en", messages: ["two prices for parking"], publishable: true });
    await desk.articles.step("publish", true);
    const posts = desk.requests.filter(({ path }) => path.endsWith("/publish")).map(({ body }) => body);
    expect(posts).toMatchObject([{ revision: 1, accept: false }, { revision: 1, accept: true }]);
  });

  it("lets go of a deleted article, and asks without a language", async () => {
    const desk = await trial(ANSWERS);
    await desk.articles.show("parking", "en");
    expect(await desk.articles.step("delete")).toBe(true);
    expect(desk.articles.open.value).toBe(null);
    await desk.articles.tryOut("有停车场吗");
    expect(desk.requests.at(-1)).toEqual({ path: "/v1/knowledge/try", body: { text: "有停车场吗" } });
  });

  it("reads the steps of the history", () => {
    expect(actionOf({ action: "roll-back to 2" })).toEqual({ name: "roll-back", to: "2" });
    expect(actionOf({ action: "publish" })).toEqual({ name: "publish", to: "" });
  });
});
