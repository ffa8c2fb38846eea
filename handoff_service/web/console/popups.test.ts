import { afterEach, describe, expect, it, vi } from "vitest";
import { card, deskFrame, type Trial, trial } from "./fixtures";
import { type Notifier, Popups } from "./popups";

let desk: Trial | null = null;
afterEach(() => {
  desk?.session.stop();
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

class Desktop {
  static permission: NotificationPermission = "granted";
  static asked = 0;
  static titles: string[] = [];
  static last: Desktop | null = null;
  onclick: (() => void) | null = null;
  constructor(title: string) {
    Desktop.titles.push(title);
    Desktop.last = this;
  }
  static async requestPermission(): Promise<NotificationPermission> {
    Desktop.asked += 1;
    return "granted";
  }
  close(): void {}
}

async function begin(permission: NotificationPermission, looking: boolean): Promise<Trial> {
  Object.assign(Desktop, { permission, asked: 0, titles: [], last: null });
  vi.stubGlobal("Notification", Desktop);
  vi.spyOn(document, "hasFocus").mockReturnValue(looking);
  desk = await trial();
  return desk;
}
const waiting = deskFrame({ waiting: [card("c_1")] });

describe("a notification of the desktop", () => {
  it("follows the alerts while the agent looks elsewhere, once for each call", async () => {
    const { server } = await begin("granted", false);
    server.say(waiting);
    server.say(waiting);
    expect(Desktop.titles).toEqual(["有客户在等您"]);
  });

  it("brings the agent to what it is about", async () => {
    const { server, state } = await begin("granted", false);
    state.view.value = "tickets";
    server.say(waiting);
    Desktop.last?.onclick?.();
    expect([state.view.value, state.pane.value]).toEqual(["desk", "lists"]);
  });

  it("does not come to who looks at the desk, is busy, or did not allow it", async () => {
    const focused = await begin("granted", true);
    focused.server.say(waiting);
    focused.session.stop();
    const busy = await begin("granted", false);
    busy.session.setStatus("busy");
    busy.server.say(waiting);
    busy.session.stop();
    const unasked = await begin("default", false);
    unasked.server.say(waiting);
    expect(Desktop.titles).toEqual([]);
  });

  it("is asked for once, after a click", async () => {
    const { popups } = await begin("default", true);
    expect([popups.askable.value, Desktop.asked]).toEqual([true, 0]);
    await popups.ask();
    expect([popups.askable.value, Desktop.asked]).toEqual([false, 1]);
    const memory = { getItem: () => "asked", setItem: () => undefined, removeItem: () => undefined };
    expect(new Popups(memory, Desktop as unknown as Notifier).askable.value).toBe(false);
  });
});
