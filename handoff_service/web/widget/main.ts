// <script async src="{gateway}/widget/v1/widget.js" data-tenant="demo" data-language="zh" data-identity="<jwt>"></script>
import type { Language } from "../shared/protocol";
import { mount } from "./mount";

interface TandemWidget {
  open(): void;
  close(): void;
  toggle(): void;
  setLanguage(language: Language): void;
}
declare global {
  interface Window {
    Tandem?: TandemWidget;
  }
}

function embed(script: HTMLScriptElement): void {
  const tenant = script.dataset["tenant"];
  if (!tenant) throw new Error(`Tandem: the script element of ${script.src} has no data-tenant.`);
  const host = document.createElement("tandem-widget");
  document.body.append(host);
  const chat = mount({
    host,
    mode: "widget",
    baseUrl: new URL("../..", script.src).href.replace(/\/$/, ""),
    tenant,
    identity: script.dataset["identity"] || null,
    language: script.dataset["language"] ?? null,
  });
  window.Tandem = {
    open: () => chat.setOpen(true),
    close: () => chat.setOpen(false),
    toggle: () => chat.setOpen(!chat.open.value),
    setLanguage: (language) => chat.setLanguage(language),
  };
}

// currentScript is only set while the script first runs, so it is read before anything waits.
const script = document.currentScript;
// A page that includes the script twice still gets one widget.
if (script instanceof HTMLScriptElement && window.Tandem === undefined) {
  if (document.body !== null) embed(script);
  else addEventListener("DOMContentLoaded", () => embed(script), { once: true });
}
