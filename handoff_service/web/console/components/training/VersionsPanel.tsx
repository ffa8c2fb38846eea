import { locale } from "../../../shared/i18n";
import type { Language } from "../../../shared/protocol";
import type { Translate } from "../../text";
import type { Models, Run, Version } from "../../training";
import { useWorkplace } from "../workplace";

/** The versions with their figures, what puts them live, and how a training goes. */
export function VersionsPanel() {
  const { state, training } = useWorkplace();
  const t = state.t.value;
  const models = training.models.value;
  if (models === null) return null;
  return (
    <section class="page-panel" aria-labelledby="versions-title">
      <header>
        <h2 id="versions-title">{t("versions.title")}</h2>
        <button class="primary" disabled={models.training?.running ?? false} onClick={() => void training.train()}>
          {t("train.now")}
        </button>
      </header>
      <p class="hint">{t("train.hint")}</p>
      <div role="status">
        {models.training !== null && <RunLine run={models.training} t={t} />}
        {models.refused === null && models.live !== models.serving && (
          <p class="run">{t("versions.swapping", { version: models.live ?? "" })}</p>
        )}
        {models.refused !== null && <p class="run bad">{t("versions.broken", models.refused)}</p>}
      </div>
      {models.versions.length === 0 && <p class="hint">{t("versions.none")}</p>}
      <ul class="versions">
        {models.versions.map((version) => <VersionItem key={version.version} version={version} models={models} />)}
      </ul>
      {models.moves.length > 0 && <Moves models={models} t={t} language={state.language.value} />}
    </section>
  );
}

function RunLine({ run, t }: { run: Run; t: Translate }) {
  if (run.running) {
    return (
      <div class="run">
        <p>{t("train.running", { step: run.step, steps: run.steps, stage: t(`train.stage.${run.stage}`) })}</p>
        <progress max={run.steps} value={run.step} aria-label={t("train.now")} />
      </div>
    );
  }
  const result = run.result ?? "failed";
  return (
    <p class={result === "live" || result === "current" ? "run good" : "run bad"}>
      {t(`train.result.${result}`, { version: run.version ?? "", reason: run.text })}
    </p>
  );
}

function VersionItem({ version, models }: { version: Version; models: Models }) {
  const { state, training } = useWorkplace();
  const t = state.t.value;
  const { gate } = version;
  const live = version.version === models.live;
  const { before } = models;
  return (
    <li class={live ? "version live" : "version"}>
      <header>
        <h3>{version.version}</h3>
        {live && <b class="badge good">{t("versions.live")}</b>}
        <b class={gate.passed ? "badge" : "badge bad"}>{t(gate.passed ? "versions.passed" : "versions.refused")}</b>
        {live && before !== null && (
          <button class="small" onClick={() => void training.rollBack(version.version, before)}>
            {t("versions.rollback", { version: before })}
          </button>
        )}
        {!live && gate.passed && (
          <button class="small" aria-label={t("versions.put_live_name", { version: version.version })}
            onClick={() => void training.putLive(version.version)}>
            {t("versions.put_live")}
          </button>
        )}
      </header>
      <Figures version={version} t={t} />
      {gate.compared !== null && (
        <p class="hint">{t("versions.compared", { live: figure(gate.compared.live), new: figure(gate.compared.macro_f1) })}</p>
      )}
      <p class="hint">
        {t("versions.trained", { at: day(version.trained_at, state.language.value), seconds: version.seconds, rasa: version.rasa })}
      </p>
      {version.left_out > 0 && <p class="hint">{t("versions.left_out", { count: version.left_out })}</p>}
      {gate.reasons.length > 0 && (
        <details>
          <summary>{t("versions.reasons")}</summary>
          <ul lang="en">{gate.reasons.map((reason) => <li key={reason}>{reason}</li>)}</ul>
        </details>
      )}
    </li>
  );
}

function Figures({ version, t }: { version: Version; t: Translate }) {
  const { gate } = version;
  const { asked, missed } = gate.asking;
  const rows = [
    [t("versions.f1"), figure(gate.macro_f1)],
    [t("versions.asking"), t("versions.of", { part: asked - missed.length, whole: asked })],
    [t("versions.stories"), t("versions.of", { part: gate.stories.passed, whole: gate.stories.played })],
    [t("versions.lines"), t("versions.lines_value", { lines: version.lines, reviewed: version.reviewed })],
  ] as const;
  return (
    <dl class="figures">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Moves({ models, t, language }: { models: Models; t: Translate; language: Language }) {
  const who = (by: string): string => (by === "operator" ? t("versions.operator") : by === "agent" ? t("versions.other") : by);
  return (
    <details class="moves">
      <summary>{t("versions.moves")}</summary>
      <ol>
        {models.moves.map((move) => (
          <li key={`${move.version} ${move.at}`}>
            {t(`versions.move.${move.how}`, { at: day(move.at, language), by: who(move.by), version: move.version })}
          </li>
        ))}
      </ol>
    </details>
  );
}

const figure = (value: number): string => value.toFixed(3);

const day = (at: string, language: Language): string =>
  new Date(at).toLocaleString(locale(language), { dateStyle: "medium", timeStyle: "short" });
