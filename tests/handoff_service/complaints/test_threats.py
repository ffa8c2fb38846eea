"""A threat to report us that a person hears: a complaint, a mark on the card, and the supervisors are asked."""

from __future__ import annotations

from typing import Any

import pytest

from handoff_service import tables
from handoff_service.agents.model import Role
from handoff_service.complaints.threats import threat_in
from handoff_service.conversations.receive import receive
from handoff_service.desk.supervisors import AGAIN, choose
from handoff_service.handoffs import store as handoffs
from handoff_service.mentions import store as mentions
from tests.handoff_service.complaints.said import NO_THREATS, THREATS, lines
from tests.handoff_service.handoffs.floor import Floor
from tests.handoff_service.stage import person

SAID = [
    "我要投诉你！",
    "我要投訴你們",
    "不处理我就打12315",
    "我找媒体曝光你们",
    "I will report you",
    "see you in court",
    *lines(THREATS),
]
NOT_SAID = [
    "怎么投诉快递员？",
    "how can I report this bug?",
    "I'll never buy here again",
    "好的，谢谢",
    "where is order 12315678",
    *lines(NO_THREATS),
]


@pytest.mark.parametrize("text", SAID)
def test_a_threat_is_heard_by_the_words_of_the_bot(text: str) -> None:
    assert threat_in(text)["threat"] == "report"


@pytest.mark.parametrize(("text", "about"), [("我要投诉你", "a_lin"), ("我要投诉你们公司", None), ("打12315", None)])
@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_who_complains_of_the_agent_himself_is_a_supervisors_case(
    database: Any, settings: Any, clock: Any, arrive: Any, hire: Any, rows: Any, text: str, about: str | None
) -> None:
    floor = Floor(database, settings, clock, arrive)
    lin, boss = await hire("lin"), await hire("boss", role=Role.SUPERVISOR)
    sender, _ = await floor.served(lin)
    said = {"client_id": "client-99", "body": {"text": text}}
    await floor.do(lambda tx: receive(tx, sender, **said, context=floor.context))
    (complaint,) = await rows(tables.complaints)
    (ticket,) = [one for one in await rows(tables.tickets) if one["id"] == complaint["ticket"]]
    assert (ticket["about_agent"], ticket["agent"]) == ((about, boss.id) if about else (None, None))
    assert (ticket["priority"], complaint["category"] == "agent_attitude") == (8, about is not None)


@pytest.mark.parametrize("text", NOT_SAID)
def test_questions_and_farewells_are_none(text: str) -> None:
    assert threat_in(text) == {}


def test_supervisors_at_their_desks_are_told_else_all_and_never_who_serves_him() -> None:
    lin, chen, noor = person("lin"), person("chen", role=Role.SUPERVISOR), person("noor", role=Role.SUPERVISOR)
    people = [lin, chen, noor]
    assert choose(people, {lin.id, noor.id}, lin.id) == [noor]
    assert choose(people, {lin.id}, lin.id) == [chen, noor]
    assert choose(people, {lin.id, noor.id}, noor.id) == [chen]
    assert choose([lin], {lin.id}, lin.id) == []


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
async def test_who_threatens_an_agent_is_put_before_the_supervisors_once(
    database: Any, settings: Any, clock: Any, arrive: Any, hire: Any, rows: Any
) -> None:
    floor = Floor(database, settings, clock, arrive)
    lin, boss = await hire("lin"), await hire("boss", role=Role.SUPERVISOR)
    sender, held = await floor.served(lin)

    async def says(text: str) -> None:
        said = {"client_id": f"client-{clock().timestamp():.0f}", "body": {"text": text}}
        await floor.do(lambda tx: receive(tx, sender, **said, context=floor.context))
        clock.advance(60)

    await says("is there any news?")
    assert await rows(tables.complaints) == []
    await says("不处理我就打12315投诉")
    await says("I will report you")
    (complaint,) = await rows(tables.complaints)
    (ticket,) = [one for one in await rows(tables.tickets) if one["id"] == complaint["ticket"]]
    assert (complaint["threat"], ticket["priority"], ticket["conversation"]) == ("report", 8, held.id)
    handoff = await database.read(lambda c: handoffs.find(c, "demo", str(held.handoff)))
    assert handoff.priority == 8
    assert (await floor.now(held)).mood == 1.0
    (asked,) = await database.read(lambda c: mentions.unanswered(c, "demo", boss.id))
    assert (asked.conversation, asked.asked_by) == (held.id, lin.id)
    note = (await floor.entries(held))[asked.seq - 1]
    assert (note.audience, note.body["kind"]) == ("internal", "threat")
    assert "12315" in note.body["text"]
    assert boss.name in note.body["text"]
    clock.advance(AGAIN.total_seconds())
    await says("我要曝光你们")
    assert len(await database.read(lambda c: mentions.unanswered(c, "demo", boss.id))) == 2
