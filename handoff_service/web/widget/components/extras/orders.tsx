import { useEffect, useState } from "preact/hooks";
import { dayLabel } from "../../../shared/time";
import { unanswered } from "../../api";
import css from "../../styles/articles.css?inline";
import type { Key } from "../../texts/catalogue";
import { useChat } from "../context";
import { dress } from "../dress";
import { DownIcon } from "../icons";
import { useOver } from "./over";

dress(css);

interface Order {
  number: string;
  status: string;
  placed_at: string;
  items: string[];
}
const STATES: Readonly<Record<string, Key>> = {
  unpaid: "orderUnpaid", paid: "orderPaid", shipped: "orderShipped", delivered: "orderDelivered", cancelled: "orderCancelled",
  refunding: "orderRefunding", refunded: "orderRefunded",
};

/** In the shop's own word where we have none. */
function stateOf({ status }: Order, t: ReturnType<typeof useChat>["t"]): string {
  const key = STATES[status];
  return key === undefined ? status : t(key);
}

/** The latest orders of who is signed in, each to ask about. */
export function OrdersView() {
  const chat = useChat();
  const { t } = chat;
  const [orders, setOrders] = useState<readonly Order[] | "loading" | "failed">("loading");
  const over = useOver();
  const load = async () => {
    setOrders("loading");
    const found = await chat.api.call<{ orders: Order[]; why: string | null }>("GET", "/v1/widget/orders").catch(unanswered);
    setOrders(found == null || found.why !== null ? "failed" : found.orders); // who is not known here has not "no orders"
  };
  useEffect(() => void load(), []);
  const ask = ({ number }: Order) => {
    chat.orders.value = false;
    chat.prefill(t("orderAsk", { number }));
  };
  return (
    <section ref={over} class="article" tabIndex={-1} aria-label={t("orders")}>
      <button type="button" class="link-button article-back" onClick={() => (chat.orders.value = false)}><span class="back-arrow"><DownIcon size={18} /></span>{t("articleBack")}</button>
      <h3>{t("orders")}</h3>
      {orders === "loading" ? <p class="loading" role="status">{t("loading")}</p> : orders === "failed" ? (
        <>
          <p class="problem" role="alert">{t("ordersFailed")}</p>
          <div class="actions"><button type="button" class="button" onClick={() => void load()}>{t("retry")}</button></div>
        </>
      ) : orders.length === 0 ? <p role="status">{t("ordersNone")}</p> : (
        <ul class="orders">
          {orders.map((order) => (
            <li key={order.number} class="order">
              <p class="order-head"><bdi class="order-number">{order.number}</bdi><span class="order-state">{stateOf(order, t)}</span></p>
              <p class="quiet" dir="auto">{[order.placed_at && dayLabel(order.placed_at, chat.locale.value), ...order.items].filter(Boolean).join(" · ")}</p>
              <button type="button" class="button plain-button" aria-label={`${t("orderAbout")}: ${order.number}`} onClick={() => ask(order)}>{t("orderAbout")}</button>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
