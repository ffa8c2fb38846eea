import { lookSheet, type Look } from "./look";
import dark from "./styles/dark.css?inline";
import launcher from "./styles/launcher.css?inline";
import tokens from "./styles/tokens.css?inline";

/** The tenant's colours and place on what stands there from the first moment; the conversation adds its own sheets. */
export function wear(host: HTMLElement, root: ShadowRoot, look: Look): void {
  // Constructed sheets are the page's own objects: a strict `style-src` does not block them.
  const sheet = root.adoptedStyleSheets[0] ?? new CSSStyleSheet();
  sheet.replaceSync([tokens, launcher, lookSheet(look, dark)].join("\n"));
  if (root.adoptedStyleSheets.length === 0) root.adoptedStyleSheets = [sheet];
  host.dataset["position"] = look.position ?? "end";
}
