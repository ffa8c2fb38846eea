import { describe, expect, it } from "vitest";
import { blank, linesOf } from "./articles";
import { trial } from "./fixtures";

const kept = (revision: number, answer: string) => ({
  article: { ...blank("en", "returns", new Date("2026-11-21T08:00:00Z")), id: "parking", title: "Parking", answer },
  state: "draft", revision, served: null, changed_by: "a_lin", changed_at: "2026-11-21T08:00:00Z",
});
const page = { articles: [kept(1, "No.")], after: null };

describe("the editor of articles", () => {
  it("starts a new article with a year until it is looked at again", () => {
    expect(blank("zh", "张三", new Date("2026-11-21T08:00:00Z"))).toMatchObject({
      valid_from: "2026-11-21", review_by: "2027-11-21", audience: "public", owner: "张三",
    });
    expect(linesOf(" 有停车场吗 \n\n停车\n停车")).toEqual(["有停车场吗", "停车"]);
  });

  it("creates what is nowhere stored, and edits on top of the revision that was read", async () => {
    const desk = await trial({
      "/v1/knowledge/articles?limit=50": { status: 200, body: page },
      "/v1/knowledge/articles/parking/en": { status: 200, body: kept(1, "No.") },
      "/history": { status: 200, body: { history: [] } },
    });
    desk.articles.create("en");
    const fields = desk.articles.open.value?.article;
    if (fields === undefined) throw new Error("nothing is open");
    expect(await desk.articles.save({ ...fields, id: "parking", title: "Parking", answer: "No." }, "asked often")).toBe(true);
    expect(desk.articles.open.value?.revision).toBe(1);
    await desk.articles.save({ ...kept(1, "Yes.").article }, "");
    const posts = desk.requests.filter((each) => each.body !== null && each.path.startsWith("/v1/knowledge/articles"));
    expect(posts.map((each) => each.path)).toEqual(["/v1/knowledge/articles", "/v1/knowledge/articles/parking/en"]);
    expect(posts[1]?.body).toMatchObject({ revision: 1, article: { answer: "Yes." } });
  });

  it("keeps the form when the knowledge base refuses", async () => {
    const refusal = { error: { code: "invalid", message: "title: is missing", fields: [{ field: "title", message: "is missing" }] } };
    const desk = await trial({ "/v1/knowledge/articles": { status: 422, body: refusal } });
    desk.articles.create("zh");
    const fields = desk.articles.open.value?.article;
    if (fields === undefined) throw new Error("nothing is open");
    expect(await desk.articles.save(fields, "")).toBe(false);
    expect(desk.articles.open.value?.revision).toBe(-1);
    expect(desk.state.notices.value.at(-1)?.tone).toBe("bad");
  });
});
