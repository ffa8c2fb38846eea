import { useRef, useState } from "preact/hooks";
import { composes } from "../../../shared/keys";
import { inside, isItem, type Item, textOf, unclaimed, valueAt, withPart } from "../../forms/values";
import { type FieldProps, Hint, labelOf, Line, Problems, type Sheet } from "./FieldView";
import { Remove } from "./ListFields";

/** So many sentences are offered at once; who looks for another one types more of it. */
const OFFERED = 8;
const TONGUES = ["zh", "zh-Hant", "en"] as const;

/** What the product says in the company's name, otherwise: by sentence and language, each found by its usual words. */
export function SaidField({ field, value, set, where, sheet }: FieldProps<"said">) {
  const said = isItem(value) ? value : {};
  const known = valueAt(sheet.usual, where);
  const usual = isItem(known) ? known : {};
  const group = useRef<HTMLFieldSetElement>(null);
  const put = (next: Item): void => set(Object.keys(next).length === 0 ? undefined : next);
  return (
    <fieldset class="form-group" disabled={sheet.readOnly} ref={group}>
      <legend>{labelOf(field, sheet)}</legend>
      <Hint field={field} sheet={sheet} />
      <Problems found={unclaimed(sheet.problems, where, Object.keys(said))} />
      {Object.entries(said).map(([name, words]) => {
        const here = inside(where, name);
        const usually = sentence(usual[name], sheet.language) || name;
        return (
          <div key={name} class="form-row" role="group" aria-label={usually}>
            <Problems found={sheet.problems.filter((problem) => problem.where === here)} />
            <p class="hint">{usually}</p>
            <div class="form-fields">
              {TONGUES.map((tongue) => (
                <Line key={tongue} label={sheet.t(`form.${tongue}`)} where={inside(here, tongue)} sheet={sheet}>
                  {(told) => (
                    <textarea {...told} rows={2} dir="auto" lang={tongue} maxLength={600} readOnly={sheet.readOnly} data-said={`${name}/${tongue}`}
                      placeholder={sentence(usual[name], tongue)} value={isItem(words) ? textOf(words[tongue]) : ""}
                      onInput={({ currentTarget: { value: typed } }) => put({ ...said, [name]: withPart(isItem(words) ? words : {}, tongue, typed === "" ? undefined : typed) })} />
                  )}
                </Line>
              ))}
            </div>
            <Remove name={usually} sheet={sheet} group={group} remove={() => put(withPart(said, name, undefined))} />
          </div>
        );
      })}
      {!sheet.readOnly && <Find usual={usual} taken={Object.keys(said)} sheet={sheet} choose={(name) => put({ ...said, [name]: startOf(usual[name], sheet.language) })} />}
    </fieldset>
  );
}

/** The sentence in a language; who writes no traditional characters reads the simplified ones. */
const sentence = (versions: Item[string] | undefined, tongue: string): string =>
  isItem(versions) ? textOf(versions[tongue]) || textOf(versions[tongue.split("-")[0]!]) : "";
/** One begins with the usual words, to be changed. */
const startOf = (versions: Item[string] | undefined, language: string): Item => ({ [language]: sentence(versions, language) });

/** Finds a sentence by its words. */
function Find({ usual, taken, sheet, choose }: { usual: Item; taken: readonly string[]; sheet: Sheet; choose: (name: string) => void }) {
  const [typed, setTyped] = useState("");
  const wanted = typed.trim().toLowerCase();
  const isIn = (versions: Item): boolean => Object.values(versions).some((text) => textOf(text).toLowerCase().includes(wanted));
  const found = wanted === "" ? [] : Object.entries(usual).filter(([name, versions]) => !taken.includes(name) && isItem(versions) && isIn(versions)).slice(0, OFFERED);
  const label = sheet.t("form.find_sentence");
  const chosen = (name: string, from: HTMLElement): void => {
    const box = from.closest("fieldset");
    setTyped("");
    choose(name);
    requestAnimationFrame(() => box?.querySelector<HTMLElement>(`[data-said="${name}/${sheet.language}"]`)?.focus());
  };
  return (
    <div class="find-text">
      <input class="add" type="search" value={typed} aria-label={label} placeholder={label} onInput={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Enter" && !composes(event) && event.preventDefault()} />
      <ul>
        {found.map(([name, versions]) => (
          <li key={name}><button type="button" class="small" onClick={(event) => chosen(name, event.currentTarget)}>{sentence(versions, sheet.language)}</button></li>
        ))}
      </ul>
      {wanted !== "" && found.length === 0 && <span class="hint" role="status">{sheet.t("form.no_sentence")}</span>}
    </div>
  );
}
