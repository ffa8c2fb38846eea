"""Who waits and who is free, arranged so that the next match costs the same however many wait.

Those who wait are kept in lanes: a queue, a language, a weight, a class of priority. In a lane everybody can be helped
by the same agents, and the first of it the soonest, so only the heads of lanes are looked at. The answer is that of
going through all who wait in order and taking the first whom somebody free may take (tests compare both). Who is too
heavy for the room that an agent has left is passed over by lighter ones only for so long: then the agent is held, and
gets nothing that came later than the bound until it fits.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from handoff_service.agents.model import Agent
from handoff_service.handoffs.routing.model import PLAIN, Match, Queues, Waiting
from handoff_service.handoffs.routing.rules import (
    delay,
    has_room,
    opens_at,
    passed_until,
    preference,
    skilled_at,
    waits_since,
)

# (queue, language, the agent for whom it is kept): whoever serves one of a group serves all of it.
Group = tuple[str, str, str | None]


@dataclass(slots=True)
class _Lane:
    """A heap of (rank, id), in which those who left stay until they come to its head.

    `opens_at` is the moment from which somebody free may take its head: infinite if nobody may, NaN if not known.
    """

    queue: str
    weight: int
    heap: list[tuple[int, str]] = field(default_factory=list)
    opens_at: float = math.nan


class Board:
    """Waiting handoffs and free agents; `next` takes the pair that is due out of both."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues
        self._waiting: dict[str, Waiting] = {}
        self._lanes: dict[Group, dict[tuple[int, int], _Lane]] = {}
        self._staff: dict[Group, dict[str, Agent]] = {}
        self._groups: dict[str, list[Group]] = {}
        self._kept: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return len(self._waiting)

    def wait(self, one: Waiting) -> None:
        """Adds somebody who waits, or puts him to another place."""
        self.leave(one.id)
        self._waiting[one.id] = one
        group = (one.queue, one.language, one.reserved_for)
        lanes = self._lanes.setdefault(group, {})
        lane = lanes.setdefault((one.weight, one.priority), _Lane(one.queue, one.weight))
        heapq.heappush(lane.heap, one.place)
        if lane.heap[0] == one.place:
            lane.opens_at = math.nan
        if one.reserved_for is not None and one.reserved_until is not None:
            heapq.heappush(self._kept, (one.reserved_until, one.id))

    def leave(self, waiting: str) -> None:
        """He does not wait any more."""
        one = self._waiting.pop(waiting, None)
        if one is None:
            return
        group = (one.queue, one.language, one.reserved_for)
        key = one.weight, one.priority
        lanes = self._lanes[group]
        lane = lanes[key]
        if lane.heap[0] == one.place:
            lane.opens_at = math.nan
        while lane.heap and not self._is_here(lane.heap[0], group, key):
            heapq.heappop(lane.heap)
        if not lane.heap:
            del lanes[key]
        if not lanes:
            del self._lanes[group]

    def free(self, agent: Agent) -> None:
        """Somebody has room for more, or other room than before."""
        self.busy(agent.id)
        kept: list[str | None] = [None, agent.id]
        groups = [(queue, language, whom) for queue in agent.queues for language in agent.languages for whom in kept]
        self._groups[agent.id] = groups
        for group in groups:
            alone = group not in self._staff
            self._staff.setdefault(group, {})[agent.id] = agent
            for lane in self._lanes.get(group, {}).values():
                queue = self._queues.get(lane.queue, PLAIN)
                at = math.inf
                if has_room(agent, lane.weight):
                    at = skilled_at(self._head(lane), queue, delay(agent, queue))
                if alone or not math.isnan(lane.opens_at):
                    lane.opens_at = at if alone else min(at, lane.opens_at)

    def busy(self, agent: str) -> None:
        """He has no room any more, or is gone."""
        for group in self._groups.pop(agent, ()):
            staff = self._staff[group]
            del staff[agent]
            if not staff:
                del self._staff[group]
                continue
            for lane in self._lanes.get(group, {}).values():
                lane.opens_at = math.nan

    def next(self, now: int) -> Match | None:
        """Takes the first who waits and may be helped now, and who helps him, out of both; None if there is nobody.

        Whoever has more room is to be given to `free` again, as he is then.
        """
        self._give_up_keeping(now)
        active = list(self._active())
        starving = self._starving(active, now)
        held: dict[str, float] = {}
        best: tuple[tuple[int, str], Group] | None = None
        for group in active:
            for lane in self._lanes[group].values():
                if best is None or lane.heap[0] < best[0]:
                    if math.isnan(lane.opens_at):
                        lane.opens_at = self._opening(lane, group)
                    if lane.opens_at <= now and (
                        not starving or self._able(self._head(lane), group, now, starving, held)
                    ):
                        best = lane.heap[0], group
        if best is None:
            return None
        (_, waiting), group = best
        one = self._waiting[waiting]
        able = self._able(one, group, now, starving, held)
        agent = min(able, key=lambda agent: preference(one, agent, self._queues))
        self.leave(one.id)
        self.busy(agent.id)
        return Match(one, agent)

    def _active(self) -> Iterable[Group]:
        """Groups in which somebody waits and somebody is free."""
        if len(self._lanes) < len(self._staff):
            return [group for group in self._lanes if group in self._staff]
        return [group for group in self._staff if group in self._lanes]

    def _starving(self, active: Iterable[Group], now: int) -> dict[Group, list[_Lane]]:
        """The lanes of heavy ones whose first waits longer than the bound: only these can have been passed over."""
        found: dict[Group, list[_Lane]] = {}
        for group in active:
            for lane in self._lanes[group].values():
                if lane.weight > 1 and passed_until(self._head(lane), self._queues.get(lane.queue, PLAIN)) < now:
                    found.setdefault(group, []).append(lane)
        return found

    def _held_until(self, agent: Agent, starving: dict[Group, list[_Lane]], now: int) -> float:
        """He keeps his room for somebody too heavy for what he has left: he gets nobody who came after this moment."""
        held = math.inf
        for group in self._groups[agent.id]:
            for lane in starving.get(group, ()):
                one = None if has_room(agent, lane.weight) else self._first_for(agent, lane, group)
                queue = self._queues.get(lane.queue, PLAIN)
                if one is not None and passed_until(one, queue) < now and opens_at(one, agent, queue) <= now:
                    held = min(held, passed_until(one, queue))
        return held

    def _first_for(self, agent: Agent, lane: _Lane, group: Group) -> Waiting | None:
        """The first of a lane that this agent has not declined: what he declined he does not keep his room for."""
        head = self._head(lane)
        if agent.id not in head.declined:
            return head
        key = lane.weight, head.priority
        left = [place for place in lane.heap if self._is_here(place, group, key)]
        asked = [place for place in left if agent.id not in self._waiting[place[1]].declined]
        return self._waiting[min(asked)[1]] if asked else None

    def _head(self, lane: _Lane) -> Waiting:
        return self._waiting[lane.heap[0][1]]

    def _opening(self, lane: _Lane, group: Group) -> float:
        head, queue = self._head(lane), self._queues.get(lane.queue, PLAIN)
        delays = (delay(agent, queue) for agent in self._staff[group].values() if has_room(agent, lane.weight))
        return skilled_at(head, queue, min(delays, default=math.inf))

    def _able(
        self, one: Waiting, group: Group, now: int, starving: dict[Group, list[_Lane]], held: dict[str, float]
    ) -> list[Agent]:
        """Who may take it now; `held` is filled with what was found out of each agent on the way."""
        queue = self._queues.get(one.queue, PLAIN)
        able = [
            agent
            for agent in self._staff[group].values()
            if has_room(agent, one.weight) and opens_at(one, agent, queue) <= now
        ]
        if not starving:
            return able
        for agent in able:
            if agent.id not in held:
                held[agent.id] = self._held_until(agent, starving, now)
        return [agent for agent in able if waits_since(one, queue) <= held[agent.id]]

    def _give_up_keeping(self, now: int) -> None:
        """Whoever was kept for an agent until now is anybody's."""
        while self._kept and self._kept[0][0] <= now:
            _, waiting = heapq.heappop(self._kept)
            one = self._waiting.get(waiting)
            if one is not None and one.reserved_until is not None and one.reserved_until <= now:
                self.wait(replace(one, reserved_for=None, reserved_until=None))

    def _is_here(self, place: tuple[int, str], group: Group, key: tuple[int, int]) -> bool:
        one = self._waiting.get(place[1])
        if one is None or one.rank != place[0] or (one.weight, one.priority) != key:
            return False
        return (one.queue, one.language, one.reserved_for) == group
