import { BULK_KINDS, type BulkKind, chosenCards } from "../bulk";
import { SECTIONS } from "../desk";
import { useWorkplace } from "./workplace";

/** What can be done with the conversations that are chosen; under the lists while some can be chosen. */
export function BulkBar() {
  const { state, bulk } = useWorkplace();
  const t = state.t.value;
  if (!bulk.selecting.value) return null;
  const { lists } = state.desk.value;
  const shown = SECTIONS.filter((section) => section === "offers" || !state.folded.value.has(section))
    .flatMap((section) => lists[section].map(({ conversation }) => conversation));
  // What a colleague has taken or closed meanwhile is not on the desk any more.
  const count = chosenCards(state.desk.value, bulk.chosen.value).length;
  const begin = (kind: BulkKind): void => {
    bulk.kind.value = kind;
    bulk.results.value = [];
    state.dialog.value = "bulk";
  };
  return (
    <section class="bulk-bar" aria-label={t("bulk.title")}>
      <p class="ticket-line">
        <strong role="status">{t("bulk.chosen", { count })}</strong>
        <button class="small" onClick={() => bulk.toggleAll(shown)}>{t("bulk.all")}</button>
        <button class="small" onClick={() => bulk.select(false)}>{t("bulk.end")}</button>
      </p>
      <p class="ticket-line">
        {BULK_KINDS.map((kind) => (
          <button key={kind} class="small" disabled={count === 0} onClick={() => begin(kind)}>{t(`bulk.${kind}`)}</button>
        ))}
      </p>
    </section>
  );
}
