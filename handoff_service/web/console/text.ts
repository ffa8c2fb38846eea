import { fill, type Translate as TranslateKey, type Values } from "../shared/i18n";
import type { Language } from "../shared/protocol";
import { en } from "./texts/en";
import { zh, type TextKey } from "./texts/zh";

export type { TextKey };
/** Turns a text key into the agent's language. */
export type Translate = TranslateKey<TextKey>;

const TEXTS: Readonly<Record<Language, Readonly<Record<TextKey, string>>>> = { zh, en };

export function translator(language: Language): Translate {
  return (key, values: Values = {}) => fill(tight(TEXTS[language][key], values), values);
}

/** Chinese words are set apart from Latin ones and numbers, not from each other: "Mia 接起了会话", but "我接起了会话". */
function tight(text: string, values: Values): string {
  const value = (name: string): string => String(values[name] ?? "");
  return text
    .replace(/\{(\w+)\} (?=\p{Script=Han})/gu, (whole, name: string) => (/\p{Script=Han}$/u.test(value(name)) ? `{${name}}` : whole))
    .replace(/(?<=\p{Script=Han}) \{(\w+)\}/gu, (whole, name: string) => (/^\p{Script=Han}/u.test(value(name)) ? `{${name}}` : whole));
}

/** The text key `prefix.name` when there is one, for values that the server chooses (reasons, stages, events). */
export function keyFor(prefix: string, name: string): TextKey | null {
  const key = `${prefix}.${name}`;
  return key in zh ? (key as TextKey) : null;
}

/** A duration as an agent reads it at a glance; negative durations count as zero. */
export function spell(milliseconds: number, t: Translate): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return t("time.seconds", { n: seconds });
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return t("time.minutes", { n: minutes });
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return t("time.hours", { h: hours, m: minutes % 60 });
  return t("time.days", { n: Math.floor(hours / 24) });
}

/** A name that a tenant may have given per language. */
export function localName(name: string | Readonly<Partial<Record<Language, string>>>, language: Language): string {
  return typeof name === "string" ? name : (name[language] ?? Object.values(name)[0] ?? "");
}

/** A probability 0..1 as a whole percentage. */
export const percent = (probability: number): string => `${Math.round(probability * 100)}%`;
