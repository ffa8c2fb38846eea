import { useEffect } from "preact/hooks";
import { changeLine } from "../../administration";
import { wrongInFile } from "../../forms/wrong";
import { holds } from "../../views";
import { useWorkplace } from "../workplace";

/** Everything that is configured, as one file: edited, checked line by line, then applied. */
export function ConfigurationPanel() {
  const { state, administration } = useWorkplace();
  const t = state.t.value;
  const plan = administration.plan.value;
  const edited = administration.edited.value;
  const shown = edited ?? administration.yaml.value ?? "";
  const all = holds(state, "settings.write");
  // What the forms have stored meanwhile.
  useEffect(() => void administration.start(), []);
  const writes = all || holds(state, "canned.write");
  return (
    <section class="page-panel">
      <h2>{t("configuration.title")}</h2>
      <p class="hint">{t("configuration.lead")}</p>
      <textarea class="yaml" rows={24} spellcheck={false} value={shown} readOnly={!writes} aria-label={t("configuration.title")}
        onInput={(event) => administration.edit(event.currentTarget.value)} />
      <ul class="problems" role="alert">
        {administration.problems.value.map((problem) => (
          <li key={`${problem.line}${problem.where}${problem.message}`}>
            {problem.line > 0 && <b>{t("configuration.line", { line: problem.line })}</b>} {problem.where} {wrongInFile(problem.message, t)}
          </li>
        ))}
      </ul>
      {plan !== null && plan.changes.length === 0 && <p role="status">{t("configuration.same")}</p>}
      {plan !== null && plan.changes.length > 0 && (
        <pre class="plan">{plan.changes.map(changeLine).join("\n")}</pre>
      )}
      {!all && <p class="hint">{t(writes ? "configuration.canned_only" : "configuration.read_only")}</p>}
      {writes && (
        <p class="ticket-line">
          <button disabled={edited === null} onClick={() => void administration.check()}>{t("configuration.check")}</button>
          <button class="primary" disabled={plan === null || plan.changes.length === 0} onClick={() => void administration.apply()}>{t("configuration.apply")}</button>
          <button disabled={edited === null} onClick={() => administration.discard()}>{t("configuration.undo")}</button>
        </p>
      )}
    </section>
  );
}
