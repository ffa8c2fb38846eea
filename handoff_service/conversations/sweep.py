"""The sweeper: every open conversation has a deadline, and something happens when it passes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import sqlalchemy as sa
import structlog

from handoff_service import outbox
from handoff_service.agents import store as agents
from handoff_service.agents.presence import answers, lost
from handoff_service.calls import store as calls
from handoff_service.calls.climb import climb, note_full, overlooked, put_off
from handoff_service.calls.record import look_again
from handoff_service.clock import Clock
from handoff_service.conversations import store
from handoff_service.conversations.change import Context, answer_due, deadline_of, farthest_deadlines
from handoff_service.conversations.model import SYSTEM, Conversation, Draft, Event, Kind, OwnerKind
from handoff_service.database import Database, Transaction
from handoff_service.desk import aside
from handoff_service.errors import NotFound, Unavailable
from handoff_service.files import keep
from handoff_service.handoffs import silence
from handoff_service.handoffs import store as handoffs
from handoff_service.handoffs.assign import requeue_lost, take_back
from handoff_service.handoffs.overflow import flow_over, look_in_time
from handoff_service.handoffs.push import MOST_OFFERS, make_offers, unserved
from handoff_service.handoffs.release import close_idle, nobody_left
from handoff_service.handoffs.request import own_up, request_handoff
from handoff_service.handoffs.routing import store as places
from handoff_service.handoffs.wait import long_wait
from handoff_service.promises import store as promises
from handoff_service.promises.chase import chase
from handoff_service.settings import Settings
from handoff_service.tenants import store as tenants
from handoff_service.tickets import store as tickets
from handoff_service.tickets.follow_up import on_look
from handoff_service.tickets.settings import CALLBACK
from handoff_service.tickets.states import UNFINISHED
from handoff_service.tidy import tidy
from handoff_service.video.entries import end_unanswered

log = structlog.get_logger()

T = TypeVar("T")
TIDY_EVERY = timedelta(hours=1)
PLACES_EVERY = timedelta(minutes=1)  # looking at every place costs as much as there are
DUE = {False: 500, True: 200}  # deadlines of one sweep, by whether one waits in a queue
# Full transactions of offers in one sweep for one tenant; what is left waits for the next sweep.
ROUNDS = 20


class Sweeper:
    """Looks every `sweep_s` seconds for deadlines that passed, agents who are gone, and offers to make."""

    def __init__(self, database: Database, settings: Settings, clock: Clock) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._tidied_at: datetime | None = None
        self._placed_at: datetime | None = None

    async def run(self) -> None:
        """Sweeps until cancelled; offers are made beside the rest, and do not stand behind hundreds of deadlines."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._again_and_again(self._offer))
            group.create_task(self._again_and_again(self._look_after))

    async def _again_and_again(self, work: Callable[[Context], Awaitable[None]]) -> None:
        while True:
            try:
                await work(self._context())
            except Exception as error:  # the loop: nobody else looks after deadlines
                log.warning("sweep failed, trying again", error=repr(error))
            await asyncio.sleep(self._settings.sweep_s)

    async def sweep(self) -> None:
        """One round of everything; each conversation in a transaction of its own."""
        context = self._context()
        await self._pass_deadlines(context)
        await self._offer(context)
        await self._call_and_tidy(context)

    def _context(self) -> Context:
        return Context(self._settings, self._clock())

    async def _look_after(self, context: Context) -> None:
        await self._pass_deadlines(context)
        await self._call_and_tidy(context)

    async def _pass_deadlines(self, context: Context) -> None:
        now = context.now
        farthest = farthest_deadlines(context)
        # Who waits is looked at every minute, thousands of them: promises to the others must not stand behind that.
        for queued in (False, True):
            found = await self._database.read(lambda c, q=queued: store.due(c, now, farthest, queued=q, limit=DUE[q]))  # type: ignore[misc]
            for tenant, conversation in found:
                await self._try(lambda tx, t=tenant, c=conversation: on_deadline(tx, t, c, context), conversation)  # type: ignore[misc]
        for tenant, conversation in await self._database.read(lambda connection: held_by_lost(connection, context)):
            await self._try(lambda tx, t=tenant, c=conversation: on_lost(tx, t, c, context), conversation)  # type: ignore[misc]
        for tenant, conversation in await self._database.read(lambda connection: offered_to_lost(connection, now)):
            await self._try(lambda tx, t=tenant, c=conversation: on_offer_lost(tx, t, c, context), conversation)  # type: ignore[misc]
        await self._set_places_right(now)

    async def _offer(self, context: Context) -> None:
        served = await self._database.read(lambda connection: served_tenants(connection, context.now))
        random.shuffle(served)  # where the database refuses one of them, not always the same ones stand behind it
        for tenant in served:
            for _ in range(ROUNDS):
                made = await self._try(lambda tx, t=tenant: make_offers(tx, t, context), tenant)  # type: ignore[misc]
                if made != MOST_OFFERS:
                    break

    async def _call_and_tidy(self, context: Context) -> None:
        """Climbs the ladders of calls, looks at tickets and promises, and now and then at the books."""
        now = context.now
        unnoticed = await self._database.read(lambda connection: overlooked(connection, context))
        if unnoticed.full:
            await self._try(lambda tx: note_full(tx, unnoticed.full, context), "calls while nobody has a hand free")
        for one in unnoticed.due:
            step, later = (partial(deed, seen=one, context=context) for deed in (climb, put_off))
            await self._try(step, one.conversation, later)
        for tenant, ticket in await self._database.read(lambda connection: tickets.to_look_at(connection, now)):
            await self._try(lambda tx, t=tenant, i=ticket: on_look(tx, t, i, context), ticket)  # type: ignore[misc]
        for tenant, conversation in await self._database.read(lambda connection: promises.due(connection, now)):
            await self._try(lambda tx, t=tenant, c=conversation: chase(tx, t, c, context), conversation)  # type: ignore[misc]
        if self._tidied_at is None or now - self._tidied_at >= TIDY_EVERY:
            self._tidied_at = now
            await self._try(lambda tx: tidy(tx, context), "bookkeeping")
            await keep.tidy(self._database, self._settings, now)
            for tenant, problem in await self._database.read(unserved):
                log.warning("a queue that nobody can help", tenant=tenant, problem=problem)

    async def _set_places_right(self, now: datetime) -> None:
        """What gateways of the release before, which know no places, have put into queues, moved in them, or taken."""
        for gone in await self._database.read(places.misplaced):
            await self._try(lambda tx, g=gone: places.clear_place(tx.connection, *g), gone[1])  # type: ignore[misc]
        found = await self._database.read(places.unplaced)
        if self._placed_at is None or now - self._placed_at >= PLACES_EVERY:
            self._placed_at = now
            found += await self._database.read(places.stale)
        for place in found:
            await self._try(lambda tx, p=place: places.move_place(tx.connection, *p), place[1])  # type: ignore[misc]

    async def _try(
        self, work: Callable[[Transaction], T], subject: str, otherwise: Callable[[Transaction], object] | None = None
    ) -> T | None:
        """One that fails must not keep the sweeper from those behind it; `otherwise` is done then instead."""
        try:
            return await self._database.write(work)
        except Unavailable:
            raise
        except Exception as error:  # belongs to this one conversation
            log.error("cannot sweep, trying again", subject=subject, error=repr(error))
        if otherwise is not None:
            await self._try(otherwise, subject)
        return None


def on_deadline(tx: Transaction, tenant: str, conversation_id: str, context: Context) -> None:
    """Does what the owner table foresees for a passed deadline, or sets the next one."""
    conversation = store.find(tx.connection, tenant, conversation_id, lock=True)
    kind = conversation.owner.kind
    if conversation.deadline_at is None:
        return
    if conversation.deadline_at > context.now:
        if conversation.deadline_at > farthest_deadlines(context).get(kind, conversation.deadline_at):
            _set_anew(tx, conversation, context)
        return
    if kind is OwnerKind.BOT:
        _bot_deadline(tx, conversation, context)
    elif kind is OwnerKind.QUEUE:
        if nobody_left(tx, conversation, context) is None and flow_over(tx, conversation, context) is None:
            _still_waiting(tx, conversation, context)
    elif kind is OwnerKind.OFFER:
        take_back(tx, conversation, Event.OFFER_TIMEOUT, context)
    elif kind is OwnerKind.AGENT:
        conversation = end_unanswered(tx, conversation, context.now)
        if not (aside.at_deadline(tx, conversation, context) or silence.at_deadline(tx, conversation, context)):
            _agent_deadline(tx, conversation, context)
    else:
        _promise_is_due(tx, conversation, context)


def _set_anew(tx: Transaction, conversation: Conversation, context: Context) -> None:
    """The clock that set this deadline was ahead: nobody would look at the conversation until the others get there."""
    log.warning("deadline too far ahead, set anew", conversation=conversation.id, owner=conversation.owner.kind)
    if conversation.owner.kind is OwnerKind.BOT and (
        outbox.pending(tx.connection, conversation.tenant, conversation.id, "bot") is not None
    ):
        store.update(tx.connection, conversation, deadline_at=answer_due(context))
    elif conversation.owner.kind is OwnerKind.AGENT:  # nobody can tell any more how long he has been silent
        idle_at = context.now + timedelta(seconds=context.settings.agent_idle_s)
        store.update(tx.connection, conversation, deadline_at=idle_at)
    else:
        _set_deadline(tx, conversation, context)


def _bot_deadline(tx: Transaction, conversation: Conversation, context: Context) -> None:
    if outbox.pending(tx.connection, conversation.tenant, conversation.id, "bot") is None:
        close_idle(tx, conversation, context)
        return
    evidence = {"rule": "no answer of the bot within the reply deadline"}
    request_handoff(tx, conversation, Event.REPLY_TIMEOUT, evidence=evidence, context=context)


def _agent_deadline(tx: Transaction, conversation: Conversation, context: Context) -> None:
    """Ends what has been silent for the idle time, unless the customer had the last word: then another agent gets it.

    The clock starts again with every entry.
    """
    idle_at = conversation.updated_at + timedelta(seconds=context.settings.agent_idle_s)
    # An entry from a clock that was ahead says nothing about how long it has been silent; the deadline does.
    if context.now < idle_at <= farthest_deadlines(context)[OwnerKind.AGENT]:
        store.update(tx.connection, conversation, deadline_at=idle_at)
    elif store.unanswered(tx.connection, conversation):
        requeue_lost(tx, conversation, context)
    else:
        close_idle(tx, conversation, context)


def _promise_is_due(tx: Transaction, conversation: Conversation, context: Context) -> None:
    """A promise that was not kept is renewed; who was called as he wished waits for nothing any more."""
    if _was_called(tx.connection, conversation):
        close_idle(tx, conversation, context)
    else:
        _set_deadline(tx, own_up(tx, conversation, context), context)


def _was_called(connection: sa.Connection, conversation: Conversation) -> bool:
    """Whether every call that he asked for here is done, and he has written nothing since."""
    asked = tickets.on_conversation(connection, conversation.tenant, conversation.id, None)
    calls = [tickets.root_of(connection, one) for one in asked if one.type == CALLBACK]
    if not calls or any(one.state in UNFINISHED or one.ended_at is None for one in calls):
        return False
    done = max(one.ended_at for one in calls if one.ended_at is not None)
    return all(entry.at <= done for entry in store.unanswered(connection, conversation))


def _still_waiting(tx: Transaction, conversation: Conversation, context: Context) -> None:
    """Says once that the wait is long, and looks again later."""
    assert conversation.handoff is not None, "only handoffs wait"
    handoff = handoffs.find(tx.connection, conversation.tenant, conversation.handoff)
    waited = context.now - (handoff.queued_at or handoff.requested_at)
    if waited >= timedelta(seconds=context.settings.long_wait_s) and "long_wait" not in handoff.evidence:
        handoffs.update(tx.connection, handoff, evidence={**handoff.evidence, "long_wait": True})
        body = {"text": long_wait(tx.connection, conversation, context), "kind": "notice"}
        conversation, _ = store.append(
            tx, conversation, Draft(kind=Kind.MESSAGE, author=SYSTEM, body=body), context.now
        )
    _set_deadline(tx, conversation, context)


def _set_deadline(tx: Transaction, conversation: Conversation, context: Context) -> None:
    deadline = deadline_of(tx.connection, conversation.tenant, conversation.owner, context, conversation.id)
    store.update(tx.connection, conversation, deadline_at=deadline)
    if conversation.owner.kind is OwnerKind.QUEUE and conversation.handoff is not None:
        look_in_time(tx, replace(conversation, deadline_at=deadline), context)
        # The queue may be another kind of queue by now, and a gateway of the release before sets no time for ladders.
        made = calls.of_handoff(tx.connection, conversation.tenant, conversation.handoff)
        look_again(tx.connection, conversation, made, context.settings, context.now)


def held_by_lost(connection: sa.Connection, context: Context) -> list[tuple[str, str]]:
    """(tenant, conversation) of everything owned by agents who are gone longer than the grace time."""
    grace = timedelta(seconds=context.settings.agent_grace_s)
    held: list[tuple[str, str]] = []
    connected: dict[str, set[str]] = {}
    for agent in agents.with_conversations(connection):
        if agent.tenant not in connected:
            connected[agent.tenant] = agents.connected(connection, agent.tenant, context.now)
        if lost(agent, connected[agent.tenant], now=context.now, grace=grace):
            owned = store.listed(connection, agent.tenant, [OwnerKind.AGENT], agent=agent.id, limit=500)
            held += [(conversation.tenant, conversation.id) for conversation in owned]
    return held


def on_lost(tx: Transaction, tenant: str, conversation_id: str, context: Context) -> None:
    """Requeues one conversation, unless its agent came back or it moved on meanwhile."""
    conversation = store.find(tx.connection, tenant, conversation_id, lock=True)
    if conversation.owner.kind is not OwnerKind.AGENT or conversation.owner.agent is None:
        return
    agent = agents.find(tx.connection, tenant, conversation.owner.agent)
    connected = agents.connected(tx.connection, tenant, context.now)
    if lost(agent, connected, now=context.now, grace=timedelta(seconds=context.settings.agent_grace_s)):
        requeue_lost(tx, conversation, context)


def offered_to_lost(connection: sa.Connection, now: datetime) -> list[tuple[str, str]]:
    """(tenant, conversation) of offers to agents who have no desk open, or may not answer any more."""
    return [
        (tenant, one.id)
        for tenant in offering_tenants(connection)
        for able in [_may_accept(connection, tenant, now)]
        for one in store.listed(connection, tenant, [OwnerKind.OFFER], limit=500)
        if one.owner.agent not in able
    ]


def _may_accept(connection: sa.Connection, tenant: str, now: datetime) -> set[str]:
    connected = agents.connected(connection, tenant, now)
    return {one.id for one in agents.everyone(connection, tenant) if one.id in connected and answers(one)}


def on_offer_lost(tx: Transaction, tenant: str, conversation_id: str, context: Context) -> None:
    """Takes an offer back from an agent who is gone, unless it moved on meanwhile."""
    conversation = store.find(tx.connection, tenant, conversation_id, lock=True)
    able = _may_accept(tx.connection, tenant, context.now)
    if conversation.owner.kind is OwnerKind.OFFER and conversation.owner.agent not in able:
        take_back(tx, conversation, Event.AGENT_LOST, context)


def offering_tenants(connection: sa.Connection) -> list[str]:
    """Tenants with something waiting or offered in a queue that pushes its handoffs."""
    return [
        tenant for tenant, in_use in places.queues_in_use(connection).items() if _pushes(connection, tenant, in_use)
    ]


def served_tenants(connection: sa.Connection, now: datetime) -> list[str]:
    """Those of them with somebody who has a hand free: what waits for nobody costs the others no transaction."""
    return [tenant for tenant in offering_tenants(connection) if agents.free(connection, tenant, now)]


def _pushes(connection: sa.Connection, tenant: str, in_use: set[str]) -> bool:
    """Whether any of these queues offers. One tenant whose settings nobody can read must not stop all others."""
    try:
        queues = tenants.find(connection, tenant).settings.queues
    except (NotFound, ValueError) as error:
        log.error("a tenant cannot be read, its customers wait", tenant=tenant, error=repr(error))
        return False
    return any(queue.mode == "offer" and queue.id in in_use for queue in queues)
