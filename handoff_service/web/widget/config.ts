// What a page may know of a tenant before anybody has said a word: looks, texts, and with which words to begin.
import type { Language } from "../shared/protocol";
import type { Look } from "./look";
import type { Attributes } from "./page_api";

/** First words for some hours, pages and visitors; the first rule that fits is used. */
export interface WelcomeRule {
  text: Partial<Record<Language, string>>;
  suggestions?: Partial<Record<Language, string[]>>;
  /** "18:00" to "09:00", where the tenant is; across midnight if `from` is later. */
  from?: string | null;
  to?: string | null;
  /** Part of the page's path, "/orders". */
  page?: string | null;
  /** What the page has told of its visitor, {"level": "gold"}. */
  about?: Attributes;
}

/** A kind of service, and the queue of the people who do it. */
export interface Service {
  text: Partial<Record<Language, string>>;
  queue: string | null;
}

export interface Config {
  tenant: string;
  name: Partial<Record<Language, string>>;
  languages: Language[];
  timezone: string;
  look: Look;
  /** By catalogue and key, what the tenant says otherwise. */
  texts: Record<string, Record<string, string>>;
  welcome: WelcomeRule[];
  /** Buttons that ask for a person. */
  suggestions?: Service[];
  /** Whether there is a help centre with articles. */
  help: boolean;
  voice: boolean;
  /** Whether a conversation can be sent by mail. */
  mail?: boolean;
  /** Whether a signed-in customer can look at his orders. */
  orders?: boolean;
}

export function isConfig(value: unknown): value is Config {
  return typeof value === "object" && value !== null && "look" in value && "welcome" in value;
}

const TIMEOUT_MS = 4_000;

/** Never rejects: a widget without its tenant's looks is better than none. */
export async function fetchConfig(baseUrl: string, tenant: string): Promise<Config | null> {
  try {
    const answer = await fetch(`${baseUrl}/v1/widget/config?tenant=${encodeURIComponent(tenant)}`, {
      credentials: "omit", signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const config: unknown = answer.ok ? await answer.json() : null;
    return isConfig(config) ? config : null;
  } catch {
    return null;
  }
}

/** The rule for this moment, page and visitor, or null for the tenant's usual greeting. */
export function chooseWelcome({ welcome, timezone }: Pick<Config, "welcome" | "timezone">, path: string, now: Date, visitor: Attributes): WelcomeRule | null {
  const clock = new Intl.DateTimeFormat("en-GB", { timeZone: timezone, hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(now);
  const known = ({ about = {} }: WelcomeRule) => Object.entries(about).every(([name, value]) => visitor[name] === value);
  return welcome.find((rule) => (!rule.page || path.includes(rule.page)) && within(clock, rule.from, rule.to) && known(rule)) ?? null;
}

function within(clock: string, from: string | null | undefined, to: string | null | undefined): boolean {
  if (!from || !to) return true;
  return from <= to ? from <= clock && clock < to : clock >= from || clock < to;
}
