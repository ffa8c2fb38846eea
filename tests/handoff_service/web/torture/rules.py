"""What holds of every conversation, whatever was done to it, and how the torture tests wait for things to happen."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.agents import store as agents
from handoff_service.bots.model import Answer, TurnRequest
from handoff_service.conversations import lifecycle, store
from handoff_service.conversations.model import Audience, AuthorKind, Kind, OwnerKind
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import TenantSettings
from tests.handoff_service.stage import answer
from tests.handoff_service.web.visitors import Customer, Desk, accepted
from tests.history.owners import BESIDE_BOT, MOVES

DAYS = 10 * 86400.0
# Desks and sign-ins outlive every turn of the clock; what passes is swept at once.
AGES: dict[str, Any] = {"desk_lease_s": DAYS, "session_idle_s": DAYS, "session_max_s": DAYS, "sweep_s": 0.05}


async def holds(house: Any, conversation: str) -> list[Any]:
    """The timeline, once it is as every timeline is.

    Gapless; every move is in the owner table and the head is the replay; nobody spoke to the customer without owning
    the conversation; one message for one client_id; and every agent holds as many as he is counted to hold.
    """
    head, entries, everyone, held = await _picture(house, conversation)
    assert [one.seq for one in entries] == list(range(1, head.last_seq + 1))
    assert lifecycle.replay(entries) == (head.owner, head.epoch)
    kind, agent, epoch = None, None, 0
    for one in entries:
        if one.kind is Kind.STATE:
            to = one.body["to"]
            assert to["kind"] in MOVES[kind, one.body["event"]], f"entry {one.seq}: {kind} {one.body}"
            kind, agent, epoch = to["kind"], to["agent"], one.epoch
            continue
        assert one.epoch == epoch, f"entry {one.seq} carries epoch {one.epoch}"
        if one.kind is not Kind.MESSAGE or one.audience is Audience.INTERNAL or one.body.get("erased"):
            continue
        if one.author.kind is AuthorKind.BOT:
            beside = kind in BESIDE_BOT and one.body.get("interim")
            assert kind == "bot" or beside, f"entry {one.seq}: the bot spoke beside {agent or kind}: {one.body}"
        if one.author.kind is AuthorKind.AGENT:
            assert (kind, agent) == ("agent", one.author.id), f"entry {one.seq}: {one.author.id} beside {agent or kind}"
    named = Counter((one.author.kind, one.author.id, one.client_id) for one in entries if one.client_id)
    assert [name for name, count in named.items() if count > 1] == []
    counted = Counter(one.owner.agent for one in held)
    assert {one.id: one.open for one in everyone} == {one.id: counted[one.id] for one in everyone}
    return entries


async def _picture(house: Any, conversation: str) -> tuple[Any, list[Any], list[Any], list[Any]]:
    """Head, entries, agents and what they hold at one moment: read again while somebody writes in between."""
    tenant = house.tenant.id

    def look(connection: sa.Connection) -> tuple[Any, ...]:
        return (
            store.find(connection, tenant, conversation),
            store.entries_after(connection, tenant, conversation, 0, limit=5000),
            agents.everyone(connection, tenant),
            store.listed(connection, tenant, [OwnerKind.AGENT], limit=5000),
            store.find(connection, tenant, conversation),
        )

    async with asyncio.timeout(15):
        while True:
            head, entries, everyone, held, after = await house.database.read(look)
            if head == after:
                return head, entries, everyone, held


def events(entries: list[Any]) -> list[str]:
    """What changed the owner, in order; of entries as the database or as a client has them."""
    bodies = [one["body"] if isinstance(one, dict) else one.body for one in entries if _kind(one) == "state"]
    return [str(body["event"]) for body in bodies]


def said(entries: list[Any], by: str) -> list[str]:
    """The public words of one kind of author, in order."""
    return [
        one.body["text"]
        for one in entries
        if one.kind is Kind.MESSAGE and one.audience is Audience.PUBLIC and one.author.kind == by
    ]


def _kind(one: Any) -> str:
    return str(one["kind"] if isinstance(one, dict) else one.kind)


async def until(condition: Any, *, within: float = 15.0) -> Any:
    """Waits until the awaitable that `condition` gives is true, and returns its value."""
    async with asyncio.timeout(within):
        while not (value := await condition()):
            await asyncio.sleep(0.02)
    return value


async def head_of(house: Any, conversation: str) -> Any:
    return await house.database.read(lambda c: store.find(c, house.tenant.id, conversation))


async def owned_by(house: Any, conversation: str, kind: str) -> Any:
    """Waits until a conversation is in these hands."""

    async def there() -> Any:
        head = await head_of(house, conversation)
        return head if head.owner.kind == kind else None

    return await until(there)


async def configure(house: Any, **changes: Any) -> None:
    """Changes settings of the tenant."""
    settings = {**house.tenant.settings.model_dump(mode="json", exclude_none=True), **changes}
    house.tenant = house.tenant.model_copy(update={"settings": TenantSettings.model_validate(settings)})
    await house.database.write(lambda tx: tenants.save(tx.connection, house.tenant))


def queue(mode: str = "claim", **settings: Any) -> dict[str, Any]:
    """The queue `support`."""
    return {"id": "support", "name": "Support", "mode": mode, **settings}


async def served(house: Any, desk: Desk, text: str = "hello") -> tuple[Customer, int]:
    """A customer whose conversation the agent owns, and its epoch."""
    customer, handoff = await house.waiting(text)
    return customer, accepted(await desk.accept(handoff))["epoch"]


async def cut(socket: Any) -> None:
    """The cable is pulled: no close frame, no goodbye."""
    socket.connection.transport.abort()
    await socket.closed()


async def gone(house: Any, desk: Desk) -> None:
    """Waits until the gateway knows that no desk of the agent is connected; only then his grace time runs."""

    async def left() -> bool:
        connected = await house.database.read(lambda c: agents.connected(c, house.tenant.id, house.gateway.clock()))
        return desk.id not in connected

    await until(left)


class Pause:
    """A step of the bot's script that waits until the test lets it go; safe across the threads of test and gateway."""

    def __init__(self, then: Answer | None = None) -> None:
        self.then = then or answer("what the bot thought of")
        self._asked = threading.Event()
        self._go = threading.Event()

    async def __call__(self, request: TurnRequest) -> Answer:  # noqa: ARG002
        self._asked.set()
        while not self._go.is_set():
            await asyncio.sleep(0.01)
        return self.then

    async def until_asked(self) -> None:
        assert await asyncio.to_thread(self._asked.wait, 15), "the bot was not asked"

    def go(self) -> None:
        self._go.set()


async def turns(house: Any, conversation: str) -> list[str]:
    """The states of its turns, in order."""
    T = tables.turns.c
    query = sa.select(T.state).where(T.tenant == house.tenant.id, T.conversation == conversation)
    return await house.database.read(lambda c: [row.state for row in c.execute(query.order_by(T.started_at))])


async def until_no_turn(house: Any, conversation: str) -> None:
    """Waits until the bot is asked nothing any more about a conversation."""

    async def quiet() -> bool:
        return "running" not in await turns(house, conversation)

    await until(quiet)
