import { useEffect, useState } from "preact/hooks";
import { type Account, changedParts, mayManage, ROLES, rolesGivenBy, type Skills } from "../../administration";
import { type Item, itemsOf, listOf, textOf } from "../../forms/values";
import { keyFor } from "../../text";
import { holds } from "../../views";
import { useWorkplace } from "../workplace";

/** Who works here: accounts, their roles, and what they can do. */
export function PeoplePanel() {
  const { state, administration, forms } = useWorkplace();
  const t = state.t.value;
  const people = administration.people.value;
  const drawn = administration.drawn.value;
  useEffect(() => {
    void administration.list();
    void forms.start(); // names of the skills
  }, []);
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
      <RolesTable />
    </section>
  );
}

/** Roles beside what they may do. */
function RolesTable() {
  const { state, administration } = useWorkplace();
  const t = state.t.value;
  const roles = administration.roles.value;
  const permissions = [...new Set(ROLES.flatMap((role) => roles?.[role] ?? []))];
  return (
    <details class="roles" onToggle={(event) => event.currentTarget.open && void administration.askRoles()}>
      <summary>{t("people.roles")}</summary>
      {roles !== null && (
        <div class="wide-table" tabIndex={0} role="region" aria-label={t("people.roles")}>
          <table>
            <thead>
              <tr><td />{ROLES.map((role) => <th key={role} scope="col">{t(`role.${role}`)}</th>)}</tr>
            </thead>
            <tbody>
              {permissions.map((permission) => {
                const key = keyFor("permission", permission);
                return (
                  <tr key={permission}>
                    <th scope="row">{key === null ? permission : t(key)}</th>
                    {ROLES.map((role) => <td key={role}>{roles[role]?.includes(permission) && <span aria-label={t("permission.yes")} role="img">✓</span>}</td>)}
                  </tr>
                );
              })}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

function Person({ account }: { account: Account }) {
  const { state, administration } = useWorkplace();
  const t = state.t.value;
  const manages = holds(state, "agents.manage") && mayManage(account, state.me.value.agent.id, holds(state, "admins.manage"));
  const [editing, setEditing] = useState(false);
  const queueName = (id: string): string => state.me.value.tenant.queues.find((queue) => queue.id === id)?.name ?? id;
  return (
    <li class={account.disabled ? "off" : undefined}>
      <span class="ticket-line">
        <strong>{account.name}</strong>
        <span class="badge">{t(`role.${roleOf(account.role)}`)}</span>
        {account.disabled && <span class="badge bad">{t("people.disabled")}</span>}
      </span>
      <span class="hint">{[account.email, account.queues.map(queueName).join(", "), t("presence.load", { open: account.open, capacity: account.capacity })].filter(Boolean).join(" · ")}</span>
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

/** What an account may do and can do; another role ends its sign-ins. */
function EditPerson({ account, done }: { account: Account; done: () => void }) {
  const { state, administration } = useWorkplace();
  const t = state.t.value;
  const [base] = useState(account); // the list may be read again meanwhile; only what is changed here is sent
  const { name, role, languages, queues, capacity, skills = {} } = base;
  const [now, setNow] = useState({ name, role, languages, queues, capacity, skills });
  const change = changedParts(base, now);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (Object.keys(change).length === 0 || (await administration.change(account, change))) done();
  };
  return (
    <form class="article-form" onSubmit={(event) => void submit(event)}>
      <label>{t("contact.name")}
        <input required maxLength={80} value={now.name} onInput={(event) => setNow({ ...now, name: event.currentTarget.value })} />
      </label>
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
      <LanguageChoice chosen={now.languages} choose={(chosen) => setNow({ ...now, languages: chosen })} />
      <SkillLevels levels={now.skills} set={(levels) => setNow({ ...now, skills: levels })} />
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

/** The languages of the company, in which its people answer. */
const languagesOf = (document: Item | null): readonly string[] => listOf(document?.["languages"] ?? ["zh", "en"]).map(textOf);

function LanguageChoice({ chosen, choose }: { chosen: readonly string[]; choose: (languages: readonly string[]) => void }) {
  const { state, forms } = useWorkplace();
  const t = state.t.value;
  return (
    <fieldset class="choices">
      <legend>{t("form.languages")}</legend>
      <div class="chips">
        {[...new Set([...languagesOf(forms.document.value), ...chosen])].map((each) => (
          <label key={each} class="chip">
            <input type="checkbox" checked={chosen.includes(each)}
              onChange={(event) => choose(event.currentTarget.checked ? [...chosen, each] : chosen.filter((one) => one !== each))} />
            {t(each === "zh" || each === "en" ? `form.${each}` : "form.other_language", { language: each })}
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** How much somebody can of each skill that the company lists; empty: nothing. */
function SkillLevels({ levels, set }: { levels: Skills; set: (levels: Skills) => void }) {
  const { state, forms } = useWorkplace();
  const t = state.t.value;
  const known = itemsOf(forms.document.value?.["skills"]).map((one) => ({ id: textOf(one["id"]), name: textOf(one[state.language.value]) }));
  const unlisted = Object.keys(levels).filter((id) => !known.some((one) => one.id === id)).map((id) => ({ id, name: id }));
  const skills = [...known, ...unlisted];
  if (skills.length === 0) return null;
  return (
    <fieldset class="choices">
      <legend>{t("people.skills")}</legend>
      <div class="form-fields narrow">
        {skills.map(({ id, name }) => (
          <label key={id}>{name}
            <input type="number" min={1} max={5} value={levels[id] ?? ""} onInput={({ currentTarget }) => {
              const { [id]: _before, ...rest } = levels;
              set(Number.isNaN(currentTarget.valueAsNumber) ? rest : { ...rest, [id]: currentTarget.valueAsNumber });
            }} />
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function NewPerson() {
  const { state, administration, forms } = useWorkplace();
  const t = state.t.value;
  const empty = { email: "", name: "", role: "agent", queues: state.me.value.tenant.queues.map(({ id }) => id), capacity: 5 };
  const [account, setAccount] = useState(empty);
  // Null: nothing was chosen yet, so whatever the company speaks.
  const [languages, setLanguages] = useState<readonly string[] | null>(null);
  const spoken = languages ?? languagesOf(forms.document.value);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (!(await administration.add({ ...account, languages: spoken }))) return;
    setAccount(empty);
    setLanguages(null);
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
      <LanguageChoice chosen={spoken} choose={setLanguages} />
      <footer><button class="primary">{t("people.add")}</button></footer>
    </form>
  );
}

const roleOf = (role: string): (typeof ROLES)[number] => ROLES.find((each) => each === role) ?? "agent";
