"""Mentions are imported, each in a transaction of its own: one that is wrong holds up no other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from handoff_service import audit
from handoff_service.callers import Caller
from handoff_service.conversations.change import Context
from handoff_service.database import Database, Transaction
from handoff_service.errors import Conflict, Invalid, Mismatch
from handoff_service.public_mentions.model import PublicMention, mention_of
from handoff_service.public_mentions.reading import Row
from handoff_service.public_mentions.take import take
from handoff_service.tenants import store as tenants


@dataclass
class Report:
    """What became of an import: how many were new, how many were there before, and what was refused at which line."""

    taken: int = 0
    skipped: int = 0
    refused: list[tuple[int, str]] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        refused = [{"line": line, "reason": reason} for line, reason in self.refused]
        return {"taken": self.taken, "skipped": self.skipped, "refused": refused}


async def import_mentions(database: Database, caller: Caller, rows: Iterable[Row], context: Context) -> Report:
    """Takes mentions by (line, fields); again the same is skipped. Raises NotFound for an unknown tenant."""
    await database.read(lambda connection: tenants.find(connection, caller.tenant))
    report = Report()
    for line, given in rows:
        try:
            if isinstance(given, Invalid):
                raise given
            mention = mention_of(given)
            place = await database.write(partial(_take, tenant=caller.tenant, mention=mention, context=context))
        except (Invalid, Conflict, Mismatch) as error:
            report.refused.append((line, error.message))
            continue
        report.taken += place is not None
        report.skipped += place is None

    def record(tx: Transaction) -> None:
        detail = {"taken": report.taken, "skipped": report.skipped, "refused": len(report.refused)}
        audit.record(
            tx, caller.tenant, actor=caller.actor, action="public_mentions_imported", subject="", detail=detail,
            now=context.now,
        )  # fmt: skip

    await database.write(record)
    return report


def _take(tx: Transaction, *, tenant: str, mention: PublicMention, context: Context) -> tuple[str, int] | None:
    return take(tx, tenant, mention, context)
