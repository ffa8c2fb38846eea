import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, expect, it } from "vitest";
import type { ChannelAccount } from "./channels";
import { ChannelsPanel } from "./components/administration/ChannelsPanel";
import { WorkplaceContext } from "./components/workplace";
import { type Trial, trial } from "./fixtures";

let desk: Trial;
const root = document.createElement("div");
document.body.append(root);
afterEach(() => {
  render(null, root);
  desk.session.stop();
});

const ACCOUNT: ChannelAccount = {
  id: "acc_1", channel: "telegram", name: "Shop bot", disabled: false, webhook: "https://shop.example/hook",
  options: {}, secrets: { token: 1 },
  health: {
    last_event_at: null, last_error: null, examined_at: "2026-11-22T08:00:00Z",
    findings: [
      { level: "ok", about: "clock", words: "Our clock agrees with the platform's.", zh: "我们的时钟与平台一致。" },
      { level: "wrong", about: "keys", words: "Telegram does not take our keys.", zh: "Telegram 不接受我们的密钥。" },
    ],
  },
};
const KINDS = { telegram: { platform: "Telegram", fields: { token: "token of the bot (secret)", api: "another API server (optional)" } } };
const flush = () => act(async () => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
});

it("keeps what the doctor found until somebody looks again, and shows no secret that is typed", async () => {
  desk = await trial({
    "/v1/channels/accounts": { status: 200, body: { accounts: [ACCOUNT] } },
    "/v1/channels/kinds": { status: 200, body: { kinds: KINDS } },
    "/examine": { status: 200, body: { account: "acc_1", findings: [{ level: "ok", about: "keys", words: "Telegram takes our keys.", zh: "" }] } },
  }, "en");
  const { me } = desk.state;
  me.value = { ...me.value, agent: { ...me.value.agent, permissions: ["integrations.manage", "settings.read"] } };
  act(() => render(<WorkplaceContext.Provider value={desk}><ChannelsPanel /></WorkplaceContext.Provider>, root));
  await flush();
  expect(root.querySelector(".findings")?.textContent).toBe("Telegram does not take our keys.");
  expect(root.textContent).toContain("Last examined");

  const press = async (text: string) => {
    [...root.querySelectorAll("button")].find((each) => each.textContent === text)!.click();
    await flush();
  };
  await press("Examine");
  expect(root.querySelector(".findings")?.textContent).toBe("Telegram takes our keys.");
  await press("New secrets");
  expect([...root.querySelectorAll<HTMLInputElement>(".accounts input")].map(({ type }) => type)).toEqual(["password"]);
});
