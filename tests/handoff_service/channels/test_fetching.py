"""Accounts that are fetched: by one gateway at a time, however many there are."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service import nodes, tables
from handoff_service.bell import Bell
from handoff_service.channels import cursors
from handoff_service.channels.accounts import new_account
from handoff_service.channels.fetch import AT_ONCE, HINTED_AT_ONCE, LOOK_EVERY_S, Fetcher
from handoff_service.channels.model import Inbound, Notice
from handoff_service.channels.reading import usable
from handoff_service.database import open_database
from handoff_service.errors import Unavailable
from tests.handoff_service.stage import trial_settings
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
        assert await lease("third", late) is None
        await database.write(lambda tx: cursors.release_all(tx.connection, "first"))
        assert await lease("third", late) == "5", "nobody waits for the lease of a gateway that is lost"
        beat = {"id": "third", "version": nodes.RELEASE, "started_at": NOW, "seen_at": NOW}
        await database.write(lambda tx: tx.connection.execute(sa.insert(tables.nodes).values(**beat)))
        assert await lease("second", late + 3600) is None, "a clock that is an hour ahead takes nothing from the living"
        await database.write(lambda tx: nodes.release_lost(tx, ("third", NOW), NOW))
        assert await lease("second", late) == "5"
    finally:
        await database.close()


def test_one_event_that_cannot_be_kept_holds_up_none_behind_it() -> None:
    account = new_account(
        "shop", "email", "Shop", {"address": "a@b.c", "provider": "imap", "smtp": "smtp://b.c"}, trial_settings()
    )
    good = Inbound(event_id="e1", contact="ann@x.example", body={"text": "a\x00b \ud800"})
    failed = Notice(event_id="e2", contact="bounce", what=Notice.What.FAILED, provider_id="<1>", reason="no\x00 such")
    nameless = (replace(good, contact="\udcff@x.example"), replace(good, event_id=""), replace(failed, contact="\x00"))
    assert usable([*nameless, good, failed], account) == [
        replace(good, body={"text": "ab \ufffd"}),
        replace(failed, reason="no such"),
    ]


class Unreachable:
    """A database that is away."""

    exclusive = False

    async def read(self, _: Any) -> Any:
        raise Unavailable("The database cannot be reached.")

    write = read


def a_fetcher() -> Fetcher:
    return Fetcher(Unreachable(), Bell(), None, trial_settings(), lambda: NOW, {}, node="n")  # type: ignore[arg-type]


async def test_who_has_something_waits_for_none_of_the_silent_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, str]] = []

    async def hanging(_: Any, *whom: str) -> None:
        asked.append(whom)  # type: ignore[arg-type]
        await asyncio.Event().wait()

    monkeypatch.setattr(Fetcher, "_fetch", hanging)
    fetcher = a_fetcher()
    fetcher._due = {("shop", f"silent{number}"): "" for number in range(10_000)}
    fetcher._begin(fetcher._due, AT_ONCE)
    fetcher._heard("", ["shop", "told", "ticket"])
    fetcher._heard("", ["shop", "silent0", ""])
    fetcher._begin(fetcher._hints, HINTED_AT_ONCE)
    await asyncio.sleep(0)
    assert [whom for _, whom, _ in asked] == [*(f"silent{number}" for number in range(AT_ONCE)), "told"]
    assert asked[-1] == ("shop", "told", "ticket")
    assert list(fetcher._hints) == [("shop", "silent0")], "asked once more when it has answered"
    await end(fetcher)


async def end(fetcher: Fetcher) -> None:
    running = list(fetcher._running.values())
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def test_many_who_have_something_do_not_keep_the_silent_ones_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def hanging(_: Any, tenant: str, account: str, ticket: str) -> None:  # noqa: ARG001
        asked.append(account)
        await asyncio.Event().wait()

    monkeypatch.setattr(Fetcher, "_fetch", hanging)
    fetcher = a_fetcher()
    for number in range(100):
        fetcher._heard("", ["busy", f"told{number}", ""])
    fetcher._due = {("shop", f"silent{number}"): "" for number in range(100)}
    for _ in range(2):
        fetcher._begin(fetcher._hints, HINTED_AT_ONCE)
        fetcher._begin(fetcher._due, AT_ONCE)
        await asyncio.sleep(0)
    told = [one for one in asked if one.startswith("told")]
    assert (len(told), len(asked) - len(told)) == (HINTED_AT_ONCE, AT_ONCE)
    await end(fetcher)
    await asyncio.sleep(0)
    assert not fetcher._looking, "their places are free again"


async def test_what_failed_is_asked_again_soon() -> None:
    fetcher, loop = a_fetcher(), asyncio.get_running_loop()
    waits = []
    for _ in range(3):
        await fetcher._fetch("shop", "acc", "")
        waits.append(fetcher._next["shop", "acc"] - loop.time())
    assert waits == pytest.approx([LOOK_EVERY_S] * 3, abs=1.0)
    assert fetcher._failures == {("shop", "acc"): 3}
