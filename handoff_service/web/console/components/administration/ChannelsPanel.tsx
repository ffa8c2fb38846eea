import { useEffect, useState } from "preact/hooks";
import { dayTime, fullTime } from "../../../shared/time";
import { fieldWords } from "../../channel_words";
import { type ChannelAccount, renewalState, tokenState } from "../../channels";
import { cause } from "../../problem";
import { holds } from "../../views";
import { useWorkplace } from "../workplace";
import { EditChannel, FieldInput, RotateSecrets, TokenEnd } from "./ChannelForms";
import { MentionsImport } from "./MentionsImport";

/** Accounts on platforms: whether events come in, what the doctor says, and the address that the platform must know. */
export function ChannelsPanel() {
  const { state, channels } = useWorkplace();
  const t = state.t.value;
  const accounts = channels.accounts.value;
  const made = channels.made.value;
  useEffect(() => void channels.start(), []);
  return (
    <section class="page-panel">
      <h2>{t("channels.title")}</h2>
      {channels.failed.value !== null && <p class="page-failed" role="alert">{cause(channels.failed.value, t)}</p>}
      {made !== null && (
        <div class="drawn" role="alert">
          <p>{t("channels.made")} <button class="small" onClick={() => (channels.made.value = null)}>{t("people.noted")}</button></p>
          <dl class="facts">{Object.entries(made).map(([name, value]) => <Made key={name} name={name} value={value} />)}</dl>
        </div>
      )}
      {accounts !== null && accounts.length === 0 && <p class="hint">{t("channels.none")}</p>}
      <ul class="rows accounts">{accounts?.map((account) => <Line key={account.id} account={account} />)}</ul>
      {holds(state, "integrations.manage") && <NewAccount />}
      {holds(state, "integrations.manage") && <MentionsImport />}
    </section>
  );
}

const Made = ({ name, value }: { name: string; value: string }) => (
  <>
    <dt>{name}</dt>
    <dd><code>{value}</code></dd>
  </>
);

function Line({ account }: { account: ChannelAccount }) {
  const { state, channels } = useWorkplace();
  const t = state.t.value;
  const { last_event_at, last_error, token_until, refresh_until, examined_at, findings } = account.health;
  const token = tokenState(account, Date.now());
  const renewal = renewalState(account, Date.now());
  const [open, setOpen] = useState<"edit" | "rotate" | null>(null);
  const isRotating = Object.values(account.secrets ?? {}).some((valid) => valid > 1);
  const fresh = channels.findings.value?.account === account.id ? channels.findings.value.found : null;
  // What was found before stays until somebody looks again; that all was well then says little now.
  const found = fresh ?? (findings ?? []).filter(({ level }) => level !== "ok");
  return (
    <li class={account.disabled ? "off" : undefined}>
      <span class="ticket-line">
        <strong>{account.name}</strong>
        <span class="badge">{channels.kinds.value[account.channel]?.platform ?? account.channel}</span>
        {account.disabled && <span class="badge bad">{t("people.disabled")}</span>}
      </span>
      <span class="hint">
        {last_event_at === null ? t("channels.silent") : t("channels.heard", { time: dayTime(last_event_at, state.language.value) })}
      </span>
      {token !== null && (
        <span class={token === "good" ? "hint" : "page-failed"}>{t(`channels.token_${token}`, { time: fullTime(token_until ?? "", state.language.value) })}</span>
      )}
      {renewal !== null && (
        <span class={renewal === "soon" || renewal === "ended" ? "page-failed" : "hint"}>{t(`channels.renewal_${renewal}`, { time: fullTime(refresh_until ?? "", state.language.value) })}</span>
      )}
      {last_error !== null && <span class="page-failed">{last_error}</span>}
      <code class="address">{account.webhook}</code>
      {holds(state, "integrations.manage") && (
        <span class="ticket-line">
          <button class="small" onClick={() => void channels.examine(account)}>{t("channels.examine")}</button>
          <button class="small" aria-expanded={open === "edit"} onClick={() => setOpen(open === "edit" ? null : "edit")}>{t("people.edit")}</button>
          {Object.keys(account.secrets ?? {}).length > 0 && (
            <button class="small" aria-expanded={open === "rotate"} onClick={() => setOpen(open === "rotate" ? null : "rotate")}>{t("channels.rotate")}</button>
          )}
          {isRotating && <button class="small" onClick={() => void channels.finishRotation(account)}>{t("channels.finish")}</button>}
          <button class="small" onClick={() => void channels.setDisabled(account, !account.disabled)}>
            {t(account.disabled ? "people.enable" : "people.disable")}
          </button>
        </span>
      )}
      {open === "edit" && <EditChannel account={account} done={() => setOpen(null)} />}
      {open === "rotate" && <RotateSecrets account={account} done={() => setOpen(null)} />}
      {fresh === null && examined_at !== null && <span class="hint">{t("channels.examined", { time: dayTime(examined_at, state.language.value) })}</span>}
      <ul class="findings" role="status">
        {found.map((finding) => <li key={finding.about} class={`finding-${finding.level}`}>{state.language.value === "zh" ? (finding.zh ?? finding.words) : finding.words}</li>)}
      </ul>
    </li>
  );
}

function NewAccount() {
  const { state, channels } = useWorkplace();
  const t = state.t.value;
  const kinds = channels.kinds.value;
  const [channel, setChannel] = useState("");
  const [name, setName] = useState("");
  const [fields, setFields] = useState<Readonly<Record<string, string>>>({});
  const [tokenEnd, setTokenEnd] = useState("");
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (!(await channels.add(channel, name, fields, tokenEnd))) return;
    setChannel("");
    setName("");
    setFields({});
    setTokenEnd("");
  };
  return (
    <form class="article-form" onSubmit={(event) => void submit(event)}>
      <h3>{t("channels.new")}</h3>
      <label>{t("channels.platform")}
        <select required value={channel} onChange={(event) => {
          setChannel(event.currentTarget.value);
          setFields({});
          setTokenEnd("");
        }}>
          <option value="">–</option>
          {Object.entries(kinds).map(([id, { platform }]) => <option key={id} value={id}>{platform}</option>)}
        </select>
      </label>
      {channel !== "" && (
        <>
          <label>{t("contact.name")}
            <input required value={name} onInput={(event) => setName(event.currentTarget.value)} />
          </label>
          {Object.entries(kinds[channel]?.fields ?? {}).map(([field, explained]) => (
            <label key={field}>{fieldWords(explained, state.language.value)}
              <FieldInput explained={explained} value={fields[field] ?? ""} set={(value) => setFields({ ...fields, [field]: value })} />
            </label>
          ))}
          <TokenEnd kind={kinds[channel]} value={tokenEnd} set={setTokenEnd} />
          <footer><button class="primary">{t("people.add")}</button></footer>
        </>
      )}
    </form>
  );
}
