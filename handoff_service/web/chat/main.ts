// The full-page chat: /chat/?tenant=demo[&language=zh][&about.order=LY1]; what is named `about.…` is told to the agents.
// The console frames /chat/?tenant=demo&preview&accent=%23155eb0 to show the look that is being tried out.
import { effect } from "../widget/signals";
import { locale } from "../shared/i18n";
import { browserStorage } from "../shared/storage";
import { fetchConfig } from "../widget/config";
import { wear } from "../widget/dressing";
import type { Look } from "../widget/look";
import { mount } from "../widget/mount";
import { beginWith, triedHere, withTried } from "./tried";

const query = new URLSearchParams(location.search);
const host = document.querySelector<HTMLElement>("tandem-chat");
if (host === null) throw new Error("The page has no <tandem-chat> element.");

async function open(host: HTMLElement, tenant: string): Promise<void> {
  const tried = triedLook(query);
  const words = tried === null ? null : triedHere();
  const config = withTried(await fetchConfig(location.origin, tenant), words);
  const root = host.attachShadow({ mode: "open" });
  wear(host, root, { ...config?.look, ...tried });
  const { chat } = await mount({
    root, mode: tried === null ? "page" : "widget", baseUrl: location.origin, tenant, identity: null, language: query.get("language"), config,
    storage: browserStorage("localStorage", `tandem.${tenant}.`), tab: browserStorage("sessionStorage", `tandem.${tenant}.`),
  });
  if (words?.articles?.length) beginWith(chat, words.articles, tenant);
  const about = [...query].flatMap(([name, value]) => (name.startsWith("about.") ? [[name.slice("about.".length), value.slice(0, 200)]] : []));
  if (about.length > 0) chat.setAttributes(Object.fromEntries(about));
  effect(() => {
    document.documentElement.lang = locale(chat.locale.value);
    document.documentElement.dir = chat.catalogue.value.dir;
    const unseen = chat.unread.value > 0 ? `(${chat.unread.value}) ` : "";
    document.title = unseen + chat.t("panel", { brand: chat.session.value?.tenant.name ?? chat.t("brandFallback") });
  });
}

/** With ?preview the page stands for one of the tenant's: the widget in a corner, in a look that is not saved yet. */
function triedLook(asked: URLSearchParams): Look | null {
  if (!asked.has("preview")) return null;
  const position = asked.get("position") === "start" ? "start" : "end";
  const scheme = asked.get("scheme");
  return { accent: asked.get("accent"), position, scheme: scheme === "light" || scheme === "dark" ? scheme : "auto" };
}

const tenant = query.get("tenant");
if (tenant) void open(host, tenant);
else host.textContent = "The address needs ?tenant=…";
