import { type Section, SECTIONS, NUMBERED } from "../desk";
import { mayAnswer } from "../rights";
import { keyFor } from "../text";
import { BulkBar } from "./BulkBar";
import { CardItem } from "./CardItem";
import { Icon } from "./Icon";
import { OwedList } from "./OwedList";
import { SearchBox } from "./SearchBox";
import { useWorkplace } from "./workplace";

/** Everything that waits, that I hold, and that others hold. */
export function ListsPane() {
  const { state, bulk } = useWorkplace();
  const t = state.t.value;
  return (
    <nav class="lists" aria-label={t("list.label")}>
      <SearchBox />
      {mayAnswer(state) && !bulk.selecting.value && (
        <button class="small quiet select-several" onClick={() => bulk.select(true)}><Icon name="check" />{t("bulk.select")}</button>
      )}
      <OwedList />
      {SECTIONS.map((section) => (
        <ListSection key={section} section={section} />
      ))}
      <BulkBar />
    </nav>
  );
}

function ListSection({ section }: { section: Section }) {
  const { state, session } = useWorkplace();
  const t = state.t.value;
  const cards = state.desk.value.lists[section];
  const folded = section !== "offers" && state.folded.value.has(section);
  if ((section === "offers" || section === "aside") && cards.length === 0) return null;
  const unread = section === "mine" ? cards.reduce((sum, card) => sum + card.unread, 0) : 0;
  const number = NUMBERED.indexOf(section) + 1;
  const empty = keyFor("list.empty", section);
  return (
    <section class={`list list-${section}`} id={`list-${section}`} aria-labelledby={`title-${section}`}>
      <h2 id={`title-${section}`}>
        <button class="list-title" aria-expanded={!folded} title={number > 0 ? `Alt+${number}` : undefined}
          onClick={() => session.fold(section, !folded)}>
          <Icon name="chevron" />
          <span>{t(`list.${section}`)}</span>
          {(section !== "closed" || cards.length > 0) && <span class="count">{cards.length}</span>}
          {unread > 0 && <span class="unread" aria-label={t("list.unread", { count: unread })}>{unread}</span>}
        </button>
      </h2>
      {!folded && cards.length === 0 && empty !== null && <p class="list-empty">{t(empty)}</p>}
      {!folded && cards.length > 0 && (
        <ul>
          {cards.map((card) => (
            <CardItem key={card.conversation} card={card} section={section} />
          ))}
        </ul>
      )}
    </section>
  );
}
