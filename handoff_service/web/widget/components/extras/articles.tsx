import { useState } from "preact/hooks";
import { newId } from "../../../shared/ids";
import { markdown } from "../../../shared/markdown";
import { unanswered, type ArticleText } from "../../api";
import css from "../../styles/articles.css?inline";
import { useChat } from "../context";
import { dress } from "../dress";
import { BookIcon, DownIcon, PersonIcon } from "../icons";
import { useOver } from "./over";

dress(css);

/** What may already answer what is being typed. */
export function Suggested() {
  const chat = useChat();
  return (
    <section class="suggested" aria-label={chat.t("suggestedArticles")}>
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
  const section = useOver();
  const article = help.article.value;
  if (article === null) return null;
  // As in the composer, which lies under it; whoever waits or has somebody is not to ask again.
  const person = ["bot", "closed"].includes(chat.owner.value?.kind ?? "bot") && chat.session.value !== null;
  const tell = ({ article: id, language }: ArticleText, helped: boolean) => void chat.api.call("POST", `/v1/widget/articles/${encodeURIComponent(id)}/helped`, {
    op_id: newId(), tenant: chat.api.tenant, language, helped,
  }).catch(unanswered);
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
                <button type="button" class="button" onClick={() => { setHelped(true); tell(article, true); }}>{t("helpful")}</button>
                <button type="button" class="button plain-button" onClick={() => { tell(article, false); help.close(); chat.sendText(article.title); }}>{t("articleAsk")}</button>
              </div>
            </div>
          )}
        </>
      )}
      {person && (
        <div class="article-person">
          <button type="button" class="shortcut" onClick={() => { help.close(); void chat.askHuman(); }}><PersonIcon size={17} />{t("talkToPerson")}</button>
        </div>
      )}
    </section>
  );
}
