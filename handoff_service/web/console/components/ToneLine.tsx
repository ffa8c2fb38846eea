import { localName } from "../text";
import { useWorkplace } from "./workplace";

/** In whose name the reply goes out, for who serves several companies, and how that company wants its customers written to. */
export function ToneLine() {
  const { state } = useWorkplace();
  const t = state.t.value;
  const language = state.language.value;
  const { tenant, clients = [] } = state.me.value;
  const { tone = {} } = tenant;
  const guide = tone[language] ?? Object.values(tone)[0] ?? "";
  if (guide === "" && clients.length < 2) return null;
  return (
    <p class="tone-line hint">
      {clients.length > 1 && <strong title={t("speaking.hint")}>{t("tone.speaking_as", { company: localName(tenant.name, language) })}</strong>}
      {guide !== "" && <span>{t("tone.guide", { guide })}</span>}
    </p>
  );
}
