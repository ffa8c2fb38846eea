import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { markdown } from "../../../shared/markdown";
import css from "../../styles/articles.css?inline";
import { useChat } from "../context";
import { dress } from "../dress";
import { BookIcon, DownIcon } from "../icons";

/** What may already answer what is being typed. */
export function Suggested() {
  const chat = useChat();
  const section = useRef<HTMLElement>(null);
  useLayoutEffect(() => dress(section.current, css), []);
  return (
    <section ref={section} class="suggested" aria-label={chat.t("suggestedArticles")}>
      <h3>{chat.t("suggestedArticles")}</h3>
      <ul>
        {chat.help.hits.value.slice(0, 3).map((hit) => (
          <li key={hit.article}>
            <button type="button" class="suggestion" onClick={() => void chat.help.open(hit.article)}>
              <BookIcon size={16} />
              <span><bdi class="suggestion-title">{hit.title}</bdi><span class="excerpt" dir="auto">{hit.excerpt}</span></span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** One article of the help centre over the conversation. */
export function ArticleView() {
  const chat = useChat();
  const { t, help } = chat;
  const [helped, setHelped] = useState(false);
  const section = useRef<HTMLElement>(null);
  const article = help.article.value;
  useLayoutEffect(() => dress(section.current, css), []);
  useEffect(() => {
    const element = section.current;
    if (element === null) return;
    // Nobody comes by Tab to what lies under it.
    const below = [...(element.parentElement?.children ?? [])].filter((one): one is HTMLElement => one instanceof HTMLElement && one !== element);
    for (const one of below) one.inert = true;
    element.focus();
    return () => {
      for (const one of below) one.inert = false;
      below.find((one) => one.classList.contains("composer"))?.querySelector("textarea")?.focus();
    };
  }, []);
  if (article === null) return null;
  return (
    <section ref={section} class="article" tabIndex={-1} aria-label={typeof article === "string" ? t("loading") : article.title}>
      <button type="button" class="link-button article-back" onClick={() => help.close()}><span class="back-arrow"><DownIcon size={18} /></span>{t("articleBack")}</button>
      {article === "loading" ? <p class="loading">{t("loading")}</p> : article === "failed" ? <p class="problem" role="alert">{t("articleFailed")}</p> : (
        <>
          <h3 dir="auto">{article.title}</h3>
          <div class="article-text" lang={article.language}>{markdown(article.text)}</div>
          <p class="article-source"><a href={article.url} target="_blank" rel="noopener">{t("openHelp")}</a></p>
          {helped ? <p class="quiet" role="status">{t("articleThanks")}</p> : (
            <div class="ask-helped" role="group" aria-label={t("articleHelped")}>
              <p>{t("articleHelped")}</p>
              <div class="actions">
                <button type="button" class="button" onClick={() => setHelped(true)}>{t("helpful")}</button>
                <button type="button" class="button plain-button" onClick={() => { help.close(); chat.sendText(article.title); }}>{t("articleAsk")}</button>
              </div>
            </div>
          )}
        </>
      )}
    </section>
  );
}
