"""Offering what waits in the pushing queues to those who are free."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta

import sqlalchemy as sa
import structlog

from handoff_service.agents import store as agents
from handoff_service.agents.lending import with_what_is_left
from handoff_service.agents.model import Agent
from handoff_service.agents.presence import present
from handoff_service.calendars.moments import is_open
from handoff_service.calls import store as calls
from handoff_service.calls.model import resting
from handoff_service.calls.record import pace_of
from handoff_service.conversations.change import Context
from handoff_service.database import Transaction
from handoff_service.errors import IllegalTransition, NotFound
from handoff_service.handoffs import store
from handoff_service.handoffs.assign import offer
from handoff_service.handoffs.model import Handoff
from handoff_service.handoffs.routing import store as places
from handoff_service.handoffs.routing.board import Board
from handoff_service.handoffs.routing.checks import problems
from handoff_service.handoffs.routing.model import Waiting, micros, queue_of
from handoff_service.handoffs.routing.rules import passed_until
from handoff_service.handoffs.routing.store import Group
from handoff_service.permissions import Permission, holds
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import Tenant

log = structlog.get_logger()

# In one transaction: what others write meanwhile waits for its end.
MOST_OFFERS = 50
# So many at the head of a group may be too heavy or too hard for those who are free without hiding who is behind them;
# where so many of them have just been let pass by all who are free, it is looked much further once.
LOOK_PAST, LOOK_FAR = 8, 200


@dataclass
class _Offered:
    """What came of a board: to whom offers went, and who was not offered again just now to somebody free."""

    to: set[str] = field(default_factory=set)
    passed: list[tuple[Waiting, Handoff, Agent]] = field(default_factory=list)


def make_offers(tx: Transaction, tenant_id: str, context: Context) -> int:
    """Offers what waits in the pushing queues, one handoff per free agent at a time. Returns how many it offered.

    At most MOST_OFFERS; none while another gateway is at it.
    """
    if not places.take_turn(tx.connection, tenant_id):
        return 0
    tenant = tenants.find(tx.connection, tenant_id)
    made = _offer_all(tx, tenant, load_board(tx, tenant, context), context)
    if len(made.passed) >= LOOK_PAST and not made.to:
        made = _offer_all(tx, tenant, load_board(tx, tenant, context, past=LOOK_FAR), context)
    return len(made.to) + (_offer_to_only(tx, tenant, made, context) if made.passed else 0)


def _offer_all(tx: Transaction, tenant: Tenant, board: Board, context: Context) -> _Offered:
    now, made = micros(context.now), _Offered()
    while len(made.to) < MOST_OFFERS and (match := board.next(now)) is not None:
        waiting, agent = match
        try:
            handoff = store.find(tx.connection, tenant.id, waiting.id)
            if handoff.declined and not waiting.declined:  # once for each: rather somebody else
                board.wait(_with_declined(tx.connection, tenant, waiting, handoff, context))
                board.free(agent)
            elif agent.id in waiting.resting:
                board.free(agent)
                made.passed.append((waiting, handoff, agent))
            else:
                offer(tx, handoff, agent, context)
                made.to.add(agent.id)
        except (IllegalTransition, NotFound):  # the customer left or somebody took it by hand, just now
            log.info("offer came too late", handoff=waiting.id)
            board.free(agent)
    return made


def _offer_to_only(tx: Transaction, tenant: Tenant, made: _Offered, context: Context) -> int:
    """A pause is there so that others are asked: nobody waits longer than an offer's time for the only one there is.

    After all others, so that he who is passed over hides nobody. Returns how many were offered so.
    """
    connected = agents.connected(tx.connection, tenant.id, context.now)
    here = [one for one in agents.everyone(tx.connection, tenant.id) if present(one, connected)]
    before = len(made.to)
    for waiting, handoff, agent in made.passed:
        serving = [one for one in here if waiting.queue in one.queues and waiting.language in one.languages]
        asked = calls.of_handoff(tx.connection, tenant.id, handoff.id)
        rests = resting(asked, pace_of(tenant, waiting.queue, context.settings), context.now, longest=timedelta(0))
        if agent.id not in made.to | rests and all(one.id == agent.id for one in serving):
            with suppress(IllegalTransition, NotFound):
                offer(tx, handoff, agent, context)
                made.to.add(agent.id)
    return len(made.to) - before


def _with_declined(
    connection: sa.Connection, tenant: Tenant, waiting: Waiting, handoff: Handoff, context: Context
) -> Waiting:
    """Who waits, with those who let him pass, ever or just now."""
    pace = pace_of(tenant, waiting.queue, context.settings)
    rest = resting(calls.of_handoff(connection, tenant.id, handoff.id), pace, context.now)
    return replace(waiting, declined=frozenset(handoff.declined), resting=rest)


def load_board(tx: Transaction, tenant: Tenant, context: Context, *, past: int = LOOK_PAST) -> Board:
    """Who is free, and of each group that one of them serves as many as could be offered now, and `past` more."""
    free = free_agents(tx.connection, tenant.id, context)
    served = {name for agent in free for name in agent.queues}
    queues = {queue.id: queue for queue in tenant.settings.queues if queue.id in served}
    board = Board({name: queue_of(queue) for name, queue in queues.items()})
    for agent in free:
        board.free(agent)
    pushing = {
        name
        for name, queue in queues.items()
        if queue.mode == "offer" and is_open(tenant.settings.calendar(name), context.now)
    }
    still_kept = _kept(tx, tenant, context)
    most = min(len(free), MOST_OFFERS) + past
    weights = tenant.settings.capacity
    for waiting in places.heads(tx.connection, tenant.id, groups_of(free, pushing), weights, most=most):
        if waiting.weight > 1 and passed_until(waiting, queue_of(queues[waiting.queue])) < micros(context.now):
            handoff = store.find(tx.connection, tenant.id, waiting.id)  # nobody keeps his room for what he declined
            board.wait(_with_declined(tx.connection, tenant, waiting, handoff, context))
        else:
            board.wait(waiting)
    for waiting in still_kept:
        if waiting.queue in pushing:
            board.wait(waiting)
    return board


def unserved(connection: sa.Connection) -> list[tuple[str, str]]:
    """(tenant, sentence) of every queue that no agent can help."""
    return [
        (tenant.id, problem)
        for tenant in tenants.everyone(connection)
        for problem in problems(tenant.settings, agents.everyone(connection, tenant.id))
    ]


def free_agents(connection: sa.Connection, tenant: str, context: Context) -> list[Agent]:
    """Everybody who may be offered something now: there, with room, and asked for nothing else."""
    able = [one for one in agents.free(connection, tenant, context.now) if holds(one, Permission.CONVERSATIONS_ANSWER)]
    return [agent for agent in with_what_is_left(connection, able) if agent.open < agent.capacity]


def groups_of(free: Sequence[Agent], queues: set[str]) -> list[Group]:
    """The groups that somebody free serves."""
    served = {(queue, language) for agent in free for queue in agent.queues for language in agent.languages}
    return [Group(queue, language) for queue, language in sorted(served) if queue in queues]


def _kept(tx: Transaction, tenant: Tenant, context: Context) -> list[Waiting]:
    """Those who are kept for somebody who is there; those whose time is over, or whose agent is gone, are set free."""
    still, over = [], []
    there: set[str] | None = None
    for conversation, waiting in places.kept(tx.connection, tenant.id, tenant.settings.capacity):
        there = _there(tx.connection, tenant.id, context) if there is None else there
        until = waiting.reserved_until
        if waiting.reserved_for not in there or (until is not None and until <= micros(context.now)):
            over.append(conversation)
        else:
            still.append(waiting)
    places.give_up_keeping(tx.connection, tenant.id, over)
    return still


def _there(connection: sa.Connection, tenant: str, context: Context) -> set[str]:
    """Agents who may be given work now: nobody is kept for who is away, however connected his desk is."""
    connected = agents.connected(connection, tenant, context.now)
    return {one.id for one in agents.everyone(connection, tenant) if present(one, connected)}
