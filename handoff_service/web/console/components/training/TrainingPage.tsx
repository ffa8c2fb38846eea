import { useEffect } from "preact/hooks";
import { cause } from "../../problem";
import { Icon } from "../Icon";
import { useWorkplace } from "../workplace";
import { MessagesPanel } from "./MessagesPanel";
import { VersionsPanel } from "./VersionsPanel";

/** Where a trainer teaches the bot: versions on one side, what was misunderstood on the other. */
export function TrainingPage() {
  const { state, training } = useWorkplace();
  const t = state.t.value;
  const failed = training.failed.value;
  useEffect(() => {
    void training.open();
    return () => training.close();
  }, []);
  return (
    <main class="training">
      <header class="training-head">
        <button class="icon-button" aria-label={t("training.back")} title={t("training.back")}
          onClick={() => (state.view.value = "desk")}>
          <Icon name="back" />
        </button>
        <div>
          <h1>{t("training.title")}</h1>
          <p class="hint">{t("training.lead")}</p>
        </div>
      </header>
      {failed !== null && (
        <p class="training-failed" role="alert">
          {cause(failed, t)} <button class="small" onClick={() => void training.open()}>{t("training.retry")}</button>
        </p>
      )}
      {failed === null && training.models.value === null && <p class="hint" role="status">{t("training.loading")}</p>}
      <div class="training-panels">
        <MessagesPanel />
        <VersionsPanel />
      </div>
    </main>
  );
}
