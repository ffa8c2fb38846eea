import { useEffect, useState } from "preact/hooks";
import type { Look } from "../../../widget/look";
import { WIDGET } from "../../forms/sections";
import { isItem } from "../../forms/values";
import { holds } from "../../views";
import { embedCode, lookOf, previewAddress, triedWords, withStoredLook } from "../../widget_look";
import { useWorkplace } from "../workplace";

const POSITIONS = ["end", "start"] as const;
const SCHEMES = ["auto", "light", "dark"] as const;
const OWN_ACCENT = "#155eb0";
const PAUSE_MS = 400;
/** How the widget looks on the tenant's pages: tried out here, then taken over as a line of HTML, or for all pages. */
export function WidgetPanel() {
  const { state, administration, forms } = useWorkplace();
  const t = state.t.value;
  const document = forms.document.value;
  if (document === null) return null;
  const stored = lookOf(isItem(document["widget"]) ? document["widget"] : {});
  const tried = administration.tried.value;
  const look = { ...stored, ...tried?.now };
  const set = (change: Look): void => administration.tryLook(stored, change);
  const apply = async (): Promise<void> => {
    const done = await forms.applyPart("widget", (before) => administration.withTried(before));
    if (!done) return;
    const now = forms.document.peek()?.["widget"];
    forms.follow(WIDGET, (item) => ({ ...item, widget: withStoredLook(item["widget"], now) }));
    if (administration.tried.value === tried) administration.tried.value = null;
  };
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
      <p class="hint">{t("widget.page")}</p>
      <pre class="plan">{embedCode(location.origin, state.me.value.tenant.id, look)}</pre>
      {holds(state, "settings.write") && (
        <footer>
          <span class="hint">{t("widget.all_pages")}</span>
          <button class="primary" disabled={tried === null || forms.busy.value} onClick={() => void apply()}>{t("widget.apply")}</button>
        </footer>
      )}
    </section>
  );
}

/** The widget itself in a frame, as it would be with what is being edited; it is drawn anew a moment after the last change. */
export function WidgetPreview() {
  const { state, administration, forms } = useWorkplace();
  const document = forms.document.value;
  const widget = isItem(document?.["widget"]) ? document["widget"] : {};
  const edited = forms.shown(WIDGET, WIDGET.id)?.["widget"];
  const words = triedWords(widget, isItem(edited) ? edited : null);
  const look = { ...lookOf(widget), ...administration.tried.value?.now };
  const address = previewAddress(state.me.value.tenant.id, state.language.value, look);
  const [shown, setShown] = useState({ address, words });
  useEffect(() => {
    const timer = setTimeout(() => setShown({ address, words }), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [address, words]);
  // The page reads `data-tried` of its frame, which only a page of the same origin can (chat/main.ts).
  if (document === null) return null;
  return (
    <div class="look-frame">
      <iframe key={`${shown.address} ${shown.words}`} class="look-preview" src={shown.address} data-tried={shown.words ?? undefined}
        title={state.t.value("widget.preview")} />
    </div>
  );
}
