"""A day in virtual time: the product's own routing, ageing, expected waits and overflow; only the clock is invented."""

from __future__ import annotations

import heapq
import itertools
import math
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from handoff_service.agents.model import Agent
from handoff_service.handoffs.model import HIGHEST_PRIORITY, rank
from handoff_service.handoffs.queue import is_peak, overflow_due, shares
from handoff_service.handoffs.routing.board import Board
from handoff_service.handoffs.routing.model import SECOND, Match, Waiting, is_angry, micros, queue_of
from handoff_service.handoffs.routing.rules import opens_at
from handoff_service.simulation.ledger import Ledger
from handoff_service.simulation.model import Customer, Day, Fate, Outcome, Shift, Work
from handoff_service.tenants.routing import OVERFLOW_ENDS

MIDNIGHT = datetime(2026, 11, 11, tzinfo=UTC)
HOUR_S = 3600.0
Tell = Callable[[float, int, int], None]


def moment(at_s: float) -> datetime:
    """A second of the day as a moment."""
    return MIDNIGHT + timedelta(seconds=at_s)


@dataclass
class _Open:
    """A customer who waits, is offered or is served. `turn` counts his moves, so that a late event is known as such."""

    waiting: Waiting
    fate: Fate
    since_s: float
    in_queue_since_s: float
    turn: int = 0
    offered_to: str | None = None


@dataclass
class _Desk:
    """An agent who is there; `asked` while an offer is out."""

    agent: Agent
    shift: Shift
    work: Work
    here: bool = True
    asked: bool = False
    used_since_s: float = 0.0
    held: Counter[str] = field(default_factory=Counter)


class Run:
    """One day. Everything that happens is an event in `_events`: (second, number, what to do)."""

    def __init__(self, day: Day, *, seed: int) -> None:
        self._day = day
        self._random = random.Random(seed)
        self._settings = {queue.id: queue for queue in day.queues}
        self._board = Board({queue.id: queue_of(queue) for queue in day.queues})
        self._ledgers = {queue.id: Ledger() for queue in day.queues}
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._desks: dict[str, _Desk] = {}
        self._open: dict[str, _Open] = {}
        self._last_agent: dict[str, tuple[str, float]] = {}
        self._now = 0.0
        self._tick_at: float | None = None
        self._fates: list[Fate] = []
        self._decisions = 0
        self._late = 0

    def play(self, tell: Tell | None = None) -> Outcome:
        """Plays the day to its end, until the last customer has gone; `tell` hears each hour what happens."""
        begun, hour = time.perf_counter(), 0
        for shift in self._day.shifts:
            self._at(shift.from_s, lambda shift=shift: self._comes(shift))  # type: ignore[misc]
        for customer in self._day.customers:
            self._at(customer.at_s, lambda one=customer: self._asks(one))  # type: ignore[misc]
        while self._events:
            self._now, _, deed = heapq.heappop(self._events)
            while tell is not None and self._now >= (hour + 1) * HOUR_S:
                hour += 1
                tell(hour * HOUR_S, len(self._board), sum(ledger.served for ledger in self._ledgers.values()))
            deed()
        for desk in self._desks.values():
            self._use(desk)
        return Outcome(
            day=self._day,
            fates=self._fates,
            work=[desk.work for desk in self._desks.values()],
            late=self._late,
            decisions=self._decisions,
            took_s=time.perf_counter() - begun,
        )

    def _at(self, at_s: float, deed: Callable[[], None]) -> None:
        heapq.heappush(self._events, (at_s, next(self._numbers), deed))

    def _soon(self) -> None:
        """Something changed: the next sweep distributes."""
        sweep = self._day.sweep_s
        at = self._now if sweep <= 0 else math.ceil(self._now / sweep) * sweep
        if self._tick_at is None or at < self._tick_at:
            self._tick_at = at
            self._at(at, self._distribute)

    # Agents

    def _comes(self, shift: Shift) -> None:
        work = Work(shift.agent, there_s=shift.to_s - shift.from_s)
        desk = self._desks[shift.agent.id] = _Desk(shift.agent, shift, work, used_since_s=self._now)
        self._board.free(desk.agent)
        self._at(shift.to_s, lambda: self._goes(desk))
        self._soon()

    def _goes(self, desk: _Desk) -> None:
        """He gets nothing new, and finishes what he has."""
        desk.here = False
        self._board.busy(desk.agent.id)

    def _use(self, desk: _Desk) -> None:
        """Counts the room that was used until now, within his shift."""
        until = min(self._now, desk.shift.to_s)
        desk.work.used_s += max(0.0, until - desk.used_since_s) * desk.agent.open / desk.agent.capacity
        desk.used_since_s = max(desk.used_since_s, until)

    def _has(self, desk: _Desk, *, more: int = 0, **changes: object) -> None:
        self._use(desk)
        desk.agent = replace(desk.agent, open=desk.agent.open + more, **changes)  # type: ignore[arg-type]
        if desk.here and not desk.asked and desk.agent.open < desk.agent.capacity:
            self._board.free(desk.agent)
            self._soon()

    # Customers

    def _asks(self, customer: Customer) -> None:
        settings = self._settings[customer.queue]
        fate = Fate(customer, customer.queue)
        self._fates.append(fate)
        worth = timedelta(seconds=settings.ageing_s)
        waiting = Waiting(
            id=customer.id,
            queue=customer.queue,
            language=customer.language,
            priority=customer.priority,
            rank=rank(moment(customer.at_s), customer.priority, worth),
            weight=self._day.weights.weight(customer.channel, live=True),
            angry=is_angry(customer.mood),
        )
        pushes = settings.mode == "offer"
        before, shared = self._before(waiting)
        fate.shown = self._ledgers[customer.queue].expect(
            before, customer.priority, settings.ageing_s, shared=shared, pushes=pushes, now=moment(self._now)
        )
        if settings.peak and customer.messages and is_peak(fate.shown, settings.peak.wait_s):
            fate.ended = "message"
            return
        waiting = self._kept(waiting, customer)
        one = self._open[customer.id] = _Open(waiting, fate, self._now, self._now)
        self._joins(one)
        self._at(self._now + customer.patience_s, lambda: self._gives_up(one))

    def _before(self, waiting: Waiting) -> tuple[float, float]:
        """How many wait before him, and what each conversation of his queue counts, see `shares`."""
        here = waiting.queue
        held = [desk.held for desk in self._desks.values() if desk.held[here]]
        by_queue = {name: sum(one[name] for one in held) for name in self._ledgers}
        parts = shares(by_queue, {name: ledger.served for name, ledger in self._ledgers.items()}, here)
        before = sum(part * self._ledgers[name].ahead(waiting.place) for name, part in parts.items())
        return before, sum(by_queue.values()) / by_queue[here] if held else 1.0

    def _kept(self, waiting: Waiting, customer: Customer) -> Waiting:
        """For the one who had him last, if the queue does that and he is there."""
        settings = self._settings[customer.queue].last_agent
        agent, at_s = self._last_agent.get(customer.contact, ("", 0.0))
        desk = self._desks.get(agent)
        if not customer.contact or settings is None or desk is None or not desk.here:
            return waiting
        if self._now - at_s > settings.within_s:
            return waiting
        return replace(waiting, reserved_for=agent, reserved_until=micros(moment(self._now + settings.wait_s)))

    def _joins(self, one: _Open) -> None:
        one.turn += 1
        one.in_queue_since_s = self._now
        self._ledgers[one.waiting.queue].join(one.waiting.place, one.waiting.priority, moment(self._now))
        self._board.wait(one.waiting)
        self._watch_overflow(one)
        if one.waiting.reserved_until is not None:
            self._at(self._now + (one.waiting.reserved_until - micros(moment(self._now))) / SECOND, self._soon)
        for need in self._settings[one.waiting.queue].skills:
            for level in range(1, need.level + 1 if need.relax_after_s else 0):
                self._at(self._now + level * (need.relax_after_s or 0), self._soon)
        self._soon()

    def _watch_overflow(self, one: _Open) -> None:
        overflow, turn = self._settings[one.waiting.queue].overflow, one.turn
        if overflow is not None:
            at = max(self._now, one.in_queue_since_s + overflow.after_s)
            self._at(at, lambda: self._flows_over(one, turn))

    def _leaves_queue(self, one: _Open) -> None:
        one.turn += 1
        self._ledgers[one.waiting.queue].go(one.waiting.place)
        self._board.leave(one.waiting.id)

    def _ends(self, one: _Open, how: str) -> None:
        one.fate.ended, one.fate.wait_s = how, self._now - one.since_s
        self._ledgers[one.waiting.queue].ended(self._now - one.in_queue_since_s, None)
        del self._open[one.waiting.id]

    def _gives_up(self, one: _Open) -> None:
        if one.waiting.id not in self._open or one.fate.ended != "waiting":
            return
        desk = self._desks[one.offered_to] if one.offered_to else None
        self._leaves_queue(one)
        self._ends(one, "gave_up")
        if desk is not None:
            desk.asked = False
            self._has(desk)

    def _flows_over(self, one: _Open, turn: int) -> None:
        overflow = self._settings[one.waiting.queue].overflow
        if overflow is None or one.turn != turn or one.offered_to or one.fate.ended != "waiting":
            return
        due, to = overflow_due(moment(one.in_queue_since_s), overflow, one.fate.been), overflow.to
        if due is None or micros(due) > micros(moment(self._now)):
            return
        self._leaves_queue(one)
        if to in OVERFLOW_ENDS:
            self._ends(one, to)
            return
        one.fate.been.append(one.waiting.queue)
        worth = timedelta(seconds=self._settings[to].ageing_s)
        place = rank(moment(one.since_s), one.waiting.priority, worth)
        one.waiting = replace(one.waiting, queue=to, rank=place, reserved_for=None, reserved_until=None)
        self._joins(one)

    # Offers

    def _distribute(self) -> None:
        """What the sweeper does: offers as long as there is somebody for somebody."""
        self._tick_at = None
        now = micros(moment(self._now))
        while True:
            self._decisions += 1
            match = self._board.next(now)
            if match is None:
                return
            self._offer(match)

    def _offer(self, match: Match) -> None:
        one, desk = self._open[match.waiting.id], self._desks[match.agent.id]
        one.waiting = replace(match.waiting, reserved_for=None, reserved_until=None)
        if self._now - one.since_s <= self._day.sweep_s:
            one.fate.shown = None  # somebody was asked before there was anything to show
        one.turn += 1
        one.offered_to, desk.asked, turn = desk.agent.id, True, one.turn
        self._late += self._overtook(one)
        if self._random.random() < desk.shift.careless:
            deadline = self._settings[one.waiting.queue].accept_s or self._day.offer_s
            self._at(self._now + deadline, lambda: self._ignored(one, desk, turn))
            return
        thinks = self._random.uniform(self._day.accept_from_s, self._day.accept_to_s)
        if thinks <= 0:
            self._accepts(one, desk, turn)
        else:
            self._at(self._now + thinks, lambda: self._accepts(one, desk, turn))

    def _overtook(self, one: _Open) -> int:
        """1 if somebody waits in the same queue who asked earlier by more than nine classes are worth."""
        queue, now = queue_of(self._settings[one.waiting.queue]), micros(moment(self._now))
        bound = HIGHEST_PRIORITY * queue.worth_us / SECOND
        first = self._open[self._ledgers[one.waiting.queue].order[0][1]]
        if first.offered_to or first is one or one.offered_to is None or one.since_s - first.since_s <= bound:
            return 0
        agent, kept = self._desks[one.offered_to].agent, first.waiting  # also who is too heavy for the room he has left
        serves = kept.queue in agent.queues and kept.language in agent.languages and agent.id not in kept.declined
        return int(serves and opens_at(kept, agent, queue) <= now)

    def _ignored(self, one: _Open, desk: _Desk, turn: int) -> None:
        if one.turn != turn:
            return
        one.turn += 1
        one.offered_to, desk.asked = None, False
        one.waiting = replace(one.waiting, declined=one.waiting.declined | {desk.agent.id})
        self._board.wait(one.waiting)
        self._watch_overflow(one)
        self._has(desk)
        self._soon()

    def _accepts(self, one: _Open, desk: _Desk, turn: int) -> None:
        if one.turn != turn:
            return
        one.turn += 1
        customer, ledger = one.fate.customer, self._ledgers[one.waiting.queue]
        ledger.go(one.waiting.place)
        ledger.accepted(moment(self._now))
        fate = one.fate
        fate.ended, fate.wait_s = "served", self._now - one.since_s
        fate.agent, fate.queue = desk.agent.id, one.waiting.queue
        self._last_agent[customer.contact] = desk.agent.id, self._now
        work, weight = desk.work, min(one.waiting.weight, desk.agent.capacity)
        work.conversations += 1
        row = desk.agent.angry_row + 1 if one.waiting.angry else 0
        work.worst_row = max(work.worst_row, row)
        desk.asked = False
        desk.held[one.waiting.queue] += 1
        self._has(desk, more=weight, last_assigned_at=moment(self._now), angry_row=row)
        waited = self._now - one.in_queue_since_s
        self._at(self._now + customer.service_s, lambda: self._over(one, desk, weight, waited))

    def _over(self, one: _Open, desk: _Desk, weight: int, waited_s: float) -> None:
        self._ledgers[one.waiting.queue].ended(waited_s, one.fate.customer.service_s)
        del self._open[one.waiting.id]
        desk.held[one.waiting.queue] -= 1
        self._has(desk, more=-weight, idle_since=moment(self._now))
