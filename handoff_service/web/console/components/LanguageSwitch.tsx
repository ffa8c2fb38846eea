import type { Signal } from "@preact/signals";
import type { Language } from "../../shared/protocol";
import { translator } from "../text";

/** The button carries the other language's own name, so that it can be found by who cannot read this one. */
export function LanguageSwitch({ language }: { language: Signal<Language> }) {
  const other: Language = language.value === "zh" ? "en" : "zh";
  return (
    <button type="button" class="quiet" lang={other} onClick={() => (language.value = other)}>
      {translator(language.value)("app.other_language")}
    </button>
  );
}
