"""Fault: "visitor forging agent calls, other visitor's id, other tenant, stale token", in the middle of a handoff."""

from __future__ import annotations

import asyncio

import pytest

from tests.handoff_service.stage import FakeClock
from tests.handoff_service.web.serving import on_both
from tests.handoff_service.web.torture.rules import AGES, events, head_of, holds, said, served
from tests.handoff_service.web.visitors import Customer, accepted, fresh, refused

AGENTS_VERBS = {
    "transfer": {"to_queue": "senior"},
    "give-back": {},
    "close": {"wrap_up": "solved"},
    "take-over": {},
}


async def attack(thief, victim, handoff, epoch):
    """Everything that a visitor can try against somebody else's conversation; each must change and tell nothing."""
    tries = [
        *(
            thief.post(f"/v1/conversations/{victim.conversation}/{verb}", {"op_id": fresh(), "epoch": epoch, **body})
            for verb, body in AGENTS_VERBS.items()
        ),
        thief.post(f"/v1/handoffs/{handoff}/accept", {"op_id": fresh()}),
        thief.post(f"/v1/handoffs/{handoff}/decline", {"op_id": fresh()}),
        thief.get(f"/v1/handoffs/{handoff}"),
        thief.get(f"/v1/conversations/{victim.conversation}"),
        thief.get("/v1/conversations", box="all"),
        thief.get("/v1/tickets"),
        thief.get("/v1/agents/me"),
        thief.post("/v1/agents/me/presence", {"status": "online"}),
        thief.post(f"/v1/contacts/{victim.contact}/erase", {"op_id": fresh()}),
    ]
    for answer in await asyncio.gather(*tries):
        assert answer.status_code in (401, 403), f"{answer.request.url}: {answer.text}"
    for verb, body in {
        "solved": {},
        "ask-human": {},
        "leave-message": {"text": "mine now"},
        "rating": {"score": 1},
        "feedback": {"seq": 3, "value": "down"},
    }.items():
        answer = await thief.post(f"/v1/conversations/{victim.conversation}/{verb}", {"op_id": fresh(), **body})
        refused(answer, 404, "not_found")
    refused(await thief.get(f"/v1/conversations/{victim.conversation}/entries"), 404, "not_found")
    message = {"client_id": fresh("msg"), "body": {"text": "I am him"}}
    refused(await thief.post(f"/v1/conversations/{victim.conversation}/messages", message), 404, "not_found")


@on_both
@pytest.mark.parametrize("stage", ["waiting", "served", "closed"])
async def test_a_visitor_changes_and_learns_nothing_of_another_at_any_stage(house, stage):
    lin = await house.agent("lin")
    await lin.socket()
    thief = await house.customer()
    await thief.write("hello")
    victim, handoff = await house.waiting("my secret order 1234-5678")
    epoch = 2
    if stage != "waiting":
        epoch = accepted(await lin.accept(handoff))["epoch"]
        accepted(await lin.reply(victim.conversation, "the secret answer", epoch))
    if stage == "closed":
        epoch = accepted(await lin.do(victim.conversation, "close", epoch=epoch, wrap_up="solved"))["epoch"]
    before = await head_of(house, victim.conversation)
    socket = await thief.socket((victim.conversation, 0))
    await attack(thief, victim, handoff, epoch)
    name = fresh("msg")
    await socket.say(t="send", conv=victim.conversation, client_id=name, body={"text": "x"}, epoch=epoch)
    assert (await socket.sent(name))["code"] == "not_found"
    for frame in ("sub", "ack", "read", "typing"):
        await socket.say(t=frame, conv=victim.conversation, after=0, seq=1)
    await socket.pong()
    assert await head_of(house, victim.conversation) == before
    for word in ("secret", victim.contact, "Lin"):
        assert word not in thief.heard
    # Dressing up as an agent or as the bot in his own conversation makes him neither.
    for extra in ({"audience": "internal", "epoch": 99}, {"epoch": epoch}):
        body = {"client_id": fresh("msg"), "body": {"text": "I am staff"}, **extra}
        await thief.post("/v1/conversations/current/messages", body)
    refused(
        await thief.post("/v1/conversations/current/messages", {**message(), "author": {"kind": "agent"}}),
        422,
        "invalid",
    )
    for body in ({"text": "x", "kind": "handoff"}, {"text": "x", "buttons": []}, {"text": "x", "article": {}}):
        refused(
            await thief.post("/v1/conversations/current/messages", {"client_id": fresh("msg"), "body": body}),
            422,
            "invalid",
        )
    for one in (thief, victim):
        entries = await holds(house, one.conversation)
    assert said(await house.entries(thief.conversation), "agent") == []
    assert events(entries)[-1] == {"waiting": "asked", "served": "claim", "closed": "close"}[stage]


def message():
    return {"client_id": fresh("msg"), "body": {"text": "x"}}


async def test_agents_and_visitors_of_another_tenant_reach_nothing_here(own_house, build_house):
    """The same gateway, the same names of agents, the same cookie jar: another house is another world."""
    house = await own_house()
    other = await build_house(house.gateway)
    lin, spy = await house.agent("lin"), await other.agent("lin")
    await lin.socket()
    customer, epoch = await served(house, lin, "secret of this house")
    handoff = await house.handoff_of(customer)
    place = customer.conversation
    for answer in [
        await spy.accept(handoff),
        await spy.get(f"/v1/handoffs/{handoff}"),
        await spy.get(f"/v1/conversations/{place}"),
        await spy.get(f"/v1/conversations/{place}/entries"),
        await spy.reply(place, "from next door", epoch),
        await spy.reply(place, "a note from next door", epoch, audience="internal"),
        *[await spy.do(place, verb, epoch=epoch, **body) for verb, body in AGENTS_VERBS.items()],
    ]:
        refused(answer, 404, "not_found")
    accepted(await spy.get("/v1/conversations", box="all"))
    socket = await spy.socket((place, 0))
    await socket.until(lambda f: f["t"] == "err" and f["code"] == "not_found")
    refused(await lin.do(place, "transfer", epoch=epoch, to_agent="a_nobody"), 404, "not_found")
    moved = Customer(house.gateway.url, other.tenant.id)
    house.people.append(moved)
    await moved.arrive(token=customer.token)
    assert moved.contact != customer.contact, "a token of here is an unknown one there"
    refused(await moved.get(f"/v1/conversations/{place}/entries"), 404, "not_found")
    assert "secret" not in spy.heard + moved.heard
    assert events(await holds(house, place)) == ["opened", "asked", "claim"]


async def test_a_stale_token_or_sign_in_ends_in_the_middle_of_a_handoff_and_loses_nothing(own_house):
    """F-31: The visitor's token and the agent's sign-in run out while they talk; both come back to where they were."""
    clock = FakeClock()
    settings = {**AGES, "session_idle_s": 1800.0, "session_max_s": 7200.0, "visitor_token_s": 3600.0}
    house = await own_house(clock=clock, agent_grace_s=86400.0, reopen_s=86400.0, **settings)
    lin = await house.agent("lin")
    await lin.socket()
    customer, epoch = await served(house, lin)
    place, old = customer.conversation, customer.token
    clock.advance(3601)
    refused(await lin.reply(place, "are you there?", epoch), 401, "unauthorized")
    refused(await customer.get(customer.path("entries")), 401, "unauthorized")
    refused(await customer.post("/v1/ws-ticket"), 401, "unauthorized")
    stale = {"client_id": fresh("msg"), "body": {"text": "with a stale token"}}
    refused(await customer.post("/v1/conversations/current/messages", stale), 401, "unauthorized")
    stranger = await house.customer(token=old)
    assert stranger.contact != customer.contact, "an old token is worth nothing, also not for reading what was"
    refused(await stranger.get(f"/v1/conversations/{place}/entries"), 404, "not_found")
    accepted(await lin.sign_in())
    accepted(await lin.reply(place, "I am back", epoch))
    entries = await holds(house, place)
    assert said(entries, "agent") == ["I am back"]
    assert said(entries, "customer") == ["hello"]
