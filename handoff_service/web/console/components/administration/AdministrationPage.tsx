import { useEffect, useState } from "preact/hooks";
import { type Account, changedParts, changeLine, mayManage, ROLES, rolesGivenBy, type SettingsPart } from "../../administration";
import { SECTIONS } from "../../forms/sections";
import { cause } from "../../problem";
import { holds } from "../../views";
import { PageHead } from "../PageHead";
import { useWorkplace } from "../workplace";
import { ChannelsPanel } from "./ChannelsPanel";
import { SettingsPanel } from "./SettingsPanel";
import { WidgetPanel } from "./WidgetPanel";

/** Accounts, each section of the configuration in forms, channels, the widget, and everything as one file. */
export function AdministrationPage() {
  const { state, administration } = useWorkplace();
  const t = state.t.value;
  const failed = administration.failed.value;
  const part = administration.part.value;
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
          {PARTS.map((each) => (
            <button key={each} class="tab" aria-current={each === part ? "page" : undefined} onClick={() => (administration.part.value = each)}>{t(`forms.${each}`)}</button>
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
      return <People />;
    case "channels":
      return <ChannelsPanel />;
    case "widget":
      return <WidgetPanel />;
    case "file":
      return <Configuration />;
    default: {
      const section = SECTIONS.find(({ id }) => id === part);
      return section === undefined ? null : <SettingsPanel key={part} section={section} />;
    }
  }
}

function People() {
  const { state, administration } = useWorkplace();
  const t = state.t.value;
  const people = administration.people.value;
  const drawn = administration.drawn.value;
  return (
    <section class="page-panel">
      <h2>{t("people.title")}</h2>
      {drawn !== null && (
        <p class="drawn" role="alert">
          {t("people.password", { email: drawn.email })} <code>{drawn.password}</code>{" "}
          <button class="small" onClick={() => (administration.drawn.value = null)}>{t("people.noted")}</button>
        </p>
      )}
      {people === null && <p class="hint" role="status">{t("page.loading")}</p>}
      <ul class="rows accounts">{people?.map((account) => <Person key={account.id} account={account} />)}</ul>
      {holds(state, "agents.manage") && <NewPerson />}
    </section>
  );
}

function Person({ account }: { account: Account }) {
  const { state, administration } = useWorkplace();
  const t = state.t.value;
  const manages = holds(state, "agents.manage") && mayManage(account, state.me.value.agent.id, holds(state, "admins.manage"));
  const [editing, setEditing] = useState(false);
  return (
    <li class={account.disabled ? "off" : undefined}>
      <span class="ticket-line">
        <strong>{account.name}</strong>
        <span class="badge">{t(`role.${roleOf(account.role)}`)}</span>
        {account.disabled && <span class="badge bad">{t("people.disabled")}</span>}
      </span>
      <span class="hint">{account.email} · {account.queues.join(", ")} · {t("presence.load", { open: account.open, capacity: account.capacity })}</span>
      {editing && <EditPerson account={account} done={() => setEditing(false)} />}
      {manages && !editing && (
        <span class="ticket-line">
          <button class="small" onClick={() => setEditing(true)}>{t("people.edit")}</button>
          <button class="small" onClick={() => void administration.resetPassword(account)}>{t("people.reset")}</button>
          <button class="small" onClick={() => void administration.signOut(account)}>{t("people.sign_out")}</button>
          <button class="small" onClick={() => void administration.setDisabled(account, !account.disabled)}>
            {t(account.disabled ? "people.enable" : "people.disable")}
          </button>
        </span>
      )}
    </li>
  );
}

/** Role, queues and capacity of an account; another role ends its sign-ins. */
function EditPerson({ account, done }: { account: Account; done: () => void }) {
  const { state, administration } = useWorkplace();
  const t = state.t.value;
  const { role, queues, capacity } = account;
  const [now, setNow] = useState({ role, queues, capacity });
  const change = changedParts(account, now);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (Object.keys(change).length === 0 || (await administration.change(account, change))) done();
  };
  return (
    <form class="article-form" onSubmit={(event) => void submit(event)}>
      <div class="pair">
        <label>{t("people.role")}
          <select value={now.role} onChange={(event) => setNow({ ...now, role: event.currentTarget.value })}><RoleOptions /></select>
        </label>
        <label>{t("people.capacity")}
          <input type="number" required min={1} max={100} value={now.capacity}
            onInput={(event) => setNow({ ...now, capacity: Number(event.currentTarget.value) })} />
        </label>
      </div>
      <QueueChoice chosen={now.queues} choose={(chosen) => setNow({ ...now, queues: chosen })} />
      <footer>
        <button class="primary">{t("people.save")}</button>
        <button type="button" onClick={done}>{t("dialog.cancel")}</button>
      </footer>
    </form>
  );
}

function RoleOptions() {
  const { state } = useWorkplace();
  return (
    <>
      {rolesGivenBy(holds(state, "admins.manage")).map((each) => <option key={each} value={each}>{state.t.value(`role.${each}`)}</option>)}
    </>
  );
}

function QueueChoice({ chosen, choose }: { chosen: readonly string[]; choose: (queues: readonly string[]) => void }) {
  const { state } = useWorkplace();
  return (
    <fieldset class="choices">
      <legend>{state.t.value("transfer.queues")}</legend>
      {state.me.value.tenant.queues.map(({ id, name }) => (
        <label key={id} class="choice">
          <input type="checkbox" checked={chosen.includes(id)}
            onChange={(event) => choose(event.currentTarget.checked ? [...chosen, id] : chosen.filter((each) => each !== id))} />
          {name}
        </label>
      ))}
    </fieldset>
  );
}

function NewPerson() {
  const { state, administration } = useWorkplace();
  const t = state.t.value;
  const { queues } = state.me.value.tenant;
  const empty = { email: "", name: "", role: "agent", queues: queues.map(({ id }) => id), capacity: 5 };
  const [account, setAccount] = useState(empty);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (await administration.add(account)) setAccount(empty);
  };
  return (
    <form class="article-form" onSubmit={(event) => void submit(event)}>
      <h3>{t("people.new")}</h3>
      <div class="pair">
        <label>{t("sign_in.email")}
          <input type="email" required value={account.email} onInput={(event) => setAccount({ ...account, email: event.currentTarget.value })} />
        </label>
        <label>{t("people.role")}
          <select value={account.role} onChange={(event) => setAccount({ ...account, role: event.currentTarget.value })}>
            <RoleOptions />
          </select>
        </label>
      </div>
      <label>{t("contact.name")}
        <input required maxLength={80} value={account.name} onInput={(event) => setAccount({ ...account, name: event.currentTarget.value })} />
      </label>
      <QueueChoice chosen={account.queues} choose={(chosen) => setAccount({ ...account, queues: [...chosen] })} />
      <footer><button class="primary">{t("people.add")}</button></footer>
    </form>
  );
}

/** Queues, hours, skills, codes, canned replies and the rest, as one file: edited, checked line by line, then applied. */
function Configuration() {
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
          <li key={`${problem.line}${problem.where}`}>
            {problem.line > 0 && <b>{t("configuration.line", { line: problem.line })}</b>} {problem.where} {problem.message}
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

const PARTS: readonly SettingsPart[] = ["people", ...SECTIONS.map(({ id }) => id), "channels", "widget", "file"];

const roleOf = (role: string): (typeof ROLES)[number] => ROLES.find((each) => each === role) ?? "agent";
