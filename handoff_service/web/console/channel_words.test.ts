import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { fieldWords, isSecret, isTranslated } from "./channel_words";

const CHANNELS = `${import.meta.dirname}/../../channels`;
const explained = readdirSync(CHANNELS).filter((file) => file.endsWith(".py"))
  .flatMap((file) => [...readFileSync(`${CHANNELS}/${file}`, "utf8").matchAll(/\bField\(\s*"\w+",\s*"([^"]+)"/g)].map((found) => found[1]!));
/** Names that are printed so on the platforms' own pages, in whatever language. */
const NAMES = /^(AppI[dD]|App (ID|Secret)|AppSecret|Client (Key|Secret)|Account SID|Auth Token|Verification Token|app_secret|xoxb-…|企业ID)$/;

it("has Chinese words for what every channel asks of its accounts", () => {
  expect(explained.length).toBeGreaterThan(40);
  expect([...new Set(explained)].filter((words) => !isTranslated(words) && !NAMES.test(words))).toEqual([]);
});

it("says notes in the agent's language too", () => {
  expect(fieldWords("user there (optional)", "zh")).toBe("该服务器的用户名（选填）");
  expect(fieldWords("signs both directions (secret, made by Tandem when not given)", "zh")).toBe("双向签名用的密钥（保密，不填则由 Tandem 生成）");
  expect(fieldWords("EncodingAESKey (43 characters) (secret)", "zh")).toBe("EncodingAESKey（43 个字符）（保密）");
  expect([fieldWords("AppSecret (secret)", "zh"), fieldWords("something new", "zh"), fieldWords("user there (optional)", "en")])
    .toEqual(["AppSecret（保密）", "something new", "user there (optional)"]);
});

it("knows what is secret", () => {
  expect(["signs both directions (secret, made by Tandem when not given)", "AppSecret (secret)", "user there (optional)", "AppID"].map(isSecret))
    .toEqual([true, true, false, false]);
});
