import { afterEach, describe, expect, it } from "vitest";
import { MessageRow } from "./components/EntryRows";
import { card, deskFrame, LIN, message, MIA, owner, type Trial, trial, whoMay } from "./fixtures";
import { mounted } from "./mounted";
import { EMPTY_TIMELINE, rowsOf, withEntry } from "./timeline";

let desk: Trial;
afterEach(() => desk.session.stop());

const YI = { id: "a_yi", name: "易" };
const BOSS = whoMay("conversations.read", "conversations.answer", "conversations.supervise");
const held = (agent: typeof MIA, epoch: number) => deskFrame({ others: [card("c_1", { owner: owner("agent", agent), epoch })] });

async function whispering(): Promise<Trial> {
  desk = await trial({}, "zh", BOSS);
  desk.server.say(held(MIA, 3));
  desk.session.open("c_1");
  desk.writing.setMode("c_1", "note");
  desk.writing.whisper("c_1", MIA.id);
  desk.writing.write("c_1", { ...desk.writing.draftOf("c_1"), note: "语气缓一点" });
  return desk;
}

describe("a whisper", () => {
  it("goes to the agent who was chosen, once; the next note is for all colleagues", async () => {
    const { writing, server } = await whispering();
    writing.send();
    expect(server.sends).toMatchObject([{ audience: "internal", body: { text: "语气缓一点", whisper: MIA.id } }]);
    writing.write("c_1", { ...writing.draftOf("c_1"), note: "大家注意" });
    writing.send();
    expect(server.sends[1]?.body).toEqual({ text: "大家注意" });
  });

  it("is not sent, to nobody, when that agent does not hold the conversation any more", async () => {
    const { writing, server, state } = await whispering();
    server.say(held(YI, 4));
    writing.send();
    expect(server.sends).toEqual([]);
    expect(state.refusal.value?.code).toBe("whisper_gone");
    expect(writing.draftOf("c_1")).toMatchObject({ note: "语气缓一点", whisper: MIA.id });
  });

  it("stays a whisper after a refusal and after a reload", async () => {
    const { writing, server, stored } = await whispering();
    writing.send();
    server.refuse({ code: "invalid", message: "no" });
    expect(writing.draftOf("c_1")).toMatchObject({ note: "语气缓一点", whisper: MIA.id });
    expect(stored.read("c_1").whisper).toBe(MIA.id);
  });

  it("takes a file along, and keeps it back with the text", async () => {
    const { writing, server, state } = await whispering();
    server.say(held(YI, 4));
    expect(await writing.attach("c_1", new Blob(["x"]), "plan.pdf")).toBe(false);
    expect(server.sends).toEqual([]);
    expect(state.refusal.value?.code).toBe("whisper_gone");
  });

  it("is told from a note in the timeline, and never joined with one", async () => {
    desk = await trial();
    const agent = { kind: "agent", ...LIN } as const;
    const note = message(1, "请看", { audience: "internal", author: agent });
    const whisper = message(2, "语气缓一点", { audience: "internal", author: agent, body: { text: "语气缓一点", whisper: LIN.id } });
    const rows = rowsOf([note, whisper].reduce(withEntry, EMPTY_TIMELINE)).filter((row) => row.kind === "message");
    expect(rows.map((row) => row.continues)).toEqual([false, false]);
    const { root, leave } = await mounted(desk, <MessageRow entry={whisper} feedback={[]} continues={false} cited={false} lit={false} />);
    expect(root.querySelector(".note-label")?.textContent).toBe("悄悄话，只有您、作者和主管能看到");
    leave();
  });
});
