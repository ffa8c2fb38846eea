import type { Look } from "../widget/look";
import { isItem, type Item, same, type Value } from "./forms/values";

/** What a look says beyond the product's own, as [name, value]. */
function parts({ accent, position = "end", scheme = "auto" }: Look): readonly (readonly [string, string])[] {
  const said: readonly (readonly [string, string])[] = [
    ["accent", accent ?? ""], ["position", position === "end" ? "" : position], ["scheme", scheme === "auto" ? "" : scheme],
  ];
  return said.filter(([, value]) => value !== "");
}

/** The line that puts the widget, with this look, on a page of the tenant. */
export function embedCode(gateway: string, tenant: string, look: Look): string {
  const attributes = [["tenant", tenant] as const, ...parts(look)].map(([name, value]) => ` data-${name}="${escaped(value)}"`);
  return `<script async src="${escaped(gateway)}/widget/v1/widget.js"${attributes.join("")}></script>`;
}

/** The look that the widget's settings say. */
export function lookOf({ accent, position, scheme }: Item): Look {
  return {
    ...(typeof accent === "string" && { accent }),
    ...(position === "start" && { position }),
    ...((scheme === "light" || scheme === "dark") && { scheme }),
  };
}

/** The widget's settings with what is tried out of its look, for all pages; what is the product's own is left out. */
export const withLook = (before: Item, tried: Look): Item => {
  const { accent: _accent, position: _position, scheme: _scheme, ...rest } = before;
  return { ...rest, ...Object.fromEntries(parts({ ...lookOf(before), ...tried })) };
};

/** What a form holds of the widget, in the look that is stored now. */
export function withStoredLook(held: Value | undefined, stored: Value | undefined): Item {
  const look = Object.entries(isItem(stored) ? stored : {}).filter(([name]) => ["accent", "position", "scheme"].includes(name));
  return { ...(isItem(held) ? held : {}), ...Object.fromEntries(look) };
}

/** Whether what is tried out would replace what was stored since the look was read. */
export function clash(read: Look, stored: Look, tried: Look): boolean {
  const [before, after] = [Object.fromEntries(parts(read)), Object.fromEntries(parts(stored))];
  return Object.keys(tried).some((part) => before[part] !== after[part]);
}

/** The chat page that shows the widget with this look, which nobody else sees. */
export const previewAddress = (tenant: string, language: string, look: Look): string =>
  `/chat/?${new URLSearchParams([["tenant", tenant], ["language", language], ["preview", ""], ...parts(look).map(([name, value]) => [name, value])])}`;

/** What is tried out beyond the look, for the page in the frame; null: as it is stored. */
export function triedWords(stored: Item, edited: Item | null): string | null {
  if (edited === null || same(stored, edited)) return null;
  const { logo, welcome, articles, texts } = edited;
  return JSON.stringify({ logo, welcome, articles, texts });
}

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
