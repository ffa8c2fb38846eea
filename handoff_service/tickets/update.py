"""What is said about a ticket: notes for colleagues, and words for the customer on his own channel."""

from __future__ import annotations

from typing import Any

from handoff_service.agents.canned import refuse_foreign
from handoff_service.agents.model import Agent
from handoff_service.complaints import store as complaints
from handoff_service.conversations.change import Context
from handoff_service.conversations.receive import clean_text
from handoff_service.database import Transaction
from handoff_service.desk.forbidden import refuse_forbidden
from handoff_service.public_mentions.by_hand import refuse_notice
from handoff_service.texts import say
from handoff_service.tickets import store
from handoff_service.tickets.log import INTERNAL, PUBLIC, by_agent, record
from handoff_service.tickets.model import Deed, Ticket
from handoff_service.tickets.preferred import preferred_place
from handoff_service.tickets.settings import COMPLAINT
from handoff_service.tickets.tell import tell_customer
from handoff_service.tickets.work import locked


def note(tx: Transaction, agent: Agent, ticket: Ticket, text: str, context: Context) -> Ticket:
    """Adds words that only colleagues read."""
    body = {"text": clean_text(text)}
    return record(tx, ticket, Deed.UPDATED, by_agent(agent, context), audience=INTERNAL, body=body)


def tell(tx: Transaction, agent: Agent, name: str, text: str, context: Context) -> Ticket:
    """Tells the customer how far it is; what he says next in that conversation may be his answer.

    The conversation is locked before the ticket, as where he writes. Raises Conflict for a ticket without one
    or with a public one, Invalid for the words of another client, and ForbiddenWords.
    """
    text = clean_text(text)
    refuse_foreign(tx.connection, agent, {"text": text})
    refuse_forbidden(tx.connection, agent.tenant, text)
    conversation = preferred_place(tx, store.find(tx.connection, agent.tenant, name, agent), context)
    refuse_notice(conversation)
    ticket = locked(tx, agent, name)
    said = text
    if ticket.number is not None:
        said = say("ticket_update", conversation.language, number=ticket.number, text=text)
    entry = tell_customer(tx, ticket, conversation, said, context.now)
    if ticket.type == COMPLAINT:
        complaints.answered(tx.connection, ticket.tenant, ticket.id, context.now)
    body = {"text": text, "conversation": entry.conversation, "seq": entry.seq}
    told: dict[str, Any] = {"told_in": entry.conversation, "told_seq": entry.seq}
    return record(tx, ticket, Deed.UPDATED, by_agent(agent, context), audience=PUBLIC, body=body, **told)
