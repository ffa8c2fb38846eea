"""`python -m tests.soak.planted BUG,BUG serve`: the gateway with bugs put in, to prove that the soak would notice."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from handoff_service import __main__ as gateway
from handoff_service import database, tables
from handoff_service.conversations import model, projection, receive, turn
from handoff_service.conversations import store as model_store


class _Undone(Exception):
    """Rolls a transaction back that is reported as done."""

    def __init__(self, result: Any) -> None:
        super().__init__("undone")
        self.result = result


def posts_without_epoch() -> None:
    """The bot's answer is posted whoever owns the conversation by now."""
    checked = turn.post

    def post(tx: Any, running: Any, answer: Any, context: Any) -> str:
        found = turn.store.find(tx.connection, running.request.tenant, running.request.conversation)
        return checked(tx, replace(running, epoch=found.epoch), answer, context)

    turn.HELPED_BY_BOT = receive.HELPED_BY_BOT | {model.OwnerKind.AGENT}  # type: ignore[attr-defined]
    turn.post = post


def acknowledges_too_early() -> None:
    """Every twentieth message is acknowledged, and then its transaction comes to nothing."""
    numbers = itertools.count(1)

    def lossy(write: Callable[..., Any]) -> Callable[..., Any]:
        async def written(self: Any, work: Callable[[Any], Any], **options: Any) -> Any:
            def undone(tx: Any) -> Any:
                result = work(tx)
                if isinstance(result, tuple) and isinstance(result[-1], model.Entry) and next(numbers) % 20 == 0:
                    raise _Undone(result)
                return result

            try:
                return await write(self, undone, **options)
            except _Undone as promised:
                return promised.result

        return written

    for engine in (database.SqliteDatabase, database.PostgresDatabase):
        engine.write = lossy(engine.write)  # type: ignore[method-assign]


def shows_notes() -> None:
    """Customers get internal notes in full."""
    careful = projection.for_customer

    def for_customer(entry: Any, names: Any, contact: str) -> dict[str, Any]:
        return careful(replace(entry, audience=model.Audience.PUBLIC), names, contact)

    from handoff_service.conversations import access

    access.for_customer = for_customer  # type: ignore[attr-defined]


def forgets_tenants() -> None:
    """A conversation is found by its id alone."""
    careful = model_store.find

    def find(connection: Any, tenant: str, conversation: str, *, lock: bool = False) -> Any:
        query = sa.select(tables.conversations.c.tenant).where(tables.conversations.c.id == conversation)
        owner = connection.execute(query).scalar_one_or_none()
        return careful(connection, owner or tenant, conversation, lock=lock)

    model_store.find = find


BUGS: Mapping[str, Callable[[], None]] = {
    "posts_without_epoch": posts_without_epoch,
    "acknowledges_too_early": acknowledges_too_early,
    "shows_notes": shows_notes,
    "forgets_tenants": forgets_tenants,
}


if __name__ == "__main__":
    for bug in sys.argv.pop(1).split(","):
        BUGS[bug]()
    sys.exit(gateway.main())
