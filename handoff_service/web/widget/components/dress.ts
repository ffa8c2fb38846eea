const sheets = new WeakMap<Node, Set<string>>();

/** Styles that come with a part's own file: as the page's own object, which a strict `style-src` does not block. */
export function dress(element: Element | null, css: string): void {
  const root = element?.getRootNode();
  if (!(root instanceof ShadowRoot || root instanceof Document)) return;
  const there = sheets.get(root) ?? new Set();
  if (there.has(css)) return;
  sheets.set(root, there.add(css));
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
}
