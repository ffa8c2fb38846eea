// Which language somebody gets; apart from the catalogues, so that the launcher can ask without loading them.

/** The catalogue for the first wish that has one: "zh-TW" means zh-Hant, "zh" zh-Hans, "en-US" en; else English. */
export function chooseAmong(tags: readonly string[], wishes: readonly (string | null | undefined)[]): string {
  for (const wish of wishes) {
    const wanted = likely(wish);
    if (wanted === null) continue;
    const near = tags.filter((tag) => likely(tag)?.language === wanted.language);
    const found = near.find((tag) => likely(tag)?.script === wanted.script) ?? near[0];
    if (found !== undefined) return found;
  }
  return tags.find((tag) => tag === "en") ?? tags[0] ?? "en";
}

function likely(tag: string | null | undefined): Intl.Locale | null {
  if (!tag) return null;
  try {
    return new Intl.Locale(tag.replaceAll("_", "-")).maximize();
  } catch {
    return null; // what a page wrote into data-language
  }
}
