import { useRef, useState } from "preact/hooks";
import { useChat, type Mode } from "./context";
import { CloseIcon, ClockIcon, MailIcon, MoreIcon, SparkIcon } from "./icons";
import { lazy } from "./lazy";
import { Portrait } from "./portrait";

const Menu = lazy(() => import("./extras/menu").then((file) => file.Menu));

/** Whose support this is, and who is speaking now. */
export function Header({ mode, brand }: { mode: Mode; brand: string }) {
  const chat = useChat();
  const { t } = chat;
  const [menu, setMenu] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const closeMenu = (comeBack: boolean) => {
    setMenu(false);
    if (comeBack) button.current?.focus();
  };
  return (
    <header class="header">
      <Speaker />
      <div class="who">
        <h2 class="brand"><bdi>{brand}</bdi></h2>
        <p class="speaker">{speakerText(chat)}</p>
      </div>
      <button
        ref={button} type="button" class="icon-button menu-button" aria-label={t("menu")} title={t("menu")} aria-expanded={menu}
        onClick={() => setMenu(!menu)}
      >
        <MoreIcon />
      </button>
      {mode === "widget" && (
        <button type="button" class="icon-button" aria-label={t("close")} onClick={() => chat.setOpen(false)}>
          <CloseIcon />
        </button>
      )}
      {menu && <Menu brand={brand} close={closeMenu} />}
    </header>
  );
}

function Speaker() {
  const chat = useChat();
  const owner = chat.owner.value;
  switch (owner?.kind) {
    case "agent":
      return <Portrait kind="avatar" name={owner.agent?.name} />;
    case "queue":
    case "offer":
      return <span class="avatar waiting" aria-hidden="true"><ClockIcon /></span>;
    case "mailbox":
      return <span class="avatar waiting" aria-hidden="true"><MailIcon /></span>;
    default:
      return <Logo address={chat.config?.look.logo} />;
  }
}

/** The tenant's picture; the usual one where there is none, or where the page's own policy does not let it in. */
function Logo({ address }: { address: string | null | undefined }) {
  const [broken, setBroken] = useState(false);
  if (!address || broken) return <span class="avatar" aria-hidden="true"><SparkIcon /></span>;
  return <img class="avatar logo" src={address} alt="" width={42} height={42} referrerpolicy="no-referrer" onError={() => setBroken(true)} />;
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
