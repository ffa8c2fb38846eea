import { useEffect, useState } from "preact/hooks";
import { markdown } from "../../shared/markdown";
import type { Language } from "../../shared/protocol";
import { browserStorage } from "../../shared/storage";
import { type Api, ApiError } from "../api";
import type { ArticleFields } from "../articles";
import { Icon } from "./Icon";
import { useWorkplace } from "./workplace";

/** What new colleagues read first, in the company's order; what somebody has opened is ticked in his browser. */
export function ReadingList() {
  const { state, api } = useWorkplace();
  const t = state.t.value;
  const { agent, tenant } = state.me.value;
  const wanted = tenant.desk?.reading ?? [];
  const language = state.language.value;
  const memory = browserStorage("localStorage", `tandem.console.${agent.id}.${tenant.id}.`);
  const [read, setRead] = useState<readonly string[]>(() => (memory.getItem("read") ?? "").split(" ").filter(Boolean));
  const [articles, setArticles] = useState<readonly ArticleFields[] | null>(null);
  useEffect(() => {
    let left = false;
    void Promise.all(wanted.map((id) => published(api, id, language))).then((found) => {
      if (!left) setArticles(found.filter((one) => one !== null));
    });
    return () => {
      left = true;
    };
  }, [wanted.join(" "), language]);
  const opened = (id: string): void => {
    if (read.includes(id)) return;
    memory.setItem("read", [...read, id].join(" "));
    setRead([...read, id]);
  };
  if (articles === null || articles.length === 0) return null;
  const done = articles.filter(({ id }) => read.includes(id)).length;
  return (
    <section class="reading" aria-label={t("reading.title")}>
      <h3>{t("reading.title")} <span class="hint">{t("reading.done", { done, all: articles.length })}</span></h3>
      {articles.map((article) => (
        <details key={article.id} class="hit" onToggle={(event) => event.currentTarget.open && opened(article.id)}>
          <summary lang={article.language}>
            {article.title}
            {read.includes(article.id) && <span class="read-already" title={t("reading.read")}><Icon name="check" /><span class="sr-only">{t("reading.read")}</span></span>}
          </summary>
          <div class="text" lang={article.language}>{markdown(article.answer)}</div>
        </details>
      ))}
    </section>
  );
}

/** An article that is published, in the agent's language or else in the other one; null: there is none. */
async function published(api: Pick<Api, "article">, id: string, language: Language): Promise<ArticleFields | null> {
  for (const each of [language, language === "zh" ? "en" : "zh"] as const) {
    try {
      const kept = await api.article(id, each);
      if (kept.state === "published") return kept.article;
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }
  return null;
}
