"""What the bot answered becomes entries: its words with the reasons behind them, its ticket, its wish for a person."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from handoff_service import tracing
from handoff_service.bots.model import Answer, TurnRequest
from handoff_service.bots.own_rules import SENIOR_RULE, signal_of
from handoff_service.conversations import store
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import (
    BOT,
    HANDOFF_REASONS,
    Conversation,
    Draft,
    Event,
    Kind,
    OwnerKind,
)
from handoff_service.database import Transaction
from handoff_service.handoffs.moves import queue_for_senior
from handoff_service.handoffs.request import request_handoff
from handoff_service.knowledge.teach import teach
from handoff_service.promises.follow import follow
from handoff_service.tickets.file import file_ticket

NUMBER = "{ticket}"


@dataclass(frozen=True)
class Turn:
    """A started turn: the epoch that it must still find, and the first and last customer entry that it answers.

    `id` names this run; `request.turn` names what is asked and stays the same when it is asked again. `origin` is
    where the trace of the first entry began.
    """

    id: str
    request: TurnRequest
    epoch: int
    first_seq: int
    upto_seq: int
    origin: tracing.Origin


def say_answer(
    tx: Transaction, conversation: Conversation, turn: Turn, answer: Answer, context: Context
) -> Conversation:
    """Appends the messages of an answer, the number of its ticket in them; the first one tells why it was said."""
    number = _file(tx, conversation, turn, answer, context)
    for index, message in enumerate(answer.messages):
        body = {**message, "text": str(message["text"]).replace(NUMBER, number)}
        if index == 0:
            body["analysis"] = analysis(turn, answer)
        if conversation.owner.kind is not OwnerKind.BOT:
            body["interim"] = True
        draft = Draft(kind=Kind.MESSAGE, author=BOT, body=body, client_id=f"{turn.id}-{index}", turn=turn.id)
        conversation, entry = store.append(tx, conversation, draft, context.now)
        follow(tx, conversation, entry)
        if index == 0 and (answer.understanding or turn.request.press):
            teach(tx, conversation, entry.seq, context)
    return conversation


def _file(tx: Transaction, conversation: Conversation, turn: Turn, answer: Answer, context: Context) -> str:
    """The number of the ticket that the answer asks for; one and the same however often the turn is asked."""
    if answer.ticket is None:
        return ""
    return file_ticket(tx, conversation, answer.ticket, turn=turn.request.turn, context=context)


def analysis(turn: Turn, answer: Answer) -> dict[str, Any]:
    """Why the bot said this: kept with the answer, shown to agents only."""
    understanding = answer.understanding or {}
    hits = [
        {key: hit.get(key) for key in ("article", "language", "title", "probability")}
        for hit in understanding.get("hits", [])[:3]
    ]
    return {
        "answers": turn.upto_seq,
        "bot": answer.bot,
        "intent": answer.nlu.get("intent"),
        "entities": answer.nlu.get("entities", []),
        "decision": understanding.get("decision"),
        "reading": (understanding.get("reading") or {}).get("text"),
        "generation": understanding.get("generation"),
        "hits": hits,
        "mood": understanding.get("mood"),
        "signals": [*answer.signals, *_failures(answer)],
        "task": answer.task,
    }


def _failures(answer: Answer) -> list[dict[str, Any]]:
    """What the gateway itself saw of parts that are down or too slow, as one more signal."""
    if not answer.errors or any(one["signal"] == "failed" for one in answer.signals):
        return []
    told = {"bot": answer.bot, "errors": [error[:200] for error in answer.errors]}
    return [signal_of("failed", f"answered by {answer.bot}", told)]


def hand_over(tx: Transaction, conversation: Conversation, turn: Turn, answer: Answer, context: Context) -> None:
    """Carries out the bot's wish for a person."""
    wish: Mapping[str, Any] = answer.handoff or {}
    evidence: Mapping[str, Any] = wish.get("evidence") or {}
    senior = evidence.get("rule") == SENIOR_RULE
    reason = Event(wish["reason"]) if wish["reason"] in set(HANDOFF_REASONS) else Event.POLICY
    request_handoff(
        tx,
        conversation,
        reason,
        evidence={"turn": turn.id, "asked_at": turn.upto_seq, **evidence},
        context=context,
        priority=wish.get("priority"),
        actor=BOT,
        mailbox=wish.get("mailbox") is True and answer.bot == "none",
        queue=wish.get("queue") or (queue_for_senior(tx, conversation.tenant, context) if senior else None),
    )


def threat_in(answer: Answer) -> Mapping[str, Any]:
    """What the bot heard of a threat: {"threat": kind, "words"}; empty when there was none."""
    told = (answer.handoff or {}).get("evidence") or {}
    heard = [told, *(signal.get("evidence") or {} for signal in (*answer.signals, *(told.get("signals") or ())))]
    return next((one for one in heard if isinstance(one, Mapping) and one.get("threat")), {})
