"""Slow is not down (F-69): what comes a little too late costs that one answer, and nobody declares the bot dead."""

from __future__ import annotations

import asyncio
import json
import selectors
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from handoff_service.bots.breaker import State
from handoff_service.bots.ladder import Ladder
from handoff_service.bots.rasa import RasaBot
from handoff_service.bots.turn_json import as_answer
from handoff_service.errors import BotFailed, BotSlow
from handoff_service.own_parts import client_for_parts
from tests.handoff_service.bots.frail_bot import FrailBot
from tests.handoff_service.bots.test_ladder import REQUEST
from tests.handoff_service.stage import ScriptedBot, answer

HARD_S = 5.0
FAILURES = 3


class _Jump(selectors.DefaultSelector):
    """Waits for nothing: the time until the next timer passes at once."""

    loop: VirtualLoop

    def select(self, timeout: float | None = None) -> Any:
        assert timeout is not None, "everybody waits for something that never comes"
        self.loop.now += timeout
        return super().select(0)


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose clock stands still while anything is done, and jumps to the next timer."""

    def __init__(self) -> None:
        self.now = 0.0
        jump = _Jump()
        jump.loop = self
        super().__init__(jump)

    def time(self) -> float:
        return self.now


def virtually(play: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Plays a coroutine in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(play())


class Asked:
    """A ladder of Rasa, which answers after `takes_s` (None: breaks off then), and a fallback."""

    def __init__(self, takes_s: float) -> None:
        self.takes_s, self.breaks_off = takes_s, False
        self.asked = 0
        client = httpx2.AsyncClient(transport=httpx2.MockTransport(self._answer))
        fallback = ScriptedBot(usually=answer("from the fallback"))
        rasa = RasaBot(client, "http://rasa", timeout_s=HARD_S)
        clock = asyncio.get_running_loop().time
        self.ladder = Ladder([rasa, fallback], failures=FAILURES, open_s=60, clock=clock)

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked += 1
        await asyncio.sleep(self.takes_s)
        if self.breaks_off:
            raise httpx2.ReadError("gone")
        return httpx2.Response(200, json=_raw(turn=json.loads(request.content)["turn"]))

    async def ask(self) -> tuple[str, float]:
        """Who answered, and after how many seconds."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        said = await self.ladder.ask(REQUEST)
        return said.bot, round(loop.time() - began, 3)

    @property
    def state(self) -> State:
        return self.ladder._rungs[0].breaker.state


@pytest.mark.parametrize(
    ("takes_s", "by", "after_s"), [(4.9, "rasa", 4.9), (5.1, "scripted", 5.0), (9.9, "scripted", 5.0)]
)
def test_before_and_after_the_hard_limit_the_bot_lives(takes_s: float, by: str, after_s: float) -> None:
    """Each turn gets its answer in time, and ten slow ones in a row do not make a bot that is down."""

    async def play() -> None:
        asked = Asked(takes_s)
        for _ in range(10):
            assert await asked.ask() == (by, after_s)
        await asyncio.sleep(2 * HARD_S)
        assert (asked.asked, asked.state) == (10, State.CLOSED)
        asked.takes_s = 0.1
        assert await asked.ask() == ("rasa", 0.1), "quick again, used again"

    virtually(play)


def test_one_that_never_answers_is_left_alone_in_the_end() -> None:
    """Or everybody would wait for the hard limit, every time."""

    async def play() -> None:
        asked = Asked(3600.0)
        for _ in range(FAILURES):
            assert await asked.ask() == ("scripted", HARD_S)
        assert asked.state is State.CLOSED, "the last one may still be only slow"
        await asyncio.sleep(HARD_S + 0.1)
        assert asked.state is State.OPEN
        assert await asked.ask() == ("scripted", 0.0)
        await asyncio.sleep(60)
        asked.takes_s = 0.1
        assert await asked.ask() == ("rasa", 0.1), "tried again without a hand"
        assert asked.state is State.CLOSED

    virtually(play)


def test_a_slow_try_keeps_others_from_trying_until_it_is_known() -> None:
    async def play() -> None:
        asked = Asked(3600.0)
        await asyncio.gather(*(asked.ask() for _ in range(FAILURES)))
        await asyncio.sleep(HARD_S + 60.1)
        asked.takes_s = 6.0
        assert await asked.ask() == ("scripted", HARD_S), "the one try"
        assert (await asked.ask(), asked.state) == (("scripted", 0.0), State.HALF_OPEN)
        await asyncio.sleep(1.1)
        assert asked.state is State.CLOSED, "its late answer told that it is up"

    virtually(play)


def test_a_slow_one_that_breaks_off_has_failed() -> None:
    async def play() -> None:
        asked = Asked(6.0)
        asked.breaks_off = True
        await asyncio.gather(*(asked.ask() for _ in range(FAILURES)))
        await asyncio.sleep(1.1)
        assert asked.state is State.OPEN

    virtually(play)


async def test_too_slow_is_told_apart_from_down(bot: FrailBot) -> None:
    async with client_for_parts() as client:
        rasa = RasaBot(client, bot.url, timeout_s=0.1)
        bot.mode, bot.delay_s = "late", 0.15
        with pytest.raises(BotSlow, match="no answer within") as slow:
            await rasa.ask(REQUEST)
        assert await slow.value.late is True
        await bot.die()
        with pytest.raises(BotFailed) as down:
            await rasa.ask(REQUEST)
        assert not isinstance(down.value, BotSlow)


async def test_a_turn_that_is_cancelled_hangs_up(bot: FrailBot) -> None:
    async with client_for_parts() as client:
        bot.mode = "hangs"
        asking = asyncio.create_task(RasaBot(client, bot.url, timeout_s=5).ask(REQUEST))
        while not bot.asked:
            await asyncio.sleep(0.01)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        async with asyncio.timeout(2):
            while any(_posts(task) for task in asyncio.all_tasks()):
                await asyncio.sleep(0.01)


def _posts(task: asyncio.Task[object]) -> bool:
    return "RasaBot._post" in repr(task.get_coro())


def _raw(**changes: object) -> dict[str, object]:
    message = {"text": "Your number is {ticket}.", "kind": "answer", "buttons": [], "sources": []}
    return {"turn": "t_1", "messages": [message], "handoff": None, **changes}


def test_what_is_only_counted_does_not_cost_the_answer() -> None:
    seen = [
        {"signal": "unsure", "rule": "two misses", "strength": 0.8, "evidence": {"misses": 2}},
        {"signal": "unsure", "rule": "long", "strength": 1, "evidence": {"text": "x" * 5000}},
        {"signal": "bored", "rule": "?", "strength": 0.5, "evidence": {}},
        {"signal": "asked", "strength": 7},
        "nonsense",
    ]
    said = as_answer(_raw(signals=seen, close=True), "t_1")
    assert [(one["rule"], one["evidence"]) for one in said.signals] == [("two misses", {"misses": 2}), ("long", {})]
    assert said.close is True
    assert as_answer(_raw(signals={}), "t_1").signals == []


@pytest.mark.parametrize("ticket", [{"type": "gift", "summary": "x", "fields": {}}, {"type": "complaint"}, "x"])
def test_a_promise_that_cannot_be_read_is_no_answer(ticket: object) -> None:
    read: Callable[[], object] = lambda: as_answer(_raw(ticket=ticket), "t_1")  # noqa: E731
    with pytest.raises((ValueError, KeyError, TypeError)):
        read()


def test_a_form_under_way_is_known_by_its_task() -> None:
    told = as_answer(_raw(active_loop="task_form", slots={"task": "complaint", "requested_slot": "order"}), "t_1")
    assert told.task == {"name": "complaint", "wanted": "order"}
    assert as_answer(_raw(active_loop=None, slots={}), "t_1").task is None
    assert replace(REQUEST).form is None
