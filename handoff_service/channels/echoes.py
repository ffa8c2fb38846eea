"""A platform tells what was said in our name, and not by which app: is it our own message, or a colleague's?

Its id tells, as soon as our own delivery is written down. The platform may be quicker than its own answer to us; then
the event waits. Where that answer was lost, the words tell.
"""

from __future__ import annotations

import asyncio
import time

import sqlalchemy as sa

from handoff_service import outbox
from handoff_service.channels import contacts, windows
from handoff_service.channels.model import Abilities, Account, Colleague
from handoff_service.channels.packing import as_sent
from handoff_service.channels.who import identity_channel
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation
from handoff_service.database import Database, Transaction
from handoff_service.errors import Unavailable

# Platforms wait at least five seconds for our answer, and post the event again when they get none.
PATIENCE_S = 4.0
LOOK_EVERY_S = 0.05
LOOK_BACK = 5  # deliveries of which nobody knows how they ended


def with_whom(connection: sa.Connection, account: Account, event: Colleague) -> Conversation | None:
    """The conversation in which a colleague has answered."""
    known = contacts.known_as(connection, account.tenant, identity_channel(account), event.contact)
    return conversations.current(connection, account.tenant, account.channel, known.id) if known else None


async def settled(database: Database, account: Account, event: Colleague) -> None:
    """Waits while it may be what we are sending to this customer. Raises Unavailable when that takes too long."""
    end = time.monotonic() + PATIENCE_S
    while await database.read(lambda connection: _may_be_on_its_way(connection, account, event)):
        if time.monotonic() >= end:
            raise Unavailable("What we are sending to this customer is not settled yet; post it again.")
        await asyncio.sleep(LOOK_EVERY_S)


def _may_be_on_its_way(connection: sa.Connection, account: Account, event: Colleague) -> bool:
    if windows.delivery(connection, account.tenant, account.id, event.event_id) is not None:
        return False
    place = with_whom(connection, account, event)
    return place is not None and outbox.is_leased(connection, account.tenant, place.id, outbox.CHANNEL)


def is_ours(
    tx: Transaction, account: Account, place: Conversation, event: Colleague, abilities: Abilities, context: Context
) -> bool:
    """Whether it is a message of ours whose delivery was cut off: it did arrive, as what it says shows.

    From then on we know it by the platform's id too.
    """
    for seq in outbox.unclear(tx.connection, account.tenant, place.id, outbox.CHANNEL, limit=LOOK_BACK):
        for part in as_sent(tx.connection, place, seq, event.contact, abilities, context.settings):
            same = part.text.strip() == event.text.strip() if part.file is None else bool(event.media)
            if same:
                windows.delivered(tx.connection, account.tenant, account.id, event.event_id, place.id, seq, context.now)
                return True
    return False
