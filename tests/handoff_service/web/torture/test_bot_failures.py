"""Fault: "bot: 500, timeout, slow 4.9 s / 5.1 s, garbage, late reply after handoff", the times scaled down."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from tests.handoff_service.stage import trial_settings
from tests.handoff_service.web.far_bot import FarBot
from tests.handoff_service.web.serving import Gateway
from tests.handoff_service.web.torture.rules import events, holds, owned_by, said, until, until_no_turn
from tests.handoff_service.web.visitors import accepted, fresh

SOFT_S, HARD_S, REPLY_S = 0.6, 1.2, 2.2
SETTINGS = {"bot_soft_s": SOFT_S, "bot_hard_s": HARD_S, "reply_deadline_s": REPLY_S, "breaker_open_s": 0.3}
WAIT = ("One moment", "Sorry, the assistant is not responding")


class MoodyBot(FarBot):
    """Behind a real wire; does to a question what FAULTS says of its first word, or answers after `delay_s`."""

    delay_s = 0.0
    well = False

    def respond(self, request):
        fault = None if self.well else FAULTS.get(request["text"].split(":")[0])
        if fault is not None:
            return fault(self.answer(request))
        pause = request["text"].partition("slow ")[2]
        time.sleep(float(pause) if pause else self.delay_s)
        return 200, self.answer(request)


def hang_up(_):
    raise ConnectionError("no answer at all")


def wait(right):
    time.sleep(REPLY_S + 1)
    return 200, right


FAULTS = {
    "500": lambda _: (500, {"error": "internal"}),
    "hangs up": hang_up,
    "timeout": wait,
    "no object": lambda _: (200, ["messages"]),
    "nothing at all": lambda right: (200, {**right, "messages": []}),
    "another turn": lambda right: (200, {**right, "turn": "t_other"}),
    "no text": lambda right: (200, {**right, "messages": [{"kind": "answer"}]}),
    "half a handoff": lambda right: (200, {**right, "handoff": {"reason": 7}}),
}


@pytest.fixture
def moody() -> Iterator[MoodyBot]:
    bot = MoodyBot()
    yield bot
    bot.close()


@pytest.fixture
async def open_house(database_url, build_house, moody):
    """`await open_house(reply_deadline_s=20)`: a gateway with the real ladder down to this bot, and an agent."""
    gateways = []

    async def opened(**changes):
        settings = {**SETTINGS, "sweep_s": 0.05, "kb_index_url": "http://127.0.0.1:9", **changes}
        gateways.append(Gateway(trial_settings(database_url=database_url, bot_url=moody.url, **settings)))
        gateways[-1].start()
        house = await build_house(gateways[-1])
        lin = await house.agent("lin", capacity=20)
        await lin.socket()
        return house, lin

    yield opened
    for one in gateways:
        one.stop()


async def test_whatever_the_bot_does_the_customer_gets_a_word_and_then_a_person_once(open_house, moody):
    """A customer for each fault, all at once; the breaker stays out of it."""
    house, lin = await open_house(breaker_failures=10_000)
    customers = {fault: await house.customer() for fault in FAULTS}
    for fault, customer in customers.items():
        await customer.write(f"{fault}: where is my order?")
    for customer in customers.values():
        assert (await customer.answered())["body"]["text"].startswith(WAIT)
    epochs = {}
    for fault, customer in customers.items():
        await owned_by(house, customer.conversation, "queue")
        answer = await lin.post(f"/v1/handoffs/{await house.handoff_of(customer)}/accept", {"op_id": fresh()})
        epochs[fault] = accepted(answer)["epoch"]
        accepted(await lin.reply(customer.conversation, "On its way.", epochs[fault]))
    moody.well = True  # whatever it was still about to say
    for customer in customers.values():
        await until_no_turn(house, customer.conversation)
        entries = await holds(house, customer.conversation)
        assert events(entries) == ["opened", "reply_timeout", "claim"]
        told = said(entries, "bot")
        assert len([text for text in told if text.startswith(WAIT)]) == 1, (
            "once for one wait, whatever failed how often"
        )
        assert not any(text.startswith("answer to") for text in told)


async def test_slow_is_not_down(open_house):
    """Just in time, just too slow, and just before the hard limit: all three get their answer, the late ones a word."""
    house, _ = await open_house(reply_deadline_s=20.0)
    delays = (SOFT_S - 0.4, SOFT_S + 0.15, HARD_S - 0.3)
    customers = [await house.customer() for _ in delays]
    for customer, delay in zip(customers, delays, strict=True):
        await customer.write(f"slow {delay}")

    async def complete():
        heard = [said(await house.entries(customer.conversation), "bot") for customer in customers]
        return heard if all(one and one[-1].startswith("answer") for one in heard) else None

    in_time, *slow = await until(complete)
    assert len(in_time) <= 2, "on a busy machine it may have come too late for silence"
    for heard in slow:
        assert [text.split(" ")[0] for text in heard] == ["One", "answer"]
    for customer in customers:
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
