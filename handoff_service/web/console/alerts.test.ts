import { describe, expect, it } from "vitest";
import type { Call } from "../shared/protocol";
import { type Alerts, answered, badge, hear, pageTitle, SILENT, unconfirmed } from "./alerts";
import { EMPTY_DESK, withSnapshot } from "./desk";
import { card, deskFrame } from "./fixtures";

const snapshot = (change: Parameters<typeof deskFrame>[0]) => withSnapshot(EMPTY_DESK, deskFrame(change));
const rings = (...desks: ReturnType<typeof snapshot>[]) => {
  let alerts: Alerts = SILENT;
  return desks.map((desk) => {
    const heard = hear(alerts, desk);
    alerts = heard.alerts;
    return heard.ring;
  });
};

describe("the bell", () => {
  it("rings once for each handoff, through offer, decline and offer again", () => {
    const waiting = snapshot({ waiting: [card("c_1")] });
    const offered = snapshot({ offers: [card("c_1")] });
    expect(rings(waiting, waiting, offered, waiting, offered)).toEqual(["handoff", null, null, null, null]);
  });

  it("rings once for several that arrive together, and again for a later one", () => {
    const both = snapshot({ waiting: [card("c_1"), card("c_2")] });
    const three = snapshot({ waiting: [card("c_1"), card("c_2"), card("c_3")] });
    expect(rings(both, three)).toEqual(["handoff", "handoff"]);
  });

  it("does not ring again after a reload that remembers", () => {
    const desk = snapshot({ waiting: [card("c_1")] });
    const { rung } = hear(SILENT, desk).alerts;
    expect(hear({ ...SILENT, rung }, desk).ring).toBeNull();
  });

  it("is cancelled by my answer, even when the next snapshot still shows the handoff", () => {
    const desk = snapshot({ offers: [card("c_1")] });
    const after = answered(hear(SILENT, desk).alerts, "h_c_1/0");
    expect(badge(after)).toBe(0);
    const late = hear(after, desk);
    expect(late.ring).toBeNull();
    expect(badge(late.alerts)).toBe(0);
  });

  it("sounds softer for more unread messages, and not for fewer", () => {
    const unread = (count: number) => snapshot({ mine: [card("c_1", { unread: count })] });
    expect(rings(unread(1), unread(2), unread(0), unread(0))).toEqual(["message", "message", null, null]);
  });
});

describe("a call", () => {
  const called = (conversation: string, call: Call | null) => {
    const one = card(conversation);
    return { ...one, handoff: one.handoff && { ...one.handoff, call } };
  };
  const call = { n: 2, rung: "team", at: "2026-11-21T08:00:00Z", shown: false };

  it("makes no sound for what waits for others only", () => {
    expect(rings(snapshot({ waiting: [called("c_1", null)] }))).toEqual([null]);
    expect(rings(snapshot({ waiting: [called("c_1", call)] }))).toEqual(["handoff"]);
  });

  it("rings and counts again when the same handoff calls once more, after a decline as well", () => {
    const first = snapshot({ offers: [called("c_1", { ...call, n: 1, rung: "agent" })] });
    const second = snapshot({ waiting: [called("c_1", call)] });
    expect(rings(first, first, second, second)).toEqual(["handoff", null, "handoff", null]);
    const declined = answered(hear(SILENT, first).alerts, "h_c_1/1");
    expect(badge(hear(declined, first).alerts)).toBe(0);
    expect(badge(hear(declined, second).alerts)).toBe(1);
  });

  it("is to be confirmed until somebody did", () => {
    const seen = { ...call, shown: true };
    const desk = snapshot({ offers: [called("c_1", call)], waiting: [called("c_2", seen), called("c_3", null), card("c_4")] });
    expect(unconfirmed(desk)).toEqual([{ handoff: "h_c_1", n: 2 }]);
  });
});

describe("the tab", () => {
  it("counts open handoffs and unread messages", () => {
    const { alerts } = hear(SILENT, snapshot({ waiting: [card("c_1")], mine: [card("c_2", { unread: 2 })] }));
    expect(pageTitle(badge(alerts), "Tandem")).toBe("(3) Tandem");
    expect(pageTitle(0, "Tandem")).toBe("Tandem");
  });
});
