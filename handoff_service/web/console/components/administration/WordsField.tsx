import { useEffect, useRef, useState } from "preact/hooks";
import { type Catalogue, type Key, languageName, loadCatalogue, TAGS } from "../../../widget/texts/catalogue";
import { composes } from "../../../shared/keys";
import { inside, isAt, isItem, type Item, textOf, withPart } from "../../forms/values";
import { type FieldProps, Hint, labelOf, Problems, type Sheet } from "./FieldView";
import { Remove } from "./ListFields";

/** So many texts are offered at once; who looks for another one types more of it. */
const OFFERED = 8;

/** What the widget says otherwise than the product, per language, each found by the words that customers see. */
export function WordsField({ field, value, set, where, sheet }: FieldProps<"words">) {
  const said = isItem(value) ? value : {};
  const put = (tag: string, words: Item): void => {
    const next = withPart(said, tag, Object.keys(words).length === 0 ? undefined : words);
    set(Object.keys(next).length === 0 ? undefined : next);
  };
  return (
    <fieldset class="form-group words" disabled={sheet.readOnly}>
      <legend>{labelOf(field, sheet)}</legend>
      <Hint field={field} sheet={sheet} />
      {TAGS.map((tag) => (
        <Language key={tag} tag={tag} words={isItem(said[tag]) ? said[tag] : {}} put={(words) => put(tag, words)} where={inside(where, tag)} sheet={sheet} />
      ))}
    </fieldset>
  );
}

interface LanguageProps {
  readonly tag: string;
  readonly words: Item;
  readonly put: (words: Item) => void;
  readonly where: string;
  readonly sheet: Sheet;
}

function Language({ tag, words, put, where, sheet }: LanguageProps) {
  const group = useRef<HTMLFieldSetElement>(null);
  const [catalogue, setCatalogue] = useState<Catalogue | null>(null);
  const [open, setOpen] = useState(Object.keys(words).length > 0);
  useEffect(() => {
    if (open) void loadCatalogue(tag).then(setCatalogue);
  }, [open]);
  const usual = (key: string): string => catalogue?.texts[key as Key] ?? key;
  const keys = Object.keys(words);
  return (
    <details open={open} data-catalogue={tag} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary lang={tag}>{languageName(tag)}{keys.length > 0 && ` (${keys.length})`}</summary>
      <fieldset class="form-group" ref={group} aria-label={languageName(tag)} disabled={sheet.readOnly}>
        {keys.map((key) => {
          const found = sheet.problems.filter((problem) => isAt(problem, inside(where, key)));
          return (
            <div key={key} class="form-entry">
              <span class="hint" lang={tag}>{usual(key)}</span>
              <input type="text" dir="auto" lang={tag} required maxLength={1000} aria-label={usual(key)} aria-invalid={found.length > 0}
                data-key={key} value={textOf(words[key])} onInput={(event) => put({ ...words, [key]: event.currentTarget.value })} />
              <Remove name={usual(key)} sheet={sheet} group={group} remove={() => put(withPart(words, key, undefined))} />
              <Problems found={found} />
            </div>
          );
        })}
        {!sheet.readOnly && catalogue !== null && <Find catalogue={catalogue} taken={keys} sheet={sheet} choose={(key) => put({ ...words, [key]: catalogue.texts[key] })} />}
      </fieldset>
    </details>
  );
}

/** Finds a text of the product by its words; the one that is chosen is edited from there. */
function Find({ catalogue, taken, sheet, choose }: { catalogue: Catalogue; taken: readonly string[]; sheet: Sheet; choose: (key: Key) => void }) {
  const [typed, setTyped] = useState("");
  const wanted = typed.trim().toLowerCase();
  const texts = Object.entries(catalogue.texts) as [Key, string][];
  const found = wanted === "" ? [] : texts.filter(([key, text]) => !taken.includes(key) && text.toLowerCase().includes(wanted)).slice(0, OFFERED);
  const label = sheet.t("form.find_text");
  const chosen = (key: Key, from: HTMLElement): void => {
    const box = from.closest("fieldset");
    setTyped("");
    choose(key);
    requestAnimationFrame(() => box?.querySelector<HTMLElement>(`[data-key="${key}"]`)?.focus());
  };
  return (
    <div class="find-text">
      <input class="add" type="search" value={typed} aria-label={label} placeholder={label} onInput={(event) => setTyped(event.currentTarget.value)}
        onKeyDown={(event) => event.key === "Enter" && !composes(event) && event.preventDefault()} />
      <ul>
        {found.map(([key, text]) => (
          <li key={key}><button type="button" class="small" lang={catalogue.tag} onClick={(event) => chosen(key, event.currentTarget)}>{text}</button></li>
        ))}
      </ul>
      {wanted !== "" && found.length === 0 && <span class="hint" role="status">{sheet.t("form.no_text")}</span>}
    </div>
  );
}
