"""What people judged since the confidence was fitted last, and whether it is enough to fit it again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from kb_index.confidence.corrections import FEWEST_JUDGED
from kb_index.database import Database
from kb_index.errors import DatabaseUnavailable
from kb_index.learning import store
from kb_index.learning.feedback import oldest_kept
from kb_index.learning.model import Taught

ENOUGH = 20
"""So many judgements more or fewer are learned from at once."""

RESTS = timedelta(days=1)
"""After so long any other judgement is: one thumb is not worth minutes of fitting, and not to be forgotten either."""


def taught_by(connection: sa.Connection, now: datetime, *, days: int) -> dict[str, Taught]:
    """By tenant what can be learned from at this moment; a tenant about whom nobody judged anything is left out."""
    found = store.judgements(connection, since=oldest_kept(now, days))
    return {tenant: Taught(judged, newest.isoformat(), now.isoformat()) for tenant, (judged, newest) in found.items()}


def taught_anew(database: Database, entries: Mapping[str, Mapping[str, Any]], now: datetime, *, days: int) -> set[str]:
    """Those of a manifest's tenants whose confidence knows too little of what people said; none without a database."""
    try:
        with database.read() as connection:
            by_now = taught_by(connection, now, days=days)
    except DatabaseUnavailable:
        return set()
    return {
        tenant
        for tenant, entry in entries.items()
        if enough(Taught(**entry.get("taught", {})), by_now.get(tenant, Taught()), now)
    }


def enough(then: Taught, by_now: Taught, now: datetime) -> bool:
    """Whether what has come, or was erased, since `then` is to be learned."""
    if max(then.judged, by_now.judged) < FEWEST_JUDGED:
        return False  # nothing is learned from so few
    if abs(by_now.judged - then.judged) >= ENOUGH:
        return True
    changed = (by_now.judged, by_now.newest) != (then.judged, then.newest)
    return changed and (not then.at or now - datetime.fromisoformat(then.at) >= RESTS)
