"""The owner table, move by move: what the design lists is allowed, everything else is refused and changes nothing."""

from __future__ import annotations

import itertools
from datetime import timedelta

import pysqlite3 as sqlite3
import pytest
import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from handoff_service import tables
from handoff_service.conversations import lifecycle, store
from handoff_service.conversations.change import next_deadline
from handoff_service.conversations.model import (
    SYSTEM,
    Audience,
    Conversation,
    Entry,
    Event,
    Kind,
    Owner,
    OwnerKind,
)
from handoff_service.database import Transaction
from handoff_service.errors import IllegalTransition
from tests.handoff_service.stage import MONDAY, trial_settings

BOT, QUEUE, OFFER, AGENT, MAILBOX, CLOSED = OwnerKind
REASONS = ("asked", "unsure", "unhappy", "policy", "bot_failed", "reply_timeout")

# The design's table, written down a second time, as (from, event): to. Nothing that is not here may happen.
DESIGN: dict[tuple[str | None, str], set[str]] = {
    (None, "opened"): {"bot", "queue"},
    **{("bot", reason): {"queue", "mailbox"} for reason in REASONS},
    ("bot", "take_over"): {"agent"},
    ("queue", "offer"): {"offer"},
    ("queue", "claim"): {"agent"},
    ("queue", "closing_time"): {"mailbox"},
    ("queue", "overflow"): {"queue", "mailbox"},
    ("queue", "leave_message"): {"mailbox"},
    ("queue", "solved"): {"bot"},
    ("offer", "accept"): {"agent"},
    ("offer", "decline"): {"queue"},
    ("offer", "offer_timeout"): {"queue"},
    ("offer", "agent_lost"): {"queue"},
    ("offer", "solved"): {"bot"},
    ("offer", "leave_message"): {"mailbox"},
    ("mailbox", "claim"): {"agent"},
    **{(kind, "escalate"): {"queue", "mailbox"} for kind in ("queue", "offer", "mailbox")},
    ("agent", "transfer"): {"agent", "queue"},
    ("agent", "escalate"): {"agent", "queue"},
    ("agent", "take_over"): {"agent"},
    ("agent", "agent_lost"): {"queue"},
    ("agent", "give_back"): {"bot"},
    **{
        (kind, event): {"closed"}
        for kind in ("bot", "queue", "offer", "agent", "mailbox")
        for event in ("close", "idle")
    },
    ("closed", "reopen"): {"bot", "queue"},
}


def owner_of(kind: OwnerKind) -> Owner:
    """An owner of the kind with everything that it must name."""
    return Owner(
        kind,
        agent="a_1" if kind in (OFFER, AGENT) else None,
        queue="support" if kind in (QUEUE, OFFER, MAILBOX, AGENT) else None,
    )


EVERY_MOVE = list(itertools.product([None, *OwnerKind], Event, OwnerKind))


@pytest.mark.parametrize("event", Event)
@pytest.mark.parametrize("start", [None, *OwnerKind])
def test_the_table_allows_exactly_what_the_design_lists(start: OwnerKind | None, event: Event) -> None:
    begin = owner_of(start) if start else None
    for end in OwnerKind:
        if end in DESIGN.get((start, event), set()):
            lifecycle.check(begin, event, owner_of(end))
        else:
            with pytest.raises(IllegalTransition):
                lifecycle.check(begin, event, owner_of(end))


def test_every_event_of_the_design_exists_and_every_event_is_in_the_design() -> None:
    assert {event for _, event in DESIGN} == set(Event)
    assert {(start, event): set(ends) for (start, event), ends in lifecycle.TRANSITIONS.items()} == DESIGN


@pytest.mark.parametrize(
    "owner",
    [
        Owner(AGENT, None, "support"),
        Owner(OFFER, None, "support"),
        Owner(QUEUE, "a_1", "support"),
        Owner(BOT, "a_1"),
        Owner(QUEUE),
        Owner(MAILBOX),
        Owner(CLOSED, "a_1"),
    ],
)
def test_an_owner_that_does_not_name_what_it_must_is_refused(owner: Owner) -> None:
    starts = [(kind, event) for (kind, event), ends in lifecycle.TRANSITIONS.items() if owner.kind in ends]
    assert starts
    for kind, event in starts:
        with pytest.raises(IllegalTransition):
            lifecycle.check(owner_of(kind) if kind else None, event, owner)


@pytest.fixture(scope="module")
def memory() -> sa.Engine:
    engine = sa.create_engine("sqlite://", module=sqlite3, poolclass=sa.StaticPool)
    tables.metadata.create_all(engine)
    return engine


def test_a_refused_move_leaves_the_conversation_as_it_was(memory: sa.Engine) -> None:
    """Through the store, for every kind of owner and every event: no entry, no epoch, no column changes."""
    for start, event, end in EVERY_MOVE:
        if start is None or end in DESIGN.get((start, event), set()):
            continue
        with memory.connect() as connection:
            before = _standing_at(connection, start)
            with pytest.raises(IllegalTransition):
                store.move(
                    Transaction(connection), before, event, owner_of(end), now=MONDAY + timedelta(1), deadline_at=None
                )
            assert store.find(connection, "demo", before.id) == before
            assert store.entries_after(connection, "demo", before.id, before.last_seq) == []
            connection.rollback()


def test_an_allowed_move_writes_the_entry_and_the_cache_together(memory: sa.Engine) -> None:
    for (start, event), ends in DESIGN.items():
        for end in ends:
            if start is None:
                continue
            with memory.connect() as connection:
                before = _standing_at(connection, OwnerKind(start))
                target = owner_of(OwnerKind(end))
                moved, entry = store.move(
                    Transaction(connection), before, Event(event), target, now=MONDAY, deadline_at=None
                )
                found = store.find(connection, "demo", before.id)
                assert found == moved
                assert (found.owner, found.epoch, found.last_seq) == (target, before.epoch + 1, before.last_seq + 1)
                assert (entry.seq, entry.epoch, entry.kind) == (found.last_seq, found.epoch, Kind.STATE)
                assert (entry.body["from"], entry.body["event"]) == (start, event)
                assert (found.closed_at is not None) == (end == "closed")
                connection.rollback()


def _standing_at(connection: sa.Connection, kind: OwnerKind) -> Conversation:
    """A conversation that was led to an owner of this kind by allowed moves."""
    ways = {
        BOT: [],
        QUEUE: [(Event.ASKED, QUEUE)],
        OFFER: [(Event.ASKED, QUEUE), (Event.OFFER, OFFER)],
        AGENT: [(Event.TAKE_OVER, AGENT)],
        MAILBOX: [(Event.ASKED, MAILBOX)],
        CLOSED: [(Event.CLOSE, CLOSED)],
    }
    tx = Transaction(connection)
    made = store.create(connection, "demo", channel="web", contact="k_1", language="en", now=MONDAY)
    for event, end in [(Event.OPENED, BOT), *ways[kind]]:
        made, _ = store.move(tx, made, event, owner_of(end), now=MONDAY, deadline_at=None, actor=SYSTEM)
    return made


def _state(seq: int, epoch: int, event: str, end: str) -> Entry:
    to = owner_of(OwnerKind(end))
    return Entry(
        tenant="demo",
        conversation="c_1",
        seq=seq,
        mid=f"m_{seq}",
        kind=Kind.STATE,
        audience=Audience.PUBLIC,
        author=SYSTEM,
        body={"event": event, "to": {"kind": to.kind, "agent": to.agent, "queue": to.queue}},
        client_id=None,
        epoch=epoch,
        turn=None,
        at=MONDAY,
    )


@settings(deadline=None)
@given(st.data())
def test_replay_follows_any_walk_over_the_table(data: st.DataObject) -> None:
    timeline: list[Entry] = []
    kind: str | None = None
    for number in range(1, data.draw(st.integers(1, 30)) + 1):
        event, end = data.draw(
            st.sampled_from([(e, t) for (f, e), ends in DESIGN.items() if f == kind for t in sorted(ends)])
        )
        timeline.append(_state(number, number, event, end))
        kind = end
    assert lifecycle.replay(timeline) == (owner_of(OwnerKind(str(kind))), len(timeline))


def test_replay_refuses_a_log_that_breaks_the_rules() -> None:
    opened = _state(1, 1, "opened", "bot")
    with pytest.raises(IllegalTransition, match="does not lead"):
        lifecycle.replay([opened, _state(2, 2, "accept", "agent")])
    with pytest.raises(IllegalTransition, match="epoch 3, not 2"):
        lifecycle.replay([opened, _state(2, 3, "asked", "queue")])
    assert lifecycle.replay([]) == (None, 0)


@pytest.mark.parametrize("kind", OwnerKind)
def test_exactly_the_open_kinds_have_a_deadline(kind: OwnerKind) -> None:
    deadline = next_deadline(kind, trial_settings(), MONDAY)
    assert (deadline is None) == (kind is CLOSED)
    assert deadline is None or deadline > MONDAY


def test_allows_tells_from_where_an_event_leads_anywhere() -> None:
    for kind, event in itertools.product(OwnerKind, Event):
        assert lifecycle.allows(owner_of(kind), event) == ((kind, event) in DESIGN)
