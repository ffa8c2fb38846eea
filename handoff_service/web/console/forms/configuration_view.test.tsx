import { act } from "preact/test-utils";
import { afterEach, expect, it } from "vitest";
import { ConfigurationPanel } from "../components/administration/ConfigurationPanel";
import { type Answer, trial, whoMay } from "../fixtures";
import { mounted, settled } from "../mounted";

const PROBLEMS = [
  { line: 3, column: 9, where: "queues.0.mode", message: "'push' is not possible; did you mean claim?" },
  { line: 0, column: 0, where: "channels", message: "channel accounts hold secrets and are changed with `python -m handoff_service channel`; leave the section out" },
];
let leave = (): void => undefined;
afterEach(() => leave());

it("says what is wrong with the file in the language of the desk", async () => {
  const read: Answer = { status: 200, body: { yaml: "queues: []", version: "v1", document: {} } };
  const refused: Answer = { status: 422, body: { error: { code: "bad_configuration", message: "line 3: …", problems: PROBLEMS } } };
  const desk = await trial({ "/v1/admin/config/check": refused, "/v1/admin/config": read }, "zh", whoMay("settings.write"));
  const drawn = await mounted(desk, <ConfigurationPanel />);
  leave = () => {
    drawn.leave();
    desk.session.stop();
  };
  await settled();
  await act(() => desk.administration.edit("queues:\n  - mode: push"));
  await act(() => desk.administration.check());
  await settled();
  const told = [...drawn.root.querySelectorAll(".problems li")].map((each) => each.textContent?.trim());
  expect(told).toEqual([
    "第 3 行 queues.0.mode 不能选择此项。是不是 claim？",
    "channels 渠道账号含有密钥，不能在文件里修改；请到“渠道账号”里改，并把这一部分删去或恢复原样。",
  ]);
});
