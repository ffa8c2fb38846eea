import { useEffect, useRef } from "preact/hooks";
import { type Look, lookSheet } from "../../../widget/look";
import dark from "../../../widget/styles/dark.css?inline";
import launcher from "../../../widget/styles/launcher.css?inline";
import tokens from "../../../widget/styles/tokens.css?inline";
import { embedCode, lookYaml } from "../../widget_look";
import { useWorkplace } from "../workplace";

const POSITIONS = ["end", "start"] as const;
const SCHEMES = ["auto", "light", "dark"] as const;
const OWN_ACCENT = "#155eb0";
/** The page that the preview stands for; a transform makes it what the launcher's place is measured from. */
const STAGE = `
  :host { display: block; position: relative; height: 270px; overflow: hidden; transform: translateZ(0); border-radius: 8px; }
  .stage { display: grid; gap: 10px; align-content: start; height: 100%; padding: 16px; background: var(--ground); }
  .said { justify-self: start; max-width: 75%; padding: 8px 12px; border-radius: 14px; background: var(--bubble); border: 1px solid var(--line); }
  .mine { justify-self: end; background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
  .chip { justify-self: start; padding: 4px 12px; border: 1px solid var(--accent); border-radius: 14px; color: var(--accent); }
`;

/** How the widget looks on the tenant's pages: tried out here, then taken over as a line of HTML or of the configuration. */
export function WidgetPanel() {
  const { state, administration } = useWorkplace();
  const t = state.t.value;
  const look = administration.look.value;
  if (look === null) return null;
  const set = (change: Look): void => void (administration.look.value = { ...look, ...change });
  return (
    <section class="page-panel article-form">
      <h2>{t("widget.title")}</h2>
      <p class="hint">{t("widget.lead")}</p>
      <div class="looks">
        <label>{t("widget.accent")}
          <input type="color" value={look.accent ?? OWN_ACCENT} onInput={(event) => set({ accent: event.currentTarget.value })} />
        </label>
        <label>{t("widget.position")}
          <select value={look.position ?? "end"} onChange={(event) => set({ position: event.currentTarget.value as "end" | "start" })}>
            {POSITIONS.map((each) => <option key={each} value={each}>{t(`widget.position.${each}`)}</option>)}
          </select>
        </label>
        <label>{t("widget.scheme")}
          <select value={look.scheme ?? "auto"} onChange={(event) => set({ scheme: event.currentTarget.value as "auto" | "light" | "dark" })}>
            {SCHEMES.map((each) => <option key={each} value={each}>{t(`widget.scheme.${each}`)}</option>)}
          </select>
        </label>
      </div>
      <Preview look={look} />
      <p class="hint">{t("widget.page")}</p>
      <pre class="plan">{embedCode(location.origin, state.me.value.tenant.id, look)}</pre>
      <p class="hint">{t("widget.all_pages")}</p>
      <pre class="plan">{lookYaml(look)}</pre>
    </section>
  );
}

/** The widget's own style sheets on some words, apart from the desk's. */
function Preview({ look }: { look: Look }) {
  const { state } = useWorkplace();
  const t = state.t.value;
  const host = useRef<HTMLDivElement>(null);
  const words = [t("widget.sample.bot"), t("widget.sample.customer"), t("widget.sample.chip")];
  useEffect(() => {
    const element = host.current;
    if (element === null) return;
    const root = element.shadowRoot ?? element.attachShadow({ mode: "open" });
    const sheet = new CSSStyleSheet();
    sheet.replaceSync([tokens, launcher, lookSheet(look, dark), STAGE].join("\n"));
    root.adoptedStyleSheets = [sheet];
    element.dataset["position"] = look.position ?? "end";
    root.replaceChildren(stage(words));
  }, [look, ...words]);
  return <div ref={host} class="look-preview" role="img" aria-label={t("widget.preview")} />;
}

function stage(words: readonly string[]): HTMLElement {
  const page = Object.assign(document.createElement("div"), { className: "tandem stage" });
  page.append(...words.map((text, index) => {
    const className = ["said", "said mine", "chip"][index] ?? "said";
    return Object.assign(document.createElement("div"), { className, textContent: text });
  }));
  page.append(Object.assign(document.createElement("div"), { className: "launcher" }));
  return page;
}
