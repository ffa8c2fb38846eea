import { useEffect, useState } from "preact/hooks";
import { dayLabel } from "../../shared/time";
import type { ConversationDetail } from "../../shared/protocol";
import { ApiError } from "../api";
import { type Order, type Orders, orderStatus, withNamedFirst } from "../beside";
import { newestFirst } from "../packet";
import { cause } from "../problem";
import { useWorkplace } from "./workplace";

/** How many orders are shown before one asks for the others. */
const FIRST = 3;

/** What the customer has ordered, the orders of this conversation on top; only of somebody who is who he says he is. */
export function OrdersView({ detail }: { detail: ConversationDetail }) {
  const { state, api } = useWorkplace();
  const t = state.t.value;
  const { conversation } = detail.card;
  const { verified } = detail.contact;
  const [found, setFound] = useState<Orders | ApiError | null>(null);
  const [tries, setTries] = useState(0);
  const [all, setAll] = useState(false);
  useEffect(() => {
    let left = false;
    const show = (answer: Orders | ApiError): void => {
      if (!left) setFound(answer);
    };
    setFound(null);
    api.orders(conversation).then(show, (error: unknown) => {
      if (!(error instanceof ApiError)) throw error;
      show(error);
    });
    return () => {
      left = true;
    };
  }, [conversation, verified, tries]);
  // No shop is connected, or a gateway of the release before knows no orders: nothing to say about it.
  if (found !== null && (found instanceof ApiError ? found.status === 404 : found.why === "no_shop")) return null;
  const packet = newestFirst(detail.handoffs)[0]?.packet ?? null;
  const sorted = found === null || found instanceof ApiError ? null : withNamedFirst(found.orders ?? [], state.timeline.value, packet);
  const shown = sorted === null || all ? (sorted?.orders ?? []) : sorted.orders.slice(0, Math.max(FIRST, sorted.named));
  return (
    <section class="orders" aria-label={t("orders.title")}>
      <h3>{t("orders.title")}</h3>
      {found === null && <p class="hint" role="status">{t("page.loading")}</p>}
      {found instanceof ApiError && (
        <p class="page-failed" role="alert">
          {t("orders.failed", { message: cause(found, t) })} <button class="small" onClick={() => setTries(tries + 1)}>{t("page.retry")}</button>
        </p>
      )}
      {sorted !== null && sorted.orders.length === 0 && (
        <p class="hint">{t(!(found instanceof ApiError) && found?.why === "unverified" ? "orders.unverified" : "orders.none")}</p>
      )}
      <ul>{shown.map((order, index) => <Line key={order.number} order={order} named={index < (sorted?.named ?? 0)} />)}</ul>
      {sorted !== null && shown.length < sorted.orders.length && (
        <button class="small" onClick={() => setAll(true)}>{t("orders.all", { count: sorted.orders.length })}</button>
      )}
    </section>
  );
}

function Line({ order, named }: { order: Order; named: boolean }) {
  const { state } = useWorkplace();
  const t = state.t.value;
  const { number, status, placed_at, total, currency, items = [], parcels = [] } = order;
  return (
    <li class={named ? "order named" : "order"}>
      <span class="order-head">
        <strong>{number}</strong>
        {named && <span class="badge">{t("orders.named")}</span>}
        {status !== undefined && <span class="badge">{orderStatus(status, t)}</span>}
      </span>
      <span class="hint">
        {[placed_at && dayLabel(placed_at, state.language.value), total !== undefined && `${total} ${currency ?? ""}`.trim()].filter(Boolean).join(" · ")}
      </span>
      {items.map(({ name = "", quantity = 1 }, index) => (
        <span key={index} class="order-item">{name}{quantity > 1 && ` × ${quantity}`}</span>
      ))}
      {parcels.map(({ courier, tracking, last_event }, index) => (
        <span key={index} class="hint">{[courier, tracking, last_event].filter(Boolean).join(" · ")}</span>
      ))}
    </li>
  );
}
