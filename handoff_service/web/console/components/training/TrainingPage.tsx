import { useEffect } from "preact/hooks";
import { cause } from "../../problem";
import { PageHead } from "../PageHead";
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
    <main class="page training">
      <PageHead title={t("training.title")} lead={t("training.lead")} />
      {failed !== null && (
        <p class="page-failed" role="alert">
          {cause(failed, t)} <button class="small" onClick={() => void training.open()}>{t("page.retry")}</button>
        </p>
      )}
      {failed === null && training.models.value === null && <p class="hint" role="status">{t("page.loading")}</p>}
      <div class="training-panels">
        <MessagesPanel />
        <VersionsPanel />
      </div>
    </main>
  );
}
