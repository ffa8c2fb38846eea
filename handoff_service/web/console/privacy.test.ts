import { expect, it } from "vitest";
import { ApiError } from "./api";
import { card, type Trial, trial, whoMay } from "./fixtures";
import { type Job, type KeptData, Privacy } from "./privacy";

const AT = "2026-11-22T08:00:00Z";
const kept = (contact: string, change: Partial<KeptData> = {}): KeptData => ({
  contact, name: "Ann", verified: true, person: [{ id: contact, name: "Ann", identities: [] }], own: [contact], merged: [],
  counts: { conversations: 1, open: 0, held: 0, entries: 2, tickets: 0, files: 0 }, conversations: [], holds: {}, ...change,
});
const job = (id: string, state: string): Job => ({ job: id, kind: "erase", subject: "k_1", state, requested_by: "agent:a_lin", erased: {}, created_at: AT, updated_at: AT });
const texts = (desk: Trial): string[] => desk.state.notices.value.map(({ text }) => text);

/** One customer's data on a server whose erasures go through these states, one with each look. */
async function looking(states: readonly (readonly Job[])[]): Promise<{ desk: Trial; privacy: Privacy; reads: string[]; looks: () => number }> {
  const desk = await trial({}, "en", whoMay("privacy.execute"));
  const { api, session, state } = desk;
  const reads: string[] = [];
  let looks = 0;
  api.kept = async (contact) => {
    reads.push(contact);
    return kept(contact);
  };
  api.jobs = async () => [...(states[Math.min(looks++, states.length - 1)] ?? [])];
  api.erase = async () => ({ state: "running", job: "j_1", jobs: ["j_1", "j_2"] });
  return { desk, privacy: new Privacy({ api, session, state, pause: () => Promise.resolve() }), reads, looks: () => looks };
}

it("says that somebody is erased when all his jobs have ended, not before, and then reads what is left", async () => {
  const states = [[], [job("j_1", "running"), job("j_2", "running")], [job("j_1", "done"), job("j_2", "running")], [job("j_1", "done"), job("j_2", "done")]];
  const { desk, privacy, reads } = await looking(states);
  await privacy.start();
  await privacy.show("k_1");
  const said: string[][] = [];
  const { jobs } = desk.api;
  desk.api.jobs = async () => {
    said.push(texts(desk));
    return jobs();
  };
  await privacy.erase(kept("k_1"));
  await new Promise((resolve) => setTimeout(resolve));
  const going = "The data of Ann is being erased; that goes on by itself, see below";
  expect(said).toEqual([[going], [going], [going]]);
  expect(texts(desk)).toEqual([going, "The data of Ann is erased"]);
  expect(reads).toEqual(["k_1", "k_1", "k_1", "k_1"]); // shown, after the command, and after each of two jobs
});

it("looks after nothing when nobody looks any more", async () => {
  const { privacy, looks } = await looking([[], [job("j_1", "running")]]);
  await privacy.start();
  privacy.leave();
  await privacy.erase(kept("k_1"));
  await new Promise((resolve) => setTimeout(resolve));
  expect(looks()).toBe(1);
});

it("shows whom one asked for last: no late answer of a search or of a hold replaces him", async () => {
  const { desk, privacy } = await looking([[]]);
  let found = (): void => undefined;
  desk.api.find = () => new Promise((resolve) => (found = () => resolve({ conversations: [card("c_1")] })));
  const searched = privacy.find("Ann");
  await privacy.show("k_1");
  found();
  await searched;
  expect([privacy.kept.value?.contact, privacy.found.value]).toEqual(["k_1", null]);

  let held = (): void => undefined;
  desk.api.hold = () => new Promise((resolve) => (held = () => resolve(undefined)));
  const holding = privacy.hold({ id: "c_1" } as never, true, "case-17");
  await privacy.show("k_2");
  held();
  await holding;
  expect(privacy.kept.value?.contact).toBe("k_2");
});

it("says when too little was typed, and when there may be more than was looked at", async () => {
  const { desk, privacy } = await looking([[]]);
  let cards = Array.from({ length: 50 }, (_, n) => card(`c_${n}`));
  desk.api.find = async () => ({ conversations: cards });
  await privacy.find(" A ");
  expect([privacy.about.value, privacy.found.value]).toEqual(["short", null]);
  await privacy.find("Ann");
  expect([privacy.about.value, privacy.found.value?.length]).toEqual(["more", 1]);
  cards = cards.slice(1);
  await privacy.find("Anna");
  expect(privacy.about.value).toBe(null);
  desk.api.find = async () => ({ conversations: cards, contacts: [{ id: "cus_1", name: "known" }, { id: "k_7", name: "Bo" }], more: true });
  await privacy.find("T-7");
  expect([privacy.about.value, privacy.found.value?.map(({ contact, at }) => [contact, at !== null])]).toEqual(["more", [["cus_1", true], ["k_7", false]]]);
});

it("asks again for a search that had no answer, and forgets why it had none when somebody is shown", async () => {
  const { desk, privacy } = await looking([[]]);
  desk.api.find = async () => Promise.reject(new ApiError(503, {}));
  await privacy.find("Ann");
  expect(privacy.failed.value?.status).toBe(503);
  desk.api.find = async () => ({ conversations: [card("c_1")] });
  await privacy.start();
  expect([privacy.failed.value, privacy.found.value?.length]).toEqual([null, 1]);
  desk.api.find = async () => Promise.reject(new ApiError(503, {}));
  await privacy.find("Bo");
  await privacy.show("k_1");
  expect(privacy.failed.value).toBe(null);
});

it("asks anew for whom an agent has merged after the others were ticked", async () => {
  const { desk, privacy } = await looking([[]]);
  const others = [{ id: "k_8", name: "Eve" }, { id: "k_9", name: "Bo" }];
  let merged = others.slice(0, 1);
  desk.api.kept = async (contact, isWith) =>
    kept(contact, { merged, person: [{ id: contact, name: "Ann", identities: [] }, ...(isWith ? merged.map((one) => ({ ...one, identities: [] })) : [])] });
  await privacy.show("k_1", true);
  await privacy.again();
  expect([privacy.kept.value?.person.length, texts(desk)]).toEqual([2, []]);
  merged = others;
  await privacy.again();
  expect([privacy.kept.value?.person.length, texts(desk)]).toEqual([1, [expect.stringContaining("Nothing was done")]]);
});
