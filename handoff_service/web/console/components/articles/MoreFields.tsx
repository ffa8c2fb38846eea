import { useState } from "preact/hooks";
import { type ArticleFields, type Fact, FACT_KINDS, type FactKind } from "../../articles";
import { useWorkplace } from "../workplace";

type Change = (change: Partial<Record<keyof ArticleFields, unknown>>) => void;

const LISTS = ["tags", "products"] as const;

/** Names between commas, each once; none is no field. */
const namesIn = (typed: string): readonly string[] | undefined => {
  const names = [...new Set(typed.split(/[,，、]/).map((name) => name.trim()).filter(Boolean))];
  return names.length === 0 ? undefined : names;
};

/** What not every article has: other wordings, facts that may change, whose product it is about, and exact words. */
export function MoreFields({ fields, set }: { fields: ArticleFields; set: Change }) {
  const { state } = useWorkplace();
  const t = state.t.value;
  return (
    <details class="article-more">
      <summary>{t("more.title")}</summary>
      <label>{t("more.short")}
        <textarea rows={2} maxLength={1000} lang={fields.language} value={fields.short ?? ""}
          onInput={(event) => set({ short: event.currentTarget.value || undefined })} />
      </label>
      <Wordings fields={fields} set={set} />
      <Facts facts={fields.facts ?? []} set={set} />
      {LISTS.map((name) => <Names key={name} name={name} known={fields[name] ?? []} set={set} />)}
      <label>{t("more.valid_to")}
        <input type="date" value={fields.valid_to ?? ""} onInput={(event) => set({ valid_to: event.currentTarget.value || undefined })} />
      </label>
      <label class="choice">
        <input type="checkbox" checked={fields.quote_only === true}
          onChange={(event) => set({ quote_only: event.currentTarget.checked || undefined })} />
        {t("more.quote_only")}
      </label>
    </details>
  );
}

/** A list that is typed with commas between. */
function Names({ name, known, set }: { name: (typeof LISTS)[number]; known: readonly string[]; set: Change }) {
  const { state } = useWorkplace();
  const [typed, setTyped] = useState(known.join(", "));
  return (
    <label>{state.t.value(`more.${name}`)}
      <input value={typed} onInput={(event) => {
        setTyped(event.currentTarget.value);
        set({ [name]: namesIn(event.currentTarget.value) });
      }} />
    </label>
  );
}

/** The answer as one kind of channel says it. */
function Wordings({ fields, set }: { fields: ArticleFields; set: Change }) {
  const { state } = useWorkplace();
  const t = state.t.value;
  const [channel, setChannel] = useState("");
  const said = Object.entries(fields.variants ?? {});
  const keep = (next: readonly (readonly [string, string])[]): void =>
    set({ variants: next.length === 0 ? undefined : Object.fromEntries(next) });
  return (
    <fieldset class="things">
      <legend>{t("more.variants")}</legend>
      {said.map(([name, text]) => (
        <label key={name}>{name}
          <textarea rows={2} lang={fields.language} value={text}
            onInput={(event) => keep(said.map(([each, old]) => [each, each === name ? event.currentTarget.value : old]))} />
          <button type="button" class="small" onClick={() => keep(said.filter(([each]) => each !== name))}>{t("more.remove", { name })}</button>
        </label>
      ))}
      <span class="ticket-line">
        <input value={channel} aria-label={t("more.channel")} placeholder="wechat" maxLength={64} onInput={(event) => setChannel(event.currentTarget.value)} />
        <button type="button" class="small" disabled={channel.trim() === "" || channel.trim() in (fields.variants ?? {})}
          onClick={() => {
            keep([...said, [channel.trim(), ""]]);
            setChannel("");
          }}>{t("more.add_variant")}</button>
      </span>
    </fieldset>
  );
}

/** Values that may change: two that differ under one name, or one that is over, are not answered. */
function Facts({ facts, set }: { facts: readonly Fact[]; set: Change }) {
  const { state } = useWorkplace();
  const t = state.t.value;
  const keep = (next: readonly Fact[]): void => set({ facts: next.length === 0 ? undefined : next });
  const change = (place: number, part: Partial<Record<keyof Fact, string | undefined>>): void =>
    keep(facts.map((fact, at) => (at === place ? ({ ...fact, ...part } as Fact) : fact)));
  return (
    <fieldset class="things">
      <legend>{t("more.facts")}</legend>
      {facts.map((fact, place) => (
        <span class="fact-line" key={place}>
          <input required aria-label={t("more.fact_name")} placeholder="hotline" pattern="[a-z0-9][a-z0-9\-]{0,63}" title={t("articles.id_hint")}
            value={fact.name} onInput={(event) => change(place, { name: event.currentTarget.value })} />
          <select aria-label={t("more.fact_kind")} value={fact.kind} onChange={(event) => change(place, { kind: event.currentTarget.value as FactKind })}>
            {FACT_KINDS.map((kind) => <option key={kind} value={kind}>{t(`more.kind.${kind}`)}</option>)}
          </select>
          <input required aria-label={t("more.fact_value")} maxLength={300} value={fact.value}
            onInput={(event) => change(place, { value: event.currentTarget.value })} />
          <input type="date" aria-label={t("articles.field.valid_from")} value={fact.valid_from ?? ""}
            onInput={(event) => change(place, { valid_from: event.currentTarget.value || undefined })} />
          <input type="date" aria-label={t("more.valid_to")} value={fact.valid_to ?? ""}
            onInput={(event) => change(place, { valid_to: event.currentTarget.value || undefined })} />
          <button type="button" class="small" onClick={() => keep(facts.filter((_, at) => at !== place))}>{t("more.remove", { name: fact.name })}</button>
        </span>
      ))}
      <button type="button" class="small" onClick={() => keep([...facts, { name: "", kind: "phone", value: "" }])}>{t("more.add_fact")}</button>
    </fieldset>
  );
}
