import { describe, expect, it } from "vitest";
import {
  acceptable, EMPTY_DESK, findCard, isSilent, neighbour, newestStanding, walkable, withClosed, withMessage, withSeen, withSnapshot,
} from "./desk";
import { card, deskFrame, LIN, message, owner } from "./fixtures";

const busy = withSnapshot(
  EMPTY_DESK,
  deskFrame({
    offers: [card("c_offer")],
    waiting: [card("c_first"), card("c_offer"), card("c_second")],
    mine: [card("c_mine", { unread: 2, handoff: null })],
    others: [card("c_other", { handoff: null })],
  }),
);

it("a page that has answered before and does not answer now is silent", () => {
  const offer = { customer_has: 4, last_seq: 5, updated_at: "2026-11-21T08:00:00Z" };
  const at = (seconds: number): number => Date.parse(offer.updated_at) + seconds * 1000;
  const silent = (change: object, seconds = 11): boolean => isSilent(card("c_1", { ...offer, ...change }), at(seconds));
  expect([silent({}), silent({}, 9), silent({ customer_has: 5 }), silent({ customer_has: 0 }), silent({ channel: "mail" })]).toEqual([true, false, false, false, false]);
  expect(isSilent(card("c_1"), Date.now())).toBe(false); // a gateway of the release before tells nothing
});

describe("the desk", () => {
  it("keeps the queue's order and shows an offered conversation once", () => {
    expect(busy.lists.waiting.map((each) => each.conversation)).toEqual(["c_first", "c_second"]);
    expect(findCard(busy, "c_offer")?.section).toBe("offers");
  });

  it("keeps closed conversations over a snapshot, but not one that was reopened", () => {
    const closed = withClosed(busy, [card("c_old"), card("c_back")]);
    const next = withSnapshot(closed, deskFrame({ mine: [card("c_back")] }));
    expect(next.lists.closed.map((each) => each.conversation)).toEqual(["c_old"]);
  });

  it("counts what I read as seen at once", () => {
    const unread = (seq: number) => findCard(withSeen(busy, new Map([["c_mine", seq]])), "c_mine")?.card.unread;
    expect([0, 2, 3].map(unread)).toEqual([2, 1, 0]);
  });
});

describe("a message into my conversation", () => {
  const unreadAfter = (...entries: Parameters<typeof withMessage>[2][]) =>
    findCard(entries.reduce((desk, entry) => withMessage(desk, "c_mine", entry), busy), "c_mine")?.card;

  it("counts and shows at once, without waiting for a snapshot", () => {
    expect(unreadAfter(message(4, "在吗"))).toMatchObject({ unread: 3, preview: "在吗", last_seq: 4 });
  });

  it("is not counted when it is history, the bot's or a note", () => {
    const note = message(4, "备注", { author: { kind: "agent", ...LIN }, audience: "internal" });
    expect(unreadAfter(message(2, "早先"), note)).toMatchObject({ unread: 2, preview: "转人工" });
  });
});

describe("walking through the lists", () => {
  it("skips folded lists and stops at the ends", () => {
    const places = walkable(busy, new Set(["waiting", "others"]));
    expect(places.map((place) => place.card.conversation)).toEqual(["c_offer", "c_mine"]);
    expect(neighbour(places, "c_mine", 1)).toBe("c_mine");
    expect(neighbour(places, "c_mine", -1)).toBe("c_offer");
    expect(neighbour(places, null, 1)).toBe("c_offer");
    expect(neighbour([], null, 1)).toBeNull();
  });
});

describe("what Accept accepts", () => {
  it("is the open conversation when it waits for a person, else the oldest offer", () => {
    expect(acceptable(busy, "c_second")?.conversation).toBe("c_second");
    expect(acceptable(busy, "c_mine")?.conversation).toBe("c_offer");
    expect(acceptable(EMPTY_DESK, null)).toBeNull();
  });
});

describe("who owns a conversation", () => {
  it("is what the highest epoch says, whatever came last", () => {
    const late = { owner: owner("queue"), epoch: 2 };
    const accepted = { owner: owner("agent", LIN), epoch: 4 };
    expect(newestStanding(late, accepted, null, late)).toEqual(accepted);
    expect(newestStanding(null, undefined)).toBeNull();
  });
});
