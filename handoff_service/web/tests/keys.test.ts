import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { composes } from "../shared/keys";

const WEB = `${import.meta.dirname}/..`;
const sources = ["chat", "console", "shared", "widget"]
  .flatMap((part) => readdirSync(`${WEB}/${part}`, { recursive: true, encoding: "utf8" }).map((file) => `${part}/${file}`))
  .filter((file) => /(?<!\.test)\.tsx?$/.test(file));
const listening = sources.filter((file) => /\.key [!=]== "(Escape|Enter)"/.test(readFileSync(`${WEB}/${file}`, "utf8")));

it("belongs to the input method while it composes", () => {
  expect([composes({ isComposing: true, keyCode: 27 }), composes({ isComposing: false, keyCode: 229 })]).toEqual([true, true]);
  expect(composes({ isComposing: false, keyCode: 27 })).toBe(false);
});

it("has been found where somebody listens for Escape and Enter", () => {
  expect(listening).toContain("console/components/ContactView.tsx");
  expect(listening).toContain("widget/components/composer.tsx");
});

// Who types Chinese ends a word with Enter and takes it back with Escape: that must neither send nor close anything.
it.each(listening)("is not taken from the input method by %s", (file) => {
  expect(readFileSync(`${WEB}/${file}`, "utf8")).toContain("composes(event)");
});
