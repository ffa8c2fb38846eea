"""Many sockets: how many there may be, what heals them when a bell was lost, and when an agent's must end."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time

import httpx2
import pytest
import sqlalchemy as sa
from websockets.exceptions import InvalidStatus

from handoff_service import open_files, tables
from handoff_service.bell import Bell
from handoff_service.live import heal
from handoff_service.live import session as live_session
from handoff_service.tenants import store as tenants
from tests.handoff_service.stage import FakeClock
from tests.handoff_service.web.serving import on_both
from tests.handoff_service.web.test_socket_timeline import fill
from tests.handoff_service.web.visitors import accepted, refused


async def quiet(socket):
    """Waits until nothing more comes."""
    await socket.pong()
    seen = len(socket.frames)
    while True:
        await asyncio.sleep(0.2)
        if len(socket.frames) == seen:
            return
        seen = len(socket.frames)


async def test_of_too_many_sockets_of_a_person_the_oldest_ends(open_gateway, build_house):
    house = await build_house(open_gateway(limit_sockets=3))
    customer, other = await house.customer(), await house.customer()
    beside = await other.socket()
    sockets = [await customer.socket(device=f"d_{number}") for number in range(4)]
    assert await sockets[0].closed() == 4409
    sockets.append(await customer.socket(device="d_4"))
    assert await sockets[1].closed() == 4409
    for socket in (*sockets[2:], beside):
        await socket.pong()
    await sockets[2].leave()
    sockets.append(await customer.socket(device="d_5"))  # there is room again
    for socket in sockets[3:]:
        await socket.pong()


async def test_a_full_gateway_says_when_to_come_back_and_has_room_again_later(open_gateway, build_house):
    """F-23, F-49."""
    house = await build_house(open_gateway(most_sockets=2))
    first, second = [await (await house.customer()).socket() for _ in range(2)]
    third = await house.customer()
    with pytest.raises(InvalidStatus) as denied:
        await third.dial()
    assert denied.value.response.status_code == 503
    assert int(denied.value.response.headers["Retry-After"]) > 0
    assert b'"unavailable"' in denied.value.response.body
    await first.pong()
    await second.leave()
    async with asyncio.timeout(20):
        while True:
            try:
                socket = await third.socket()
                break
            except InvalidStatus:
                await asyncio.sleep(0.05)
    await socket.pong()


@pytest.fixture
def lose_bells(monkeypatch):
    """`lose_bells()`: from now on only the healer is heard, which rings with a detail."""

    def lose():
        ring = Bell.ring

        def only_the_healer(self, topic, detail=None):
            if detail is not None:
                ring(self, topic, detail)

        monkeypatch.setattr(Bell, "ring", only_the_healer)

    return lose


@on_both
async def test_a_lost_bell_is_healed_with_one_question_for_all_sockets(
    open_gateway, build_house, lose_bells, monkeypatch
):
    """F-25."""
    house = await build_house(open_gateway(socket_poll_s=0.5))
    customers = [await house.customer() for _ in range(3)]
    for customer in customers:
        await customer.write("hello")
        await customer.answered()
    sockets = [await customer.socket() for customer in customers]
    await asyncio.sleep(1)  # a look at what was new until now
    for socket in sockets:
        await quiet(socket)
    lose_bells()
    read, load = [], live_session.read_page

    def note(connection, principal, context, conversation, *asked, **how):
        read.append(conversation)
        return load(connection, principal, context, conversation, *asked, **how)

    monkeypatch.setattr(live_session, "read_page", note)
    last = await fill(house, customers[0], ["nobody was told of this"])
    await sockets[0].reach(customers[0].conversation, last)
    await asyncio.sleep(1.5)  # three more looks
    assert read == [customers[0].conversation], "only what changed is read, and not again at each look"


async def test_a_new_conversation_whose_bell_was_lost_is_found(open_gateway, build_house, lose_bells):
    house = await build_house(open_gateway(socket_poll_s=0.5))
    customer = await house.customer()
    socket = await customer.socket()
    await quiet(socket)
    lose_bells()
    sent = await customer.write("from elsewhere")
    await socket.reach(customer.conversation, sent["seq"])


async def test_each_socket_is_looked_after_now_and_then(open_gateway, build_house, monkeypatch):
    """What a gateway with a wrong clock writes, the question for what changed does not find."""
    monkeypatch.setattr(live_session, "LOOK_EVERY_S", 1.0)
    monkeypatch.setattr(heal.Healer, "look_at_conversations", lambda _: asyncio.sleep(0))
    house = await build_house(open_gateway(socket_poll_s=0.3))
    customer = await house.customer()
    await customer.write("hello")
    await customer.answered()
    socket = await customer.socket()
    await quiet(socket)
    last = await fill(house, customer, ["written in the past"])
    await socket.reach(customer.conversation, last)


@on_both
async def test_signing_out_ends_the_desks_of_that_sign_in_and_no_other(house):
    agent = await house.hire("lin")
    here, there = house.desk(agent), house.desk(agent)
    for desk in (here, there):
        accepted(await desk.sign_in())
    mine, my_second_tab, elsewhere = await here.socket(), await here.socket(), await there.socket()
    accepted(await here.post("/v1/agents/sign-out"))
    assert [await socket.closed() for socket in (mine, my_second_tab)] == [4401, 4401]
    await elsewhere.pong()


async def test_a_sign_in_that_ended_elsewhere_ends_its_desks_within_five_seconds(house):
    desk, other = await house.agent("lin"), await house.agent("maya")
    socket, beside = await desk.socket(), await other.socket()
    ended = sa.delete(tables.agent_sessions).where(tables.agent_sessions.c.agent == desk.id)
    await house.database.write(lambda tx: tx.connection.execute(ended))  # as another gateway does it
    assert await socket.closed(within=5.5) == 4401
    await beside.pong()


async def test_a_desk_ends_with_the_idle_time_of_its_sign_in_unless_somebody_writes(open_gateway, build_house):
    clock = FakeClock()
    house = await build_house(open_gateway(clock=clock, desk_lease_s=0.6))
    idle, busy = await house.agent("lin"), await house.agent("maya")
    silent, talking = await idle.socket(), await busy.socket()
    for _ in range(4):
        clock.advance(600)
        await talking.say(t="unsub", conv="c_none")
        await asyncio.sleep(0.5)  # more than a third of the lease, after which it is noted
    assert await silent.closed(within=5.5) == 4401
    await talking.pong()


async def test_a_shop_that_is_listed_later_is_let_in_within_a_second(house):
    customer = await house.customer()
    page = "https://new-shop.example"
    with pytest.raises(InvalidStatus):
        await customer.dial(origin=page)
    settings = house.tenant.settings.model_copy(update={"allowed_origins": (page,)})
    await house.database.write(
        lambda tx: tenants.save(tx.connection, house.tenant.model_copy(update={"settings": settings}))
    )
    await asyncio.sleep(1.1)
    await (await customer.dial(origin=page)).leave()
    answer = await customer.http.post("/v1/ws-ticket", headers={"Origin": page})
    assert answer.headers["access-control-allow-origin"] == page


async def test_tickets_are_refused_with_a_time_to_come_back_when_the_line_is_full(open_gateway, build_house):
    gateway = open_gateway()
    house = await build_house(gateway)
    customer = await house.customer()
    line = gateway.app.state.service.load.tickets
    line._waiting, line._line._value = line._most_waiting, 0
    answer = await customer.post("/v1/ws-ticket")
    error = refused(answer, 503, "unavailable")
    assert error["retryable"] is True
    assert int(answer.headers["retry-after"]) == error["retry_after_s"] > 0


MOST_TIMES_SLOWER = 5


def p95(waits):
    return sorted(waits)[int(len(waits) * 0.95)]


async def test_a_flood_of_new_visitors_waits_while_those_who_talk_go_on(open_gateway, build_house):
    house = await build_house(open_gateway(limit_visitors="100000/hour"))
    witness = await house.customer()
    socket = await witness.socket()
    arrived = {201: 0, 503: 0}
    numbers = itertools.count()

    async def say_something():
        """How long the witness waits until his message is taken, in seconds."""
        name, begun = f"witness-{next(numbers):04}", time.perf_counter()
        await socket.say(t="send", conv=None, client_id=name, body={"text": f"still {name}"})
        assert (await socket.sent(name, within=10))["t"] == "sent"
        return time.perf_counter() - begun

    async def arrive(http):
        body = {"tenant": house.tenant.id, "token": None, "identity": None, "language": "en"}
        answer = await http.post("/v1/widget/sessions", json=body)
        arrived[answer.status_code] += 1
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) > 0

    async def witnessed(flood):
        """How long he waits each time while the flood lasts."""
        waits = []
        while not flood.done():
            waits.append(await say_something())
            await asyncio.sleep(0.2)
        await flood
        return waits

    def crowd():
        limits, origin = httpx2.Limits(max_connections=200), {"Origin": "http://127.0.0.1:8082"}
        return httpx2.AsyncClient(
            base_url=house.gateway.url, timeout=60, trust_env=False, limits=limits, headers=origin
        )

    async with crowd() as http:  # the flood comes from the loop on which he waits: this is what that alone costs
        nothing = await witnessed(asyncio.gather(*(http.get("/healthz") for _ in range(300))))
    async with crowd() as http:
        flooded = await witnessed(asyncio.gather(*(arrive(http) for _ in range(1000))))
    assert arrived[503] > 0, "somebody was told to come back"
    assert arrived[201] > 0, "and the others came in"
    assert len(flooded) > 2
    assert statistics.median(flooded) < 0.5 + MOST_TIMES_SLOWER * statistics.median(nothing), (nothing, flooded)
    assert p95(flooded) < 1.0 + MOST_TIMES_SLOWER * p95(nothing), (nothing, flooded)
    late = await house.customer()
    await late.write("after the flood")


def test_the_process_takes_as_many_files_as_it_may_and_warns_when_that_is_too_few(monkeypatch):
    """F-49."""
    limit = [(100, 4000)]
    monkeypatch.setattr(open_files.resource, "getrlimit", lambda _: limit[0])
    monkeypatch.setattr(open_files.resource, "setrlimit", lambda _, both: limit.__setitem__(0, both))
    said = []
    monkeypatch.setattr(open_files.log, "warning", lambda *words, **facts: said.append((words, facts)))
    assert open_files.allow_open_files(3000) == 4000
    assert limit == [(4000, 4000)]
    assert said == []
    assert open_files.allow_open_files(12_000) == 4000
    assert said[0][1]["allowed"] == 4000
