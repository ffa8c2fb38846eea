import { mayAnswer } from "../rights";
import { Offer, ReasonBadge } from "./CardItem";
import { useWorkplace } from "./workplace";

/** On the pages that do not show the lists: who is offered to me, with the answer beside it. */
export function OfferBar() {
  const { state } = useWorkplace();
  const t = state.t.value;
  const card = state.desk.value.lists.offers[0];
  if (card === undefined || card.handoff === null || state.view.value === "desk" || !mayAnswer(state)) return null;
  return (
    <section class="offer-bar" aria-label={t("list.offers")}>
      <strong role="status">{t("offer.bar", { name: card.contact.name || t("list.anonymous") })}</strong>
      <ReasonBadge reason={card.handoff.reason} t={t} />
      <Offer key={card.handoff.id} card={card} />
    </section>
  );
}
