import type { ComponentChildren } from "preact";
import { useId, useRef, useState } from "preact/hooks";
import type { FileProblem } from "../../administration";
import { choicesOf, type Known, proposed } from "../../forms/choices";
import type { Field, Kind } from "../../forms/sections";
import { inside, isAt, isItem, type Item, listOf, textOf, unclaimed, type Value, valueAt, withPart } from "../../forms/values";
import { wrongText } from "../../forms/wrong";
import { useWorkplace } from "../workplace";
import { ListField, LongText, RowsField } from "./ListFields";
import { SaidField } from "./SaidField";
import { WordsField } from "./WordsField";

/** What every field of a form must know. */
export interface Sheet extends Known {
  readonly problems: readonly FileProblem[];
  readonly readOnly: boolean;
  /** What counts where nobody has set it, by place. */
  readonly usual: Item;
  /** Whether an id can still be chosen. */
  readonly isNew: boolean;
}
export interface FieldProps<K extends Kind["kind"] = Kind["kind"]> {
  readonly field: Field & { readonly kind: K };
  readonly value: Value | undefined;
  /** Undefined: as nobody has set it. */
  readonly set: (value: Value | undefined) => void;
  /** Its place in the file. */
  readonly where: string;
  readonly sheet: Sheet;
}

/** The fields of a thing; what is seldom needed is folded away. */
export function Fields({ fields, item, set, where, sheet }: {
  readonly fields: readonly Field[];
  readonly item: Item;
  readonly set: (item: Item) => void;
  readonly where: string;
  readonly sheet: Sheet;
}) {
  const draw = (field: Field) => (
    <FieldView key={field.name} field={field} value={item[field.name]} where={inside(where, field.name)} sheet={sheet}
      set={(value) => set(withPart(item, field.name, value))} />
  );
  const more = fields.filter((field) => field.more === true);
  const [open, setOpen] = useState(() => more.some(({ name }) => item[name] !== undefined));
  const wrong = more.some(({ name }) => sheet.problems.some((problem) => isAt(problem, inside(where, name))));
  return (
    <>
      {fields.filter((field) => field.more !== true).map(draw)}
      {more.length > 0 && (
        <details class="more-fields" open={open || wrong} onToggle={(event) => setOpen(event.currentTarget.open)}>
          <summary>{sheet.t("form.more")}</summary>
          <div class="form-fields">{more.map(draw)}</div>
        </details>
      )}
    </>
  );
}

/** An id that is stored cannot change, so nothing is said of how to choose one. */
export const hintOf = ({ hint, kind }: Field, { t, isNew }: Pick<Sheet, "t" | "isNew">): string | undefined =>
  hint === undefined || (kind === "id" && !isNew) ? undefined : t(`form.${hint}`);
export const labelOf = ({ name, label }: Field, { t }: Pick<Sheet, "t">): string => t(`form.${label ?? name}`);

export function Problems({ id, found }: { id?: string; found: readonly FileProblem[] }) {
  const t = useWorkplace().state.t.value;
  if (found.length === 0) return null;
  return <span id={id} class="field-problem">{found.map(({ message }) => wrongText(message, t)).join(" · ")}</span>;
}

export function Hint({ field, sheet }: Pick<FieldProps, "field" | "sheet">) {
  const hint = hintOf(field, sheet);
  return hint === undefined ? null : <span class="hint">{hint}</span>;
}

function FieldView(props: FieldProps) {
  const { field } = props;
  switch (field.kind) {
    case "part":
      return <PartField {...props as FieldProps<"part">} />;
    case "rows":
      return <RowsField {...props as FieldProps<"rows">} />;
    case "list":
      return <ListField {...props as FieldProps<"list">} />;
    case "several":
      return <SeveralField {...props as FieldProps<"several">} />;
    case "numbers":
      return <NumbersField {...props as FieldProps<"numbers">} />;
    case "words":
      return <WordsField {...props as FieldProps<"words">} />;
    case "said":
      return <SaidField {...props as FieldProps<"said">} />;
    case "check":
      return <CheckField {...props as FieldProps<"check">} />;
    default:
      return (
        <Line label={labelOf(field, props.sheet)} hint={hintOf(field, props.sheet)} where={props.where} sheet={props.sheet}
          long={field.kind === "text" && field.long}>
          {(told) => <Control {...props} told={told} />}
        </Line>
      );
  }
}

interface LineProps {
  readonly label: string;
  readonly hint?: string | undefined;
  readonly where: string;
  readonly sheet: Sheet;
  readonly long?: boolean | undefined;
  readonly children: (told: Told) => ComponentChildren;
}

/** One control under its label, with what it means and what is wrong with it. */
export function Line({ label, hint, where, sheet, long, children }: LineProps) {
  const id = useId();
  const found = sheet.problems.filter((problem) => isAt(problem, where));
  const about = [hint === undefined ? "" : `${id}-hint`, found.length > 0 ? `${id}-problem` : ""].filter(Boolean).join(" ");
  return (
    <div class={long ? "form-line long" : "form-line"}>
      <label for={id}>{label}</label>
      {children({ id, "aria-describedby": about === "" ? undefined : about, "aria-invalid": found.length > 0 })}
      {hint !== undefined && <span class="hint" id={`${id}-hint`}>{hint}</span>}
      <Problems id={`${id}-problem`} found={found} />
    </div>
  );
}

export type Told = { readonly id: string; readonly "aria-describedby": string | undefined; readonly "aria-invalid": boolean };
const ID_PATTERN = "[a-z0-9][a-z0-9_\\-]{0,39}";

function Control({ field, value, set, sheet, told }: FieldProps & { told: Told }) {
  const text = textOf(value);
  const readOnly = sheet.readOnly;
  switch (field.kind) {
    case "id":
      return <input {...told} type="text" required pattern={ID_PATTERN} autocomplete="off" spellcheck={false} value={text} readOnly={readOnly || !sheet.isNew}
        onInput={(event) => set(event.currentTarget.value)} />;
    case "number":
      return <NumberInput told={told} limits={field} value={value} set={set} sheet={sheet} />;
    case "choice": {
      const choices = choicesOf(field.of, sheet, [text]);
      return (
        <select {...told} required={field.required} disabled={readOnly} value={text}
          onChange={(event) => set(event.currentTarget.value === "" ? undefined : event.currentTarget.value)}>
          {(!field.required || text === "") && <option value="">{field.none === undefined ? "–" : sheet.t(`form.${field.none}`)}</option>}
          {choices.map(({ value: each, name }) => <option key={each} value={each}>{name}</option>)}
        </select>
      );
    }
    case "date":
      return <input {...told} type="date" required readOnly={readOnly} value={text} onInput={(event) => set(event.currentTarget.value)} />;
    case "time":
      // The end of the day and the beginning of the next one are the same moment.
      return <input {...told} type="time" required={!field.optional} readOnly={readOnly} value={text === "24:00" ? "00:00" : text}
        onInput={(event) => set(event.currentTarget.value === "" && field.optional ? undefined : event.currentTarget.value)} />;
    case "text":
      if (field.long) return <LongText told={told} field={field} text={text} set={set} sheet={sheet} />;
      return (
        <>
          <input {...told} type="text" dir="auto" required={field.required} readOnly={readOnly} value={text} list={field.known && `${told.id}-known`}
            onInput={(event) => set(event.currentTarget.value === "" && !field.required ? undefined : event.currentTarget.value)} />
          {field.known && <datalist id={`${told.id}-known`}>{proposed(field.known).map((each) => <option key={each} value={each} />)}</datalist>}
        </>
      );
    default:
      return null;
  }
}

/** Things that belong together; what need not be there has a switch. */
function PartField({ field, value, set, where, sheet }: FieldProps<"part">) {
  const { fields, begins, always } = field;
  const item = isItem(value) ? value : null;
  const found = unclaimed(sheet.problems, where, item === null ? [] : fields.map(({ name }) => name));
  return (
    <fieldset class="form-group" disabled={sheet.readOnly}>
      <legend>{labelOf(field, sheet)}</legend>
      {!always && (
        <label class="check">
          <input type="checkbox" checked={item !== null} onChange={(event) => set(event.currentTarget.checked ? begins : undefined)} />
          {sheet.t("form.use")}
        </label>
      )}
      <Hint field={field} sheet={sheet} />
      <Problems found={found} />
      {(always || item !== null) && (
        <div class="form-fields">
          <Fields fields={fields} item={item ?? {}} where={where} sheet={sheet} set={set} />
        </div>
      )}
    </fieldset>
  );
}

function CheckField({ field, value, set, where, sheet }: FieldProps<"check">) {
  const { usual } = field;
  const id = useId();
  const hint = hintOf(field, sheet);
  return (
    <div class="form-line">
      <label class="check">
        <input type="checkbox" aria-describedby={hint && id} disabled={sheet.readOnly} checked={typeof value === "boolean" ? value : usual}
          onChange={(event) => set(event.currentTarget.checked === usual ? undefined : event.currentTarget.checked)} />
        {labelOf(field, sheet)}
      </label>
      {hint !== undefined && <span class="hint" id={id}>{hint}</span>}
      <Problems found={sheet.problems.filter((problem) => isAt(problem, where))} />
    </div>
  );
}

function SeveralField({ field, value, set, where, sheet }: FieldProps<"several">) {
  const { of, usual } = field;
  const chosen = value === undefined ? (usual ?? []) : listOf(value).map(textOf);
  const choices = choicesOf(of, sheet, chosen);
  const toggle = (one: string, on: boolean): void => {
    const left = chosen.filter((each) => each !== one);
    const next = on ? [...left, one] : left; // the first language is the usual one, so what was there stays in its order
    set(next.length === 0 && !field.none ? undefined : next);
  };
  return (
    <fieldset class="form-group" disabled={sheet.readOnly}>
      <legend>{labelOf(field, sheet)}</legend>
      <div class="chips">
        {choices.map(({ value: each, name }) => (
          <label key={each} class="chip">
            <input type="checkbox" checked={chosen.includes(each)} onChange={(event) => toggle(each, event.currentTarget.checked)} />
            {name}
          </label>
        ))}
      </div>
      <Hint field={field} sheet={sheet} />
      <Problems found={sheet.problems.filter((problem) => isAt(problem, where))} />
    </fieldset>
  );
}

interface NumberProps {
  readonly told: Told;
  readonly limits: { readonly least: number; readonly most?: number; readonly usual?: number; readonly percent?: boolean; readonly fraction?: boolean; readonly hundredths?: boolean };
  readonly value: Value | undefined;
  readonly set: (value: Value | undefined) => void;
  readonly sheet: Sheet;
}

function NumberInput({ told, limits: { least, most, usual, percent, fraction, hundredths }, value, set, sheet }: NumberProps) {
  const factor = percent ? 100 : 1;
  const stored = (typed: number): number => (hundredths ? Math.round(typed * 100) : typed / factor);
  const input = useRef<HTMLInputElement>(null);
  const written = input.current?.value ?? "";
  const shown = typeof value === "number" ? Math.round((hundredths ? value / 100 : value * factor) * 1000) / 1000 : "";
  // "1.0" is 1 and the beginning of 1.05: what says the same number is left as it is written.
  const text = written !== "" && stored(Number(written)) === value ? written : shown;
  return <input {...told} ref={input} type="number" inputMode="decimal" min={least} max={most} step={fraction ? "any" : hundredths ? 0.01 : 1} readOnly={sheet.readOnly}
    placeholder={usual === undefined ? sheet.t("form.optional") : String(usual)}
    value={text}
    onInput={({ currentTarget }) => set(Number.isNaN(currentTarget.valueAsNumber) ? undefined : stored(currentTarget.valueAsNumber))} />;
}

/** A number for each of what can be chosen; changing one of the usual ones sets them all. */
function NumbersField({ field, value, set, where, sheet }: FieldProps<"numbers">) {
  const said = value ?? valueAt(sheet.usual, where);
  const item = isItem(said) ? said : {};
  return (
    <fieldset class="form-group" disabled={sheet.readOnly}>
      <legend>{labelOf(field, sheet)}</legend>
      <Hint field={field} sheet={sheet} />
      <div class="form-fields narrow">
        {choicesOf(field.of, sheet, Object.keys(item)).map(({ value: each, name }) => (
          <Line key={each} label={name} where={inside(where, each)} sheet={sheet}>
            {(told) => <NumberInput told={told} limits={{ ...field, usual: field.empty }} value={item[each]} sheet={sheet} set={(next) => set(withPart(item, each, next))} />}
          </Line>
        ))}
      </div>
    </fieldset>
  );
}
