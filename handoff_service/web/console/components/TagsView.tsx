import { useState } from "preact/hooks";
import type { Card } from "../../shared/protocol";
import { tagsOf } from "../aside";
import { useWorkplace } from "./workplace";

/** The tags of the open conversation, changed by typing them. */
export function TagsView({ card }: { card: Card }) {
  const { state, verbs } = useWorkplace();
  const t = state.t.value;
  const tags = card.tags ?? [];
  const [typed, setTyped] = useState<string | null>(null);
  const save = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    if (typed !== null && (await verbs.tag(card.conversation, tagsOf(typed)))) setTyped(null);
  };
  return (
    <section class="tags" aria-label={t("tags.title")}>
      <h3>{t("tags.title")}</h3>
      {typed === null ? (
        <p class="tag-line">
          {tags.map((tag) => <span key={tag} class="badge">{tag}</span>)}
          {tags.length === 0 && <span class="hint">{t("tags.none")}</span>}
          <button class="small" onClick={() => setTyped(tags.join(", "))}>{t("tags.edit")}</button>
        </p>
      ) : (
        <form onSubmit={(event) => void save(event)}>
          <input value={typed} maxLength={900} aria-label={t("tags.label")} placeholder={t("tags.placeholder")}
            onInput={(event) => setTyped(event.currentTarget.value)} />
          <button type="button" class="small" onClick={() => setTyped(null)}>{t("dialog.cancel")}</button>
          <button class="small primary">{t("tags.save")}</button>
        </form>
      )}
    </section>
  );
}
