"""The order-status and refund forms: checks what the customer gave, asks for the rest, calls the shop."""

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

from rasa.shared.core.constants import REQUESTED_SLOT
from rasa.shared.core.events import Event, SlotSet
from rasa.shared.core.trackers import DialogueStateTracker

from bot.actions.decide import TRIES_TO_HANDOFF, Move, Reason
from bot.actions.say import tell, tell_handoff
from bot.actions.texts import Texts
from bot.channels.output import TurnOutput
from bot.shop import Proof, Shop, ShopUnavailable

SIGNED_IN = "signed in"  # stands in phone_tail when the shop's page vouches for the customer
SHOP_DOWN = "shop down"
NOT_FOUND = "not found"
SHOP_TIME = timezone(timedelta(hours=8))  # Asia/Shanghai, the same all year
REASON_CHARS = 200


class Forms:
    """The actions of both forms. The slot `order` holds the order, or {"failed": …} when the form cannot go on."""

    def __init__(self, *, texts: Texts, shop: Shop) -> None:
        self._texts = texts
        self._shop = shop

    async def validate_order_status(self, output: TurnOutput, tracker: DialogueStateTracker) -> list[Event]:
        """Check what was given for the order-status form; no event means the turn is not for it."""
        if output.decision.move not in (Move.FILL, Move.ORDER_STATUS):
            return []
        return await self._validate(output, tracker)

    async def validate_refund(self, output: TurnOutput, tracker: DialogueStateTracker) -> list[Event]:
        """Check what was given for the refund form; no event means the turn is not for it."""
        if output.decision.move not in (Move.FILL, Move.REFUND):
            return []
        return await self._validate(output, tracker)

    async def _validate(self, output: TurnOutput, tracker: DialogueStateTracker) -> list[Event]:
        number = tracker.get_slot("order_number")
        tail = tracker.get_slot("phone_tail")
        customer = output.turn.customer
        if customer is not None and customer.verified:
            tail = SIGNED_IN
        if number is not None:
            number = "".join(number.split()).replace("-", "").upper()
        kept = [SlotSet("order_number", number), SlotSet("phone_tail", tail)]
        order = tracker.get_slot("order")
        looked_up = order is not None and order.get("number") == number
        if number is None or tail is None or looked_up:
            return [*kept, SlotSet("tries", tracker.get_slot("tries") or 0)]
        return await self._look_up(output, tracker, number=number, kept=kept)

    async def _look_up(
        self, output: TurnOutput, tracker: DialogueStateTracker, *, number: str, kept: list[Event]
    ) -> list[Event]:
        end = SlotSet(REQUESTED_SLOT, None)
        proof = proof_of(output, kept[1].value)
        try:
            order = await self._shop.order(number, proof=proof)
        except ShopUnavailable as error:
            return [*kept, SlotSet("order", {"failed": SHOP_DOWN, "why": str(error)}), end]
        if order is not None:
            return [*kept, SlotSet("order", {**order, "number": number}), SlotSet("tries", 0)]
        tries = (tracker.get_slot("tries") or 0) + 1
        if tries >= TRIES_TO_HANDOFF:
            return [*kept, SlotSet("tries", tries), SlotSet("order", {"failed": NOT_FOUND}), end]
        output.order_missing = True
        return [
            SlotSet("order_number", None),
            SlotSet("phone_tail", None),
            SlotSet("order", None),
            SlotSet("tries", tries),
        ]

    async def ask_order_number(self, output: TurnOutput, _tracker: DialogueStateTracker) -> list[Event]:
        """Ask for the number, saying what was wrong with the last one."""
        if output.order_missing:
            return [tell(self._texts, output, "order_not_found")]
        return [self._ask(output, "ask_order_number")]

    async def ask_phone_tail(self, output: TurnOutput, _tracker: DialogueStateTracker) -> list[Event]:
        """Ask for the last four digits of the order's phone number."""
        return [self._ask(output, "ask_phone_tail")]

    async def ask_refund_reason(self, output: TurnOutput, _tracker: DialogueStateTracker) -> list[Event]:
        """Ask why."""
        return [tell(self._texts, output, "ask_refund_reason")]

    async def ask_refund_confirmed(self, output: TurnOutput, tracker: DialogueStateTracker) -> list[Event]:
        """Show what would be submitted and ask for a yes."""
        order = tracker.get_slot("order") or {}
        values = {
            "number": str(tracker.get_slot("order_number")),
            "total": money(order.get("total"), order.get("currency")),
            "reason": str(tracker.get_slot("refund_reason"))[:REASON_CHARS],
        }
        return [tell(self._texts, output, "ask_refund_confirmed", **values)]

    async def tell_order_status(self, output: TurnOutput, tracker: DialogueStateTracker) -> list[Event]:
        """What the shop says about the order."""
        order = tracker.get_slot("order") or {}
        if "failed" in order:
            return [self._give_up(output, order)]
        status = self._texts.order_statuses.get(order["status"], {}).get(output.language, order["status"])
        values = {"number": order["number"], "status": status, "details": self._details(order, output.language)}
        return [tell(self._texts, output, "order_status", **values)]

    async def submit_refund(self, output: TurnOutput, tracker: DialogueStateTracker) -> list[Event]:
        """Ask the shop for the refund once the customer said yes; the turn id makes a repeat harmless."""
        order = tracker.get_slot("order") or {}
        if "failed" in order:
            return [self._give_up(output, order)]
        if tracker.get_slot("refund_confirmed") is not True:
            return [tell(self._texts, output, "refund_declined")]
        number = order["number"]
        try:
            refund = await self._shop.request_refund(
                number,
                proof=proof_of(output, tracker.get_slot("phone_tail")),
                reason=tracker.get_slot("refund_reason")[:REASON_CHARS],
                idempotency_key=output.turn.turn,
            )
        except ShopUnavailable as error:
            return [
                tell_handoff(
                    self._texts,
                    output,
                    "refund_uncertain",
                    reason=Reason.BOT_FAILED,
                    rule=str(error),
                    order_number=number,
                    idempotency_key=output.turn.turn,
                )
            ]
        if refund.refused is None:
            amount = money(refund.amount, order.get("currency"))
            return [tell(self._texts, output, "refund_requested", refund=refund.refund or "", amount=amount)]
        name = "refund_already_requested" if refund.refused == "already_requested" else "refund_not_refundable"
        return [tell(self._texts, output, name, number=number)]

    def _ask(self, output: TurnOutput, name: str) -> Event:
        again = output.decision.move is Move.FILL and bool(output.decision.slots.get("tries"))
        return tell(self._texts, output, f"{name}_again" if again else name)

    def _give_up(self, output: TurnOutput, order: Mapping[str, Any]) -> Event:
        if order["failed"] == SHOP_DOWN:
            return tell_handoff(self._texts, output, "shop_down", reason=Reason.BOT_FAILED, rule=order["why"])
        rule = f"the order was not found {TRIES_TO_HANDOFF} times"
        return tell_handoff(self._texts, output, "form_stuck", reason=Reason.UNSURE, rule=rule)

    def _details(self, order: Mapping[str, Any], language: str) -> str:
        line = {name: texts[language] for name, texts in self._texts.order_lines.items()}
        lines = [line["item"].format(name=i["name"], quantity=i["quantity"]) for i in order.get("items") or ()]
        for parcel in order.get("parcels") or ():
            told = {**parcel, "at": shop_time(parcel.get("at")), "eta": shop_time(parcel.get("eta"))}
            lines.append(line["parcel"].format(**told) + (line["eta"].format(**told) if parcel.get("eta") else ""))
        if order.get("total") is not None:
            lines.append(line["total"].format(total=money(order["total"], order.get("currency"))))
        return "".join(f"\n{text}" for text in lines)


def proof_of(output: TurnOutput, tail: str) -> Proof:
    """The signed-in customer where there is one, else the digits that were given."""
    customer = output.turn.customer
    if tail == SIGNED_IN and customer is not None and customer.verified:
        return Proof(customer=customer.id)
    return Proof(phone_tail=tail)


def money(amount: Any, currency: Any) -> str:
    """An amount with its currency, "¥199.00"."""
    return f"¥{amount}" if currency in ("CNY", None) else f"{amount} {currency}"


def shop_time(stamp: Any) -> str:
    """An ISO time as month, day and clock in the shop's time zone; a bare date or an unknown shape as it is."""
    text = str(stamp or "")
    if "T" not in text:
        return text
    try:
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return text
    return at.astimezone(SHOP_TIME).strftime("%m-%d %H:%M") if at.tzinfo else text
