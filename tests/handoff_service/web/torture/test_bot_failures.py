"""Fault: "bot: 500, timeout, slow 4.9 s / 5.1 s, garbage, late reply after handoff", the times scaled down."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.handoff_service.stage import trial_settings
from tests.handoff_service.web.far_bot import FarBot
from tests.handoff_service.web.serving import Gateway
from tests.handoff_service.web.torture.rules import events, holds, owned_by, said, until, until_no_turn
from tests.handoff_service.web.visitors import accepted

SOFT_S, HARD_S, REPLY_S = 0.6, 1.2, 2.2
SETTINGS = {"bot_soft_s": SOFT_S, "bot_hard_s": HARD_S, "reply_deadline_s": REPLY_S, "breaker_open_s": 0.3}
WAIT = ("One moment", "Sorry, the assistant is not responding")


class MoodyBot(FarBot):
    """Behind a real wire; answers after `delay_s`, and what `garbage` makes of it."""

    delay_s = 0.0
    garbage: object = None

    def answer(self, request):
        time.sleep(self.delay_s)
        if self.garbage is None:
            return super().answer(request)
        return self.garbage(super().answer(request))


@pytest.fixture
def moody() -> Iterator[MoodyBot]:
    bot = MoodyBot()
    yield bot
    bot.close()


GARBAGE = {
    "nothing at all": lambda right: {**right, "messages": []},
    "another turn": lambda right: {**right, "turn": "t_other"},
    "half a handoff": lambda right: {**right, "handoff": {"reason": 7}},
}


@pytest.fixture
async def open_house(database_url, build_house, moody):
    """`await open_house(reply_deadline_s=20)`: a gateway with the real ladder down to this bot, and an agent."""
    gateways = []

    async def opened(**changes):
        settings = {**SETTINGS, "sweep_s": 0.05, "kb_index_url": "http://127.0.0.1:9", **changes}
        gateways.append(Gateway(trial_settings(database_url=database_url, bot_url=moody.url, **settings)))
        gateways[-1].start()
        house = await build_house(gateways[-1])
        lin = await house.agent("lin")
        await lin.socket()
        return house, lin

    yield opened
    for one in gateways:
        one.stop()


@pytest.mark.parametrize("fault", ["500", "timeout", *GARBAGE])
async def test_whatever_the_bot_does_the_customer_gets_a_word_and_then_a_person_once(open_house, moody, fault):
    house, lin = await open_house()
    if fault == "500":
        moody.fail()
    elif fault == "timeout":
        moody.delay_s = 30.0
        moody.hold()
    else:
        moody.garbage = GARBAGE[fault]
    customer = await house.customer()
    await customer.write("where is my order?")
    first = await customer.answered()
    assert first["body"]["text"].startswith(WAIT)
    await owned_by(house, customer.conversation, "queue")
    epoch = accepted(await lin.accept(await house.handoff_of(customer)))["epoch"]
    accepted(await lin.reply(customer.conversation, "On its way.", epoch))
    moody.delay_s, moody.garbage = 0.0, None
    moody.release()  # whatever it was still about to say
    await until_no_turn(house, customer.conversation)
    entries = await holds(house, customer.conversation)
    assert events(entries) == ["opened", "reply_timeout", "claim"]
    notices = said(entries, "bot")
    assert len(notices) == 1, "one notice for one wait, whatever failed how often"


@pytest.mark.parametrize(
    ("delay", "words"),
    [
        (SOFT_S - 0.35, ["answer"]),
        (SOFT_S + 0.15, ["One moment", "answer"]),
        (HARD_S - 0.3, ["One moment", "answer"]),
    ],
    ids=["just in time", "just too slow", "before the hard limit"],
)
async def test_slow_is_not_down(open_house, moody, delay, words):
    house, _ = await open_house()
    moody.delay_s = delay
    customer = await house.customer()
    await customer.write("hello")

    async def complete():
        heard = said(await house.entries(customer.conversation), "bot")
        return heard if heard and heard[-1].startswith("answer") else None

    heard = await until(complete)
    if words[0] == "answer" and len(heard) == 2:
        pytest.skip("the machine was too slow to tell")
    assert [word for word, text in zip(words, heard, strict=True) if not text.startswith(word)] == []
    assert events(await holds(house, customer.conversation)) == ["opened"]


async def test_after_the_hard_limit_it_is_asked_again_and_the_late_answer_of_the_first_try_is_nobodys(
    open_house, moody
):
    house, _ = await open_house(reply_deadline_s=20.0)
    moody.delay_s = HARD_S + 0.4
    customer = await house.customer()
    await customer.write("first")
    notice = await customer.answered()
    assert notice["body"]["text"].startswith("One moment")
    moody.delay_s = 0.0

    async def answered():
        return [text for text in said(await house.entries(customer.conversation), "bot") if text.startswith("answer")]

    await until(answered)
    await customer.write("second")
    await customer.answered()
    time.sleep(0.5)  # the first try would have answered by now
    entries = await holds(house, customer.conversation)
    assert [text for text in said(entries, "bot") if text.startswith("answer")] == [
        "answer to: first",
        "answer to: second",
    ]


async def test_a_late_answer_after_the_handoff_helps_on_or_is_suppressed_but_never_speaks_for_the_agent(
    open_house, moody
):
    """He waits in the queue because the bot was too slow; then it comes back, and then a person."""
    house, lin = await open_house()
    moody.hold()
    customer = await house.customer()
    await customer.write("first")
    await owned_by(house, customer.conversation, "queue")
    moody.release()

    async def helped():
        found = [one for one in await house.entries(customer.conversation) if one.body.get("interim")]
        return [one for one in found if one.body["text"].startswith("answer")]

    assert len(await until(helped)) == 1, "in the queue the bot helps on, with the mark that it does"
    moody.hold()
    await customer.write("second")
    epoch = accepted(await lin.accept(await house.handoff_of(customer)))["epoch"]
    accepted(await lin.reply(customer.conversation, "I have it", epoch))
    moody.release()
    await until_no_turn(house, customer.conversation)
    entries = await holds(house, customer.conversation)
    assert said(entries, "agent") == ["I have it"]
    claim = next(one.seq for one in entries if one.kind == "state" and one.body["event"] == "claim")
    assert said(entries[claim:], "bot") == []
