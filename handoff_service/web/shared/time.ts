import { locale } from "./i18n";

/** "14:05", in the reader's time zone. */
export function clockTime(iso: string, language: string): string {
  return format(iso, language, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

/** Day and time without the year, "11月24日 07:11"; "" for a broken time. */
export function dayTime(iso: string, language: string): string {
  return format(iso, language, { month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

/** Date and time for a tooltip or a table. */
export function fullTime(iso: string, language: string): string {
  return format(iso, language, { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
}

/** The reader's calendar day, "2026-11-21"; "" for a broken time. */
export function dayKey(iso: string): string {
  const date = new Date(iso);
  return Number.isNaN(date.getTime()) ? "" : `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

/** "Today", "Yesterday", else the date. */
export function dayLabel(iso: string, language: string, now: Date = new Date()): string {
  const key = dayKey(iso);
  for (const back of [0, 1]) {
    const day = new Date(now.getFullYear(), now.getMonth(), now.getDate() - back);
    if (dayKey(day.toISOString()) === key) {
      const label = new Intl.RelativeTimeFormat(locale(language), { numeric: "auto" }).format(-back, "day");
      return label.charAt(0).toUpperCase() + label.slice(1);
    }
  }
  return format(iso, language, { month: "long", day: "numeric", weekday: "short" });
}

/** A waiting time in words, rounded up to minutes: "4 minutes", "4分钟"; hours from 60 minutes on. */
export function duration(seconds: number, language: string): string {
  const minutes = Math.max(1, Math.ceil(seconds / 60));
  const [value, unit] = minutes < 60 ? [minutes, "minute"] : [Math.round(minutes / 60), "hour"];
  return new Intl.NumberFormat(locale(language), { style: "unit", unit, unitDisplay: "long" }).format(value);
}

/** How long ago in the shortest words: "now", "5 min", "3 h", "2 d". */
export function ago(iso: string, language: string, now: number = Date.now()): string {
  const minutes = Math.floor((now - new Date(iso).getTime()) / 60_000);
  if (!(minutes >= 1)) return language.startsWith("zh") ? "刚刚" : "now";
  if (minutes < 60) return language.startsWith("zh") ? `${minutes}分钟` : `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return language.startsWith("zh") ? `${hours}小时` : `${hours} h`;
  const days = Math.floor(hours / 24);
  return language.startsWith("zh") ? `${days}天` : `${days} d`;
}

/** By language and options: making one takes as long as writing a hundred times with it. */
const formats = new Map<string, Intl.DateTimeFormat>();

function format(iso: string, language: string, options: Intl.DateTimeFormatOptions): string {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return "";
  const key = `${language} ${Object.entries(options).join()}`;
  const made = formats.get(key) ?? new Intl.DateTimeFormat(locale(language), options);
  formats.set(key, made);
  return made.format(date);
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
