"""Asking a colleague without passing the conversation on, and a supervisor who whispers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from handoff_service.agents.model import Role
from handoff_service.conversations.access import projected
from handoff_service.conversations.model import OwnerKind
from handoff_service.errors import Conflict, Forbidden, Invalid, NotFound
from handoff_service.handoffs.view import desk
from handoff_service.live.principal import Principal
from handoff_service.mentions import store
from handoff_service.mentions.model import named_in, to_ask
from tests.handoff_service.handoffs.floor import Floor
from tests.handoff_service.stage import person

SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
STAFF = [
    replace(person("lin"), name="林夕 Lin"),
    person("maya", email="maya.l@lanyu.example"),
    replace(person("mayalin"), name="Maya Lin", email="ml@lanyu.example"),
    replace(person("chen"), name="陈主管"),
]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("@Maya could you look?", ["a_maya"]),
        ("@maya lin knows", ["a_mayalin"]),
        ("@Maya Lin and @maya, please", ["a_mayalin", "a_maya"]),
        ("@maya.l please", ["a_maya"]),
        ("请@陈主管看一下", ["a_chen"]),
        ("@林夕 Lin 帮忙看看", ["a_lin"]),
        ("@lin，这个订单", ["a_lin"]),
        ("@Mayason is nobody", []),
        ("write to x@maya", []),
        ("maya has no at sign", []),
        ("", []),
    ],
)
def test_whom_a_note_names(text: str, named: list[str]) -> None:
    assert named_in(text, STAFF) == named


def test_everybody_is_asked_once_and_nobody_himself() -> None:
    assert to_ask(["a_1", "a_2", "a_1", "a_3"], "a_3") == ["a_1", "a_2"]


@SQLITE
async def test_a_colleague_is_asked_and_answers_while_the_conversation_stays(floor: Floor, hire: Any) -> None:
    lin, maya = await hire("lin"), await hire("maya")
    sender, held = await floor.served(lin)
    asked = await floor.note(lin, held, "@Maya is this refundable?")
    by_id = await floor.note(lin, held, "and this?", mentions=[maya.id])

    async def open_ones(agent: Any) -> list[tuple[int, int | None]]:
        found = await floor.database.read(lambda c: store.listed(c, "demo", agent=agent.id))
        return [(one.seq, one.answered_seq) for one in found]

    assert sorted(await open_ones(maya)) == [(asked.seq, None), (by_id.seq, None)]
    picture = await floor.database.read(lambda c: desk(c, maya, floor.context))
    assert [one["by"]["name"] for one in picture["mentions"]] == ["Lin", "Lin"]
    assert await floor.do(lambda tx: store.see(tx.connection, "demo", maya.id, held.id, floor.clock())) == 2
    answer = await floor.note(maya, held, "Yes, within 7 days.")
    assert {seq for _, seq in await open_ones(maya)} == {answer.seq}
    assert (await floor.now(held)).owner == held.owner
    mine = await floor.database.read(lambda c: store.listed(c, "demo", asked_by=lin.id))
    assert {one.answered_seq for one in mine} == {answer.seq}
    picture = await floor.database.read(lambda c: desk(c, maya, floor.context))
    assert picture["mentions"] == []
    shown = await floor.database.read(lambda c: projected(c, Principal(customer=sender), [asked, by_id, answer]))
    assert {one["kind"] for one in shown} == {"hidden"}, "F-67: nothing of it reaches the customer"


@SQLITE
async def test_who_cannot_be_asked(floor: Floor, hire: Any) -> None:
    lin, analyst = await hire("lin"), await hire("ana", role=Role.ANALYST)
    gone = await hire("gone", disabled=True)
    _, held = await floor.served(lin)
    before = await floor.now(held)
    for mentions, error in [
        (["a_nobody"], NotFound),
        ([analyst.id], Invalid),
        ([gone.id], Invalid),
        ("a_maya", Invalid),
        (["a b"], Invalid),
        ([lin.id] * 11, Invalid),
    ]:
        with pytest.raises(error):
            await floor.note(lin, held, "please look", mentions=mentions)
    assert await floor.now(held) == before, "a refused note leaves no trace"


@SQLITE
async def test_a_whisper_is_between_the_supervisor_and_the_one_who_speaks(floor: Floor, hire: Any) -> None:
    lin, maya = await hire("lin"), await hire("maya")
    chen, noor = await hire("chen", role=Role.SUPERVISOR), await hire("noor", role=Role.SUPERVISOR)
    sender, held = await floor.served(lin)
    whisper = await floor.note(chen, held, "Offer him a voucher.", whisper=lin.id)

    async def reads(principal: Principal) -> str:
        (shown,) = await floor.database.read(lambda c: projected(c, principal, [whisper]))
        return str(shown["kind"])

    kinds = [await reads(Principal(agent=agent)) for agent in (lin, chen, noor, maya)]
    assert kinds == ["message", "message", "message", "hidden"]
    assert await reads(Principal(customer=sender)) == "hidden"
    assert [one.seq for one in await floor.database.read(lambda c: store.unanswered(c, "demo", lin.id))] == [
        whisper.seq
    ]
    for agent, to, error in [(maya, lin.id, Forbidden), (chen, maya.id, Conflict), (chen, "a b", Invalid)]:
        with pytest.raises(error):
            await floor.note(agent, held, "psst", whisper=to)
    _, waiting = await floor.waits()
    assert waiting.owner.kind is OwnerKind.QUEUE
    with pytest.raises(Conflict):
        await floor.note(chen, waiting, "psst", whisper=lin.id)
