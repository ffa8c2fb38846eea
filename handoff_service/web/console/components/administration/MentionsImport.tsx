import { useState } from "preact/hooks";
import { textOf } from "../../importing";
import { useWorkplace } from "../workplace";

/** What was said about the tenant in public, from a file that somebody has collected; each post is a conversation. */
export function MentionsImport() {
  const { state, channels } = useWorkplace();
  const t = state.t.value;
  const report = channels.imported.value;
  const [busy, setBusy] = useState(false);
  const chosen = async (input: HTMLInputElement): Promise<void> => {
    const [file] = input.files ?? [];
    if (file === undefined) return;
    setBusy(true);
    await channels.importMentions(textOf(await file.arrayBuffer()));
    setBusy(false);
    input.value = "";
  };
  return (
    <section class="page-panel">
      <h3>{t("mentions.title")}</h3>
      <p class="hint">{t("mentions.lead")}</p>
      <label class="file-choice">{t("import.choose")}
        <input type="file" accept=".csv,.tsv,.txt,.jsonl,.ndjson" disabled={busy} onChange={(event) => void chosen(event.currentTarget)} />
      </label>
      {report !== null && <p role="status">{t("mentions.done", { taken: report.taken, skipped: report.skipped, refused: report.refused.length })}</p>}
      {report !== null && report.refused.length > 0 && (
        <ul class="problems" role="alert">
          {report.refused.map(({ line, reason }) => <li key={`${line} ${reason}`}><b>{t("configuration.line", { line })}</b> {reason}</li>)}
        </ul>
      )}
    </section>
  );
}
