"""Lists: every filter, pages that neither lose nor repeat anything, words, and who sees complaints about agents."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handoff_service.errors import Invalid
from handoff_service.tickets import listing, work
from handoff_service.tickets.listing import Filter, Lane, Place, counts, merged, page, place_of, read_cursor
from handoff_service.tickets.model import State, Ticket
from tests.handoff_service.stage import MONDAY
from tests.handoff_service.tickets.conftest import Office
from tests.handoff_service.tickets.test_states import ticket

only_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
HOUR = timedelta(hours=1)


@settings(max_examples=80, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 30), max_size=12), min_size=1, max_size=4),
    st.integers(1, 7),
    st.integers(1, 6),
    st.sampled_from([2, 3]),
)
def test_pages_of_several_lanes_lose_and_repeat_nothing(
    hours: list[list[int]], limit: int, window: int, divisor: int
) -> None:
    """A lane looks at `window` rows at a time, of which a filter may leave few; the pages are the filtered whole."""
    lanes = [
        sorted((ticket(id=f"t_{lane}_{n}", due_at=MONDAY + hour * HOUR) for n, hour in enumerate(each)), key=place_of)
        for lane, each in enumerate(hours)
    ]

    def kept(one: Ticket) -> bool:
        return sum(map(ord, one.id)) % divisor != 0

    def lane(rows: list[Ticket], after: Place | None) -> Lane:
        ahead = [one for one in rows if after is None or place_of(one) > after]
        found = [place_of(one) for one in ahead[:window] if kept(one)][: limit + 1]
        if len(found) > limit:
            return Lane(found, found[-1])
        return Lane(found, place_of(ahead[window - 1]) if len(ahead) >= window else None)

    seen: list[Place] = []
    after: Place | None = None
    for _ in range(200):
        rows, after = merged([lane(rows, after) for rows in lanes], limit)
        assert len(rows) <= limit
        seen += rows
        if after is None:
            break
    assert after is None, "it never ends"
    whole = sorted((one for rows in lanes for one in rows if kept(one)), key=place_of)
    assert [one.id for one in seen] == [one.id for one in whole]


async def everything(office: Office, asked: Filter, *, limit: int = 3, by: str = "lin") -> list[str]:
    """Subjects of all pages."""
    found: list[str] = []
    cursor = None
    for _ in range(100):
        rows, cursor = await office.database.read(
            lambda c, after=cursor: page(c, office.people[by], asked, cursor=after, limit=limit)
        )
        found += [one.subject for one in rows]
        if cursor is None:
            return found
    raise AssertionError("it never ends")


async def test_every_filter_and_every_page(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "WINDOW", 4)
    monkeypatch.setattr(listing, "WORDS", 4)
    draw = random.Random(6)
    made: list[Ticket] = []
    for number in range(24):
        made.append(
            await office.opens(
                f"case {number} 花瓶" if number % 3 else f"case {number} refund",
                type=("order", "refund")[number % 2],
                priority=draw.randrange(10),
                queue=("support", "senior")[number % 4 == 0],
                due_at=MONDAY + draw.randrange(1, 9) * HOUR,
            )
        )
    for one in made[:8]:
        await office.does("lin", work.take, one)
    for one in made[20:]:
        await office.does("maya", work.resolve, one)
    now = [await office.now(one) for one in made]

    def expected(keep: Any) -> list[str]:
        return [one.subject for one in sorted(filter(keep, now), key=place_of)]

    unfinished = {State.OPEN, State.IN_PROGRESS, State.WAITING}
    for asked, keep in [
        (Filter(), lambda one: one.state in unfinished),
        (Filter(states=frozenset(State)), lambda _: True),
        (Filter(agent="a_lin"), lambda one: one.agent == "a_lin"),
        (Filter(agent="none"), lambda one: one.agent is None and one.state in unfinished),
        (Filter(queue="senior"), lambda one: one.queue == "senior" and one.state in unfinished),
        (Filter(type="refund"), lambda one: one.type == "refund" and one.state in unfinished),
        (Filter(priority=7, states=frozenset(State)), lambda one: one.priority >= 7),
        (Filter(due_before=MONDAY + 4 * HOUR), lambda one: one.due_at < MONDAY + 4 * HOUR and one.state in unfinished),
        (Filter(contact=office.customer.contact), lambda _: True),
        (Filter(conversation=office.conversation.id), lambda _: True),
        (Filter(type="message"), lambda _: False),
        (
            Filter(agent="a_lin", type="order", queue="support"),
            lambda one: one.agent == "a_lin" and one.type == "order" and one.queue == "support",
        ),
        (
            Filter(queue="support", priority=5),
            lambda one: one.queue == "support" and one.priority >= 5 and one.state in unfinished,
        ),
    ]:
        assert await everything(office, asked) == expected(keep), asked

    by_birth = sorted(now, key=lambda one: one.id, reverse=True)  # of one millisecond chance says which is older
    newest = [one.subject for one in by_birth]
    assert await everything(office, Filter(text="花瓶")) == [one for one in newest if "花瓶" in one]
    assert await everything(office, Filter(text="Case REFUND")) == [one for one in newest if "refund" in one]
    assert await everything(office, Filter(text=str(made[3].number))) == [made[3].subject]
    assert await everything(office, Filter(text="refund", agent="a_lin")) == [
        one.subject for one in by_birth if one.agent == "a_lin" and "refund" in one.subject
    ]
    assert await everything(office, Filter(text="elephant")) == []
    told = await office.database.read(lambda c: counts(c, office.people["lin"], MONDAY + 100 * HOUR))
    assert told == {"mine": 8, "free": 12, "overdue": 20}, "late is late, also what nobody has"


@only_sqlite
async def test_a_changed_subject_is_found_under_its_new_words_only(office: Office) -> None:
    one = await office.opens("the blue vase")
    await office.does("lin", work.change, one, subject="the green lamp")
    assert await everything(office, Filter(text="green")) == ["the green lamp"]
    assert await everything(office, Filter(text="vase")) == []


@only_sqlite
@pytest.mark.parametrize("cursor", ["x", "12", "12.", ".t_1", "1e3.t_1", "-5.t_1", f"{'9' * 30}.t_1", "٣.t_1"])
async def test_a_cursor_of_something_else_is_refused(office: Office, cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        await office.database.read(lambda c: page(c, office.people["lin"], Filter(), cursor=cursor, limit=3))
    if not cursor.startswith("t_"):
        asked = Filter(text="vase")
        with pytest.raises(Invalid, match="cursor"):
            await office.database.read(lambda c: page(c, office.people["lin"], asked, cursor=cursor, limit=3))
    assert read_cursor("") is None


@only_sqlite
async def test_a_text_without_words_says_so(office: Office) -> None:
    with pytest.raises(Invalid, match="at least one word"):
        await everything(office, Filter(text="!?"))
