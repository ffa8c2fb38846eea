import { describe, expect, it } from "vitest";
import { Api, ApiError } from "./api";
import { cause, problem, signInProblem } from "./problem";
import { translator } from "./text";

type Step = { status: number; body?: unknown } | "unreachable";
interface Seen {
  readonly path: string;
  readonly headers: Headers;
  readonly body: Record<string, unknown>;
}

/** An Api whose requests are answered by these steps in order; the last one repeats. */
function scripted(steps: readonly Step[], pauses: readonly number[] = []) {
  const seen: Seen[] = [];
  let ids = 0;
  const api = new Api({
    pauses,
    newId: () => `op_${(ids += 1)}`,
    fetch: async (input, init) => {
      const step = steps[Math.min(seen.length, steps.length - 1)] ?? "unreachable";
      seen.push({ path: String(input), headers: new Headers(init?.headers), body: JSON.parse(String(init?.body ?? "{}")) });
      if (step === "unreachable") throw new TypeError("Failed to fetch");
      return new Response(typeof step.body === "string" ? step.body : JSON.stringify(step.body ?? {}), { status: step.status });
    },
  });
  return { api, seen };
}
const failure = (promise: Promise<unknown>): Promise<ApiError> =>
  promise.then(
    () => Promise.reject(new Error("it should have failed")),
    (error: ApiError) => error,
  );

describe("an action", () => {
  it("says who calls and carries an op_id", async () => {
    const { api, seen } = scripted([{ status: 200, body: { conversation: "c_1", epoch: 3 } }]);
    expect(await api.accept("h_1")).toEqual({ conversation: "c_1", epoch: 3 });
    expect(seen[0]).toMatchObject({ path: "/v1/handoffs/h_1/accept", body: { op_id: "op_1" } });
    expect(seen[0]?.headers.get("X-Requested-By")).toBe("console");
  });

  it("is one request when clicked twice", async () => {
    const { api, seen } = scripted([{ status: 200 }]);
    await Promise.all([api.accept("h_1"), api.accept("h_1")]);
    expect(seen).toHaveLength(1);
  });

  it("repeats its op_id while nobody knows whether it happened", async () => {
    const { api, seen } = scripted(["unreachable", { status: 503 }, { status: 200 }], [0, 0]);
    await api.close({ conversation: "c_1", epoch: 3 }, "solved", "");
    expect(seen.map((each) => each.body["op_id"])).toEqual(["op_1", "op_1", "op_1"]);
    expect(seen[0]?.body).toEqual({ op_id: "op_1", epoch: 3, wrap_up: "solved" });
  });

  it("keeps the op_id for the agent's own retry, and takes a new one after a decision", async () => {
    const { api, seen } = scripted(["unreachable", { status: 409, body: { error: { code: "fenced" } } }, { status: 200 }]);
    expect((await failure(api.accept("h_1"))).code).toBe("unreachable");
    expect((await failure(api.accept("h_1"))).code).toBe("fenced");
    await api.accept("h_1");
    expect(seen.map((each) => each.body["op_id"])).toEqual(["op_1", "op_1", "op_2"]);
  });
});

describe("a change of webhooks, keys and holds", () => {
  it("joins the click before, and is the same one until somebody has seen what became of it", async () => {
    const keys: (string | null)[] = [];
    let isDown = true;
    const api = new Api({
      pauses: [],
      newId: () => `id_${new Set(keys).size}`,
      fetch: async (path, init) => {
        if (init?.method === "GET") return new Response(JSON.stringify({ webhooks: [] }));
        keys.push(new Headers(init?.headers).get("Idempotency-Key"));
        return isDown ? new Response("", { status: 502 }) : new Response(JSON.stringify({ path: String(path) }));
      },
    });
    const add = (): Promise<unknown> => api.webhookCommand("", { url: "https://crm.example" });
    await Promise.all([failure(add()), failure(add())]);
    await failure(add());
    expect(keys).toEqual(["id_0", "id_0"]);
    await api.webhooks();
    isDown = false;
    await add();
    expect(keys.at(-1)).toBe("id_1");
  });

  it("is about those who were shown", async () => {
    const { api, seen } = scripted([{ status: 200 }]);
    await api.kept("k_1", false);
    await api.kept("k_1", true);
    await api.exportPerson("k_1", { merged: true, contacts: ["k_1", "k_9"] });
    await api.erase("k_1", { merged: false, contacts: ["k_1"] });
    expect(seen.map(({ path }) => path)).toEqual([
      "/v1/contacts/k_1/kept", "/v1/contacts/k_1/kept?merged=true", "/v1/contacts/k_1/export?merged=true&contacts=k_1&contacts=k_9", "/v1/contacts/k_1/erase",
    ]);
    expect(seen[3]?.body).toEqual({ op_id: "op_1", merged: false, contacts: ["k_1"] });
  });

  it("puts on hold again what was lifted after an answer that was lost", async () => {
    const hold = ["unreachable" as const, { status: 200 }, { status: 200 }, { status: 200 }];
    const { api, seen } = scripted(hold);
    await failure(api.hold("c_1", true, "case-17"));
    await api.kept("k_1", false);
    await api.hold("c_1", false, "case-17");
    await api.hold("c_1", true, "case-17");
    const ids = seen.map(({ body }) => body?.["op_id"]).filter(Boolean);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe("a refusal", () => {
  it("names the winner in the agent's language", async () => {
    const error = { code: "already_taken", message: "taken", holder: { id: "a_mia", name: "Mia" } };
    const { api } = scripted([{ status: 409, body: { error } }]);
    const refused = await failure(api.accept("h_1"));
    expect(problem(refused, translator("zh"))).toBe("Mia 已经接起了这个会话。");
    expect(problem(refused, translator("en"))).toBe("Mia took it.");
  });

  it("has a sentence of ours for every code of the server, in both languages", () => {
    const codes = [
      "unauthorized", "forbidden", "not_found", "fenced", "already_taken", "capacity_full", "mismatch", "rate",
      "unavailable", "invalid", "too_large", "illegal_transition", "conflict", "internal",
    ];
    // These say only what kind of refusal it is: the server says which.
    const kinds = ["forbidden", "not_found", "invalid", "conflict"];
    for (const code of codes) {
      const error = { code, message: "server's words" };
      for (const language of ["zh", "en"] as const) {
        const said = problem(error, translator(language));
        expect(said.replace(/ server's words$/, ""), code).not.toContain("server's words");
        expect(said.endsWith(" server's words"), code).toBe(kinds.includes(code));
        if (language === "zh") expect(said.replace("server's words", ""), code).toMatch(/^[^a-z]+$/);
      }
    }
  });

  it("falls back to the server's message, framed once", () => {
    const error = { code: "other", message: "server's words" };
    expect(problem(error, translator("zh"))).toBe("没有成功：server's words");
    expect(cause(error, translator("zh"))).toBe("server's words");
    expect(signInProblem(new ApiError(503, { code: "unavailable", message: "database" }), translator("zh"))).toBe(
      "登录没有成功：服务暂时不可用，请稍后再试。",
    );
  });

  it("is readable even when a proxy answers with a page", async () => {
    const { api } = scripted([{ status: 502, body: "<html>Bad gateway</html>" }]);
    const error = await failure(api.me());
    expect(error).toMatchObject({ status: 502, code: "error" });
  });

  it("ends the session on 401, but a wrong password does not", async () => {
    const { api } = scripted([{ status: 401, body: { error: { code: "unauthorized", message: "sign in" } } }]);
    let ended = 0;
    api.onSignedOut = () => void (ended += 1);
    await failure(api.signIn("demo", "a@b", "x"));
    expect(ended).toBe(0);
    await failure(api.me());
    expect(ended).toBe(1);
  });
});
