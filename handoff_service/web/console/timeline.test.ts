import { describe, expect, it } from "vitest";
import type { Entry } from "../shared/protocol";
import { LIN, message, owner } from "./fixtures";
import {
  earlierStretch, EMPTY_TIMELINE, lastQuestion, lastSeq, lastStretch, laterStretch, MOST, PAGE, questionToAnswer, rowsOf, standingAt,
  stretchWith, withEntry,
} from "./timeline";

const head = { mid: "m", audience: "public", client_id: null, at: "2026-11-21T08:00:00Z" } as const;
const bot = { kind: "bot", id: "bot", name: "bot" } as const;
const accept = (seq: number): Entry => ({
  ...head, seq, epoch: 3, kind: "state", author: { kind: "agent", ...LIN }, body: { event: "accept", to: owner("agent", LIN) },
});
const down = (seq: number, of: number): Entry => ({
  ...head, seq, epoch: 1, kind: "feedback", author: { kind: "customer" }, body: { of, value: "down", comment: "不对" },
});
const timeline = (...entries: Entry[]) => entries.reduce(withEntry, EMPTY_TIMELINE);

describe("the timeline", () => {
  it("is ordered by seq and takes each entry once, in whatever order they come", () => {
    const got = timeline(message(1, "一"), message(3, "三"), message(2, "二"), message(3, "三"));
    expect(got.entries.map((entry) => entry.seq)).toEqual([1, 2, 3]);
    expect(lastSeq(got)).toBe(3);
  });

  it("does not change when an entry comes again", () => {
    const before = timeline(message(1, "一"), message(2, "二"));
    expect(withEntry(before, message(1, "一"))).toBe(before);
  });

  it("knows the owner from its last state entry", () => {
    expect(standingAt(timeline(message(1, "你好"), accept(2), message(3, "在吗")))).toEqual({ owner: owner("agent", LIN), epoch: 3 });
    expect(standingAt(timeline(message(1, "你好")))).toBeNull();
  });

  it("finds the customer's last words", () => {
    expect(lastQuestion(timeline(message(1, "多久能退款?"), message(2, "7 天", { author: bot }), accept(3)))).toBe("多久能退款?");
  });
});

describe("rows", () => {
  it("separate days", () => {
    const rows = rowsOf(timeline(message(1, "昨天", { at: "2026-11-19T12:00:00Z" }), message(2, "今天", { at: "2026-11-21T12:00:00Z" })));
    expect(rows.map((row) => row.kind)).toEqual(["day", "message", "day", "message"]);
  });

  it("carry feedback on the message it is about", () => {
    const rows = rowsOf(timeline(message(1, "7 天", { author: bot }), down(2, 1)));
    expect(rows).toHaveLength(2);
    expect(rows[1]).toMatchObject({ kind: "message", feedback: [{ body: { value: "down" } }] });
  });

  it("show feedback on a message that is not there on its own line", () => {
    expect(rowsOf(timeline(down(2, 1))).map((row) => row.kind)).toEqual(["day", "feedback"]);
  });

  it("join quick messages of one author, but never a note with a reply", () => {
    const agent = { kind: "agent", ...LIN } as const;
    const rows = rowsOf(
      timeline(
        message(1, "您好", { author: agent }),
        message(2, "我来查", { author: agent }),
        message(3, "风控复核中", { author: agent, audience: "internal" }),
        message(4, "已催办", { author: agent, at: "2026-11-21T08:09:00Z", audience: "internal" }),
      ),
    );
    expect(rows.filter((row) => row.kind === "message").map((row) => row.continues)).toEqual([false, true, false, false]);
  });

  it("never show hidden entries", () => {
    expect(rowsOf(timeline({ seq: 1, kind: "hidden" }))).toEqual([]);
  });
});

describe("a long timeline", () => {
  const rows = rowsOf({ entries: Array.from({ length: 5000 }, (_, index) => message(index + 1, "好")) });

  it("draws its end, and what is cited wherever it is", () => {
    const end = lastStretch(rows.length);
    expect(end).toEqual({ from: rows.length - 2 * PAGE, to: rows.length });
    expect(stretchWith(rows, end, 4990)).toBe(end);
    const cited = stretchWith(rows, end, 42);
    expect(rows.slice(cited?.from, cited?.to).map(({ key }) => key)).toContain("entry-42");
    expect(stretchWith(rows, end, 9999)).toBeNull();
  });

  it("never draws more than the most, from its end to its beginning and back", () => {
    let drawn = lastStretch(rows.length);
    const steps = [];
    for (; drawn.from > 0; drawn = earlierStretch(drawn)) steps.push(drawn);
    for (; drawn.to < rows.length; drawn = laterStretch(drawn, rows.length)) steps.push(drawn);
    expect(Math.max(...steps.map(({ from, to }) => to - from))).toBe(MOST);
    expect(drawn).toEqual({ from: rows.length - MOST, to: rows.length });
    expect(steps.length).toBeLessThanOrEqual(2 * (rows.length / PAGE));
  });
});

describe("the question to answer", () => {
  const agent = { kind: "agent", ...LIN } as const;
  it("is the customer's last words until somebody answers; a note is no answer", () => {
    expect(questionToAnswer(timeline(message(1, "在吗"), message(2, "退款多久")))).toEqual({ seq: 2, text: "退款多久" });
    expect(questionToAnswer(timeline(message(1, "在吗"), message(2, "在", { author: agent })))).toBeNull();
    const note = message(2, "查一下", { author: agent, audience: "internal" });
    expect(questionToAnswer(timeline(message(1, "在吗"), note))?.seq).toBe(1);
    expect(questionToAnswer(EMPTY_TIMELINE)).toBeNull();
    const said = (kind: string) => timeline(message(1, "气死我了"), message(2, "抱歉", { author: bot, body: { text: "抱歉", kind } }));
    expect([questionToAnswer(said("soothe"))?.seq, questionToAnswer(said("answer"))]).toEqual([1, null]);
  });
});
