import { describe, expect, it } from "vitest";
import { Api, ApiError } from "./api";
import { signedInHere, speakAs, speakingAs, whoIsHere } from "./speaking";

const ME = { agent: { id: "a_1" } };

/** An Api of a server at which the agent serves these companies; with what was asked, and as whom. */
function serving(companies: readonly string[], speakingAs: string | null) {
  const asked: (string | null)[] = [];
  const api = new Api({
    speakingAs,
    fetch: async (_, init) => {
      const client = new Headers(init?.headers).get("X-Speaking-As");
      asked.push(client);
      const refused = client !== null && !companies.includes(client);
      return refused
        ? new Response(JSON.stringify({ error: { code: "forbidden", message: `You do not serve ${client}.` } }), { status: 403 })
        : new Response(JSON.stringify(ME));
    },
  });
  return { api, asked };
}

describe("an agent of a pool", () => {
  it("says with everything he asks, changes and opens as whose agent he acts", async () => {
    const { api, asked } = serving(["tea"], "tea");
    await api.me();
    await api.accept("h_1");
    await api.file("f_1");
    expect(asked).toEqual(["tea", "tea", "tea"]);
    expect(api.link("/v1/files/f_1")).toBe("/v1/files/f_1?speaking_as=tea");
    expect(api.link("/v1/x?language=zh")).toBe("/v1/x?language=zh&speaking_as=tea");
  });

  it("says nothing when he acts for his own company", async () => {
    const { api, asked } = serving([], null);
    await api.me();
    expect(asked).toEqual([null]);
    expect(api.link("/v1/files/f_1")).toBe("/v1/files/f_1");
  });

  it("is himself again when he does not serve that company any more", async () => {
    const { api, asked } = serving(["tea"], "coffee");
    expect(await whoIsHere(api)).toEqual(ME);
    expect(asked).toEqual(["coffee", null]);
    expect(api.speakingAs).toBeNull();
  });

  it("signs in again as the one for whom this tab acts, not as himself with another company's conversations", async () => {
    const home = await new Api({ fetch: async () => new Response(JSON.stringify({ agent: { id: "home" } })) }).me();
    expect(await signedInHere(serving(["tea"], "tea").api, home)).toEqual(ME);
    expect(await signedInHere(serving([], null).api, home)).toBe(home);
    const { api } = serving([], "tea");
    await signedInHere(api, home);
    expect(api.speakingAs).toBeNull();
  });

  it("is not let in by another refusal", async () => {
    const api = new Api({ speakingAs: "tea", fetch: async () => new Response("{}", { status: 401 }) });
    await expect(whoIsHere(api)).rejects.toBeInstanceOf(ApiError);
  });

  it("chooses for this tab", () => {
    const kept = new Map<string, string>();
    const tab = {
      getItem: (key: string) => kept.get(key) ?? null,
      setItem: (key: string, value: string) => void kept.set(key, value),
      removeItem: (key: string) => void kept.delete(key),
    };
    expect(speakingAs(tab)).toBeNull();
    speakAs(tab, "tea");
    expect(speakingAs(tab)).toBe("tea");
  });
});
