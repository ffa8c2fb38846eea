import type { Language } from "../../shared/protocol";
import type { TextKey, Translate } from "../text";
import type { Item } from "./values";
import { textOf } from "./values";

/** Names of fields: each has a label, `form.<name>`. */
export type Label = TextKey extends infer Key ? (Key extends `form.${infer Name}` ? Name : never) : never;
/** Lists that are chosen from; choices.ts knows what is in them. */
export type ChoiceOf =
  | "modes" | "queues" | "places" | "calendars" | "skills" | "days" | "channels" | "languages" | "offers" | "actions" | "kinds"
  | "evidence" | "roles";

interface Named {
  readonly name: Label;
  /** Where the name alone would not say it. */
  readonly label?: Label;
  readonly hint?: Label;
  /** Seldom needed: folded away until something is set. */
  readonly more?: boolean;
}
export type Field = Named & Kind;
export type Kind =
  | { readonly kind: "id" }
  | { readonly kind: "text"; readonly required?: boolean; readonly long?: boolean; readonly filled?: boolean; readonly known?: "zones" | "countries" }
  | { readonly kind: "number"; readonly least: number; readonly most?: number; readonly usual?: number; readonly percent?: boolean; readonly fraction?: boolean }
  /** By language of the widget what is said otherwise. */
  | { readonly kind: "words" }
  /** By sentence of the gateway and language what is said otherwise. */
  | { readonly kind: "said" }
  | { readonly kind: "check"; readonly usual: boolean }
  | { readonly kind: "date" }
  | { readonly kind: "time"; readonly optional?: boolean }
  | { readonly kind: "choice"; readonly of: ChoiceOf; readonly none?: Label; readonly required?: boolean }
  /** `none`: choosing nothing is something else than as nobody has set it. */
  | { readonly kind: "several"; readonly of: ChoiceOf; readonly usual?: readonly string[]; readonly none?: boolean }
  /** `empty`: what one counts that is not set; `hundredths`: stored in them, as money is. */
  | { readonly kind: "numbers"; readonly of: ChoiceOf; readonly least: number; readonly most?: number; readonly empty: number; readonly hundredths?: boolean }
  | { readonly kind: "list"; readonly each: "text" | "email" | "date" | "origin"; readonly usual?: readonly string[] }
  | { readonly kind: "part"; readonly fields: readonly Field[]; readonly begins: Item; readonly always?: boolean }
  | { readonly kind: "rows"; readonly fields: readonly Field[]; readonly begins: Item };

export type SectionId =
  | "general" | "queues" | "calendars" | "sla" | "canned_replies" | "tags" | "skills" | "wrap_up_codes" | "rules" | "bot" | "complaints" | "tone" | "widget_words";
interface Common {
  readonly id: SectionId;
  readonly fields: readonly Field[];
  readonly needs: "settings.write" | "canned.write";
}
/** A part of the file that is edited thing by thing. `keyed`: its things have ids; `ordered`: their order says something. */
export type Section = Common & (
  | { readonly holds: "list"; readonly keyed: boolean; readonly ordered: boolean; readonly begins: Item }
  | { readonly holds: "names"; readonly begins: Item }
  | { readonly holds: "parts"; readonly parts: readonly string[] }
);

const ID: Field = { name: "id", hint: "id_hint", kind: "id" };
const BOTH: readonly Field[] = [{ name: "zh", kind: "text", required: true }, { name: "en", kind: "text", required: true }];
const SPAN: readonly Field[] = [{ name: "from", kind: "time" }, { name: "to", kind: "time" }];
const TEXTS: readonly Field[] = [{ name: "zh", kind: "text", long: true }, { name: "en", kind: "text", long: true }];
const QUESTIONS: readonly Field[] = [{ name: "zh", kind: "list", each: "text" }, { name: "en", kind: "list", each: "text" }];
const SHIFT: Item = { from: "09:00", to: "18:00" };
const WORKDAYS = ["mon", "tue", "wed", "thu", "fri"];
const HOURS: Field = {
  name: "hours", hint: "hours_hint", kind: "rows", begins: { days: WORKDAYS, ...SHIFT }, fields: [{ name: "days", kind: "several", of: "days" }, ...SPAN],
};
const DAY_S = 86_400;
const ZONE: Field = { name: "timezone", hint: "timezone_hint", kind: "text", known: "zones" };

const QUEUE: readonly Field[] = [
  ID,
  { name: "name", kind: "text", required: true },
  { name: "mode", hint: "mode_hint", kind: "choice", of: "modes", required: true },
  { name: "accept_s", hint: "accept_s_hint", kind: "number", least: 5, most: 300 },
  { name: "calendar", kind: "choice", of: "calendars", none: "calendar_none" },
  HOURS,
  {
    name: "skills", hint: "skills_hint", kind: "rows", begins: { skill: "", level: 1 },
    fields: [
      { name: "skill", kind: "choice", of: "skills", required: true },
      { name: "level", kind: "number", least: 1, most: 5, usual: 1 },
      { name: "relax_after_s", kind: "number", least: 1, most: DAY_S },
    ],
  },
  {
    name: "overflow", kind: "part", begins: { to: "mailbox", after_s: 600 },
    fields: [{ name: "to", label: "overflow_to", kind: "choice", of: "places", required: true }, { name: "after_s", kind: "number", least: 10, most: DAY_S }],
  },
  { name: "alert_mail", hint: "alert_mail_hint", kind: "list", each: "email" },
  {
    name: "peak", more: true, kind: "part", begins: { wait_s: 600, offer: "message" },
    fields: [{ name: "wait_s", label: "peak_wait", kind: "number", least: 10, most: DAY_S }, { name: "offer", kind: "choice", of: "offers", required: true }],
  },
  {
    name: "last_agent", more: true, kind: "part", begins: { within_s: DAY_S, wait_s: 60 },
    fields: [{ name: "within_s", kind: "number", least: 60, most: 31 * DAY_S }, { name: "wait_s", kind: "number", least: 5, most: 3600 }],
  },
  { name: "tier", hint: "tier_hint", more: true, kind: "number", least: 1, most: 5, usual: 1 },
  { name: "heat", hint: "heat_hint", more: true, kind: "number", least: 0, most: 20, usual: 3 },
  { name: "missed_away", hint: "missed_away_hint", more: true, kind: "number", least: 0, most: 20, usual: 3 },
  { name: "first_reply_s", hint: "first_reply_s_hint", more: true, kind: "number", least: 0, most: DAY_S, usual: 600 },
  { name: "ageing_s", hint: "ageing_s_hint", more: true, kind: "number", least: 1, most: 3600, usual: 300 },
  { name: "assign_tickets", hint: "assign_tickets_hint", more: true, kind: "check", usual: false },
];

const CALENDAR: readonly Field[] = [
  ID,
  ZONE,
  HOURS,
  {
    name: "holidays", hint: "holidays_hint", kind: "part", begins: { country: "CN" },
    fields: [
      { name: "country", kind: "text", required: true, known: "countries" },
      { name: "subdivision", kind: "text" },
      { name: "make_up", kind: "check", usual: true },
    ],
  },
  {
    name: "days", label: "special_days", hint: "special_days_hint", kind: "rows", begins: {},
    fields: [{ name: "date", kind: "date" }, { name: "name", label: "occasion", kind: "text" }, { name: "open", hint: "open_hint", kind: "rows", begins: SHIFT, fields: SPAN }],
  },
  { name: "make_up_days", hint: "make_up_days_hint", kind: "list", each: "date" },
  { name: "make_up_as", more: true, kind: "choice", of: "days", none: "make_up_monday" },
  { name: "working_days", hint: "working_days_hint", more: true, kind: "several", of: "days", usual: WORKDAYS },
  {
    name: "roster", hint: "roster_hint", more: true, kind: "rows", begins: { who: "", days: WORKDAYS, ...SHIFT },
    fields: [
      { name: "who", kind: "text", required: true }, { name: "days", kind: "several", of: "days" },
      { name: "dates", kind: "list", each: "date" }, ...SPAN,
    ],
  },
  { name: "roster_covers", more: true, kind: "check", usual: true },
];

const TARGET: readonly Field[] = [
  { name: "queue", kind: "choice", of: "queues", none: "every_queue" },
  { name: "channel", kind: "choice", of: "channels", none: "every_channel" },
  { name: "first_reply_min", hint: "minutes_hint", kind: "number", least: 0, fraction: true },
  { name: "next_reply_min", kind: "number", least: 0, fraction: true },
  { name: "resolution_min", kind: "number", least: 0, fraction: true },
  { name: "warn_at", kind: "number", least: 1, most: 99, usual: 75, percent: true },
  { name: "priority_from", more: true, kind: "number", least: 0, most: 9, usual: 0 },
  { name: "priority_to", more: true, kind: "number", least: 0, most: 9, usual: 9 },
];

const REPLY: readonly Field[] = [
  ID,
  { name: "title", kind: "text", required: true },
  { name: "zh", kind: "text", long: true, filled: true },
  { name: "en", kind: "text", long: true, filled: true },
  { name: "queues", hint: "queues_hint", kind: "several", of: "queues" },
  { name: "channels", hint: "channels_hint", more: true, kind: "several", of: "channels" },
];

const GENERAL: readonly Field[] = [
  { name: "name", label: "shop_name", kind: "part", always: true, begins: {}, fields: BOTH },
  ZONE,
  { name: "languages", kind: "several", of: "languages" },
  { name: "greeting", kind: "part", always: true, begins: {}, fields: TEXTS },
  {
    name: "suggestions", hint: "suggestions_hint", kind: "part", always: true, begins: {},
    fields: QUESTIONS,
  },
  { name: "allowed_origins", hint: "allowed_origins_hint", kind: "list", each: "origin" },
  { name: "retention_days", hint: "retention_days_hint", kind: "number", least: 1 },
];

const RULES: readonly Field[] = [
  {
    name: "desk", kind: "part", always: true, begins: {},
    fields: [
      {
        name: "forbidden", hint: "forbidden_hint", kind: "rows", begins: { word: "", action: "block" },
        fields: [{ name: "word", kind: "text", required: true }, { name: "action", kind: "choice", of: "actions", required: true }, { name: "instead", kind: "text" }],
      },
      {
        name: "playbooks", hint: "playbooks_hint", kind: "rows", begins: { id: "", zh: "", en: "", steps: [{ id: "first", zh: "", en: "" }] },
        fields: [ID, ...BOTH, { name: "cases", hint: "cases_hint", kind: "list", each: "text" }, { name: "steps", kind: "rows", begins: { id: "", zh: "", en: "" }, fields: [ID, ...BOTH] }],
      },
      { name: "reading", hint: "reading_hint", kind: "list", each: "text" },
      { name: "translate_url", hint: "translate_url_hint", kind: "text" },
    ],
  },
  {
    name: "tickets", kind: "part", always: true, begins: {},
    fields: [
      { name: "types", hint: "types_hint", kind: "list", each: "text", usual: ["question", "order", "refund", "technical", "other"] },
      { name: "reopen_days", kind: "number", least: 0, most: 365, usual: 14 },
      { name: "follow_up_days", kind: "number", least: 1, most: 90 },
      { name: "waiting_remind_days", hint: "waiting_remind_days_hint", kind: "number", least: 0, most: 60, usual: 3 },
      { name: "waiting_resolve_days", hint: "waiting_resolve_days_hint", kind: "number", least: 0, most: 90, usual: 7 },
    ],
  },
  {
    name: "promises", kind: "part", always: true, begins: {},
    fields: [
      { name: "soon_min", kind: "number", least: 1, most: 1440, usual: 60 },
      { name: "untimed_days", kind: "number", least: 0, most: 30, usual: 1 },
      { name: "remind_at", kind: "number", least: 1, most: 99, usual: 75, percent: true },
    ],
  },
  {
    name: "capacity", hint: "capacity_hint", kind: "part", always: true, begins: {},
    fields: [
      { name: "channels", label: "by_channel", kind: "numbers", of: "channels", least: 1, most: 100, empty: 1 },
      { name: "kinds", label: "by_kind", kind: "numbers", of: "kinds", least: 1, most: 100, empty: 1 },
    ],
  },
];

const NUMBERS: readonly Field[] = (["medical", "fire", "police", "self_harm", "violence", "fraud", "legal"] as const).map((name) => ({ name, kind: "text" }));
const BOT: readonly Field[] = [
  {
    name: "bot", kind: "part", always: true, begins: {},
    fields: [
      { name: "misses", hint: "misses_hint", kind: "number", least: 1, most: 9, usual: 2 },
      { name: "tries", hint: "tries_hint", kind: "number", least: 1, most: 9, usual: 2 },
      { name: "repeats", hint: "repeats_hint", kind: "number", least: 2, most: 9, usual: 3 },
      { name: "unhappy", hint: "unhappy_hint", kind: "number", least: 1, most: 99, usual: 42, percent: true },
      { name: "trend", hint: "trend_hint", kind: "number", least: 1, most: 99, usual: 40, percent: true },
      { name: "emergency", hint: "emergency_hint", kind: "part", always: true, begins: {}, fields: [{ name: "zh", kind: "part", always: true, begins: {}, fields: NUMBERS }, { name: "en", kind: "part", always: true, begins: {}, fields: NUMBERS }] },
      { name: "ambiguity", hint: "ambiguity_hint", more: true, kind: "number", least: 0, most: 99, usual: 8, percent: true },
      { name: "same_line", hint: "same_line_hint", more: true, kind: "number", least: 1, most: 10, usual: 2 },
      { name: "insults", hint: "insults_hint", more: true, kind: "number", least: 1, most: 20, usual: 3 },
      { name: "channel_chars", hint: "channel_chars_hint", more: true, kind: "number", least: 50, most: 8000, usual: 600 },
      { name: "slow_ms", hint: "slow_ms_hint", more: true, kind: "number", least: 100, most: 60_000, usual: 4000 },
    ],
  },
];

/** What can be chosen: an id that nobody reads, and its names. */
const CHOICE: readonly Field[] = [{ name: "id", kind: "id" }, ...BOTH];
const COMPLAINTS: readonly Field[] = [
  {
    name: "complaints", kind: "part", always: true, begins: {},
    fields: [
      { name: "answer_hours", hint: "answer_hours_hint", kind: "number", least: 1, most: 720, usual: 48 },
      { name: "low_rating", hint: "low_rating_hint", kind: "number", least: 0, most: 5, usual: 2 },
      { name: "limits", hint: "limits_hint", kind: "numbers", of: "roles", least: 0, empty: 0, hundredths: true },
      { name: "limit_days", hint: "limit_days_hint", kind: "number", least: 1, most: 3660, usual: 90 },
      { name: "currency", hint: "currency_hint", kind: "text" },
      {
        name: "categories", hint: "categories_hint", kind: "rows", begins: { id: "", zh: "", en: "" },
        fields: [...CHOICE, { name: "evidence", kind: "several", of: "evidence", usual: ["order_number", "transcript"], none: true }],
      },
      { name: "causes", more: true, kind: "rows", begins: { id: "", zh: "", en: "" }, fields: CHOICE },
      { name: "remedies", more: true, kind: "rows", begins: { id: "", zh: "", en: "" }, fields: CHOICE },
    ],
  },
];

const TONE: readonly Field[] = [
  {
    name: "tone", kind: "part", always: true, begins: {},
    fields: [
      { name: "guide", hint: "guide_hint", kind: "part", always: true, begins: {}, fields: [{ name: "zh", kind: "text", long: true }, { name: "zh-Hant", kind: "text", long: true }, { name: "en", kind: "text", long: true }] },
      { name: "says", hint: "says_hint", kind: "said" },
    ],
  },
];

const WORDS: readonly Field[] = [
  {
    name: "widget", kind: "part", always: true, begins: {},
    fields: [
      { name: "logo", hint: "logo_hint", kind: "text" },
      { name: "voice", kind: "check", usual: true },
      { name: "help_centre", kind: "check", usual: true },
      { name: "articles", hint: "articles_hint", kind: "list", each: "text" },
      {
        name: "welcome", hint: "welcome_hint", kind: "rows", begins: { text: {} },
        fields: [
          { name: "text", label: "greeting", kind: "part", always: true, begins: {}, fields: TEXTS },
          { name: "from", kind: "time", optional: true }, { name: "to", kind: "time", optional: true },
          { name: "page", hint: "page_hint", kind: "text" },
          { name: "suggestions", more: true, kind: "part", always: true, begins: {}, fields: QUESTIONS },
        ],
      },
      { name: "texts", label: "widget_texts", hint: "widget_texts_hint", kind: "words" },
    ],
  },
];

/** What an administrator changes in forms, in the order in which it is shown; everything else is in the file. */
export const SECTIONS: readonly Section[] = [
  { id: "queues", holds: "list", keyed: true, ordered: true, needs: "settings.write", fields: QUEUE, begins: { id: "", name: "", mode: "claim" } },
  { id: "calendars", holds: "names", needs: "settings.write", fields: CALENDAR, begins: { id: "" } },
  { id: "sla", holds: "list", keyed: false, ordered: false, needs: "settings.write", fields: TARGET, begins: {} },
  { id: "canned_replies", holds: "list", keyed: true, ordered: true, needs: "canned.write", fields: REPLY, begins: { id: "", title: "" } },
  { id: "tags", holds: "list", keyed: true, ordered: true, needs: "canned.write", fields: [ID, ...BOTH], begins: { id: "", zh: "", en: "" } },
  { id: "skills", holds: "list", keyed: true, ordered: true, needs: "settings.write", fields: [ID, ...BOTH], begins: { id: "", zh: "", en: "" } },
  {
    id: "wrap_up_codes", holds: "list", keyed: true, ordered: true, needs: "settings.write",
    fields: [ID, ...BOTH, { name: "survey", kind: "check", usual: true }], begins: { id: "", zh: "", en: "" },
  },
  { id: "rules", holds: "parts", parts: ["desk", "tickets", "promises", "capacity"], needs: "settings.write", fields: RULES },
  { id: "bot", holds: "parts", parts: ["bot"], needs: "settings.write", fields: BOT },
  { id: "complaints", holds: "parts", parts: ["complaints"], needs: "settings.write", fields: COMPLAINTS },
  { id: "tone", holds: "parts", parts: ["tone"], needs: "settings.write", fields: TONE },
  {
    id: "general", holds: "parts", needs: "settings.write", fields: GENERAL,
    parts: ["name", "timezone", "languages", "greeting", "suggestions", "allowed_origins", "retention_days"],
  },
];

/** What of the widget is no look: that is tried out in the widget itself. */
export const WIDGET: Section = { id: "widget_words", holds: "parts", parts: ["widget"], needs: "settings.write", fields: WORDS };

/** The parts of the page of settings, in their order. */
export type SettingsPart = Exclude<SectionId, "widget_words"> | "people" | "channels" | "webhooks" | "keys" | "widget" | "privacy" | "file";
export const SETTINGS_PARTS: readonly SettingsPart[] = [
  "people", "queues", "calendars", "sla", "canned_replies", "tags", "skills", "wrap_up_codes", "rules", "bot", "tone", "complaints", "general", "channels", "webhooks", "keys", "widget", "privacy", "file",
];

const NEEDS: Partial<Readonly<Record<SettingsPart, string>>> = {
  people: "agents.read", webhooks: "integrations.manage", keys: "integrations.manage", privacy: "privacy.execute",
};

/** The parts that somebody may see: some have a permission of their own. */
export const partsFor = (may: (permission: string) => boolean): readonly SettingsPart[] =>
  SETTINGS_PARTS.filter((part) => {
    const needed = NEEDS[part];
    return needed === undefined || may(needed);
  });

/** What a thing is called in the list of its section. */
export function titleOf(section: Section, item: Item, language: Language, t: Translate): string {
  if (section.id === "sla") return `${textOf(item["queue"]) || t("form.every_queue")} · ${textOf(item["channel"]) || t("form.every_channel")}`;
  return textOf(item["name"]) || textOf(item["title"]) || textOf(item[language]) || textOf(item["id"]);
}
