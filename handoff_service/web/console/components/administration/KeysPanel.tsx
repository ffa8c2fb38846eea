import { useEffect, useState } from "preact/hooks";
import { fullTime } from "../../../shared/time";
import { actorName } from "../../actors";
import { type ApiKey, mayRotate } from "../../api_keys";
import { keepingFocus } from "../../focus";
import { cause } from "../../problem";
import { keyFor, type Translate } from "../../text";
import { useWorkplace } from "../workplace";
import { ShownOnce } from "./ShownOnce";
import { SureButton } from "./Sure";

/** Keys with which other systems ask the API: what each opens, when it was used last, and ending it. */
export function KeysPanel() {
  const { state, apiKeys } = useWorkplace();
  const t = state.t.value;
  const { list, made, failed } = apiKeys;
  useEffect(() => void apiKeys.start(), []);
  const valid = list.value?.filter(({ revoked_at }) => revoked_at === null) ?? [];
  const ended = list.value?.filter(({ revoked_at }) => revoked_at !== null) ?? [];
  return (
    <section class="page-panel" aria-label={t("forms.keys")}>
      <h2>{t("forms.keys")}</h2>
      <p class="hint">{t("keys.lead")} <a href="/openapi.json" target="_blank" rel="noreferrer">{t("keys.routes")}</a></p>
      {failed.value !== null && (
        <p class="page-failed" role="alert">
          {cause(failed.value, t)} <button class="small" onClick={() => void apiKeys.start()}>{t("page.retry")}</button>
        </p>
      )}
      {made.value !== null && <ShownOnce key={made.value.key} words={t("keys.made", { name: made.value.name })} secret={made.value.key} of={made} />}
      {list.value === null && failed.value === null && <p class="hint" role="status">{t("page.loading")}</p>}
      {list.value !== null && valid.length === 0 && <p class="hint">{t("keys.none")}</p>}
      <ul class="rows accounts">{valid.map((key) => <Line key={key.id} of={key} />)}</ul>
      {ended.length > 0 && (
        <details>
          <summary>{t("keys.revoked_ones", { n: ended.length })}</summary>
          <ul class="rows accounts">{ended.map((key) => <Line key={key.id} of={key} />)}</ul>
        </details>
      )}
      <NewKey />
    </section>
  );
}

/** For a key some are less than for a person, and are called what they are. */
const permissionName = (permission: string, t: Translate): string => {
  const key = keyFor("keys.permission", permission) ?? keyFor("permission", permission);
  return key === null ? permission : t(key);
};

function Line({ of: key }: { of: ApiKey }) {
  const { state, apiKeys } = useWorkplace();
  const t = state.t.value;
  const language = state.language.value;
  const { name, permissions, created_by, created_at, last_used_at, revoked_at } = key;
  return (
    <li class={revoked_at === null ? undefined : "off"} data-key={key.id}>
      <span class="ticket-line">
        <strong>{name}</strong>
        {revoked_at !== null && <span class="badge bad">{t("keys.revoked", { time: fullTime(revoked_at, language) })}</span>}
      </span>
      <span class="tag-line">{permissions.map((each) => <span key={each} class="badge" title={each}>{permissionName(each, t)}</span>)}</span>
      <span class="hint">{last_used_at === null ? t("keys.unused") : t("keys.used", { time: fullTime(last_used_at, language) })}</span>
      <span class="hint">{t("keys.by", { name: actorName(state, created_by), time: fullTime(created_at, language) })} · <code>{key.id}</code></span>
      {revoked_at === null && (
        <span class="ticket-line deeds">
          {mayRotate(key, apiKeys.list.value ?? []) && <button class="small" aria-disabled={apiKeys.busy.value} onClick={keepingFocus(() => apiKeys.rotate(key))}>{t("keys.rotate")}</button>}
          <SureButton label={t("keys.revoke")} question={t("keys.revoke_sure", { name })} yes={t("keys.revoke_yes")} run={() => apiKeys.revoke(key)} />
        </span>
      )}
    </li>
  );
}

function NewKey() {
  const { state, apiKeys } = useWorkplace();
  const t = state.t.value;
  const [name, setName] = useState("");
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (!(await apiKeys.add(name, chosen))) return;
    setName("");
    setChosen([]);
  };
  return (
    <form class="article-form" aria-label={t("keys.new")} onSubmit={(event) => void submit(event)}>
      <h3>{t("keys.new")}</h3>
      <label>{t("keys.name")}
        <input required maxLength={80} autocomplete="off" value={name} onInput={(event) => setName(event.currentTarget.value)} />
      </label>
      <fieldset class="choices">
        <legend>{t("keys.permissions")}</legend>
        <div class="chips">
          {apiKeys.permissions.value.map((permission) => (
            <label key={permission} class="chip" title={permission}>
              <input type="checkbox" checked={chosen.includes(permission)}
                onChange={({ currentTarget }) => setChosen(currentTarget.checked ? [...chosen, permission] : chosen.filter((each) => each !== permission))} />
              {permissionName(permission, t)}
            </label>
          ))}
        </div>
      </fieldset>
      <p class="hint">{t("keys.how")} <code>Authorization: Bearer tdm.…</code></p>
      <footer><button class="primary" disabled={chosen.length === 0} aria-disabled={apiKeys.busy.value}>{t("people.add")}</button></footer>
    </form>
  );
}
