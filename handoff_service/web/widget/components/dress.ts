let root: ShadowRoot | null = null;
const worn = new Set<string>();

/** Where the conversation is drawn; a page has one. */
export function dressIn(into: ShadowRoot): void {
  root = into;
}

/** Styles that come with a part's own file: as the page's own object, which a strict `style-src` does not block. */
export function dress(css: string): void {
  if (root === null || worn.has(css)) return;
  worn.add(css);
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}
