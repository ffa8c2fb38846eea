import { useRef } from "preact/hooks";
import type { Field } from "../../forms/sections";
import { inside, isAt, itemsOf, listOf, originOf, textOf, unclaimed, type Value, valueAt } from "../../forms/values";
import { localName } from "../../text";
import { Icon } from "../Icon";
import { useWorkplace } from "../workplace";
import { type FieldProps, Fields, Hint, labelOf, Problems, type Sheet, type Told } from "./FieldView";

/** Several things, each with fields of its own; where nobody has set them, the usual ones are what is edited. */
export function RowsField({ field, value, set, where, sheet }: FieldProps<"rows">) {
  const rows = itemsOf(value ?? valueAt(sheet.usual, where));
  const group = useRef<HTMLFieldSetElement>(null);
  const label = labelOf(field, sheet);
  const put = (next: readonly Value[]): void => set(next.length === 0 ? undefined : next);
  return (
    <fieldset class="form-group" disabled={sheet.readOnly} ref={group}>
      <legend>{label}</legend>
      <Hint field={field} sheet={sheet} />
      <Problems found={unclaimed(sheet.problems, where, rows.map((_, place) => String(place)))} />
      {rows.map((row, place) => {
        const name = sheet.t("form.row", { name: label, n: place + 1 });
        const here = inside(where, place);
        return (
          <div key={place} class="form-row" role="group" aria-label={name}>
            <Problems found={unclaimed(sheet.problems, here, field.fields.map((each) => each.name))} />
            <div class="form-fields narrow">
              <Fields fields={field.fields} item={row} where={here} sheet={{ ...sheet, isNew: true }}
                set={(item) => put(rows.map((each, at) => (at === place ? item : each)))} />
            </div>
            <Remove name={name} sheet={sheet} group={group} remove={() => put(rows.filter((_, at) => at !== place))} />
          </div>
        );
      })}
      <Add label={label} sheet={sheet} group={group} add={() => put([...rows, field.begins])} />
    </fieldset>
  );
}

/** Several texts or dates, one in each line; where nobody has set them, the usual ones are what is edited. */
export function ListField({ field, value, set, where, sheet }: FieldProps<"list">) {
  const { each: kind, usual } = field;
  const lines = value === undefined ? (usual ?? []) : listOf(value).map(textOf);
  const group = useRef<HTMLFieldSetElement>(null);
  const label = labelOf(field, sheet);
  const put = (next: readonly string[]): void => set(next.length === 0 && usual === undefined ? undefined : next);
  const write = (place: number, text: string): void => put(lines.map((each, at) => (at === place ? text : each)));
  return (
    <fieldset class="form-group" disabled={sheet.readOnly} ref={group}>
      <legend>{label}</legend>
      <Hint field={field} sheet={sheet} />
      <Problems found={unclaimed(sheet.problems, where, lines.map((_, place) => String(place)))} />
      {lines.map((line, place) => {
        const name = sheet.t("form.row", { name: label, n: place + 1 });
        const found = sheet.problems.filter((problem) => isAt(problem, inside(where, place)));
        return (
          <div key={place} class="form-entry">
            <input type={(kind === "origin" ? "url" : kind) as "text"} dir="auto" required aria-label={name} aria-invalid={found.length > 0} value={line}
              onInput={(event) => write(place, event.currentTarget.value)}
              onChange={(event) => kind === "origin" && write(place, originOf(event.currentTarget.value))} />
            <Remove name={name} sheet={sheet} group={group} remove={() => put(lines.filter((_, at) => at !== place))} />
            <Problems found={found} />
          </div>
        );
      })}
      <Add label={label} sheet={sheet} group={group} add={() => put([...lines, ""])} />
    </fieldset>
  );
}

interface EndsProps {
  readonly sheet: Sheet;
  readonly group: { readonly current: HTMLFieldSetElement | null };
}

/** Who goes on by keyboard is in what he has added. */
function Add({ label, sheet, group, add }: EndsProps & { label: string; add: () => void }) {
  const added = (): void => {
    add();
    requestAnimationFrame(() => lastOf(group.current)?.querySelector<HTMLElement>("input, select, textarea")?.focus());
  };
  if (sheet.readOnly) return null;
  return <button type="button" class="small add" aria-label={`${sheet.t("form.add")}: ${label}`} onClick={added}>{sheet.t("form.add")}</button>;
}

/** The focus goes to the button that adds, for its own is gone. */
export function Remove({ name, sheet, group, remove }: EndsProps & { name: string; remove: () => void }) {
  const removed = (): void => {
    remove();
    group.current?.querySelector<HTMLElement>(":scope > .add")?.focus();
  };
  if (sheet.readOnly) return null;
  return (
    <button type="button" class="icon-button" aria-label={`${sheet.t("form.remove")}: ${name}`} title={sheet.t("form.remove")} onClick={removed}>
      <Icon name="close" />
    </button>
  );
}

const lastOf = (group: Element | null): Element | undefined => [...(group?.querySelectorAll(":scope > .form-row, :scope > .form-entry") ?? [])].at(-1);

const VARIABLES = ["customer", "agent", "shop", "conversation"] as const;

/** A text of several lines; where variables are filled in, they are put where the cursor is. */
export function LongText({ told, field, text, set, sheet }: {
  readonly told: Told;
  readonly field: Field & { readonly kind: "text" };
  readonly text: string;
  readonly set: (value: Value | undefined) => void;
  readonly sheet: Sheet;
}) {
  const area = useRef<HTMLTextAreaElement>(null);
  const insert = (name: string): void => {
    const box = area.current;
    if (box === null) return;
    box.setRangeText(`{${name}}`, box.selectionStart, box.selectionEnd, "end");
    set(box.value);
    box.focus();
  };
  return (
    <>
      <textarea {...told} ref={area} rows={4} dir="auto" readOnly={sheet.readOnly} value={text}
        onInput={(event) => set(event.currentTarget.value === "" ? undefined : event.currentTarget.value)} />
      {field.filled && !sheet.readOnly && (
        <span class="variables" role="group" aria-label={sheet.t("form.insert")}>
          {VARIABLES.map((name) => (
            <button key={name} type="button" class="small" onClick={() => insert(name)}>{sheet.t(`form.variable.${name}`)}</button>
          ))}
        </span>
      )}
      {field.filled && text.includes("{") && <Sample text={text} sheet={sheet} />}
    </>
  );
}

/** How a reply reads with its variables filled in. */
function Sample({ text, sheet: { t, language } }: { text: string; sheet: Sheet }) {
  const { agent, tenant } = useWorkplace().state.me.value;
  const values = { customer: t("form.sample.customer"), agent: agent.name ?? "", shop: localName(tenant.name, language), conversation: "c_01m8" };
  const filled = text.replace(/\{\{|\}\}|\{(\w+)\}/g, (found: string, name?: keyof typeof values) => (name === undefined ? found.charAt(0) : (values[name] ?? found)));
  return <span class="hint sample" dir="auto">{t("form.sample", { text: filled })}</span>;
}
