import { describe, expect, it } from "vitest";
import { embedCode, lookYaml, previewAddress } from "./widget_look";

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

  it("is told to the configuration with a quoted colour, which YAML would take for a comment", () => {
    expect(lookYaml({ accent: "#aa0000", position: "start" })).toBe('widget:\n  accent: "#aa0000"\n  position: "start"');
  });
});

it("previews a look that nobody has saved on the real chat page", () => {
  const address = new URL(previewAddress("demo", "zh", { accent: "#aa0000", position: "start" }), "https://desk.example");
  expect(address.pathname).toBe("/chat/");
  expect(Object.fromEntries(address.searchParams)).toEqual({ tenant: "demo", language: "zh", preview: "", accent: "#aa0000", position: "start" });
});
