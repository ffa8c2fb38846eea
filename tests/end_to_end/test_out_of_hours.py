"""A human in one step at night: asking, however it is put, is a ticket with a promise in that very turn."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Any

import pysqlite3 as sqlite3
import pytest

from tests.bot.crawl.asking import WAYS
from tests.bot.crawl.look_alikes import LOOK_ALIKES
from tests.end_to_end.story import EN, ZH, Stage, ask

pytestmark = pytest.mark.stack

SAMPLE = 40
# One minute a week: closed now, whatever day it is, but for that minute.
CLOSED = [{"days": ["sun"], "from": "03:59", "to": "04:00"}]


def sample() -> list[str]:
    """Ways to ask, of every kind in turn."""
    turns = chain.from_iterable(zip_longest(*WAYS.values()))
    return list(islice((text for text in turns if text is not None), SAMPLE))


@pytest.fixture
def closed(stage_var: Path) -> Iterator[None]:
    """The demo tenant's queues are closed."""
    with closing(sqlite3.connect(stage_var / "handoff.sqlite", timeout=10, isolation_level=None)) as database:
        (kept,) = database.execute("SELECT settings FROM tenants WHERE id = 'demo'").fetchone()
        settings: dict[str, Any] = json.loads(kept)
        queues = settings.get("queues") or [{"id": "support", "name": "Support"}]
        settings["queues"] = [{**queue, "hours": CLOSED} for queue in queues]
        database.execute("UPDATE tenants SET settings = ? WHERE id = 'demo'", (json.dumps(settings),))
        yield
        database.execute("UPDATE tenants SET settings = ? WHERE id = 'demo'", (kept,))


@pytest.mark.usefixtures("closed")
async def test_every_kind_of_asking_is_a_ticket_at_once_while_people_are_away(stage: Stage) -> None:
    agent = await stage.agent()  # on duty, but outside the hours
    waiting = []
    for text in sample():
        lines = ZH if any("\u3400" <= character <= "\u9fff" for character in text) else EN
        customer = await stage.customer(lines)
        conversation, seq, _ = await customer.write(text)
        await customer.owned_by(conversation, "mailbox")
        promise = await customer.live.entry(
            conversation, lambda one: one["kind"] == "state" and one["body"].get("text"), f"a promise after {text!r}"
        )
        assert promise["seq"] > seq
        waiting.append(conversation)
        await customer.leave()
    ticketed = {ticket["conversation"]: ticket for ticket in (await agent.get("/v1/tickets"))["tickets"]}
    assert [one for one in waiting if not ticketed.get(one, {}).get("due_at")] == []
    await agent.leave()


@pytest.mark.usefixtures("closed")
async def test_what_only_looks_like_asking_stays_with_the_bot_at_night(stage: Stage) -> None:
    for text in LOOK_ALIKES[:: len(LOOK_ALIKES) // 8]:
        customer = await stage.customer(ZH if not text.isascii() else EN)
        conversation, _ = await ask(stage, customer, text)
        events = [one["body"].get("event") for one in customer.live.entries[conversation] if one["kind"] == "state"]
        assert "asked" not in events, text
        await customer.leave()
