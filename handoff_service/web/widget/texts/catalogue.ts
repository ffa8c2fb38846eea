// Texts of the customer's pages: one file per language in catalogues/, and nothing else to change to add one.
import type { Language } from "../../shared/protocol";
import { chooseAmong } from "./tags";
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

/** The catalogue for the first wish that has one, else English. */
export const chooseTag = (wishes: readonly (string | null | undefined)[]): string => chooseAmong(TAGS, wishes);

/** A language as its own speakers call it: "English", "繁體中文". */
export function languageName(tag: string): string {
  return new Intl.DisplayNames([tag], { type: "language" }).of(tag) ?? tag;
}
