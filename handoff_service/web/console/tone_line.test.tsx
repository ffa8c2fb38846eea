import { afterEach, expect, it } from "vitest";
import { ToneLine } from "./components/ToneLine";
import { ME, trial, type Trial } from "./fixtures";
import { mounted } from "./mounted";

let leave = (): void => undefined;
let desk: Trial;
afterEach(() => {
  leave();
  desk.session.stop();
});

async function shown(language: "zh" | "en", tone: Record<string, string>, companies: readonly string[] = []): Promise<string> {
  const clients = companies.map((name) => ({ tenant: name, name }));
  desk = await trial({}, language, { ...ME, clients, tenant: { ...ME.tenant, tone } });
  const found = await mounted(desk, <ToneLine />);
  leave = found.leave;
  return found.root.textContent ?? "";
}

it("says nothing where a company has no wishes and its agents serve nobody else", async () => {
  expect(await shown("en", {}, ["demo"])).toBe("");
});

it("says in whose name one writes, to who serves several companies", async () => {
  expect(await shown("zh", {}, ["蓝屿商城", "茶铺"])).toBe("您正在代表蓝屿商城回复");
});

it("shows the tone in the agent's language, else in the one there is", async () => {
  expect(await shown("en", { zh: "称呼“您”", en: "No jokes" })).toBe("Tone: No jokes");
  leave();
  expect(await shown("en", { zh: "称呼“您”" })).toBe("Tone: 称呼“您”");
});
