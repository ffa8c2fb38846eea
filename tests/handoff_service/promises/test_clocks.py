"""Clocks of the service level: a pure function of the entries, against a slow count of minutes, and told once."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from handoff_service.calendars.model import Calendar
from handoff_service.calendars.settings import WORKDAYS, Opening
from handoff_service.conversations.model import AuthorKind
from handoff_service.promises.clocks import (
    Case,
    Step,
    after,
    as_kept,
    begin,
    carried,
    from_kept,
    run,
    stored_clocks,
    tell,
)
from handoff_service.promises.model import ClockKind, Outcome, StoredClock
from handoff_service.promises.settings import Target, target_for
from handoff_service.seed import demo_settings
from handoff_service.tenants.model import TenantSettings

SHANGHAI, MINUTE = ZoneInfo("Asia/Shanghai"), timedelta(minutes=1)
OFFICE = Calendar(SHANGHAI, (Opening.model_validate({"days": WORKDAYS, "from": "09:00", "to": "18:00"}),))
ALWAYS = Calendar(SHANGHAI)
TUESDAY = datetime(2026, 11, 3, 17, 0, tzinfo=SHANGHAI).astimezone(UTC)
CUSTOMER, AGENT = AuthorKind.CUSTOMER, AuthorKind.AGENT
FIRST, NEXT, WHOLE = ClockKind.FIRST_REPLY, ClockKind.NEXT_REPLY, ClockKind.RESOLUTION
# Minutes from TUESDAY on in which the office is open, by the clock on the wall.
AT_WORK = frozenset(
    minute
    for minute in range(4001)
    for local in [(TUESDAY + minute * MINUTE).astimezone(SHANGHAI)]
    if local.weekday() < 5 and 9 <= local.hour < 18
)
TARGET = Target(first_reply_min=30, next_reply_min=60, resolution_min=480)


def case(**parts: object) -> Case:
    plain = {"queue": "support", "channel": "web", "priority": 3, "requested_seq": 2, "requested_at": TUESDAY}
    return Case(**{"tenant": "demo", "handoff": "h_1", "conversation": "c_1", **plain, **parts})  # type: ignore[arg-type]


def steps(*told: tuple[float, AuthorKind | None]) -> list[Step]:
    """(minutes after the request, who spoke; None: the handoff ends)."""
    return [Step(3 + n, TUESDAY + at * MINUTE, by, ends=by is None) for n, (at, by) in enumerate(told)]


def clocks(*told: tuple[float, AuthorKind | None], calendar: Calendar = ALWAYS) -> dict[object, StoredClock]:
    """By kind, those of next replies by (kind, number)."""
    found = stored_clocks(case(), run(case(), steps(*told), calendar), [TARGET], calendar)
    replies = [one for one in found if one.kind is NEXT]
    return {one.kind: one for one in found if one.kind is not NEXT} | {(NEXT, n): one for n, one in enumerate(replies)}


def test_the_first_reply_is_awaited_from_the_request_on() -> None:
    waiting = clocks((5, CUSTOMER))
    assert set(waiting) == {FIRST, WHOLE}, "what the customer adds before anybody answered starts nothing"
    assert waiting[FIRST].state is Outcome.RUNNING
    assert waiting[FIRST].due_at == TUESDAY + 30 * MINUTE
    assert waiting[FIRST].warn_at == TUESDAY + 22.5 * MINUTE
    assert clocks((30, AGENT))[FIRST].state is Outcome.MET
    late = clocks((31, AGENT))[FIRST]
    assert (late.state, late.breached_at, late.used_s) == (Outcome.MISSED, TUESDAY + 31 * MINUTE, 31 * 60)


def test_next_replies_are_counted_each_from_the_first_of_his_messages() -> None:
    told = clocks((1, AGENT), (10, CUSTOMER), (20, CUSTOMER), (40, AGENT), (41, AGENT), (100, CUSTOMER), (170, AGENT))
    assert [told[NEXT, n].used_s for n in (0, 1)] == [30 * 60, 70 * 60]
    assert [told[NEXT, n].state for n in (0, 1)] == [Outcome.MET, Outcome.MISSED]


def test_the_resolution_waits_while_the_customer_is_awaited() -> None:
    told = clocks((10, AGENT), (1000, CUSTOMER), (1020, AGENT), (5000, CUSTOMER))
    assert told[WHOLE].used_s == 30 * 60
    assert told[WHOLE].due_at == TUESDAY + (5000 + 480 - 30) * MINUTE
    paused = clocks((10, AGENT))[WHOLE]
    assert (paused.state, paused.due_at, paused.warn_at) == (Outcome.PAUSED, None, None)
    ended = clocks((10, AGENT), (1000, CUSTOMER), (1020, AGENT), (9000, None))
    assert (ended[WHOLE].state, ended[WHOLE].used_s, ended[NEXT, 0].state) == (Outcome.MET, 30 * 60, Outcome.MET)


def test_what_ends_before_anybody_could_answer_is_dropped_unless_it_was_late() -> None:
    assert clocks((20, None))[FIRST].state is Outcome.DROPPED
    assert clocks((31, None))[FIRST].state is Outcome.MISSED
    assert clocks((20, None), (50, AGENT))[FIRST].state is Outcome.DROPPED, "what comes after the end is another matter"


def test_only_working_time_counts() -> None:
    """An hour before closing: eight working hours are due an hour before closing of the next day."""
    asked = clocks(calendar=OFFICE)
    assert asked[WHOLE].due_at == TUESDAY + timedelta(days=1) - 60 * MINUTE
    assert clocks((16 * 60, AGENT), calendar=OFFICE)[FIRST].used_s == 60 * 60
    assert clocks((60 + 29, AGENT), calendar=OFFICE)[FIRST].state is Outcome.MISSED


TALKS = st.lists(st.tuples(st.integers(0, 4000), st.sampled_from([CUSTOMER, AGENT])), max_size=12).map(sorted)


@given(TALKS, st.integers(0, 4000), st.sampled_from([OFFICE, ALWAYS]))
def test_the_clocks_agree_with_a_count_of_minutes(
    talk: list[tuple[int, AuthorKind]], ended: int, calendar: Calendar
) -> None:
    """Whose turn it is, minute by minute."""
    told = [(at, by) for at, by in talk if at <= ended]
    found = clocks(*told, (ended, None), calendar=calendar)
    first = whole = 0
    at, answered, ours = 0, False, True
    for until, by in [*told, (ended, None)]:
        for minute in range(at, until):
            open_ = calendar is ALWAYS or minute in AT_WORK
            first += open_ and not answered
            whole += open_ and ours
        at, answered, ours = until, answered or by is AGENT, by is not AGENT and (ours or answered)
    assert found[FIRST].used_s == first * 60
    assert found[WHOLE].used_s == whole * 60
    assert found[FIRST].state is (Outcome.MISSED if first > 30 else Outcome.MET if answered else Outcome.DROPPED)


@given(
    TALKS, st.integers(0, 4000), st.lists(st.integers(0, 12), max_size=4).map(sorted), st.sampled_from([OFFICE, ALWAYS])
)
def test_it_does_not_matter_how_often_it_is_put_down_and_taken_up(
    talk: list[tuple[int, AuthorKind]], ended: int, cuts: list[int], calendar: Calendar
) -> None:
    """Read from where it was left, as the row keeps it, or from the request on: the same clocks."""
    told = steps(*[(at, by) for at, by in talk if at <= ended], (ended, None))
    standing, seen = begin(case()), {}
    for start, end in zip([0, *cuts], [*cuts, len(told)], strict=True):
        before = from_kept(json.loads(json.dumps(as_kept(standing))))
        assert before == standing
        standing = after(before, told[start:end], calendar)
        seen |= {(one.kind, one.since_seq): one for one in standing.clocks()}
    assert seen == {(one.kind, one.since_seq): one for one in run(case(), told, calendar)}


@given(TALKS, st.lists(st.integers(0, 4500), max_size=30).map(sorted))
def test_every_warning_comes_once_and_never_after_the_breach(
    talk: list[tuple[int, AuthorKind]], looks: list[int]
) -> None:
    """Entries and looks of the sweeper in the order of time; what was told of each clock."""
    heard: dict[tuple[ClockKind, int], list[str]] = {}
    stored: dict[tuple[ClockKind, int], StoredClock] = {}
    for moment in sorted({*looks, *(at for at, _ in talk)}):
        heard_until = steps(*[one for one in talk if one[0] <= moment])
        found = stored_clocks(case(), run(case(), heard_until, ALWAYS), [TARGET], ALWAYS)
        stored = {(one.kind, one.since_seq): carried(one, stored.get((one.kind, one.since_seq))) for one in found}
        for which, clock in stored.items():
            if moment in looks:
                stored[which], what = tell(clock, TUESDAY + moment * MINUTE)
                if what:
                    heard.setdefault(which, []).append(what)
                    assert clock.due_at is not None
                    assert (TUESDAY + moment * MINUTE >= clock.due_at) == (what == "breach")
    for which, told in heard.items():
        assert told in (["warning"], ["breach"], ["warning", "breach"]), which
    assert all(one.next_at is None or one.state is Outcome.RUNNING for one in stored.values())


def test_the_most_particular_target_counts() -> None:
    everybody, queue = Target(first_reply_min=60, resolution_min=999), Target(queue="vip", first_reply_min=10)
    urgent, channel = Target(priority_from=7, first_reply_min=20), Target(channel="telegram", first_reply_min=90)
    targets = [everybody, queue, urgent, channel]

    def chosen(kind: ClockKind = FIRST, queue: str = "support", channel: str = "web", priority: int = 3) -> object:
        found = target_for(targets, kind, queue=queue, channel=channel, priority=priority)
        return found and found.minutes(kind)

    assert [chosen(), chosen(queue="vip"), chosen(priority=8), chosen(channel="telegram", queue="vip")] == [
        60,
        10,
        20,
        90,
    ]
    assert chosen(WHOLE, queue="vip", channel="telegram") == 999, "what it does not set, the next one does"
    assert chosen(NEXT) is None


@pytest.mark.parametrize(
    ("sla", "told"),
    [
        ({"queue": "vip", "first_reply_min": 5}, "sla.0.queue: there is no queue 'vip'; there are: support"),
        ({"channel": "pigeon", "first_reply_min": 5}, "sla.0.channel: there is no channel 'pigeon'; there are: api,"),
        ({"queue": "support"}, "a target sets first_reply_min, next_reply_min or resolution_min"),
        ({"priority_from": 5, "priority_to": 4, "first_reply_min": 5}, "priority_from 5 is above priority_to 4"),
        ({"first_reply_min": 0}, "greater than 0"),
    ],
)
def test_a_wrong_target_is_refused_with_its_place(sla: dict[str, object], told: str) -> None:
    plain = demo_settings("http://127.0.0.1:8082").model_dump(mode="json", exclude_none=True)
    with pytest.raises(ValidationError) as refused:
        TenantSettings.model_validate({**plain, "queues": [{"id": "support", "name": "S"}], "sla": [sla]})
    assert told in str(refused.value)
