"""The form "leave a message", which needs no bot: offered while all are down, answered by a person later. Pure."""

from __future__ import annotations

from typing import Any

from handoff_service.bots.model import Answer, TurnRequest
from handoff_service.bots.own_rules import danger_in, wants_human
from handoff_service.texts import say

FORM = "leave_message"
PAYLOAD = f"/{FORM}"


def buttons(language: str) -> list[dict[str, str]]:
    """Two ways out while no bot answers."""
    return [
        {"title": say("leave_message", language), "payload": PAYLOAD},
        {"title": say("talk_to_human", language), "payload": "/ask_human"},
    ]


def leave_message(request: TurnRequest) -> Answer | None:
    """The form when its button was pressed, and what happens with the words that follow; None for every other turn."""
    language = request.language or "zh"
    if request.press == PAYLOAD:
        if request.owner == "queue":
            return Answer([{"text": say("message_noted", language), "kind": "notice"}], bot="none")
        return Answer([{"text": say("leave_message_form", language), "kind": "form", "form": FORM}], bot="none")
    if request.form != FORM or request.press is not None or wants_human(request) or danger_in(request) is not None:
        return None
    message: dict[str, Any] = {"text": say("message_noted", language), "kind": "notice"}
    if request.owner == "queue":  # he has a place already, where what he wrote is read
        return Answer([message], bot="none")
    wish = {"reason": "bot_failed", "priority": None, "evidence": {"rule": "left a message"}, "mailbox": True}
    return Answer([message], wish, bot="none")
