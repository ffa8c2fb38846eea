import { describe, expect, it } from "vitest";
import { embedCode, previewAddress, triedWords, withLook } from "./widget_look";

describe("the look of the widget", () => {
  it("is told to a page by attributes, only what is not the product's own", () => {
    expect(embedCode("https://chat.example", "demo", { position: "end", scheme: "auto" })).toBe(
      '<script async src="https://chat.example/widget/v1/widget.js" data-tenant="demo"></script>',
    );
    expect(embedCode("https://chat.example", "demo", { accent: "#aa0000", position: "start", scheme: "dark" })).toContain(
      'data-tenant="demo" data-accent="#aa0000" data-position="start" data-scheme="dark"',
    );
  });

  it("cannot break out of its attribute", () => {
    expect(embedCode("https://chat.example", "demo", { accent: '"><script>' })).toContain('data-accent="&quot;>&lt;script>"');
  });

  it("is taken over for all pages without touching what else the widget is told", () => {
    const before = { accent: "#155eb0", scheme: "dark", voice: false, welcome: [] };
    expect(withLook(before, { accent: "#aa0000", position: "start", scheme: "auto" })).toEqual({ accent: "#aa0000", position: "start", voice: false, welcome: [] });
  });
});

it("previews a look that nobody has saved on the real chat page", () => {
  const address = new URL(previewAddress("demo", "zh", { accent: "#aa0000", position: "start" }), "https://desk.example");
  expect(address.pathname).toBe("/chat/");
  expect(Object.fromEntries(address.searchParams)).toEqual({ tenant: "demo", language: "zh", preview: "", accent: "#aa0000", position: "start" });
});

it("hands the page in the frame the words that nobody has saved, and none where there are none", () => {
  const stored = { accent: "#155eb0", welcome: [] };
  expect([triedWords(stored, null), triedWords(stored, { ...stored })]).toEqual([null, null]);
  const tried = triedWords(stored, { ...stored, logo: "/l.png", welcome: [{ text: { zh: "晚上好" } }], texts: { en: { composer: "Ask" } } });
  expect(JSON.parse(tried ?? "")).toEqual({ logo: "/l.png", welcome: [{ text: { zh: "晚上好" } }], texts: { en: { composer: "Ask" } } });
});
