"""The table of states: every pair of state and deed, random walks, and what `only_thanks` and words make of texts."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handoff_service.conversations.change import Context
from handoff_service.errors import IllegalTransition
from handoff_service.tenants.model import TenantSettings
from handoff_service.tickets.answered import only_thanks
from handoff_service.tickets.model import Deed, Happening, State, Ticket
from handoff_service.tickets.open import default_due
from handoff_service.tickets.states import MOVES, MOVING, UNFINISHED, check, next_look, replay
from handoff_service.tickets.words import MOST_WORDS, asked_words, words_of
from tests.handoff_service.stage import MONDAY, shop, trial_settings

DAY = timedelta(days=1)


def ticket(**parts: object) -> Ticket:
    usual = {
        "tenant": "demo", "id": "t_1", "number": "T1", "type": "order", "subject": "s", "state": State.OPEN,
        "source": "hand", "conversation": "c_1", "contact": "k_1", "due_at": MONDAY + 2 * DAY,
        "created_at": MONDAY, "updated_at": MONDAY,
    }  # fmt: skip
    return Ticket(**{**usual, **parts})  # type: ignore[arg-type]


def test_what_the_table_does_not_list_is_refused_by_name() -> None:
    for state, deed, to in product((None, *State), Deed, State):
        if to in MOVES.get((state, deed), ()):
            check(state, deed, to)
        else:
            with pytest.raises(IllegalTransition, match=f"cannot be {deed}"):
                check(state, deed, to)


def test_every_state_can_be_left_and_reached() -> None:
    reached = {to for targets in MOVES.values() for to in targets}
    assert reached == set(State)
    for state in State:
        assert any(here is state and to - {state} for (here, _), to in MOVES.items()), f"{state} is a trap"
    assert all((state, Deed.CLOSED) in MOVES for state in UNFINISHED), "everything unfinished can be closed"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(sorted(Deed)), st.sampled_from(sorted(State)), st.booleans()), max_size=30))
def test_replaying_a_log_leads_to_the_state_that_it_was_written_in(deeds: list[tuple[Deed, State, bool]]) -> None:
    state, agent = State.OPEN, None
    lines = [Happening(n=1, kind=Deed.OPENED, actor="system", audience="internal", body={"to": state}, at=MONDAY)]
    for deed, to, owned in deeds:
        body: dict[str, object] = {"agent": "a_1"} if owned else {}
        if deed in MOVING:
            try:
                check(state, deed, to)
            except IllegalTransition:
                continue
            state = to
            body["to"] = to
        agent = "a_1" if owned else agent
        at = {"audience": "internal", "at": MONDAY}
        lines.append(Happening(n=len(lines) + 1, kind=deed, actor="agent:a_1", body=body, **at))  # type: ignore[arg-type]
    assert replay(lines) == (state, agent, len(lines))
    if len(lines) > 2:
        with pytest.raises(IllegalTransition, match="line 2 is missing"):
            replay([lines[0], *lines[2:]])


@given(
    state=st.sampled_from(sorted(State)),
    overdue=st.booleans(),
    check_in=st.none() | st.integers(1, 50),
    days=st.integers(0, 30),
    merged=st.booleans(),
)
def test_something_always_looks_at_what_is_unfinished_and_never_at_what_was_merged(
    state: State, overdue: bool, check_in: int | None, days: int, merged: bool
) -> None:
    check_at = None if check_in is None else MONDAY + check_in * DAY
    ended = MONDAY if state in (State.RESOLVED, State.CLOSED) else None
    parts = {"check_at": check_at, "ended_at": ended, "overdue_at": MONDAY if overdue else None}
    look = next_look(ticket(state=state, merged_into="t_2" if merged else None, **parts), days)
    if merged:
        assert look is None
    elif state in (State.OPEN, State.IN_PROGRESS) and not overdue:
        assert look is not None
        assert look <= MONDAY + 2 * DAY
    elif state is State.RESOLVED:
        assert look is not None
        assert look <= MONDAY + days * DAY
    else:
        assert look == check_at


def test_a_renewed_promise_is_looked_at_at_its_new_time() -> None:
    missed = ticket(type="message", number=None, overdue_at=MONDAY)
    assert next_look(missed, 14, warn_at=MONDAY + DAY) == missed.due_at
    assert next_look(ticket(type="message", overdue_at=MONDAY, conversation=""), 14) is None, "nobody to own up to"


def test_work_is_due_while_people_are_there() -> None:
    """Asked on Monday morning, promised within two days: on Wednesday nobody is there, so it is due on Thursday."""
    days = {"days": ["mon", "tue", "thu", "fri"], "from": "09:00", "to": "18:00"}
    changed = {"timezone": "UTC", "calendars": {"office": {"hours": [days]}}}
    raw = shop().settings.model_dump(mode="json", exclude_none=True) | changed
    raw["queues"] = [{"id": "support", "name": "Support", "calendar": "office"}]
    rules, context = TenantSettings.model_validate(raw), Context(trial_settings(), MONDAY)
    assert default_due(rules, "order", "support", context) == MONDAY.replace(day=5, hour=9, minute=0)


@pytest.mark.parametrize(
    "text",
    ["谢谢", "好的，谢谢您！", "收到，辛苦了", "已经解决了，谢谢", "没问题", "非常满意👍", "🙏", "ok", "Thanks a lot!",
     "great, thank you so much", "It is fixed now. Thanks.", "all good"],
)  # fmt: skip
def test_thanks_reopen_nothing(text: str) -> None:
    assert only_thanks(text)


@pytest.mark.parametrize(
    "text",
    ["没解决", "还没有收到", "谢谢，但是还没收到退款", "好的，那什么时候能到？", "不行",
     "thanks, but it is still broken",
     "no", "not fixed", "OK, when?", "It isn't working", "谢谢，我的订单号是LY20261101001", "T261102-482915"],
)  # fmt: skip
def test_whatever_says_more_is_an_answer(text: str) -> None:
    assert not only_thanks(text)


def test_words_find_what_was_written_in_both_languages() -> None:
    words = words_of("T261102-482915", "收到的花瓶是碎的 refund LY20261101001", "Straße")
    for asked in (
        "花瓶",
        "花瓶是碎",
        "REFUND",
        "ly20261101001",
        "t261102-482915",
        "refund 花瓶",
        "strasse",
        "ＲＥＦＵＮＤ",
    ):
        assert asked_words(asked), asked
        assert set(asked_words(asked)) <= set(words), asked
    for other in ("瓶花", "fund", "LY2026"):
        assert not set(asked_words(other)) <= set(words), other
    assert asked_words(" !? ") == ()


@given(st.lists(st.text(max_size=200), max_size=6))
def test_any_text_has_few_words_that_every_database_holds(texts: list[str]) -> None:
    words = words_of(*texts)
    assert len(words) == len(set(words)) <= MOST_WORDS
    assert all(0 < len(word) <= 40 and "\x00" not in word for word in words)
