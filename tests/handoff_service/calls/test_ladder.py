"""The ladder as a decision: every rung once, at its time, in its order, whatever was seen and who is there."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handoff_service.calls.model import (
    LADDERS,
    Call,
    Crew,
    Deed,
    Pace,
    Rung,
    Step,
    concerns,
    due,
    next_step,
    this_wait,
    upcoming,
)
from tests.handoff_service.stage import MONDAY

PACE = Pace(notify=timedelta(seconds=20), take=timedelta(seconds=120), offer=timedelta(seconds=30))
FREE, FULL, NOBODY = Crew(True, 1), Crew(True, 0), Crew(False, 0)


def at(seconds: float) -> datetime:
    return MONDAY + timedelta(seconds=seconds)


def call(n: int, rung: Rung, seconds: float = 0, *, shown: float | None = None, agent: str | None = None) -> Call:
    return Call(n=n, rung=rung, agent=agent, at=at(seconds), shown_at=None if shown is None else at(shown))


def fired(mode: str, *, crew: Crew, seconds: int, seen: Rung | None = None, after: int = 5) -> list[tuple[str, int]]:
    """(rung, second) of what happens to a handoff that nobody takes; `seen`: the call that a desk confirms."""
    calls: list[Call] = []
    told = []
    for second in range(seconds):
        step = next_step(calls, mode, offered=False, crew=crew, pace=PACE, now=at(second))
        if step is not None and step.deed is Deed.CALL:
            shown = second + after if step.rung is seen else None
            calls.append(call(len(calls) + 1, step.rung, second, shown=shown))
            told.append((str(step.rung), second))
    return told


def test_nobody_looks_at_a_queue_that_is_claimed_by_hand() -> None:
    expected = [("queued", 0), ("supervisor", 20), ("outside", 40), ("ticket", 60)]
    assert fired("claim", crew=FREE, seconds=3600) == expected
    assert fired("claim", crew=NOBODY, seconds=3600) == expected


def test_nobody_looks_at_a_queue_that_offers_and_finds_nobody_to_offer_to() -> None:
    expected = [("queued", 0), ("team", 20), ("supervisor", 40), ("outside", 60), ("ticket", 80)]
    assert fired("offer", crew=NOBODY, seconds=3600) == expected


def test_what_was_seen_and_not_taken_goes_on_later() -> None:
    told = fired("claim", crew=FREE, seconds=3600, seen=Rung.QUEUED)
    assert told == [("queued", 0), ("supervisor", 125), ("outside", 145), ("ticket", 165)]


def test_who_is_too_heavy_for_the_room_there_is_is_not_held_for_ever() -> None:
    calls, some, bound = [call(1, Rung.QUEUED)], Crew(True, 2), at(2700)

    def deed(second: float, crew: Crew, weight: int) -> Deed | None:
        until = {"weight": weight, "hold_until": bound}
        step = next_step(calls, "claim", offered=False, crew=crew, pace=PACE, now=at(second), **until)  # type: ignore[arg-type]
        return step and step.deed

    assert deed(2699, some, 3) is Deed.HOLD
    assert deed(2700, some, 3) is Deed.CALL, "then everybody is called whom lighter ones have not called"
    assert deed(2700, FULL, 3) is deed(2700, FULL, 1) is Deed.HOLD, "nobody has room for anything: that is a queue"


def test_while_everybody_has_his_hands_full_nobody_is_called() -> None:
    calls = [call(1, Rung.QUEUED)]
    step = next_step(calls, "claim", offered=False, crew=FULL, pace=PACE, now=at(20))
    assert step is not None
    assert (step.deed, step.of) == (Deed.HOLD, calls[0])
    held = Call(n=1, rung=Rung.QUEUED, agent=None, at=at(0), held_at=at(20))
    assert next_step([held], "claim", offered=False, crew=FREE, pace=PACE, now=at(39)) is None
    assert next_step([held], "claim", offered=False, crew=FREE, pace=PACE, now=at(40)) is not None


def test_an_offer_that_no_desk_shows_is_taken_back_before_it_runs_out() -> None:
    calls = [call(1, Rung.QUEUED), call(2, Rung.AGENT, 3, agent="a_lin")]
    assert next_step(calls, "offer", offered=True, crew=FREE, pace=PACE, now=at(22)) is None
    step = next_step(calls, "offer", offered=True, crew=FREE, pace=PACE, now=at(23))
    assert step is not None
    assert step.deed is Deed.TAKE_BACK
    seen = [calls[0], call(2, Rung.AGENT, 3, shown=4, agent="a_lin")]
    assert next_step(seen, "offer", offered=True, crew=FREE, pace=PACE, now=at(600)) is None, "its own end comes first"


def test_after_two_agents_the_team_is_called_also_while_a_third_is_asked() -> None:
    one, two = call(2, Rung.AGENT, 3, agent="a_lin"), call(3, Rung.AGENT, 23, shown=25, agent="a_maya")
    calls = [call(1, Rung.QUEUED), one, two]
    assert upcoming(calls, "offer", offered=False, pace=PACE) == (due(two, PACE), _team(two))
    assert due(two, PACE) == at(53), "until the offer that was seen runs out"
    third = call(4, Rung.AGENT, 53, shown=54, agent="a_chen")
    found = next_step([*calls, third], "offer", offered=True, crew=FREE, pace=PACE, now=at(54))
    assert found == _team(two)


def _team(of: Call) -> Step:
    return Step(Deed.CALL, Rung.TEAM, of)


def test_after_one_agent_the_next_one_has_his_time_before_the_team() -> None:
    calls = [call(1, Rung.QUEUED), call(2, Rung.AGENT, 0, agent="a_lin")]
    assert upcoming(calls, "offer", offered=False, pace=PACE) == (at(40), _team(calls[1]))


def test_a_new_wait_begins_with_the_first_rung() -> None:
    old = [call(1, Rung.QUEUED), call(2, Rung.SUPERVISOR, 20), call(3, Rung.OUTSIDE, 40)]
    again = [*old, call(4, Rung.QUEUED, 1000)]
    assert this_wait(again) == again[3:]
    assert next_step(again, "claim", offered=False, crew=FREE, pace=PACE, now=at(1019)) is None
    step = next_step(again, "claim", offered=False, crew=FREE, pace=PACE, now=at(1020))
    assert step is not None
    assert step.rung is Rung.SUPERVISOR


@pytest.mark.parametrize(
    ("rung", "mode", "member", "supervisor", "stranger"),
    [
        (Rung.QUEUED, "claim", True, False, False),
        (Rung.QUEUED, "offer", False, False, False),
        (Rung.AGENT, "offer", False, False, False),
        (Rung.TEAM, "offer", True, False, False),
        (Rung.SUPERVISOR, "claim", False, True, False),
        (Rung.OUTSIDE, "claim", False, False, False),
        (Rung.TICKET, "claim", False, False, False),
    ],
)
def test_whom_a_call_is_for(rung: Rung, mode: str, member: bool, supervisor: bool, stranger: bool) -> None:
    one = call(1, rung, agent="a_asked")

    def is_for(agent: str, *, serves: bool = False, supervises: bool = False) -> bool:
        return concerns(one, agent=agent, serves=serves, supervises=supervises, mode=mode)

    assert is_for("a_lin", serves=True) == member
    assert is_for("a_chen", supervises=True) == supervisor
    assert is_for("a_maya") == stranger
    assert is_for("a_asked") == (rung is Rung.AGENT)


@given(
    mode=st.sampled_from(["claim", "offer"]),
    ticks=st.lists(
        st.tuples(st.integers(0, 40), st.booleans(), st.sampled_from(["", "offer", "end"]), st.integers(0, 2)),
        max_size=80,
    ),
)
def test_every_rung_once_in_order_and_never_before_the_one_below_was_in_vain(
    mode: str, ticks: list[tuple[int, bool, str, int]]
) -> None:
    calls, now, offered = [call(1, Rung.QUEUED)], 0, False
    for seconds, sees, event, who in ticks:
        now += seconds
        if event == "offer" and mode == "offer" and not offered:
            calls.append(call(len(calls) + 1, Rung.AGENT, now, agent="a_lin"))
            offered = True
        elif event == "end":
            offered = False
        crew = (FREE, FULL, NOBODY)[who]
        step = next_step(calls, mode, offered=offered, crew=crew, pace=PACE, now=at(now))
        if step is None:
            pass
        elif step.deed is Deed.CALL:
            below = step.of
            assert below is not None
            assert at(now) >= below.at + PACE.notify
            assert crew is not FULL
            calls.append(call(len(calls) + 1, step.rung, now))
        elif step.deed is Deed.TAKE_BACK:
            offered = False
        if sees and calls[-1].shown_at is None:
            calls[-1] = Call(
                n=len(calls), rung=calls[-1].rung, agent=calls[-1].agent, at=calls[-1].at, shown_at=at(now)
            )
    rungs = [one.rung for one in calls if one.rung is not Rung.AGENT]
    assert rungs == list(LADDERS[mode][: len(rungs)])
