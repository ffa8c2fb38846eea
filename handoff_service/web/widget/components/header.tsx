import { useChat, type Mode } from "./context";
import { CloseIcon, ClockIcon, MailIcon, SparkIcon } from "./icons";

/** Whose support this is, and who is speaking now. */
export function Header({ mode, brand }: { mode: Mode; brand: string }) {
  const chat = useChat();
  const { t } = chat;
  return (
    <header class="header">
      <Speaker />
      <div class="who">
        <h2 class="brand"><bdi>{brand}</bdi></h2>
        <p class="speaker">{speakerText(chat)}</p>
      </div>
      <button
        type="button" class="icon-button language" aria-label={t("switchLanguage")} title={t("switchLanguage")}
        onClick={() => chat.setLanguage(chat.language.value === "zh" ? "en" : "zh")}
      >
        {t("languageMark")}
      </button>
      {mode === "widget" && (
        <button type="button" class="icon-button" aria-label={t("close")} onClick={() => chat.setOpen(false)}>
          <CloseIcon />
        </button>
      )}
    </header>
  );
}

function Speaker() {
  const owner = useChat().owner.value;
  switch (owner?.kind) {
    case "agent":
      return <span class="avatar agent" aria-hidden="true">{initial(owner.agent?.name)}</span>;
    case "queue":
    case "offer":
      return <span class="avatar waiting" aria-hidden="true"><ClockIcon /></span>;
    case "mailbox":
      return <span class="avatar waiting" aria-hidden="true"><MailIcon /></span>;
    default:
      return <span class="avatar" aria-hidden="true"><SparkIcon /></span>;
  }
}

export function initial(name: string | null | undefined): string {
  return [...(name ?? "").trim()][0]?.toUpperCase() ?? "•";
}

function speakerText({ t, owner }: ReturnType<typeof useChat>): string {
  const now = owner.value;
  switch (now?.kind) {
    case "agent":
      return now.agent?.name ? t("agentOnline", { name: now.agent.name }) : t("agentUnnamed");
    case "queue":
    case "offer":
      return t("queueOnline");
    case "mailbox":
      return t("mailboxOnline");
    case "closed":
      return t("closedOnline");
    default:
      return t("botOnline");
  }
}
