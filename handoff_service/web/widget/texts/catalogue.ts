// Texts of the customer's pages: one file per language in catalogues/, and nothing else to change to add one.
import type { Language } from "../../shared/protocol";
import type { catalogue as reference } from "./catalogues/zh-Hans";

export type Key = keyof typeof reference.texts;
export interface Catalogue {
  /** BCP 47, and the name of the file. */
  tag: string;
  /** What bot and agents speak with a customer who reads this. */
  speaks: Language;
  dir: "ltr" | "rtl";
  texts: Readonly<Record<Key, string>>;
}

const FILES = import.meta.glob<Catalogue>("./catalogues/*.ts", { import: "catalogue" });

export const TAGS: readonly string[] = Object.keys(FILES).map((path) => path.slice("./catalogues/".length, -".ts".length));

export async function loadCatalogue(tag: string): Promise<Catalogue> {
  const load = FILES[`./catalogues/${tag}.ts`];
  if (load === undefined) throw new Error(`There is no catalogue ${tag}; there are ${TAGS.join(", ")}.`);
  return load();
}

/** The catalogue for the first wish that has one: "zh-TW" means zh-Hant, "zh" zh-Hans, "en-US" en; else English. */
export function chooseTag(wishes: readonly (string | null | undefined)[], tags: readonly string[] = TAGS): string {
  for (const wish of wishes) {
    const wanted = likely(wish);
    if (wanted === null) continue;
    const near = tags.filter((tag) => likely(tag)?.language === wanted.language);
    const found = near.find((tag) => likely(tag)?.script === wanted.script) ?? near[0];
    if (found !== undefined) return found;
  }
  return tags.find((tag) => tag === "en") ?? tags[0] ?? "en";
}

/** A language as its own speakers call it: "English", "繁體中文". */
export function languageName(tag: string): string {
  return new Intl.DisplayNames([tag], { type: "language" }).of(tag) ?? tag;
}

function likely(tag: string | null | undefined): Intl.Locale | null {
  if (!tag) return null;
  try {
    return new Intl.Locale(tag.replaceAll("_", "-")).maximize();
  } catch {
    return null; // what a page wrote into data-language
  }
}
