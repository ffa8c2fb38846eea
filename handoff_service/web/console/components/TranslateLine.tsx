import { useState } from "preact/hooks";
import { languageName, TARGETS } from "../translations";
import { useWorkplace } from "./workplace";

/** Puts the reply into another language; what the agent wrote stays beside it and goes along for his colleagues. */
export function TranslateLine({ conversation }: { conversation: string }) {
  const { state, writing, translations } = useWorkplace();
  const t = state.t.value;
  const draft = state.draft.value;
  const [to, setTo] = useState<string>(state.card.value?.language ?? "en");
  if (!translations.on || !state.holding.value) return null;
  const translate = async (): Promise<void> => {
    const text = draft.reply.trim();
    const translated = await translations.reply(conversation, text, to);
    // What was typed meanwhile is newer than what was translated.
    const now = writing.draftOf(conversation);
    if (translated !== null && now.reply.trim() === text) writing.write(conversation, { ...now, reply: translated, original: now.original ?? text });
  };
  const back = (): void => {
    const { original = "", ...rest } = writing.draftOf(conversation);
    writing.write(conversation, { ...rest, reply: original });
  };
  return (
    <div class="translate-line">
      {draft.original !== undefined && (
        <p class="original"><span class="hint">{t("translate.original")}</span> <q>{draft.original}</q> <button class="small" onClick={back}>{t("translate.back")}</button></p>
      )}
      <p class="ticket-line">
        <select aria-label={t("translate.to")} value={to} onChange={(event) => setTo(event.currentTarget.value)}>
          {TARGETS.map((code) => <option key={code} value={code}>{languageName(code, state.language.value)}</option>)}
        </select>
        <button class="small" disabled={draft.reply.trim() === "" || translations.busy.value !== null} onClick={() => void translate()}>
          {t(translations.busy.value === conversation ? "translate.busy" : "translate.reply")}
        </button>
      </p>
    </div>
  );
}

/** Under a message of the customer: what it says in the agent's language. */
export function TranslatedMessage({ seq, text }: { seq: number; text: string }) {
  const { state, translations } = useWorkplace();
  const t = state.t.value;
  const conversation = state.current.value;
  if (!translations.on || conversation === null || text === "") return null;
  const shown = translations.of(conversation, seq);
  return (
    <div class="translated">
      {typeof shown === "string" && <p class="plain" lang={state.language.value} dir="auto">{shown}</p>}
      <button class="link" onClick={() => void translations.toggle(conversation, seq, text)}>
        {t(shown === undefined ? "translate.show" : shown === null ? "translate.busy" : "translate.hide")}
      </button>
    </div>
  );
}
