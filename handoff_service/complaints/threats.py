"""A customer says that he will report us while a person serves him: the bot is not asked then, so the gateway listens.

Heard by the words that the bot listens for (`bot/hearing/words.yml`, part `threats`), clause by clause, and by what
`own_rules` take for a complaint.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.hearing.script import simplified
from bot.hearing.words import ASKED_CALMLY, CLAUSE_ENDS, THREATS, THREATS_DENIED
from handoff_service.bots.own_rules import complains_of_us
from handoff_service.complaints.register import LEAVES, on_threat
from handoff_service.complaints.settings import AGENT
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation, Entry, OwnerKind
from handoff_service.database import Transaction
from handoff_service.desk import supervisors
from handoff_service.handoffs import store as handoffs
from handoff_service.handoffs.model import rank
from handoff_service.tenants import store as tenants
from handoff_service.texts import say
from handoff_service.tickets.model import URGENT

WORST = 1.0  # mood

_OF_HIM = re.compile("投诉你(?!家|们|的(?!态度|服务|工号|行为|言行))")
_OF_US = re.compile("投诉你们(?!家)")


def threat_in(text: str) -> Mapping[str, str]:
    """{"threat": kind, "words"} as the bot tells it; empty without one, for one to leave, and for a question. Pure.

    "I complain of you", to one person, has the `category` of a complaint about an agent.
    """
    clauses = CLAUSE_ENDS.pattern.split(simplified(text))
    return next((heard for clause in clauses if (heard := _in_clause(clause))), {})


def _in_clause(clause: str) -> Mapping[str, str]:
    if ASKED_CALMLY.search(clause) or THREATS_DENIED.search(clause):
        return {}
    for kind, pattern in THREATS.items():
        found = pattern.search(clause) if kind != LEAVES else None
        if found is not None:
            return {"threat": kind, "words": found.group()[:80]}
    if found := _OF_US.search(clause):
        return {"threat": "report", "words": found.group()}
    if (found := _OF_HIM.search(clause)) and complains_of_us(clause):
        return {"threat": "report", "words": found.group(), "category": AGENT}
    return {}


def heed(tx: Transaction, conversation: Conversation, entry: Entry, context: Context) -> Conversation:
    """After a customer's message: his complaint is urgent or opened, his card is marked, and supervisors are asked.

    Returns the conversation as it is then.
    """
    if conversation.owner.kind is not OwnerKind.AGENT:
        return conversation
    heard = threat_in(str(entry.body.get("text", "")))
    if not heard:
        return conversation
    on_threat(tx, conversation, heard, context)
    _mark(tx, conversation)
    told = supervisors.to_ask(tx, conversation, "threat", context)
    if told is None:
        return conversation
    names = supervisors.names_of(told)
    text = say("threat_told", conversation.language, words=heard["words"], names=names)
    return supervisors.ask(tx, conversation, told, "threat", text, context)


def _mark(tx: Transaction, conversation: Conversation) -> None:
    """Desks show the priority, the wall of the supervisors shows who is upset."""
    conversations.update(tx.connection, conversation, mood=WORST)
    if conversation.handoff is None:
        return
    handoff = handoffs.find(tx.connection, conversation.tenant, conversation.handoff)
    if handoff.priority < URGENT:
        worth = tenants.find(tx.connection, conversation.tenant).settings.worth(handoff.queue)
        place = rank(handoff.since, URGENT, worth)
        handoffs.update(tx.connection, handoff, priority=URGENT, rank=place)
