"""Clocks and promises as JSON, for desks, supervisors and customers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handoff_service.clock import iso
from handoff_service.promises import store
from handoff_service.promises.model import ClockKind, Outcome, Promise, Settled, StoredClock

GOING = (Outcome.RUNNING, Outcome.PAUSED)
SHOWN_AT_DESK = 50


def clock_json(clock: StoredClock) -> dict[str, Any]:
    """A clock; `due_at` is when it is due if nothing happens, null while it does not run."""
    return {
        "clock": clock.kind,
        "state": clock.state,
        "conversation": clock.conversation,
        "handoff": clock.handoff,
        "queue": clock.queue,
        "channel": clock.channel,
        "priority": clock.priority,
        "started_at": iso(clock.started_at),
        "target_s": clock.target_s,
        "used_s": clock.used_s,
        "warn_at": iso(clock.warn_at),
        "due_at": iso(clock.due_at),
        "warned_at": iso(clock.warned_at),
        "breached_at": iso(clock.breached_at),
        "ended_at": iso(clock.ended_at),
    }


def breach_json(clock: StoredClock) -> dict[str, Any]:
    """What integrators are told of a missed time."""
    return {
        "conversation": clock.conversation,
        "handoff": clock.handoff,
        "clock": clock.kind,
        "queue": clock.queue,
        "channel": clock.channel,
        "priority": clock.priority,
        "started_at": iso(clock.started_at),
        "due_at": iso(clock.due_at),
    }


def promise_json(promise: Promise, now: datetime) -> dict[str, Any]:
    """A promise; `overdue` while it is open and its time is over, `vague` when no time was said."""
    return {
        "id": promise.id,
        "conversation": promise.conversation,
        "seq": promise.seq,
        "text": promise.text,
        "deed": promise.deed,
        "by": {"kind": promise.by_kind, "id": promise.by_id},
        "said_at": iso(promise.said_at),
        "due_at": iso(promise.due_at),
        "vague": promise.vague,
        "state": promise.state,
        "overdue": promise.state is Settled.OPEN and promise.due_at <= now,
        "settled_at": iso(promise.settled_at),
        "settled_by": promise.settled_by,
        "reason": promise.reason,
    }


def deadlines(connection: sa.Connection, tenant: str, conversation: str, now: datetime) -> dict[str, Any]:
    """What a desk shows beside a conversation: the clocks of its handoffs, and everything that was promised in it.

    Of the next replies those that go or were missed.
    """
    clocks = store.clocks_of_conversation(connection, tenant, conversation, remarkable=True)
    promises = store.promises_of(connection, tenant, conversation)
    return {
        "sla": [clock_json(clock) for clock in clocks],
        "promises": [promise_json(promise, now) for promise in promises],
    }


def owed_by(connection: sa.Connection, tenant: str, agent: str | None, now: datetime) -> list[dict[str, Any]]:
    """What an agent has promised and not kept, the most urgent first; for None everything that is overdue."""
    before = now if agent is None else None
    listed = store.listed_promises(connection, tenant, before=before, by=agent, limit=SHOWN_AT_DESK)
    return [promise_json(promise, now) for promise in listed]


def promised_to(connection: sa.Connection, tenant: str, conversation: str) -> list[dict[str, Any]]:
    """What the customer was promised and may wait for: the words that he has read, and by when."""
    listed = store.promises_of(connection, tenant, conversation, only_open=True)
    return [{"seq": one.seq, "text": one.text, "due_at": iso(one.due_at), "vague": one.vague} for one in listed]


def kept_share(counts: list[tuple[str, str, str, bool, int]]) -> list[dict[str, Any]]:
    """By queue and clock how many were in time: {"queue", "clock", "running", "met", "missed", "kept_share"}."""
    lines: dict[tuple[str, str], dict[str, Any]] = {}
    for queue, kind, state, late, count in counts:
        line = lines.setdefault((queue, kind), {"queue": queue, "clock": kind, "running": 0, "met": 0, "missed": 0})
        if late:
            line["missed"] += count
        elif state in GOING:
            line["running"] += count
        elif state == Outcome.MET:
            line["met"] += count
    for line in lines.values():
        over = line["met"] + line["missed"]
        line["kept_share"] = round(line["met"] / over, 4) if over else None
    order = [str(kind) for kind in ClockKind]
    return sorted(lines.values(), key=lambda line: (line["queue"], order.index(line["clock"])))
