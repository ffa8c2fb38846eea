"""Looks through the conversations that changed and keeps what was misunderstood, without personal data.

The texts are masked by the knowledge base before they are stored or shown; while it is away nothing is collected.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

import sqlalchemy as sa

from handoff_service.clock import Clock
from handoff_service.conversations import store as conversations
from handoff_service.database import Database, Transaction
from handoff_service.knowledge.client import Knowledge
from handoff_service.training import store
from handoff_service.training.misunderstood import misunderstood
from handoff_service.training.model import Found

PAGE = 100
PAGES = 5
"""So many pages of conversations are looked through at a time; asked again, it goes on behind them."""

ENTRIES = 300
OVERLAP = timedelta(seconds=60)
"""Changes are not committed in the order of their times: the last minute is looked through again."""


@dataclass(frozen=True)
class Page:
    """What a page of conversations holds, and where the next one begins."""

    found: list[tuple[str, Found]]
    upto: datetime
    full: bool


async def collect(database: Database, knowledge: Knowledge, tenant: str, clock: Clock) -> int:
    """Keeps what is new; how many messages. Raises Unavailable while the knowledge base is away."""
    new = 0
    known = await database.read(lambda connection: store.cursor(connection, tenant))
    after = known - OVERLAP if known is not None else None
    for _ in range(PAGES):
        page = await database.read(partial(_page, tenant=tenant, after=after))
        if page is None:
            break
        masked = await knowledge.mask([(found.text, found.language) for _, found in page.found])
        pairs = list(zip(page.found, masked, strict=True))
        new += await database.write(partial(_keep, tenant=tenant, page=page, masked=pairs, now=clock()))
        after = page.upto
        if not page.full:
            break
    return new


def _page(connection: sa.Connection, tenant: str, after: datetime | None) -> Page | None:
    changed = store.changed_since(connection, tenant, after, limit=PAGE)
    if not changed:
        return None
    found = [
        (name, one)
        for name, _ in changed
        for conversation in [conversations.find(connection, tenant, name)]
        for one in misunderstood(
            conversation,
            conversations.entries_after(
                connection, tenant, name, max(0, conversation.last_seq - ENTRIES), limit=ENTRIES
            ),
        )
    ]
    return Page(found, changed[-1][1], len(changed) == PAGE)


def _keep(tx: Transaction, tenant: str, page: Page, masked: list[tuple[tuple[str, Found], str]], now: datetime) -> int:
    new = 0
    for (name, found), text in masked:
        conversations.find(tx.connection, tenant, name, lock=True)  # an erasure at this moment waits, or is seen
        if not conversations.entry_at(tx.connection, tenant, name, found.seq).body.get("erased"):
            new += store.add(tx.connection, tenant, name, found, text, now)
    store.move_cursor(tx.connection, tenant, page.upto)
    return new
