"""What the bot is told beside the words: by the contract, and only when there is something to tell."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from handoff_service.bots.model import Answer, TurnRequest
from handoff_service.bots.turn_json import as_json
from handoff_service.channels.who import same_user
from handoff_service.conversations import question
from handoff_service.conversations.model import Kind, OwnerKind
from handoff_service.conversations.receive import receive
from handoff_service.conversations.reply import reply
from handoff_service.files import store as files
from handoff_service.files.model import StoredFile
from handoff_service.handoffs import assign, release
from handoff_service.handoffs.request import request_handoff
from handoff_service.ids import new_id
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import BotSettings
from tests.handoff_service.conversations.test_turn import Chat, chat  # noqa: F401
from tests.handoff_service.stage import ScriptedBot, answer, shop

TURN = json.loads((Path(__file__).parents[2] / "contracts" / "turn.json").read_text("utf-8"))


@pytest.fixture(params=["sqlite"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def asked(talk: Chat, text: str = "How long does it take?", **body: Any) -> TurnRequest:
    """The request of a turn about this, valid by the contract."""
    bot = ScriptedBot(usually=answer("ok"))
    async with talk.answered_by(bot):
        said = {"client_id": f"asked-{new_id('q')}", "body": {**body, "text": text}, "context": talk.context}
        await talk.database.write(lambda tx: receive(tx, talk.sender, **said))  # type: ignore[arg-type]
        async with asyncio.timeout(20):
            while not bot.requests or any(one.state == "running" for one in await talk.turns()):
                await asyncio.sleep(0.01)
    jsonschema.validate(as_json(bot.requests[-1]), TURN["request"])
    return bot.requests[-1]


async def test_the_first_words_of_somebody_new(chat: Chat) -> None:  # noqa: F811
    wire = as_json(await asked(chat))["metadata"]
    assert (wire["hour"], wire["now"]) == (17, "2026-11-02T17:30:00+08:00"), "where the tenant is"
    assert not {"returning", "given_back", "files"} & set(wire)
    assert wire["policy"] == {"quiet": True, "shop": dict(shop().settings.name)}, "an answer may be no message at all"


async def test_who_was_here_before(chat: Chat) -> None:  # noqa: F811
    await asked(chat)
    first = await chat.now()
    await chat.database.write(lambda tx: release.close_idle(tx, first, chat.context))
    chat.clock.advance(3 * 86400)
    request = await asked(chat, "Me again?")
    assert request.returning == {"last_at": "2026-11-02T09:30:00.000Z", "count": 1}


async def test_what_the_tenant_has_set(chat: Chat) -> None:  # noqa: F811
    tenant = shop()
    bot = BotSettings(misses=3, emergency={"zh": {"medical": "120"}})
    changed = tenant.model_copy(update={"settings": tenant.settings.model_copy(update={"bot": bot})})
    await chat.database.write(lambda tx: tenants.save(tx.connection, changed))
    told = {"misses": 3, "emergency": {"zh": {"medical": "120"}}, "quiet": True, "shop": dict(tenant.settings.name)}
    assert (await asked(chat)).policy == told
    stored = await chat.database.read(lambda c: tenants.find(c, "demo"))
    assert stored.settings.bot == bot


def picture(talk: Chat, name: str = "box.jpg") -> StoredFile:
    return StoredFile(
        tenant="demo", id=new_id("f"), contact=talk.sender.contact, conversation=None,
        author=f"customer:{talk.sender.contact}", name=name, type="image/jpeg", size=48213, sha256="0" * 64, seq=None,
        audience=None, created_at=talk.clock(),
    )  # fmt: skip


async def test_a_picture_without_words_and_one_with(chat: Chat) -> None:  # noqa: F811
    first, second = picture(chat), picture(chat, "label.jpg")
    await chat.database.write(lambda tx: [files.add(tx.connection, one) for one in (first, second)])
    request = await asked(chat, file=first.id, text="")
    assert (request.text, request.files) == ("", [first.as_json()])
    request = await asked(chat, file=second.id, text="and this is the label")
    assert (request.text, request.files) == ("and this is the label", [second.as_json()])
    assert (await asked(chat)).files == []


async def test_what_a_person_left_to_the_bot(
    chat: Chat,  # noqa: F811
    hire: Callable[..., Awaitable[Any]],
) -> None:
    lin = await hire("lin")
    await asked(chat)
    context = lambda: chat.context  # noqa: E731
    conversation = await chat.now()
    await chat.database.write(
        lambda tx: request_handoff(tx, conversation, "asked", evidence={}, context=context())  # type: ignore[arg-type]
    )
    taken = await chat.database.write(lambda tx: assign.accept(tx, str(_handoff(tx, chat)), lin, context()))
    said = "Hello Ann. We will refund the 20 dollars within three days. Is that all right?"
    await chat.database.write(
        lambda tx: reply(
            tx,
            lin,
            taken.id,
            client_id="agent-0001",
            body={"text": said},
            epoch=taken.epoch,
            audience="public",  # type: ignore[arg-type]
            context=context(),
        )
    )
    await chat.database.write(
        lambda tx: release.give_back(tx, taken.id, lin, taken.epoch, context(), summary="refund agreed", note="vip")
    )
    seq = next(e.seq for e in await chat.timeline() if e.kind is Kind.MESSAGE and e.author.kind == "agent")
    told = {
        "at": "2026-11-02T09:30:00.000Z",
        "agent": "Lin",
        "summary": "refund agreed",
        "promises": [{"text": "We will refund the 20 dollars within three days.", "seq": seq}],
    }
    assert (await asked(chat, "when again?")).given_back == told
    assert (await asked(chat, "and how?")).given_back == told, "for the whole phase"
    found = await chat.now()
    await chat.database.write(lambda tx: release.close_idle(tx, found, context()))
    assert (await asked(chat, "something else?")).given_back is None, "a reopened conversation is another phase"


def _handoff(tx: Any, talk: Chat) -> str | None:
    from handoff_service.conversations import store

    found = store.current(tx.connection, "demo", "web", talk.sender.contact)
    assert found is not None
    return found.handoff


async def test_the_name_of_a_turn_is_what_it_always_was(chat: Chat) -> None:  # noqa: F811
    """The bot knows by it what it did before; none of the new parts may change it."""
    first = await asked(chat)
    assert first.turn.startswith("t_")
    assert len(first.turn) == 34
    assert (await asked(chat)).turn != first.turn


async def test_a_solved_conversation_is_closed_sooner(chat: Chat) -> None:  # noqa: F811
    said = replace(answer("Good-bye."), close=True)
    async with chat.answered_by(ScriptedBot([said], usually=answer("ok"))):
        await chat.say("thanks, that is solved.")
        await chat.until_heard(1)
        deadline = (await chat.now()).deadline_at
        assert deadline is not None
        assert (deadline - chat.clock()).total_seconds() == chat.settings.solved_idle_s
        await chat.say("one more thing?")
        await chat.until_heard(2)
        later = (await chat.now()).deadline_at
        assert later is not None
        assert (later - chat.clock()).total_seconds() == chat.settings.bot_idle_s, "who goes on writing has time"
    assert (await chat.now()).owner.kind is OwnerKind.BOT


async def test_signals_are_kept_with_the_answer(chat: Chat) -> None:  # noqa: F811
    seen = {"signal": "unsure", "rule": "two misses", "strength": 0.8, "evidence": {"misses": 2}}
    fell_back = Answer([{"text": "From the copy.", "kind": "answer"}], errors=["rasa: down"])
    script = [replace(answer("Perhaps."), signals=[seen]), fell_back]
    async with chat.answered_by(ScriptedBot(script)):
        await chat.say("one?")
        await chat.until_heard(1)
        await chat.say("two?")
        await chat.until_heard(2)
    noted = [e.body["analysis"]["signals"] for e in await chat.timeline() if "analysis" in e.body]
    assert noted[0] == [seen]
    assert [(one["signal"], one["rule"], one["evidence"]["errors"]) for one in noted[1]] == [
        ("failed", "answered by scripted", ["rasa: down"])
    ]


async def test_receiving_twice_is_one_entry_with_and_without_patience(chat: Chat) -> None:  # noqa: F811
    body = {"text": "你好"}
    for _ in range(3):
        await chat.database.write(
            lambda tx: receive(tx, chat.sender, client_id="client-77", body=body, context=chat.context)
        )
    assert len([e for e in await chat.timeline() if e.kind is Kind.MESSAGE]) == 1


@pytest.mark.parametrize(
    ("channel", "wanted", "told"),
    [
        ("weibo", None, {"channel_chars": 299}),
        ("instagram", None, {"channel_chars": 333}),
        ("weibo", 200, {}),
        ("telegram", None, {}),
        ("telegram", 5000, {"channel_chars": 4096}),
        ("web", None, {}),
    ],
)
def test_an_answer_is_no_longer_than_its_platform_takes(channel: str, wanted: int | None, told: dict[str, int]) -> None:
    assert question._room(channel, wanted) == told


async def test_only_where_the_customers_are_the_shops_is_the_bot_told_who_asks(chat: Chat) -> None:  # noqa: F811
    """Brand B vouches for its own user 1001; at the shop, which is brand A's, 1001 is somebody else."""
    await chat.database.write(lambda tx: same_user(tx.connection, "demo", "1001", chat.sender.contact))
    alone = as_json(await asked(chat))["metadata"]
    assert (alone["orders"], alone["customer"]["id"]) == (True, "1001"), "the only tenant is the shop's"
    await chat.database.write(lambda tx: tenants.save(tx.connection, shop("another")))
    for listed, told in (("", False), ("another", False), ("another, demo", True)):
        talk = replace(chat, settings=chat.settings.model_copy(update={"shop_tenants": listed}))
        wire = as_json(await asked(talk))["metadata"]
        assert (wire["orders"], wire["customer"] is not None) == (told, told), listed


async def test_an_unknown_customer_is_kept_from_the_wire_whoever_builds_the_request() -> None:
    request = TurnRequest(
        tenant="b", conversation="c_1", phase=1, turn="t_1", text="my orders", press=None, channel="web",
        language="en", owner="bot", customer={"id": "1001", "name": "Ann", "verified": True}, context=[],
    )  # fmt: skip
    assert as_json(request)["metadata"]["customer"] is None
    assert as_json(replace(request, orders=True))["metadata"]["customer"]["id"] == "1001"


async def test_the_bot_is_told_its_own_sentences_of_every_phase(
    chat: Chat,  # noqa: F811
    hire: Callable[..., Awaitable[Any]],
) -> None:
    """Also far behind the last messages: it says none of them twice in a conversation, whoever had it meanwhile."""
    lin, sorry = await hire("lin"), "I'm very sorry that you have been kept waiting so long."
    script = ScriptedBot([answer(sorry, kind="soothe"), answer("Three days.")])
    async with chat.answered_by(script):
        for number, text in enumerate(("ten days and nothing", "how long?"), 1):
            await chat.say(text)
            await chat.until_heard(number)
    conversation = await chat.now()
    await chat.database.write(
        lambda tx: request_handoff(tx, conversation, "asked", evidence={}, context=chat.context)  # type: ignore[arg-type]
    )
    taken = await chat.database.write(lambda tx: assign.accept(tx, str(_handoff(tx, chat)), lin, chat.context))
    for number in range(12):
        said = {"client_id": f"agent-{number:04}", "body": {"text": f"line {number}"}, "epoch": taken.epoch}
        await chat.database.write(
            lambda tx, said=said: reply(tx, lin, taken.id, **said, audience="public", context=chat.context)  # type: ignore[misc]
        )
        await chat.say(f"and {number}?")
    await chat.database.write(
        lambda tx: release.give_back(tx, taken.id, lin, taken.epoch, chat.context, summary="done")
    )
    request = await asked(chat, "still nothing!")
    assert request.phase > 1
    assert sorry not in [one["text"] for one in request.context]
    assert sorry in request.said
    assert "Three days." not in request.said, "an answer may come again"
