"""Filing a ticket that the bot asks for: once per turn, under a number that can be read out on the telephone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handoff_service.complaints.register import file_complaint
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation
from handoff_service.database import Transaction
from handoff_service.files import store as files
from handoff_service.tickets import store
from handoff_service.tickets.log import PUBLIC, SYSTEM, add_file
from handoff_service.tickets.model import Source
from handoff_service.tickets.open import open_work
from handoff_service.tickets.settings import COMPLAINT


def file_ticket(
    tx: Transaction, conversation: Conversation, wish: Mapping[str, Any], *, turn: str, context: Context
) -> str:
    """Opens the ticket {"type", "fields", "summary"} and returns its number; the same turn gets the same ticket.

    It stays open when the conversation ends, and has the files of this conversation that the wish names. A complaint
    is entered in the register as well.
    """
    filed = store.of_turn(tx.connection, conversation.tenant, turn)
    if filed is not None:
        return filed
    fields = {name: str(value) for name, value in wish["fields"].items()}
    told: dict[str, Any] = {"subject": str(wish["summary"]) or str(wish["type"]), "fields": fields, "turn": turn}
    if wish["type"] == COMPLAINT:
        ticket = file_complaint(
            tx, conversation.tenant, conversation=conversation, source=Source.BOT, context=context, **told
        )
    else:
        ticket = open_work(
            tx,
            conversation.tenant,
            type=str(wish["type"]),
            source=Source.BOT,
            actor=SYSTEM,
            conversation=conversation,
            context=context,
            **told,
        )
    own = {name for _, name in files.of_conversation(tx.connection, conversation.tenant, conversation.id)}
    for file in wish.get("files", ()):
        if file in own:
            add_file(tx.connection, ticket, file, actor=SYSTEM, audience=PUBLIC, now=context.now)
    assert ticket.number is not None, "only promises have none"
    return ticket.number
