"""Who gets what as a pure decision: the fast board against going through everybody, and each rule by itself."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handoff_service.agents.model import Agent
from handoff_service.handoffs.model import CLASS_WORTH, HIGHEST_PRIORITY, rank
from handoff_service.handoffs.routing.board import Board
from handoff_service.handoffs.routing.model import ANGRY, SECOND, Match, Queue, Waiting, is_angry, micros
from handoff_service.tenants.routing import SkillNeed
from tests.handoff_service.stage import MONDAY, person

NOW = micros(MONDAY)
LANGUAGES = ("zh", "en")
NAMES = ("front", "back", "senior")
CREW = ("lin", "maya", "noor", "omar")
WORTH_S = {"front": 60, "back": 300, "senior": 60}

needs = st.builds(
    SkillNeed,
    skill=st.sampled_from(["refund", "law"]),
    level=st.integers(1, 5),
    relax_after_s=st.none() | st.integers(1, 12).map(lambda tens: 10 * tens),
)
queues = st.fixed_dictionaries(
    {
        name: st.builds(
            Queue,
            tier=st.integers(1, 2),
            needs=st.lists(needs, max_size=2).map(tuple),
            heat=st.none() | st.integers(1, 2),
            # Now and then another one than that by which the ranks were made: the setting has changed meanwhile.
            worth_us=st.sampled_from([WORTH_S[name] * SECOND] * 4 + [100 * SECOND]),
        )
        for name in NAMES
    }
)
agents = st.builds(
    lambda number, capacity, load, serves, speaks, skills, row, last, done: person(
        f"p{number}",
        capacity=capacity,
        open=min(load, capacity),
        queues=tuple(serves),
        languages=tuple(speaks),
        skills=skills,
        angry_row=row,
        last_assigned_at=None if last is None else MONDAY - timedelta(seconds=last),
        idle_since=None if last is None or done is None else MONDAY - timedelta(seconds=done),
    ),
    st.integers(0, 9),
    st.integers(1, 4),
    st.integers(0, 4),
    st.sets(st.sampled_from(NAMES)),
    st.sets(st.sampled_from(LANGUAGES)),
    st.dictionaries(st.sampled_from(["refund", "law"]), st.integers(1, 5)),
    st.integers(0, 3),
    st.none() | st.integers(0, 100),
    st.none() | st.integers(0, 100),
)
waits = st.builds(
    lambda number, queue, language, priority, ago, front, weight, angry, declined, resting, kept, until: Waiting(
        id=f"h_{number}",
        queue=queue,
        language=language,
        priority=priority,
        rank=NOW - (ago + priority * WORTH_S[queue] + front) * SECOND,
        weight=weight,
        angry=angry,
        declined=frozenset(f"a_p{one}" for one in declined | resting),
        resting=frozenset(f"a_p{one}" for one in resting),
        reserved_for=None if kept is None else f"a_p{kept}",
        reserved_until=None if kept is None else NOW + until * SECOND,
    ),
    st.integers(0, 30),
    st.sampled_from(NAMES),
    st.sampled_from(LANGUAGES),
    st.integers(0, 3),
    st.integers(0, 60).map(lambda tens: 10 * tens) | st.sampled_from([1000, 3000]),
    st.sampled_from([0, 0, 0, 5000]),
    st.integers(1, 3),
    st.booleans(),
    st.sets(st.integers(0, 9), max_size=3),
    st.sets(st.integers(0, 9), max_size=2),
    st.none() | st.integers(0, 9),
    st.integers(-50, 400),
)
# What may happen between two decisions: somebody comes, goes, is free, is busy, time passes.
events = st.lists(
    st.tuples(st.just("wait"), waits)
    | st.tuples(st.just("free"), agents)
    | st.tuples(st.just("leave"), st.integers(0, 30).map(lambda number: f"h_{number}"))
    | st.tuples(st.just("busy"), st.integers(0, 9).map(lambda number: f"a_p{number}"))
    | st.tuples(st.just("later"), st.integers(1, 300))
    | st.tuples(st.just("next"), st.none()),
    min_size=1,
    max_size=40,
)


def may_take(waiting: Waiting, agent: Agent, queue: Queue, now: int) -> bool:
    """Written down again, from the words of the design."""
    if waiting.queue not in agent.queues or waiting.language not in agent.languages:
        return False
    if agent.open > 0 and agent.open + waiting.weight > agent.capacity:
        return False
    if waiting.reserved_for not in (None, agent.id) and (waiting.reserved_until or math.inf) > now:
        return False
    waited = (now - waiting.rank) / SECOND - waiting.priority * queue.worth_us / SECOND
    for need in queue.needs:
        level = float(need.level)
        if need.relax_after_s is not None:
            level -= math.floor(max(waited, 0.0) / need.relax_after_s)
        if agent.skills.get(need.skill, 0) < level:
            return False
    return True


def missing(agent: Agent, queue: Queue) -> float:
    """For how long somebody waits until this agent will do."""
    gaps = [(need, max(0, need.level - agent.skills.get(need.skill, 0))) for need in queue.needs]
    return max([(need.relax_after_s or math.inf) * gap for need, gap in gaps if gap] or [0.0])


def asked_at(one: Waiting, known: dict[str, Queue]) -> int:
    return one.rank + one.priority * known[one.queue].worth_us


def keeps_room(agent: Agent, one: Waiting, waiting: dict[str, Waiting], known: dict[str, Queue], now: int) -> bool:
    """Somebody whom he could take if he had less to do, and has not declined, asked more than nine classes before."""
    return any(
        may_take(heavy, replace(agent, open=0), known[heavy.queue], now)
        and not may_take(heavy, agent, known[heavy.queue], now)
        and agent.id not in heavy.declined
        and asked_at(heavy, known) + 9 * known[heavy.queue].worth_us < min(now, asked_at(one, known))
        for heavy in waiting.values()
    )


def slow(waiting: dict[str, Waiting], team: dict[str, Agent], known: dict[str, Queue], now: int) -> Match | None:
    """The oracle: everybody in order, each with everybody who is free."""
    for one in sorted(waiting.values(), key=lambda one: (one.rank, one.id)):
        queue = known[one.queue]
        able = [agent for agent in team.values() if may_take(one, agent, queue, now)]
        able = [agent for agent in able if not keeps_room(agent, one, waiting, known, now)]
        for narrower in (
            lambda agent, one=one: agent.id not in one.resting,
            lambda agent, one=one, queue=queue: not (one.angry and queue.heat and agent.angry_row >= queue.heat),
            lambda agent, one=one: agent.id not in one.declined,
        ):
            able = [agent for agent in able if narrower(agent)] or able
        if able:
            above = {name for name, other in known.items() if other.tier > queue.tier}
            order: list[Any] = [
                (
                    missing(agent, queue),
                    bool(above & set(agent.queues)),
                    agent.open / agent.capacity,
                    since is not None,
                    since,
                    agent.id,
                    agent,
                )
                for agent in able
                for since in [agent.last_assigned_at if agent.idle_since is None else agent.idle_since]
            ]
            return Match(one, min(order)[-1])
    return None


@settings(max_examples=250)
@given(queues, events)
def test_the_board_decides_like_going_through_everybody_in_order(known: dict[str, Queue], story: Any) -> None:
    """Whatever happened before: nothing is forgotten in a lane, nobody is found who may not, the first is the first."""
    board, waiting, team, now = Board(known), {}, {}, NOW
    for event, what in [*story, *[("next", None)] * 3]:
        match event:
            case "wait":
                board.wait(what)
                waiting[what.id] = what
            case "free":
                board.free(what)
                team[what.id] = what
            case "leave":
                board.leave(what)
                waiting.pop(what, None)
            case "busy":
                board.busy(what)
                team.pop(what, None)
            case "later":
                now += what * SECOND
            case "next":
                found, expected = board.next(now), slow(waiting, team, known, now)
                assert (found is None) == (expected is None)
                if found is not None and expected is not None:
                    assert (found.waiting.id, found.agent) == (expected.waiting.id, expected.agent)
                    del waiting[found.waiting.id], team[found.agent.id]
        assert len(board) == len(waiting)


def waiting(number: int, **changes: Any) -> Waiting:
    """Somebody of class 3 in the front queue, asked `number` seconds after the others."""
    plain = Waiting(
        id=f"h_{number}", queue="front", language="en", priority=3, rank=rank(MONDAY + timedelta(seconds=number), 3)
    )
    return replace(plain, **changes)


def chosen(known: dict[str, Queue], who: list[Waiting], team: list[Agent], *, after_s: int = 60) -> list[str]:
    """`waiting>agent` of all matches that are possible now."""
    board, found = Board(known), []
    for one in who:
        board.wait(one)
    for agent in team:
        board.free(agent)
    while (match := board.next(NOW + after_s * SECOND)) is not None:
        found.append(f"{match.waiting.id}>{match.agent.name}")
    return found


def one(name: str, **changes: Any) -> Agent:
    return person(name, queues=("front",), **changes)


def test_among_equals_it_goes_to_who_waited_longest_for_work_and_first_to_the_least_loaded() -> None:
    hour = timedelta(hours=1)
    team = [
        one("new", last_assigned_at=MONDAY),
        one("old", last_assigned_at=MONDAY - hour),
        one("never"),
        one("loaded", open=1, last_assigned_at=MONDAY - 2 * hour),
        one("long", last_assigned_at=MONDAY - 3 * hour, idle_since=MONDAY - hour / 2),
    ]
    who = [waiting(number) for number in range(5)]
    expected = ["h_0>Never", "h_1>Old", "h_2>Long", "h_3>New", "h_4>Loaded"]
    assert chosen({"front": Queue()}, who, team) == expected, "a long conversation that has just ended is no long wait"


def test_who_declined_is_asked_again_when_nobody_else_is_left() -> None:
    declined = waiting(1, declined=frozenset({"a_lin"}))
    assert chosen({}, [declined], [one("lin"), one("maya", open=2)]) == ["h_1>Maya"]
    assert chosen({}, [declined], [one("lin")]) == ["h_1>Lin"]
    assert chosen({}, [declined], []) == []


def test_who_declined_an_angry_one_gets_him_before_who_had_k_of_them() -> None:
    angry = waiting(1, angry=True, declined=frozenset({"a_lin"}))
    team = [one("lin"), one("maya", angry_row=2)]
    assert chosen({"front": Queue(heat=2)}, [angry], team) == ["h_1>Lin"], "Lin is free, and it is one of k in a row"
    assert chosen({"front": Queue(heat=2)}, [replace(angry, resting=frozenset({"a_lin"}))], team) == ["h_1>Maya"]


def test_nobody_gets_more_than_k_angry_ones_in_a_row_while_others_are_free() -> None:
    """Played as it happens: whoever has got two of them gets a third only when nobody else is free."""
    known, row = {"front": Queue(heat=2)}, {"lin": 0, "maya": 0, "noor": 0}
    got: list[str] = []
    for number in range(30):
        free = ["lin", "maya", "noor"] if number % 7 else ["lin"]
        team = [one(name, angry_row=row[name], last_assigned_at=MONDAY if name != "lin" else None) for name in free]
        angry = number % 5 != 0
        (match,) = chosen(known, [waiting(number, angry=angry)], team)
        name = match.split(">")[1].lower()
        if angry and row[name] >= 2:
            assert all(row[other] >= 2 for other in free)
        row[name] = row[name] + 1 if angry else 0
        got.append(name)
    assert set(got) == {"lin", "maya", "noor"}


@settings(max_examples=100)
@given(
    st.integers(1, 3),
    st.lists(st.tuples(st.sets(st.sampled_from(CREW), min_size=1), st.booleans()), min_size=1, max_size=25),
    st.fixed_dictionaries({name: st.integers(0, 2) for name in CREW}),
)
def test_in_no_story_somebody_gets_more_than_k_angry_ones_in_a_row_while_others_are_free(
    k: int, story: list[tuple[set[str], bool]], held: dict[str, int]
) -> None:
    """Whoever is free at each step, however much he holds already, and however long he has waited for work."""
    known, row, last = {"front": Queue(heat=k)}, dict.fromkeys(CREW, 0), dict.fromkeys(CREW, MONDAY)
    for number, (free, angry) in enumerate(story, start=1):
        team = [one(name, angry_row=row[name], open=held[name], last_assigned_at=last[name]) for name in sorted(free)]
        (match,) = chosen(known, [waiting(number, angry=angry)], team)
        name = match.split(">")[1].lower()
        if angry and row[name] >= k:
            assert all(row[other] >= k for other in free), (name, row)
        row[name] = row[name] + 1 if angry else 0
        last[name] = MONDAY + timedelta(seconds=number)


@settings(max_examples=100)
@given(
    st.lists(waits, max_size=8, unique_by=lambda one: one.id), st.lists(agents, max_size=5, unique_by=lambda a: a.id)
)
def test_heat_only_says_who_gets_somebody_and_keeps_nobody_waiting(who: list[Waiting], team: list[Agent]) -> None:
    def first(heat: int | None) -> str | None:
        board = Board({name: Queue(heat=heat) for name in NAMES})
        for one in who:
            board.wait(one)
        for agent in team:
            board.free(agent)
        match = board.next(NOW)
        return match and match.waiting.id

    assert first(1) == first(3) == first(None)


def test_a_skill_is_waited_for_and_relaxes_level_by_level() -> None:
    known = {"front": Queue(needs=(SkillNeed(skill="refund", level=4, relax_after_s=60),))}
    novice, fair = one("novice", skills={"refund": 1}), one("fair", skills={"refund": 3})
    who = [waiting(0)]
    assert chosen(known, who, [novice, fair, one("expert", skills={"refund": 5})], after_s=0) == ["h_0>Expert"]
    assert chosen(known, who, [novice, fair], after_s=59) == []
    assert chosen(known, who, [novice, fair], after_s=60) == ["h_0>Fair"]
    assert chosen(known, who, [novice], after_s=179) == []
    assert chosen(known, who, [novice], after_s=180) == ["h_0>Novice"]
    assert chosen(known, who, [one("none")], after_s=240) == ["h_0>None"], "in the end anybody of the queue will do"
    never = {"front": Queue(needs=(SkillNeed(skill="refund", level=1),))}
    assert chosen(never, who, [one("none")], after_s=10**6) == []


def test_behind_somebody_who_still_waits_for_an_expert_others_are_helped() -> None:
    """The urgent one goes before, but has not waited long enough; the calm one behind him has."""
    known = {"front": Queue(needs=(SkillNeed(skill="refund", level=1, relax_after_s=60),))}
    urgent = waiting(30, priority=9, rank=rank(MONDAY + timedelta(seconds=30), 9))
    assert chosen(known, [urgent, waiting(0)], [one("novice")], after_s=60) == ["h_0>Novice"]


def test_what_the_expert_could_take_waits_again_once_he_is_busy() -> None:
    known = {"front": Queue(needs=(SkillNeed(skill="refund", level=1),))}
    who = [waiting(0), waiting(1, priority=2, rank=rank(MONDAY, 2))]
    assert chosen(known, who, [one("novice"), one("expert", skills={"refund": 1})]) == ["h_0>Expert"]


def test_urgency_is_no_excuse_for_less_skill() -> None:
    """A class of priority puts him before others; it does not count as time waited for an expert."""
    known = {"front": Queue(needs=(SkillNeed(skill="refund", level=1, relax_after_s=60),))}
    urgent = waiting(0, priority=9, rank=rank(MONDAY, 9))
    assert chosen(known, [urgent], [one("none")], after_s=59) == []
    assert chosen(known, [urgent], [one("none")], after_s=60) == ["h_0>None"]


def test_who_is_kept_for_an_agent_waits_for_him_and_then_for_nobody() -> None:
    kept = waiting(0, reserved_for="a_lin", reserved_until=NOW + 60 * SECOND)
    assert chosen({}, [kept, waiting(1)], [one("maya")], after_s=59) == ["h_1>Maya"]
    assert chosen({}, [kept, waiting(1)], [one("lin"), one("maya")], after_s=1) == ["h_0>Lin", "h_1>Maya"]
    assert chosen({}, [kept], [one("maya")], after_s=60) == ["h_0>Maya"]


def test_a_call_needs_more_room_than_a_chat() -> None:
    call, chat = waiting(0, weight=3), waiting(1)
    assert chosen({}, [call, chat], [one("lin", capacity=3, open=1)]) == ["h_1>Lin"]
    assert chosen({}, [call, chat], [one("lin", capacity=2)]) == ["h_0>Lin"], "who has nothing may take anything"


@pytest.mark.parametrize(("weight", "worth_s", "agents"), [(3, 300, 1), (2, 60, 2), (3, 60, 5)])
def test_a_call_is_not_passed_over_for_ever_by_chats(weight: int, worth_s: int, agents: int) -> None:
    """Each chat that ends leaves room for one more, which is there: a call of the highest class still gets its turn.

    Nobody who asked more than nine classes after it is helped before; then the room that it needs is kept for it.
    """
    worth, bound = timedelta(seconds=worth_s), 9 * worth_s // 60
    board = Board({"front": Queue(worth_us=worth_s * SECOND)})
    board.wait(waiting(0, id="call", weight=weight, priority=9, rank=rank(MONDAY, 9, worth)))
    begun = {f"p{number}": [-4, -2] for number in range(agents)}
    for minute in range(0, 600, 2):
        moment = MONDAY + timedelta(minutes=minute)
        for number in range(agents):
            board.wait(waiting(0, id=f"chat_{minute}_{number}", priority=3, rank=rank(moment, 3, worth)))
        for name, chats in begun.items():
            chats[:] = [start for start in chats if minute - start < 6]
            board.free(one(name, capacity=3, open=len(chats)))
        while (match := board.next(micros(moment))) is not None:
            if match.waiting.id == "call":
                assert bound < minute <= bound + 6, "the bound, and the chats that were going on then"
                return
            assert int(match.waiting.id.split("_")[1]) <= bound, "nobody who came later than that goes before it"
            begun[match.agent.name.lower()].append(minute)
    pytest.fail("for ten hours the call was not offered once")


def test_room_is_kept_only_by_who_could_take_it_and_has_not_declined_it() -> None:
    long_ago = timedelta(minutes=50)
    call = waiting(0, weight=3, rank=rank(MONDAY - long_ago, 3))
    chat, lin = waiting(1), one("lin", capacity=3, open=1)
    assert chosen({}, [call, chat], [lin]) == []
    assert chosen({}, [call, replace(chat, rank=call.rank + 1)], [lin]) == ["h_1>Lin"], "who came soon after goes on"
    assert chosen({}, [replace(call, declined=frozenset({"a_lin"})), chat], [lin]) == ["h_1>Lin"]
    assert chosen({}, [replace(call, language="zh"), chat], [replace(lin, languages=("en",))]) == ["h_1>Lin"]
    assert chosen({}, [replace(call, queue="back"), chat], [lin]) == ["h_1>Lin"]
    never = {"back": Queue(needs=(SkillNeed(skill="law", level=1),))}
    both = replace(lin, queues=("front", "back"))
    assert chosen(never, [replace(call, queue="back"), chat], [both]) == ["h_1>Lin"]
    assert chosen({}, [replace(call, queue="back"), chat], [both]) == [], "also for another of his queues"


def test_the_front_line_is_helped_by_the_front_line_before_the_seniors() -> None:
    known = {"front": Queue(), "senior": Queue(tier=2)}
    senior = person("senior", queues=("front", "senior"))
    assert chosen(known, [waiting(0)], [senior, one("lin", open=2)]) == ["h_0>Lin"]
    assert chosen(known, [waiting(0)], [senior]) == ["h_0>Senior"]
    above = waiting(1, queue="senior")
    assert chosen(known, [waiting(0), above], [senior]) == ["h_0>Senior"], "nobody of the front line starves for it"


moments = st.datetimes(MONDAY.replace(tzinfo=None), MONDAY.replace(year=2030, tzinfo=None)).map(
    lambda moment: moment.replace(tzinfo=MONDAY.tzinfo)
)
priorities = st.integers(0, HIGHEST_PRIORITY)


@given(moments, moments, priorities)
def test_within_a_class_the_order_is_that_of_the_requests(early: Any, late: Any, priority: int) -> None:
    assert (rank(early, priority) < rank(late, priority)) == (early < late) or abs(early - late) < timedelta(
        microseconds=2
    )


@given(moments, st.timedeltas(timedelta(0), timedelta(days=2)), priorities, priorities, st.integers(1, 3600))
def test_nobody_waits_behind_later_ones_for_longer_than_the_ageing_bound(
    asked: Any, later: timedelta, low: int, high: int, worth_s: int
) -> None:
    """F-61: a flood of urgent requests overtakes by at most nine classes' worth of waiting."""
    worth = timedelta(seconds=worth_s)
    if later > HIGHEST_PRIORITY * worth + timedelta(microseconds=2):
        assert rank(asked, low, worth) < rank(asked + later, high, worth)
    if low < high and later < (high - low) * worth - timedelta(microseconds=2):
        assert rank(asked + later, high, worth) < rank(asked, low, worth), "but within it the urgent one goes first"


def test_a_flood_of_urgent_ones_starves_nobody() -> None:
    """One agent, one urgent request a second for ever: the calm one goes after nine classes and not a second later."""
    board = Board({"front": Queue()})
    board.wait(waiting(0, id="calm", priority=0, rank=rank(MONDAY, 0)))
    bound = int(9 * CLASS_WORTH / timedelta(seconds=1))
    for second in range(bound + 10):
        moment = MONDAY + timedelta(seconds=second)
        board.wait(waiting(second, priority=9, rank=rank(moment, 9)))
        board.free(one("lin"))
        match = board.next(micros(moment))
        assert match is not None
        if match.waiting.id == "calm":
            break
    assert bound - 1 <= second <= bound + 1


@pytest.mark.parametrize("priority", [-1, 10])
def test_a_priority_that_is_none_is_refused(priority: int) -> None:
    with pytest.raises(ValueError, match="priority"):
        rank(MONDAY, priority)


def test_what_counts_as_angry() -> None:
    assert [is_angry(mood) for mood in (None, 0.0, ANGRY - 0.01, ANGRY, 1.0)] == [False, False, False, True, True]
