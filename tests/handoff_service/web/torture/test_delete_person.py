"""Fault: "delete person: messages, files, index, logs gone; reports keep counts only", in the middle of a handoff."""

from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.agents.model import Role
from tests.handoff_service.stage import ScriptedBot, answer
from tests.handoff_service.web.torture.rules import Pause, events, head_of, holds, owned_by, until_no_turn
from tests.handoff_service.web.visitors import accepted, fresh, refused

WORD = "kakapo-feather"


async def singing(house):
    """Where the word is still to be found: every column of every table, and every file of the state folder."""

    def look(connection):
        return [
            table.name
            for table in tables.metadata.sorted_tables
            for row in connection.execute(sa.select(table))
            if WORD in str(tuple(row))
        ]

    found = await house.database.read(look)
    for path in sorted(house.gateway.settings.var.rglob("*")):
        if path.is_file() and WORD.encode() in path.read_bytes():
            found.append(path.name)
    return found


async def reach(house, stage, customer, lin):
    """Brings the waiting customer to this stage; the epoch under which the agent owns his conversation, or 0."""
    place, epoch = customer.conversation, 0
    if stage in ("offered", "served"):
        epoch = accepted(await lin.accept(await house.handoff_of(customer)))["epoch"]
        accepted(await lin.reply(place, f"dear {WORD}", epoch))
        accepted(await lin.reply(place, f"{WORD} is difficult", epoch, audience="internal"))
    if stage == "offered":
        accepted(await lin.do(place, "transfer", epoch=epoch, to_queue="senior", note=f"for {WORD}"))
        await owned_by(house, place, "offer")
    if stage == "left a message":
        left = {"op_id": fresh(), "text": f"call {WORD}", "reply_to": f"{WORD}@example.org"}
        accepted(await customer.post(customer.path("leave-message"), left))
    return epoch


@pytest.mark.parametrize("stage", ["the bot thinks", "waiting", "offered", "served", "left a message"])
async def test_erased_at_any_stage_nothing_is_left_but_counts(own_house, tmp_path, stage):
    pause = Pause(answer(f"about {WORD}"))
    house = await own_house(
        bot=ScriptedBot([answer(f"{WORD}?"), pause] if stage == "the bot thinks" else [answer(f"{WORD}?")]),
        var=tmp_path,
    )
    boss, lin = await house.agent("boss", role=Role.SUPERVISOR, queues=()), await house.agent("lin")
    at_lin = await lin.socket()
    customer = await house.customer()
    socket = await customer.socket()
    await customer.write(f"I am {WORD}")
    await customer.answered()
    if stage == "the bot thinks":
        await customer.write(f"more of {WORD}")
        await pause.until_asked()
    else:
        await customer.ask_human()
    handoff, place = None if stage == "the bot thinks" else await house.handoff_of(customer), customer.conversation
    epoch = await reach(house, stage, customer, lin)
    before = await house.entries(place)
    assert "entries" in await singing(house)

    # Everybody does something with it in the same moment.
    erasing, writing, replying, accepting = await asyncio.gather(
        boss.post(f"/v1/contacts/{customer.contact}/erase", {"op_id": fresh()}),
        customer.post(
            "/v1/conversations/current/messages", {"client_id": fresh("msg"), "body": {"text": f"wait, {WORD}"}}
        ),
        lin.reply(place, f"but {WORD}", epoch),
        lin.accept(handoff or "h_none"),
    )
    pause.go()
    assert accepted(erasing)["state"] in ("done", "running")
    assert writing.status_code in (200, 401)
    assert replying.status_code in (200, 409)
    assert accepting.status_code in (200, 404, 409)
    await owned_by(house, place, "closed")
    await until_no_turn(house, place)
    again = accepted(await boss.post(f"/v1/contacts/{customer.contact}/erase", {"op_id": fresh()}))
    assert again["state"] == "done"
    assert await socket.closed() == 4401
    assert await singing(house) == []
    entries = await holds(house, place)
    assert [(one.mid, one.kind, one.author.kind, one.at) for one in entries[: len(before)]] == [
        (one.mid, one.kind, one.author.kind, one.at) for one in before
    ], "what reports count is still there"
    if handoff is not None:
        receipt = accepted(await boss.get(f"/v1/handoffs/{handoff}"))
        assert receipt["receipt"][0]["stage"] == "requested"
        assert WORD not in str(receipt)
    refused(await customer.get(customer.path("entries")), 401, "unauthorized")
    refused(await lin.reply(place, "hello?", (await head_of(house, place)).epoch), 410, "erased")
    seen = len(at_lin.frames)
    await at_lin.pong()
    assert all(WORD not in str(frame) for frame in at_lin.frames[seen:])
    assert events(entries)[-1] in ("close", "idle")
