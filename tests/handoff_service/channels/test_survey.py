"""Stars on platforms: asked for with the closing words, given by a button, a number or a word, and only then."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from handoff_service import outbox
from handoff_service.channels import store as accounts
from handoff_service.channels import survey
from handoff_service.channels.accounts import new_account
from handoff_service.channels.arrive import arrive as take_in
from handoff_service.channels.mail_sender import Verdict
from handoff_service.channels.model import Inbound
from handoff_service.channels.packing import pack
from handoff_service.channels.registry import CHANNELS
from handoff_service.channels.sealing import Seal
from handoff_service.conversations import store
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Event, Kind
from handoff_service.database import Database, Transaction
from handoff_service.handoffs import assign, release
from handoff_service.handoffs.request import request_handoff
from handoff_service.settings import Settings

SEAL = Seal("k" * 40)


class Counter:
    """A shop's counter: one customer on the signed API, served by Lin and sent home."""

    def __init__(self, database: Database, settings: Settings, context: Callable[[], Context], agent: Any) -> None:
        self.account = new_account("demo", "api", "app", {"url": "https://app.example/in"}, settings)
        self._database, self._context, self._agent, self._events = database, context, agent, 0
        self._settings = settings
        self.conversation = ""

    async def says(self, *, vouched: Verdict = Verdict.UNASKED, **body: Any) -> None:
        self._events += 1
        event = Inbound(event_id=f"e{self._events}", contact="ann", language="en", body=body, vouched=vouched)
        abilities = CHANNELS["api"].abilities
        done = await self._database.write(lambda tx: take_in(tx, self.account, event, abilities, SEAL, self._context()))
        self.conversation = done.conversation

    async def serves_and_closes(self, wrap_up: str | None = "solved") -> None:
        """With `wrap_up` None nobody closes it: it ends by itself."""
        await self._database.write(lambda tx: accounts.add(tx.connection, self.account, SEAL))
        await self.says(text="hello")

        def work(tx: Transaction) -> None:
            context, found = self._context(), store.find(tx.connection, "demo", self.conversation, lock=True)
            moved = request_handoff(tx, found, Event.ASKED, evidence={}, context=context)
            held = assign.accept(tx, str(moved.handoff), self._agent, context)
            if wrap_up is None:
                release.close_idle(tx, held, context)
            else:
                release.close(tx, held.id, self._agent, held.epoch, context, wrap_up=wrap_up)

        await self._database.write(work)

    async def timeline(self) -> list[Any]:
        return await self._database.read(lambda c: store.entries_after(c, "demo", self.conversation, 0))

    async def scores(self) -> list[int]:
        return [one.body["score"] for one in await self.timeline() if one.kind is Kind.RATING]

    async def sent(self, seq: int) -> list[Any]:
        """What goes to the platform for an entry."""
        job = outbox.Job("demo", "o_1", self.conversation, outbox.CHANNEL, seq, 1)
        parcel = await self._database.read(lambda c: pack(c, job, SEAL, CHANNELS, self._settings))
        return list(parcel.parts)


@pytest.fixture
async def counter(database: Database, settings: Settings, context: Any, hire: Any) -> Counter:
    return Counter(database, settings, context, await hire("lin"))


@pytest.mark.parametrize(
    ("said", "score"),
    [({"text": "4"}, 4), ({"text": " ５ "}, 5), ({"text": "Very bad"}, 1), ({"text": "第三个"}, 3), ({"press": 1}, 2)],
)
async def test_the_first_short_answer_after_the_end_is_a_rating(
    counter: Counter, said: dict[str, Any], score: int
) -> None:
    await counter.serves_and_closes()
    end = (await counter.timeline())[-1]
    (part,) = await counter.sent(end.seq)
    assert "How was the help" in part.text
    assert [one["title"] for one in part.buttons] == [one["title"] for one in survey.stars("en")]
    await counter.says(**({"press": {"seq": end.seq, "index": 1}} if "press" in said else said))
    assert await counter.scores() == [score]
    thanks = (await counter.timeline())[-1]
    assert (thanks.kind, thanks.author.kind) == (Kind.MESSAGE, "system")
    await counter.says(text="4")
    assert await counter.scores() == [score], "the second time it is only a message"


@pytest.mark.parametrize("text", ["6", "0", "my order 5 is late", "thanks", "x" * 100])
async def test_anything_else_is_a_message(counter: Counter, text: str) -> None:
    await counter.serves_and_closes()
    await counter.says(text=text)
    assert await counter.scores() == []
    await counter.says(text="5")
    assert await counter.scores() == [], "and then the conversation goes on"
    said = [one.body["text"] for one in await counter.timeline() if one.author.kind == "customer"]
    assert said == ["hello", text, "5"]


async def test_who_was_not_asked_for_stars_gives_none_with_a_number(counter: Counter) -> None:
    await counter.serves_and_closes(None)
    await counter.says(text="2")
    assert await counter.scores() == []


async def test_a_forged_mail_gives_no_stars_and_is_thanked_for_nothing(counter: Counter) -> None:
    await counter.serves_and_closes()
    await counter.says(text="1", vouched=Verdict.FORGED)
    assert await counter.scores() == []
    await counter.says(text="5")
    assert await counter.scores() == []


async def test_where_the_shop_asks_nobody_a_number_is_a_message(counter: Counter) -> None:
    await counter.serves_and_closes("spam")
    end = (await counter.timeline())[-1]
    (part,) = await counter.sent(end.seq)
    assert "How was the help" not in part.text
    await counter.says(text="5")
    assert await counter.scores() == []
