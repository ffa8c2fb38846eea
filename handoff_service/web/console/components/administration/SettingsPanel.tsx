import { useEffect, useRef, useState } from "preact/hooks";
import type { FileProblem } from "../../administration";
import { useFocused } from "../../focus";
import { nameOf } from "../../forms/forms";
import { type Section, titleOf } from "../../forms/sections";
import { type Item, listed, NEW, unclaimed, usersOf, whereOf } from "../../forms/values";
import { wrongText } from "../../forms/wrong";
import { isNarrow } from "../../narrow";
import { cause } from "../../problem";
import type { Translate } from "../../text";
import { holds } from "../../views";
import { Icon } from "../Icon";
import { useWorkplace } from "../workplace";
import { Fields, type Sheet } from "./FieldView";

/** A section of the configuration in forms: its things on one side, the form of one of them on the other. */
export function SettingsPanel({ section }: { section: Section }) {
  const { state, forms, channels } = useWorkplace();
  const t = state.t.value;
  const failed = forms.failed.value;
  const document = forms.document.value;
  useEffect(() => {
    void forms.start();
    void channels.start(); // whose names the fields show
  }, []);
  const key = section.holds === "parts" ? section.id : (forms.open.value.get(section.id) ?? null);
  const item = key === null ? null : forms.shown(section, key);
  return (
    <section class="page-panel settings" aria-label={t(`forms.${section.id}`)}>
      <h2>{t(`forms.${section.id}`)}</h2>
      <p class="hint">{t(`forms.lead.${section.id}`)}</p>
      {failed !== null && (
        <p class="page-failed" role="alert">
          {cause(failed, t)} <button class="small" onClick={() => void forms.start()}>{t("page.retry")}</button>
        </p>
      )}
      {document === null ? failed === null && <p class="hint" role="status">{t("page.loading")}</p> : (
        <div class={section.holds === "parts" ? "settings-one" : "settings-columns"}>
          {section.holds !== "parts" && <Things section={section} document={document} chosen={key} />}
          {key !== null && item !== null ? <ThingForm key={`${section.id}/${key}`} section={section} document={document} at={key} item={item} />
            : section.holds !== "parts" && <p class="hint">{t("form.pick")}</p>}
        </div>
      )}
    </section>
  );
}

function Things({ section, document, chosen }: { section: Section; document: Item; chosen: string | null }) {
  const { state, forms } = useWorkplace();
  const t = state.t.value;
  const stored = listed(document, section);
  const things = [...stored, ...forms.left(section)];
  const ordered = section.holds === "list" && section.ordered && holds(state, section.needs);
  const isNew = chosen === NEW || forms.isEdited(section, NEW);
  return (
    <div class="things">
      {things.length === 0 && <p class="hint">{t("form.none")}</p>}
      <ul class="rows">
        {things.map(({ key, item }, place) => {
          const title = titleOf(section, item, state.language.value, t);
          return (
            <li key={key} class="look-line">
              <button class="link-row" aria-current={chosen === key} onClick={() => forms.show(section, key)}>
                <span class="ticket-line"><strong dir="auto">{title}</strong>{forms.isEdited(section, key) && <span class="badge">{t("form.unsaved")}</span>}</span>
                {title !== item["id"] && typeof item["id"] === "string" && <span class="hint">{item["id"]}</span>}
              </button>
              {ordered && place > 0 && place < stored.length && (
                <button class="icon-button" aria-label={`${t("form.up")}: ${title}`} title={t("form.up")} disabled={forms.busy.value}
                  onClick={() => void forms.raise(section, key)}>
                  <Icon name="up" />
                </button>
              )}
            </li>
          );
        })}
        {isNew && (
          <li class="look-line">
            <button class="link-row" aria-current={chosen === NEW} onClick={() => forms.show(section, NEW)}>{t("form.new_one")}</button>
          </li>
        )}
      </ul>
      {holds(state, section.needs) && <button onClick={() => forms.show(section, NEW)}>{t("form.new")}</button>}
    </div>
  );
}

/** A problem that no field shows; one of another part of the file says where it is, unless our words do. */
function wrongIn({ where, message }: FileProblem, place: string, t: Translate): string {
  const words = wrongText(message, t);
  return words !== message || where === "" || where === place ? words : `${where}: ${message}`;
}

function ThingForm({ section, document, at, item }: { section: Section; document: Item; at: string; item: Item }) {
  const { state, forms, channels } = useWorkplace();
  const t = state.t.value;
  const form = useRef<HTMLFormElement>(null);
  const told = forms.problems.value;
  const problems = told !== null && told.of === nameOf(section, at) ? told.found : [];
  const where = whereOf(document, section, { key: at, item });
  const sheet: Sheet = {
    document, t, problems, channels: channels.kinds.value, language: state.language.value, usual: forms.usual.value,
    readOnly: !holds(state, section.needs), isNew: at === NEW,
  };
  const others = [
    ...problems.filter((problem) => !unclaimed(problems, where, []).includes(problem)),
    ...unclaimed(problems, where, section.fields.map(({ name }) => name)),
  ];
  useEffect(() => {
    if (section.holds === "parts") return;
    // On a phone the keyboard would cover what was opened, which is below the list there.
    if (isNarrow()) form.current?.scrollIntoView();
    else form.current?.querySelector<HTMLElement>("input:not([readonly]), select, textarea")?.focus();
  }, []);
  useEffect(() => {
    if (problems.length > 0) form.current?.querySelector<HTMLElement>(others.length > 0 ? ".problems" : "[aria-invalid=true]")?.focus();
  }, [told]);
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    void forms.save(section, at);
  };
  const edited = forms.isEdited(section, at);
  const formLabel = section.holds === "parts" ? t(`forms.${section.id}`) : titleOf(section, item, state.language.value, t) || t("form.new_one");
  return (
    <form ref={form} class="settings-form" onSubmit={submit} aria-label={formLabel}>
      {sheet.readOnly && <p class="hint">{t("form.read_only")}</p>}
      <ul class="problems" role="alert" tabIndex={-1}>
        {others.map((problem) => <li key={`${problem.where}${problem.message}`}>{wrongIn(problem, where, t)}</li>)}
      </ul>
      <div class="form-fields">
        <Fields fields={section.fields} item={item} where={where} sheet={sheet} set={(now) => forms.edit(section, at, now)} />
      </div>
      {!sheet.readOnly && (
        <footer>
          <button class="primary" disabled={!edited || forms.busy.value}>{t(forms.busy.value ? "form.saving" : "form.save")}</button>
          <button type="button" disabled={!edited && at !== NEW} onClick={() => forms.discard(section, at)}>{t("form.discard")}</button>
          {section.holds !== "parts" && listed(document, section).some(({ key }) => key === at) && <Delete section={section} document={document} at={at} title={titleOf(section, item, state.language.value, t)} />}
        </footer>
      )}
    </form>
  );
}

/** Deleting is asked for twice; who uses the thing is said before. */
function Delete(props: DeleteProps) {
  const t = useWorkplace().state.t.value;
  const [sure, setSure] = useState(false);
  if (sure) return <Sure {...props} cancel={() => setSure(false)} />;
  return <button type="button" class="danger" onClick={() => setSure(true)}>{t("form.delete")}</button>;
}

interface DeleteProps {
  readonly section: Section;
  readonly document: Item;
  readonly at: string;
  readonly title: string;
}

function Sure({ section, document, at, title, cancel }: DeleteProps & { cancel: () => void }) {
  const { state, forms } = useWorkplace();
  const t = state.t.value;
  const stay = useFocused<HTMLButtonElement>();
  const users = usersOf(document, section.id, at);
  return (
    <p class="sure" role="alertdialog" aria-label={t("form.delete_sure", { name: title })}>
      <span>{t("form.delete_sure", { name: title })}{users.length > 0 && ` ${t("form.delete_used", { users: users.join(", ") })}`}</span>
      <button type="button" class="small danger" disabled={forms.busy.value} onClick={() => void forms.remove(section, at)}>{t("form.delete_yes")}</button>
      <button ref={stay} type="button" class="small" onClick={cancel}>{t("dialog.cancel")}</button>
    </p>
  );
}
