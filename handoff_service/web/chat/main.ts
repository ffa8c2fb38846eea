// The full-page chat: /chat/?tenant=demo[&language=zh]
import { effect } from "@preact/signals";
import { locale } from "../shared/i18n";
import { mount } from "../widget/mount";

const query = new URLSearchParams(location.search);
const host = document.querySelector<HTMLElement>("tandem-chat");
const tenant = query.get("tenant");
if (host === null) throw new Error("The page has no <tandem-chat> element.");
if (!tenant) {
  host.textContent = "The address needs ?tenant=…";
} else {
  const chat = mount({ host, mode: "page", baseUrl: location.origin, tenant, identity: null, language: query.get("language") });
  effect(() => {
    document.documentElement.lang = locale(chat.language.value);
    const unseen = chat.unread.value > 0 ? `(${chat.unread.value}) ` : "";
    document.title = unseen + chat.t("panel", { brand: chat.session.value?.tenant.name ?? chat.t("brandFallback") });
  });
}
