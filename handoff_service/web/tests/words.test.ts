import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, it, vi } from "vitest";
import { chooseLanguage, fill } from "../shared/i18n";
import { isDrafts } from "../shared/outbox";
import { browserStorage, readJson } from "../shared/storage";
import { ago, clockTime, dayKey, dayLabel, duration } from "../shared/time";
import { claimDevice } from "../widget/device";
import { chooseTag, languageName, loadCatalogue, TAGS } from "../widget/texts/catalogue";

describe("texts", () => {
  it("fills in values and chooses by number", () => {
    expect(fill("{count} {count:message|messages}", { count: 1 })).toBe("1 message");
    expect(fill("{count} {count:message|messages}", { count: 2 })).toBe("2 messages");
    expect(fill("来源：{title}", { title: "{count} $& 退款" })).toBe("来源：{count} $& 退款");
    expect(fill("{unknown}", {})).toBe("{unknown}");
  });

  it("has the same keys and the same values to fill in every language, each in a file of its name", async () => {
    const names = (text: string) => [...new Set([...text.matchAll(/\{(\w+)/g)].map((match) => match[1]))].sort();
    const reference = (await loadCatalogue("zh-Hans")).texts;
    expect(TAGS.toSorted()).toEqual(["en", "zh-Hans", "zh-Hant"]);
    for (const tag of TAGS) {
      const { texts, tag: own } = await loadCatalogue(tag);
      expect(own).toBe(tag);
      expect(Object.keys(texts).sort()).toEqual(Object.keys(reference).sort());
      for (const key of Object.keys(texts) as (keyof typeof texts)[]) expect(names(texts[key]), key).toEqual(names(reference[key]));
    }
  });

  it("gets another language by one more file, and no other file names one", async () => {
    const folder = `${import.meta.dirname}/.one-more-language`;
    mkdirSync(folder, { recursive: true });
    try {
      cpSync(`${import.meta.dirname}/../widget/texts`, folder, { recursive: true });
      const hebrew = readFileSync(`${folder}/catalogues/en.ts`, "utf8").replace('tag: "en"', 'tag: "he"').replace('dir: "ltr"', 'dir: "rtl"');
      writeFileSync(`${folder}/catalogues/he.ts`, hebrew);
      const texts = (await import(/* @vite-ignore */ `${folder}/catalogue.ts`)) as typeof import("../widget/texts/catalogue");
      expect(texts.TAGS).toContain("he");
      expect(texts.chooseTag(["he-IL", "en"])).toBe("he");
      expect(await texts.loadCatalogue("he")).toMatchObject({ tag: "he", dir: "rtl", speaks: "en" });
      expect(texts.languageName("he")).toBe("עברית");
    } finally {
      rmSync(folder, { recursive: true });
    }
    const naming = readdirSync(`${import.meta.dirname}/../widget`, { recursive: true, encoding: "utf8" })
      .filter((name) => /\.tsx?$/.test(name) && !name.includes("catalogues"))
      .filter((name) => /["'`](zh-Han[st]|zh-TW)["'`]/.test(readFileSync(`${import.meta.dirname}/../widget/${name}`, "utf8").replaceAll(/\/\*\*.*?\*\//gs, "")));
    expect(naming).toEqual([]);
  });

  it("finds the catalogue that a browser wishes for, script and all", () => {
    const chosen = ["zh", "zh-CN", "zh-TW", "zh-HK", "zh_Hant", "en-US", "fr", "???", null].map((wish) => chooseTag([wish]));
    expect(chosen).toEqual(["zh-Hans", "zh-Hans", "zh-Hant", "zh-Hant", "zh-Hant", "en", "en", "en", "en"]);
    expect(chooseTag(["fr", "zh-Hant"])).toBe("zh-Hant");
    expect(languageName("zh-Hant")).toBe("繁體中文");
  });

  it("takes the first wish that we speak", () => {
    expect(chooseLanguage(null, "zh-Hant-TW", "en")).toBe("zh");
    expect(chooseLanguage("fr", "EN_us")).toBe("en");
    expect(chooseLanguage("de")).toBe("en");
  });
});

describe("time", () => {
  const at = (hours: number, minutes: number, day = 21) => new Date(2026, 10, day, hours, minutes).toISOString();

  it("names the day as its reader would", () => {
    const now = new Date(2026, 10, 21, 0, 5);
    expect(dayLabel(at(0, 1), "zh", now)).toBe("今天");
    expect(dayLabel(at(23, 59, 20), "en", now)).toBe("Yesterday");
    expect(dayLabel(at(12, 0, 3), "zh", now)).toContain("11月3日");
    expect(dayKey(at(23, 59, 20))).toBe("2026-11-20");
  });

  it("writes times and durations in both languages", () => {
    expect(clockTime(at(0, 7), "en")).toBe("00:07");
    expect(duration(1, "zh")).toBe("1分钟");
    expect(duration(200, "en")).toBe("4 minutes");
    expect(duration(7200, "en")).toBe("2 hours");
    expect(ago(at(10, 0), "en", Date.parse(at(10, 5)))).toBe("5 min");
    expect(ago(at(10, 5), "zh", Date.parse(at(10, 0)))).toBe("刚刚");
  });

  it("says nothing about a broken time", () => {
    expect([clockTime("?", "zh"), dayKey("?")]).toEqual(["", ""]);
  });
});

describe("storage", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("works where the browser forbids it", () => {
    vi.stubGlobal("localStorage", new Proxy({}, { get: () => { throw new DOMException("denied", "SecurityError"); } }));
    const storage = browserStorage("localStorage", "tandem.demo.");
    storage.setItem("token", "t");
    expect(storage.getItem("token")).toBe("t");
    storage.removeItem("token");
    expect(storage.getItem("token")).toBeNull();
  });

  it("keeps tenants apart", () => {
    browserStorage("localStorage", "tandem.one.").setItem("token", "1");
    expect(browserStorage("localStorage", "tandem.two.").getItem("token")).toBeNull();
    expect(localStorage.getItem("tandem.one.token")).toBe("1");
  });

  it.each(["{", "null", '{"a":1}', '[{"client_id":1}]'])("reads %s as nothing stored", (broken) => {
    const storage = browserStorage("localStorage", "broken.");
    storage.setItem("outbox", broken);
    expect(readJson(storage, "outbox", isDrafts, [])).toEqual([]);
  });
});

describe("device", () => {
  it("is the same after a reload, and another one in a duplicated tab", () => {
    const tab = browserStorage("sessionStorage", "tandem.demo.");
    const device = claimDevice(tab);
    expect(claimDevice(tab)).not.toBe(device); // a duplicate starts from a copy of the storage in use
    sessionStorage.removeItem("tandem.demo.device");
    window.dispatchEvent(new Event("pagehide"));
    expect(device).toMatch(/^d_[\w-]{24}$/);
    expect(sessionStorage.getItem("tandem.demo.device")).toMatch(/^d_/);
    const reloaded = sessionStorage.getItem("tandem.demo.device");
    expect(claimDevice(tab)).toBe(reloaded);
  });
});
