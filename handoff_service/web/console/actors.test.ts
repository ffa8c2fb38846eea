import { expect, it } from "vitest";
import { actorName } from "./actors";
import { MIA, trial } from "./fixtures";

it("names colleagues and me; who is nobody of ours has a word, and whom we do not know the id", async () => {
  const { state, session } = await trial({}, "en");
  session.stop();
  state.me.value = { ...state.me.value, colleagues: [{ ...MIA, role: "agent" }] as never };
  expect(["agent:a_lin", "agent:a_mia", "agent:a_gone", "operator", "key:key_1"].map((actor) => actorName(state, actor)))
    .toEqual(["林晓", "Mia", "agent:a_gone", "operator of the server", "API key key_1"]);
});
