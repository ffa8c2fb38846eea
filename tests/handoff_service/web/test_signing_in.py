"""Agents sign in: cookies, errors that tell nothing, limits, sessions that end."""

from __future__ import annotations

import asyncio
from http.cookies import SimpleCookie

import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.agents.model import Role
from tests.handoff_service.stage import FakeClock
from tests.handoff_service.web.serving import on_both
from tests.handoff_service.web.visitors import PASSWORD, accepted, fresh, refused


def cookie(response):
    jar = SimpleCookie(response.headers["set-cookie"])
    assert len(jar) == 1
    return next(iter(jar.values()))


async def test_signing_in_tells_who_and_where_one_is(house):
    await house.hire("maya")
    desk = house.desk(await house.hire("lin", role=Role.SUPERVISOR))
    me = accepted(await desk.sign_in())
    assert set(me) == {"agent", "tenant", "colleagues", "clients"}
    said = {"status", "reason", "back_at", "permissions"}
    assert set(me["agent"]) == {"id", "name", "email", "role", "languages", "capacity", *said}
    assert (me["agent"]["role"], me["agent"]["status"]) == ("supervisor", "online")
    assert [queue["id"] for queue in me["tenant"]["queues"]] == ["support", "senior"]
    assert {"id", "zh", "en"} == set(me["tenant"]["wrap_up_codes"][0])
    assert [one["name"] for one in me["colleagues"]] == ["Lin", "Maya"]
    assert accepted(await desk.get("/v1/agents/me")) == me


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_the_cookie_is_out_of_reach_for_scripts_and_other_sites(open_gateway, build_house, scheme):
    house = await build_house(open_gateway(gateway_url=f"{scheme}://127.0.0.1"))
    desk = house.desk(await house.hire("lin"))
    answer = await desk.sign_in()
    morsel = cookie(answer)
    assert morsel["httponly"] is True
    assert morsel["samesite"].lower() == "strict"
    assert morsel["path"] == "/"
    assert morsel["domain"] == ""
    assert len(morsel.value) >= 43, "256 bits"
    secure = scheme == "https"
    assert bool(morsel["secure"]) is secure
    assert morsel.key.startswith("__Host-") is secure
    headers = {"Cookie": f"{morsel.key}={morsel.value}"}
    gone = cookie(await desk.http.post("/v1/agents/sign-out", json={}, headers=headers))
    assert gone.key == morsel.key
    assert gone["max-age"] == "0"
    # A browser ignores what is said about a __Host- cookie without Secure and Path=/.
    assert (bool(gone["secure"]), gone["path"]) == (secure, "/")
    assert bool(answer.headers.get("strict-transport-security")) is secure


@on_both
async def test_wrong_password_unknown_address_and_unknown_tenant_get_the_same_answer(house):
    agent = await house.hire("lin")
    gone = await house.hire("gone", disabled=True)
    attempts = [
        {"tenant": house.tenant.id, "email": agent.email, "password": "wrong password!"},
        {"tenant": house.tenant.id, "email": "nobody@lanyu.example", "password": PASSWORD},
        {"tenant": "no-such-tenant", "email": agent.email, "password": PASSWORD},
        {"tenant": house.tenant.id, "email": gone.email, "password": PASSWORD},
        {"tenant": house.tenant.id, "email": agent.email, "password": ""},
    ]
    desk = house.desk(agent)
    answers = [await desk.post("/v1/agents/sign-in", attempt) for attempt in attempts]
    for answer in answers:
        refused(answer, 401, "unauthorized")
        assert "set-cookie" not in answer.headers
    assert len({answer.text for answer in answers}) == 1
    accepted(
        await desk.post(
            "/v1/agents/sign-in", {**attempts[0], "email": f" {agent.email.upper()} ", "password": PASSWORD}
        )
    )


async def test_guessing_is_stopped_after_five_failures_and_only_for_that_account(house):
    agent, other = await house.hire("lin"), await house.agent("maya")
    desk = house.desk(agent)
    for _ in range(5):
        refused(await desk.sign_in("wrong password!"), 401, "unauthorized")
    error = refused(await desk.sign_in("wrong password!"), 429, "rate")
    assert error["retryable"] is True
    refused(await desk.sign_in(), 429, "rate")
    accepted(await other.sign_in())


async def test_guessing_at_the_same_moment_is_stopped_too(house):
    desk = house.desk(await house.hire("lin"))
    answers = await asyncio.gather(*(desk.sign_in(f"wrong password {number}") for number in range(20)))
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [401] * 5 + [429] * 15


async def test_working_never_locks_anybody_out(house):
    desk = house.desk(await house.hire("lin"))
    for _ in range(8):
        accepted(await desk.sign_in())
    for _ in range(4):
        refused(await desk.sign_in("wrong password!"), 401, "unauthorized")
    accepted(await desk.sign_in())


async def test_signing_out_ends_this_session_and_no_other(house):
    agent = await house.hire("lin")
    here, there = house.desk(agent), house.desk(agent)
    for desk in (here, there):
        accepted(await desk.sign_in())
    kept = dict(here.http.cookies)
    accepted(await here.post("/v1/agents/sign-out"))
    refused(await here.get("/v1/agents/me"), 401, "unauthorized")
    here.http.cookies.update(kept)  # a thief who copied the cookie
    refused(await here.get("/v1/agents/me"), 401, "unauthorized")
    accepted(await there.get("/v1/agents/me"))


async def test_a_session_is_stored_as_a_hash_only(house):
    desk = await house.agent("lin")
    token = next(iter(dict(desk.http.cookies).values()))
    for table in (tables.agent_sessions, tables.agents):
        rows = await house.database.read(lambda c, t=table: str([tuple(row) for row in c.execute(sa.select(t))]))
        assert token not in rows
        assert PASSWORD not in rows


async def test_sessions_end_after_half_an_hour_of_silence_or_twelve_hours_of_work(open_gateway, build_house):
    clock = FakeClock()
    house = await build_house(open_gateway(clock=clock))
    idle, busy = await house.agent("idle"), await house.agent("busy")
    for _ in range(3):
        clock.advance(20 * 60)
        # Not only asking who one is counts as work.
        refused(await busy.post("/v1/handoffs/h_unknown/accept", {"op_id": fresh()}), 404, "not_found")
    refused(await idle.get("/v1/agents/me"), 401, "unauthorized")
    for _ in range(32):
        clock.advance(20 * 60)
        accepted(await busy.get("/v1/conversations"))
    clock.advance(20 * 60)
    refused(await busy.get("/v1/conversations"), 401, "unauthorized")


@pytest.mark.parametrize(
    "wish",
    [{}, {"status": "asleep"}, {"status": 1}, {"status": "online", "role": "supervisor"}, {"status": ["online"]}],
)
async def test_presence_is_one_of_four_words(house, wish):
    desk = await house.agent("lin")
    refused(await desk.post("/v1/agents/me/presence", wish), 422, "invalid")
    assert accepted(await desk.get("/v1/agents/me"))["agent"]["role"] == "agent"
