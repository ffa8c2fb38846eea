import { useEffect } from "preact/hooks";
import { partsFor, SECTIONS, type SettingsPart, WIDGET } from "../../forms/sections";
import { cause } from "../../problem";
import { holds } from "../../views";
import { PageHead } from "../PageHead";
import { useWorkplace } from "../workplace";
import { ChannelsPanel } from "./ChannelsPanel";
import { ConfigurationPanel } from "./ConfigurationPanel";
import { KeysPanel } from "./KeysPanel";
import { PeoplePanel } from "./PeoplePanel";
import { PrivacyPanel } from "./PrivacyPanel";
import { SettingsPanel } from "./SettingsPanel";
import { WebhooksPanel } from "./WebhooksPanel";
import { WidgetPanel, WidgetPreview } from "./WidgetPanel";

/** Accounts, each section of the configuration in forms, channels, the widget, and everything as one file. */
export function AdministrationPage() {
  const { state, administration } = useWorkplace();
  const t = state.t.value;
  const failed = administration.failed.value;
  const parts = partsFor((permission) => holds(state, permission));
  const part = parts.find((each) => each === administration.part.value) ?? "queues";
  useEffect(() => void administration.start(), []);
  return (
    <main class="page administration">
      <PageHead title={t("administration.title")} lead={t("administration.lead")} />
      {failed !== null && (
        <p class="page-failed" role="alert">
          {cause(failed, t)} <button class="small" onClick={() => void administration.start()}>{t("page.retry")}</button>
        </p>
      )}
      <div class="settings-page">
        <nav class="settings-nav" aria-label={t("forms.nav")}>
          {parts.map((each) => (
            <button key={each} class="tab" data-part={each} aria-current={each === part ? "page" : undefined} onClick={() => (administration.part.value = each)}>{t(`forms.${each}`)}</button>
          ))}
        </nav>
        <Part part={part} />
      </div>
    </main>
  );
}

function Part({ part }: { part: SettingsPart }) {
  switch (part) {
    case "people":
      return <PeoplePanel />;
    case "channels":
      return <ChannelsPanel />;
    case "widget":
      return (
        <div class="widget-settings">
          <div class="page-stack"><WidgetPanel /><SettingsPanel section={WIDGET} /></div>
          <WidgetPreview />
        </div>
      );
    case "webhooks":
      return <WebhooksPanel />;
    case "keys":
      return <KeysPanel />;
    case "privacy":
      return <PrivacyPanel />;
    case "file":
      return <ConfigurationPanel />;
    default: {
      const section = SECTIONS.find(({ id }) => id === part);
      return section === undefined ? null : <SettingsPanel key={part} section={section} />;
    }
  }
}
