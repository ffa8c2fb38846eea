import type { Look } from "../widget/look";

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

/** The same look for all pages, as the configuration file has it. */
export const lookYaml = (look: Look): string =>
  ["widget:", ...parts(look).map(([name, value]) => `  ${name}: ${JSON.stringify(value)}`)].join("\n");

/** The chat page that shows the widget with this look, which nobody else sees. */
export const previewAddress = (tenant: string, language: string, look: Look): string =>
  `/chat/?${new URLSearchParams([["tenant", tenant], ["language", language], ["preview", ""], ...parts(look).map(([name, value]) => [name, value])])}`;

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
