import { useState } from "preact/hooks";
import type { Card } from "../../shared/protocol";
import { tagsOf, toggledTag } from "../aside";
import { localName } from "../text";
import { useWorkplace } from "./workplace";

/** The tags of the open conversation, picked from the usual ones or typed. */
export function TagsView({ card }: { card: Card }) {
  const { state, verbs } = useWorkplace();
  const t = state.t.value;
  const tags = card.tags ?? [];
  const usual = state.me.value.tenant.tags ?? [];
  const nameOf = (tag: string): string => {
    const named = usual.find((each) => each.id === tag);
    return named === undefined ? tag : localName(named, state.language.value);
  };
  const [typed, setTyped] = useState<string | null>(null);
  const save = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (typed !== null && (await verbs.tag(card, tagsOf(typed)))) setTyped(null);
  };
  return (
    <section class="tags" aria-label={t("tags.title")}>
      <h3>{t("tags.title")}</h3>
      {typed === null ? (
        <p class="tag-line">
          {tags.map((tag) => <span key={tag} class="badge">{nameOf(tag)}</span>)}
          {tags.length === 0 && <span class="hint">{t("tags.none")}</span>}
          <button class="small" onClick={() => setTyped(tags.join(", "))}>{t("tags.edit")}</button>
        </p>
      ) : (
        <form onSubmit={(event) => void save(event)}>
          {usual.length > 0 && (
            <p class="tag-line" role="group" aria-label={t("tags.choose")}>
              {usual.map(({ id }) => (
                <button key={id} type="button" class="small" aria-pressed={tagsOf(typed).includes(id)} onClick={() => setTyped(toggledTag(typed, id))}>
                  {nameOf(id)}
                </button>
              ))}
            </p>
          )}
          <input value={typed} maxLength={900} aria-label={t("tags.label")} placeholder={t("tags.placeholder")}
            onInput={(event) => setTyped(event.currentTarget.value)} />
          <button type="button" class="small" onClick={() => setTyped(null)}>{t("dialog.cancel")}</button>
          <button class="small primary">{t("tags.save")}</button>
        </form>
      )}
    </section>
  );
}
