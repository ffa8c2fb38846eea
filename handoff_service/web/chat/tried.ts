// What the console tries out beyond the look: logo, first words, articles and texts, before anybody has saved them.
import type { ArticleHit, ArticleText } from "../widget/api";
import type { Chat } from "../widget/chat";
import type { Config } from "../widget/config";

interface Tried extends Partial<Pick<Config, "welcome" | "texts">> {
  logo?: string;
  articles?: string[];
}
const EXCERPT_CHARS = 120;

/** What the frame of this page says; nobody but a page of our own origin can read or write it. */
export function triedHere(): Tried | null {
  const said = (window.frameElement as HTMLElement | null)?.dataset["tried"];
  return said === undefined ? null : (JSON.parse(said) as Tried);
}

/** The configuration as it would be. */
export function withTried(config: Config | null, tried: Tried | null): Config | null {
  if (config === null || tried === null) return config;
  const { welcome = [], texts = {}, logo = null } = tried;
  return { ...config, welcome, texts, look: { ...config.look, logo } };
}

/** Begins with these articles in place of those that are stored. */
export function beginWith(chat: Chat, articles: readonly string[], tenant: string): void {
  const { help } = chat;
  const usual = help.look.bind(help);
  const asked = new URLSearchParams({ tenant, language: chat.language.value });
  const read = async (id: string): Promise<ArticleHit[]> => {
    const answer = await fetch(`/v1/widget/articles/${encodeURIComponent(id)}?${asked}`, { credentials: "omit" });
    if (!answer.ok) return [];
    const { article, title, text } = (await answer.json()) as ArticleText;
    return [{ article, title, excerpt: text.slice(0, EXCERPT_CHARS) }];
  };
  const found = Promise.all(articles.filter(Boolean).map(read));
  help.look = (text) => {
    help.clear();
    if (text.trim() === "") void found.then((hits) => (help.hits.value = hits.flat()));
    else usual(text);
  };
}
