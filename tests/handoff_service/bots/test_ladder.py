"""The ladder of bots and what is let in from the wire: an answer, or the next rung, never garbage."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from handoff_service.bots.ladder import Ladder
from handoff_service.bots.model import Answer, TurnRequest
from handoff_service.bots.rasa import RasaBot
from handoff_service.bots.search import SearchBot
from handoff_service.bots.turn_json import MAX_MESSAGE_CHARS, MAX_MESSAGES
from handoff_service.errors import BotFailed, BotRefused
from handoff_service.knowledge.client import Knowledge
from tests.handoff_service.stage import Held, ScriptedBot, answer

REQUEST = TurnRequest(
    tenant="demo",
    conversation="c_1",
    phase=2,
    turn="t_1",
    text="How long does a refund take?",
    press=None,
    channel="web",
    language="en",
    owner="bot",
    customer=None,
    context=[{"author": "bot", "text": "Hello"}],
)


def failing(name: str) -> ScriptedBot:
    return ScriptedBot(usually=BotFailed(f"{name}: down"))


async def test_the_first_rung_that_answers_wins() -> None:
    first, second, third = failing("rasa"), ScriptedBot([answer("two")]), ScriptedBot([answer("three")])
    said = await Ladder([first, second, third]).ask(REQUEST)
    assert (said.messages[0]["text"], said.errors) == ("two", ["rasa: down"])
    assert [len(bot.requests) for bot in (first, second, third)] == [1, 1, 0]


async def test_when_all_fail_the_turn_is_to_be_kept() -> None:
    """A bot that is restarted must not fill the queue of people with everybody who wrote meanwhile."""
    with pytest.raises(BotFailed, match="rasa: down; search: down"):
        await Ladder([failing("rasa"), failing("search")]).ask(REQUEST)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"text": "where is it?\nlet me talk to a person"}, "asked"),
        ({"text": "Talk to a person", "press": "/ask_human"}, "asked"),
        ({"text": "你们这些骗子公司"}, "unhappy"),
    ],
)
async def test_when_all_fail_who_asks_or_is_angry_gets_a_person(said: dict[str, str], reason: str) -> None:
    answered = await Ladder([failing("rasa"), failing("search")]).ask(replace(REQUEST, **said))
    assert answered.handoff is not None
    assert answered.handoff["reason"] == reason
    assert answered.errors == ["rasa: down", "search: down"]
    assert answered.messages[0]["text"]


async def test_who_waits_already_is_not_handed_off_again() -> None:
    waiting = replace(REQUEST, owner="queue", text="let me talk to a person, you liars")
    said = await Ladder([failing("rasa")]).ask(waiting)
    assert said.handoff is None
    assert said.messages[0]["kind"] == "notice"


async def test_a_bot_that_fails_again_and_again_is_left_alone_until_a_turn_tries_it() -> None:
    now = [0.0]
    rasa, search = failing("rasa"), ScriptedBot(usually=answer("from search"))
    ladder = Ladder([rasa, search], failures=3, open_s=5, clock=lambda: now[0])
    for _ in range(10):
        assert (await ladder.ask(REQUEST)).messages[0]["text"] == "from search"
    assert len(rasa.requests) == 3
    rasa.usually = answer("from rasa")
    assert (await ladder.ask(REQUEST)).messages[0]["text"] == "from search", "nobody has tried it yet"
    now[0] = 5
    assert (await ladder.ask(REQUEST)).messages[0]["text"] == "from rasa"
    assert (await ladder.ask(REQUEST)).messages[0]["text"] == "from rasa"


async def test_a_bot_that_refuses_one_turn_is_not_down() -> None:
    """One customer's text that the bot cannot take must not take the bot from everybody."""
    rasa = ScriptedBot(usually=BotRefused("rasa: status 422"))
    ladder = Ladder([rasa, ScriptedBot(usually=answer("from search"))], failures=3)
    for _ in range(10):
        assert (await ladder.ask(REQUEST)).messages[0]["text"] == "from search"
    assert len(rasa.requests) == 10


async def test_a_try_that_was_cancelled_leaves_room_for_the_next() -> None:
    now = [0.0]
    held = Held(answer("late"))
    rasa = ScriptedBot([BotFailed("down"), held], usually=answer("from rasa"))
    ladder = Ladder([rasa, ScriptedBot(usually=answer("from search"))], failures=1, open_s=5, clock=lambda: now[0])
    await ladder.ask(REQUEST)
    now[0] = 6
    trying = asyncio.create_task(ladder.ask(REQUEST))
    await held.asked.wait()
    assert (await ladder.ask(REQUEST)).messages[0]["text"] == "from search", "one try at a time"
    trying.cancel()
    await asyncio.gather(trying, return_exceptions=True)
    assert (await ladder.ask(REQUEST)).messages[0]["text"] == "from rasa"


async def test_a_bug_is_not_mistaken_for_a_bot_that_is_down() -> None:
    with pytest.raises(ZeroDivisionError):
        await Ladder([ScriptedBot(usually=ZeroDivisionError()), ScriptedBot()]).ask(REQUEST)


async def rasa_says(respond: Callable[[httpx2.Request], httpx2.Response]) -> Answer:
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(respond)) as client:
        return await RasaBot(client, "http://bot/", timeout_s=1).ask(REQUEST)


def turn(**changes: Any) -> dict[str, Any]:
    message = {"text": "Three days.", "kind": "answer", "buttons": [], "sources": []}
    return {"turn": "t_1", "duplicate": False, "messages": [message], "handoff": None, "nlu": {}} | changes


async def test_the_request_is_the_contract() -> None:
    seen: list[httpx2.Request] = []

    def respond(request: httpx2.Request) -> httpx2.Response:
        seen.append(request)
        return httpx2.Response(200, json=turn())

    said = await rasa_says(respond)
    assert said.messages == [{"text": "Three days.", "kind": "answer"}]
    assert str(seen[0].url) == "http://bot/webhooks/tandem/turn"
    assert json.loads(seen[0].content) == {
        "conversation": "c_1",
        "phase": 2,
        "turn": "t_1",
        "text": "How long does a refund take?",
        "press": None,
        "metadata": {
            "tenant": "demo",
            "channel": "web",
            "language": "en",
            "owner": "bot",
            "orders": False,
            "customer": None,
            "context": [{"author": "bot", "text": "Hello"}],
        },
    }


GARBAGE = {
    "html": httpx2.Response(200, text="<html>502 Bad Gateway</html>"),
    "a list": httpx2.Response(200, json=[]),
    "null": httpx2.Response(200, json=None),
    "nothing said": httpx2.Response(200, json=turn(messages=[])),
    "another turn": httpx2.Response(200, json=turn(turn="t_2")),
    "no messages": httpx2.Response(200, json={"turn": "t_1", "handoff": None}),
    "an empty text": httpx2.Response(200, json=turn(messages=[{"text": " "}])),
    "a text that is none": httpx2.Response(200, json=turn(messages=[{"text": {"a": 1}}])),
    "a button without payload": httpx2.Response(200, json=turn(messages=[{"text": "a", "buttons": [{"title": "b"}]}])),
    "a handoff without reason": httpx2.Response(200, json=turn(handoff={"priority": 3})),
    "a priority in words": httpx2.Response(200, json=turn(handoff={"reason": "asked", "priority": "high"})),
    "evidence as a list": httpx2.Response(200, json=turn(handoff={"reason": "asked", "evidence": ["x"]})),
    "nlu as text": httpx2.Response(200, json=turn(nlu="greet")),
    "understanding as a list": httpx2.Response(200, json=turn(understanding=[1])),
    "five megabytes": httpx2.Response(200, json=turn(messages=[{"text": "x" * 5_000_000}])),
    "unavailable": httpx2.Response(503, json=turn()),
    "no such route": httpx2.Response(404, text="not found"),
    "a redirect": httpx2.Response(302, headers={"location": "http://elsewhere/"}),
    "refused": httpx2.Response(422, json={"error": {"code": "bad_turn"}}),
    "nested without end": httpx2.Response(200, text="[" * 200_000),
    "compressed": httpx2.Response(200, headers={"content-encoding": "gzip"}, content=gzip.compress(b"0" * 1000)),
}


@pytest.mark.parametrize("response", GARBAGE.values(), ids=GARBAGE.keys())
async def test_garbage_from_the_bot_is_a_failure_of_the_bot(response: httpx2.Response) -> None:
    """F-73: the fallback bot answers instead; nothing of it reaches a customer."""
    with pytest.raises(BotFailed, match="rasa"):
        await rasa_says(lambda _: response)


async def test_a_bot_that_cannot_be_reached_has_failed() -> None:
    def refused(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused", request=request)

    with pytest.raises(BotFailed, match="ConnectError"):
        await rasa_says(refused)


async def test_too_much_is_cut_and_only_known_parts_are_kept() -> None:
    long = {"text": "x" * 20_000, "script": "<script>", "kind": "answer"}
    said = await rasa_says(lambda _: httpx2.Response(200, json=turn(messages=[long] * 50)))
    assert len(said.messages) == MAX_MESSAGES
    assert said.messages[0] == {"text": "x" * MAX_MESSAGE_CHARS, "kind": "answer"}


async def test_what_no_database_can_hold_is_taken_out_of_the_text() -> None:
    body = json.dumps(turn(messages=[{"text": "a\x00b \ud83d c"}]))
    said = await rasa_says(lambda _: httpx2.Response(200, content=body.encode()))
    text = said.messages[0]["text"]
    assert text.startswith("ab ")
    assert text.encode()


def understood(action: str, *, mood: str = "calm", hits: int = 3) -> dict[str, Any]:
    found = [
        {
            "article": f"a-{n}",
            "language": "en",
            "title": f"Title {n}",
            "answer": f"Answer {n}",
            "probability": 0.9 - n / 10,
        }
        for n in range(hits)
    ]
    return {
        "language": "en",
        "generation": "g-1",
        "hits": found,
        "decision": {"action": action, "probability": 0.9},
        "mood": {"unhappy": 0.1, "label": mood, "evidence": []},
    }


async def search_says(found: dict[str, Any] | int, **changes: Any) -> Answer:
    def respond(_: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(found) if isinstance(found, int) else httpx2.Response(200, json=found)

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(respond)) as client:
        return await SearchBot(Knowledge(client, "http://kb")).ask(replace(REQUEST, **changes))


async def test_the_fallback_bot_answers_asks_back_offers_and_soothes() -> None:
    said = await search_says(understood("answer"))
    assert (said.messages[0]["text"], said.messages[0]["sources"][0]["article"]) == ("Answer 0", "a-0")
    said = await search_says(understood("clarify"))
    payloads = [json.loads(button["payload"].removeprefix("/choose_article")) for button in said.messages[0]["buttons"]]
    assert payloads == [{"article": f"a-{n}"} for n in range(3)]
    said = await search_says(understood("abstain", hits=0))
    assert (said.messages[0]["kind"], said.handoff) == ("offer_human", None)
    said = await search_says(understood("answer", mood="unhappy"))
    assert said.handoff is not None
    assert said.handoff["reason"] == "unhappy"


@pytest.mark.parametrize("text", ["转人工", "我要找真人", "let me talk to a person", "agent please", "人工"])
async def test_a_person_is_one_step_away_with_the_fallback_bot_too(text: str) -> None:
    said = await search_says(500, text=text)
    assert said.handoff is not None
    assert said.handoff["reason"] == "asked"


@pytest.mark.parametrize("found", [understood("abstain", hits=0), understood("answer", mood="unhappy")])
async def test_who_waits_is_never_handed_off_or_offered_a_person(found: dict[str, Any]) -> None:
    for text in ("anything", "转人工"):
        said = await search_says(found, owner="queue", text=text)
        assert said.handoff is None
        assert all(message["kind"] != "offer_human" for message in said.messages)


async def test_without_the_knowledge_base_the_fallback_bot_has_failed() -> None:
    with pytest.raises(BotFailed, match="search"):
        await search_says(503)
