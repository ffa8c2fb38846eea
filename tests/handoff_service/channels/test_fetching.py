"""Accounts that are fetched: by one gateway at a time, however many there are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from handoff_service.bell import Bell
from handoff_service.channels import cursors
from handoff_service.database import open_database
from tests.handoff_service.web.serving import on_both

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


@on_both
async def test_the_second_gateway_waits_and_takes_over_when_the_first_has_died(settings: Any) -> None:
    database = open_database(settings.database, Bell())

    async def lease(node: str, after_s: float = 0.0) -> str | None:
        now = NOW + timedelta(seconds=after_s)
        return await database.write(lambda tx: cursors.lease(tx.connection, "shop", "acc", node, now))

    async def advance(node: str, cursor: str, after_s: float = 0.0) -> bool:
        now = NOW + timedelta(seconds=after_s)
        return await database.write(lambda tx: cursors.advance(tx.connection, "shop", "acc", node, cursor, now))

    try:
        assert await lease("first") == ""
        assert await lease("second") is None
        assert await advance("first", "5")
        assert not await advance("second", "9"), "who does not hold it moves nothing"
        late = cursors.LEASE.total_seconds() + 1
        assert await advance("first", "5", late), "slow, but nobody has taken its place"
        late *= 3
        assert await lease("second", late) == "5", "the first has died"
        assert not await advance("first", "6", late), "and finds that out"
        await database.write(lambda tx: cursors.release(tx.connection, "shop", "acc", "second"))
        assert await lease("first", late) == "5"
    finally:
        await database.close()
