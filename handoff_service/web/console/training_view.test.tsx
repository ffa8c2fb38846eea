import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, describe, expect, it, vi } from "vitest";
import { DeskPage } from "./components/DeskPage";
import { TrainingPage } from "./components/training/TrainingPage";
import { WorkplaceContext } from "./components/workplace";
import { type Answer, LIN, ME, type Trial, trial } from "./fixtures";
import type { Messages, Misunderstood, Models, Version } from "./training";

const VERSION: Version = {
  version: "v0002-3fa9c21b", trained_at: "2026-11-22T08:30:00Z", seconds: 24.1, rasa: "3.6.21", by: "林晓",
  lines: 4938, reviewed: 3, left_out: 1,
  gate: {
    passed: true, reasons: [], macro_f1: 0.94, compared: { version: "v0001-9a7efa7a", macro_f1: 0.94, live: 0.931 },
    asking: { asked: 100, missed: [] }, stories: { played: 30, passed: 30 },
  },
};
const REFUSED: Version = {
  ...VERSION, version: "v0003-aaaaaaaa",
  gate: { ...VERSION.gate, passed: false, reasons: ["2 of 100 ways to ask for a person do not get one"] },
};
const MODELS: Models = {
  live: VERSION.version, before: "v0001-9a7efa7a", serving: VERSION.version, refused: null,
  moves: [{ version: VERSION.version, at: "2026-11-22T08:30:00Z", by: "林晓", how: "trained" }],
  versions: [REFUSED, VERSION, { ...VERSION, version: "v0001-9a7efa7a" }], training: null,
  intents: ["complaint", "greet", "of_tomorrow"],
};
const MESSAGE: Misunderstood = {
  id: "tm_1", at: "2026-11-22T08:00:00Z", language: "zh", reason: "fallback", text: "我的 [电话] 打不通", intent: "nlu_fallback",
  confidence: 0.21, wording: null, label: null, labelled_by: null, labelled_by_id: null, reviewed_by: null,
};
const LABELLED: Misunderstood = {
  ...MESSAGE, wording: "电话打不通", label: "complaint", labelled_by: "林晓", labelled_by_id: LIN.id,
};
const messages = (listed: readonly Misunderstood[], change: Partial<Messages> = {}): Messages => ({
  messages: listed, counts: { open: 1, labelled: 2, accepted: 0 }, four_eyes: true, ...change,
});

const root = document.createElement("div");
document.body.append(root);
let desk: Trial;

async function show(answers: Record<string, Answer> = {}, language: "zh" | "en" = "zh"): Promise<void> {
  const ok = (body: object): Answer => ({ status: 200, body });
  desk = await trial(
    {
      "/models": ok(MODELS), "state=open&limit=50": ok(messages([MESSAGE])),
      "state=labelled&limit=50": ok(messages([LABELLED])), ...answers,
    },
    language,
  );
  await act(async () => {
    render(
      <WorkplaceContext.Provider value={desk}>
        <TrainingPage />
      </WorkplaceContext.Provider>,
      root,
    );
  });
  await settled();
}
/** Every request that the page has made is answered. */
const settled = () => act(async () => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
});
const click = async (text: string): Promise<void> => {
  const buttons = [...root.querySelectorAll("button")];
  const found = buttons.find((each) => each.textContent === text) ?? buttons.find((each) => each.textContent?.includes(text));
  if (found === undefined) throw new Error(`no button ${text}`);
  await act(async () => found.click());
  await settled();
};
const posted = (end: string) => desk.requests.filter((each) => each.path.endsWith(end)).map((each) => each.body);

afterEach(() => {
  render(null, root);
  desk.session.stop();
  vi.useRealTimers();
});

describe("the training page", () => {
  it("collects before it shows, and tells why each message is there and how it was read", async () => {
    await show();
    const paths = desk.requests.map((each) => each.path);
    expect(paths.indexOf("/v1/training/messages/collect")).toBeLessThan(paths.findIndex((path) => path.includes("state=open")));
    const said = root.querySelector(".said") as HTMLElement;
    expect(said.textContent).toContain("我的 [电话] 打不通");
    expect(said.textContent).toContain("没有听懂");
    expect(said.textContent).toContain("21%");
  });

  it("sends a label only when there is a meaning and a wording", async () => {
    await show();
    await act(async () => root.querySelector("form")?.requestSubmit());
    expect(root.querySelector("form [role=alert]")?.textContent).toContain("请选择意思");
    expect(posted("/label")).toEqual([]);
    const select = root.querySelector("select") as HTMLSelectElement;
    expect([...select.options].map((option) => option.textContent)).toContain("of_tomorrow");
    await act(async () => {
      select.value = "complaint";
      select.dispatchEvent(new Event("change", { bubbles: true }));
    });
    await act(async () => root.querySelector("form")?.requestSubmit());
    await settled();
    expect(posted("/v1/training/messages/tm_1/label")).toMatchObject([{ intent: "complaint", text: MESSAGE.text }]);
    expect(desk.state.notices.value.at(-1)?.text).toContain("等待另一位同事复核");
  });

  it("does not let somebody accept what he has labelled himself", async () => {
    await show();
    await click("待复核");
    const accept = [...root.querySelectorAll<HTMLButtonElement>("footer button")].at(-1);
    expect(accept?.disabled).toBe(true);
    expect(root.textContent).toContain("要由另一位同事复核");
    expect(root.querySelector(".line")?.textContent).toContain("投诉 电话打不通");
  });

  it("lets a colleague accept, and anybody where four eyes are not asked for", async () => {
    const answer = { status: 200, body: messages([LABELLED], { four_eyes: false }) };
    await show({ "state=labelled&limit=50": answer });
    await click("待复核");
    await click("通过");
    expect(posted("/v1/training/messages/tm_1/review")).toMatchObject([{ accept: true }]);
  });

  it("shows figures and gates of the versions, and puts live only what passed", async () => {
    await show({}, "en");
    const [refused, live, old] = root.querySelectorAll<HTMLElement>(".version");
    expect(live?.textContent).toContain("Live");
    expect(live?.textContent).toContain("0.940");
    expect(live?.textContent).toContain("100/100");
    expect(live?.textContent).toContain("4938, of these 3 from the desk");
    expect(refused?.querySelector("button")).toBeNull();
    expect(refused?.textContent).toContain("ways to ask for a person");
    expect(root.querySelector(".moves")?.textContent).toContain("林晓 trained v0002-3fa9c21b");
    await act(async () => old?.querySelector("button")?.click());
    await settled();
    expect(posted("/models/live")).toMatchObject([{ version: "v0001-9a7efa7a" }]);
    await click("Go back to v0001-9a7efa7a");
    expect(posted("/models/rollback")).toMatchObject([{ version: VERSION.version }]);
  });

  it("follows a training until it is over", async () => {
    vi.useFakeTimers();
    const run = { stage: "training", step: 2, steps: 6, text: "fitting", running: true };
    const answers = { "/models": { status: 200, body: { ...MODELS, training: run } } };
    await show(answers);
    expect(root.querySelector<HTMLProgressElement>("progress")?.value).toBe(2);
    expect(root.textContent).toContain("正在训练，第 2/6 步：学习");
    expect(root.querySelector<HTMLButtonElement>(".training .page-panel .primary")).not.toBeNull();
    const done = { ...run, stage: "done", step: 6, running: false, result: "refused", version: "v0003-aaaaaaaa" };
    answers["/models"].body = { ...MODELS, training: done } as never;
    await act(async () => void (await vi.advanceTimersByTimeAsync(1100)));
    await settled();
    expect(root.textContent).toContain("v0003-aaaaaaaa 没有通过检验");
    const asked = desk.requests.length;
    await act(async () => void (await vi.advanceTimersByTimeAsync(5000)));
    expect(desk.requests.length).toBe(asked);
  });

  it("says why it cannot be used, and tries again", async () => {
    const refusal = { status: 403, body: { error: { code: "forbidden", message: "not you", retryable: false } } };
    await show({ "/messages/collect": refusal });
    expect(root.querySelector("[role=alert]")?.textContent).toContain("您没有权限");
    const before = desk.requests.length;
    await click("重试");
    expect(desk.requests.length).toBeGreaterThan(before);
  });
});

describe("the way to the training page", () => {
  const open = async (role: "agent" | "supervisor"): Promise<void> => {
    desk = await trial({ "/models": { status: 200, body: MODELS }, "limit=50": { status: 200, body: messages([]) } });
    desk.state.me.value = { ...ME, agent: { ...ME.agent, role } };
    await act(async () => {
      render(
        <WorkplaceContext.Provider value={desk}>
          <DeskPage />
        </WorkplaceContext.Provider>,
        root,
      );
    });
  };

  it("is there for a supervisor and leads back", async () => {
    await open("supervisor");
    await click("训练");
    expect(root.querySelector("main h1")?.textContent).toBe("机器人训练");
    await act(async () => root.querySelector<HTMLButtonElement>(".page-head button")?.click());
    expect(root.querySelector(".training")).toBeNull();
  });

  it("is not there for an agent", async () => {
    await open("agent");
    expect(root.textContent).not.toContain("训练");
  });
});
