import { signal } from "@preact/signals";
import type { Language } from "../shared/protocol";
import type { Api } from "./api";
import type { Session } from "./session";
import type { DeskState } from "./state";

/** Languages that a reply can be put into; any that the tenant's translator does not know, it refuses. */
export const TARGETS = ["en", "zh", "zh-TW", "ja", "ko", "de", "fr", "es", "pt", "it", "ru", "ar", "th", "vi", "id", "ms", "tr", "nl", "pl"] as const;

/** Translations on the agent's screen; the text that was written always stays beside them, and nothing of it is stored. */
export class Translations {
  /** By conversation, seq and language; null while it is asked for. */
  readonly shown = signal<ReadonlyMap<string, string | null>>(new Map());
  /** The conversation whose reply is being translated. */
  readonly busy = signal<string | null>(null);

  constructor(private readonly parts: { state: DeskState; api: Api; session: Session }) {}

  /** Whether this tenant has a translator. */
  get on(): boolean {
    return this.parts.state.me.value.tenant.desk?.translates === true;
  }

  of(conversation: string, seq: number): string | null | undefined {
    return this.shown.value.get(this.key(conversation, seq));
  }

  /** Shows a message in the agent's language, or hides that again. */
  async toggle(conversation: string, seq: number, text: string): Promise<void> {
    const key = this.key(conversation, seq);
    if (this.shown.value.has(key)) return this.put(key, undefined);
    this.put(key, null);
    const translated = await this.ask(conversation, text, this.parts.state.language.value);
    this.put(key, translated ?? undefined);
  }

  /** The reply in another language; null if it was refused, which is said. */
  async reply(conversation: string, text: string, to: string): Promise<string | null> {
    this.busy.value = conversation;
    const translated = await this.ask(conversation, text, to);
    this.busy.value = null;
    return translated;
  }

  private async ask(conversation: string, text: string, to: string): Promise<string | null> {
    const { api, session } = this.parts;
    let found: string | null = null;
    await session.attempt(async () => {
      found = await api.translate(conversation, text, to);
    });
    return found;
  }

  private key(conversation: string, seq: number): string {
    return `${conversation} ${seq} ${this.parts.state.language.value satisfies Language}`;
  }

  private put(key: string, text: string | null | undefined): void {
    const next = new Map(this.shown.value);
    if (text === undefined) next.delete(key);
    else next.set(key, text);
    this.shown.value = next;
  }
}

/** Making one is slow, and all languages are named again at every key. */
const names: Readonly<Record<Language, Intl.DisplayNames>> = {
  zh: new Intl.DisplayNames(["zh-CN"], { type: "language" }),
  en: new Intl.DisplayNames(["en-GB"], { type: "language" }),
};

/** The name of a language in the agent's own. */
export const languageName = (code: string, language: Language): string => names[language].of(code) ?? code;
