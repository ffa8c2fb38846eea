import type { Language } from "./protocol";

export type Values = Record<string, string | number>;
export type Translate<Key extends string> = (key: Key, values?: Values) => string;

/**
 * Texts by key in the language of the moment. Both catalogues must have the same keys (checked by their type).
 *
 * `{name}` inserts a value, `{count:message|messages}` chooses by number: first for 1, second otherwise.
 */
export function translator<Key extends string>(
  catalogues: Record<Language, Record<Key, string>>,
  language: () => Language,
): Translate<Key> {
  return (key, values = {}) => fill(catalogues[language()][key], values);
}

export function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)(?::([^|{}]*)\|([^|{}]*))?\}/g, (whole, name: string, one?: string, other?: string) => {
    const value = values[name];
    if (value === undefined) return whole;
    if (one === undefined || other === undefined) return String(value);
    return Number(value) === 1 ? one : other;
  });
}

/** The first wish that we speak ("zh-CN" means zh), else English. */
export function chooseLanguage(...wishes: (string | null | undefined)[]): Language {
  for (const wish of wishes) {
    const primary = wish?.toLowerCase().split(/[-_]/)[0];
    if (primary === "zh" || primary === "en") return primary;
  }
  return "en";
}

/** BCP 47 tag for `lang` attributes and Intl. */
export function locale(language: string): string {
  return language === "zh" ? "zh-CN" : language === "en" ? "en-GB" : language;
}
