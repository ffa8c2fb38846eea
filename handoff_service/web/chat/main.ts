// The full-page chat: /chat/?tenant=demo[&language=zh][&about.order=LY1]; what is named `about.…` is told to the agents.
import { effect } from "@preact/signals";
import { locale } from "../shared/i18n";
import { fetchConfig } from "../widget/config";
import { mount } from "../widget/mount";

const query = new URLSearchParams(location.search);
const host = document.querySelector<HTMLElement>("tandem-chat");
if (host === null) throw new Error("The page has no <tandem-chat> element.");

async function open(host: HTMLElement, tenant: string): Promise<void> {
  const config = await fetchConfig(location.origin, tenant);
  const { chat } = await mount({
    host, root: host.attachShadow({ mode: "open" }), mode: "page", baseUrl: location.origin, tenant, identity: null,
    language: query.get("language"), config, look: {},
  });
  const about = [...query].flatMap(([name, value]) => (name.startsWith("about.") ? [[name.slice("about.".length), value.slice(0, 200)]] : []));
  if (about.length > 0) chat.setAttributes(Object.fromEntries(about));
  effect(() => {
    document.documentElement.lang = locale(chat.locale.value);
    document.documentElement.dir = chat.catalogue.value.dir;
    const unseen = chat.unread.value > 0 ? `(${chat.unread.value}) ` : "";
    document.title = unseen + chat.t("panel", { brand: chat.session.value?.tenant.name ?? chat.t("brandFallback") });
  });
}

const tenant = query.get("tenant");
if (tenant) void open(host, tenant);
else host.textContent = "The address needs ?tenant=…";
