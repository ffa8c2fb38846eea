"""How long and how often a platform lets us write."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from handoff_service.channels.window import AT_ANY_TIME, Allowance, Deed, Rules, Window, opened, refusal, used

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
WECHAT = Rules(allowances={Deed.WROTE: Allowance(48 * HOUR, 5), Deed.CAME: Allowance(MINUTE, 3)})
META = Rules(allowances={Deed.WROTE: Allowance(24 * HOUR)}, people_lasts=timedelta(days=7))


def left(window: Window | None) -> tuple[datetime, int | None] | None:
    return window and (window.until, window.remaining)


def test_a_smaller_deed_takes_nothing_away_and_nothing_adds_up() -> None:
    wrote = opened(WECHAT, None, Deed.WROTE, NOON)
    assert left(wrote) == (NOON + 48 * HOUR, 5)
    assert opened(WECHAT, wrote, Deed.CAME, NOON + HOUR) == wrote
    again = opened(WECHAT, used(used(wrote)), Deed.WROTE, NOON + HOUR)  # type: ignore[arg-type]
    assert left(again) == (NOON + 49 * HOUR, 5)
    followed = opened(WECHAT, None, Deed.CAME, NOON)
    assert left(followed) == (NOON + MINUTE, 3)
    assert opened(WECHAT, followed, Deed.PRESSED, NOON) == followed, "no allowance for this deed"


def test_a_used_up_window_opens_with_the_next_deed() -> None:
    """F-17."""
    window = opened(WECHAT, None, Deed.WROTE, NOON)
    for _ in range(7):
        assert window is not None
        window = used(window)
    assert left(opened(WECHAT, window, Deed.CAME, NOON + HOUR)) == (NOON + HOUR + MINUTE, 3)


def test_the_last_message_is_for_people() -> None:
    window = Window(since=NOON, until=NOON + 48 * HOUR, remaining=1)
    assert refusal(WECHAT, window, by_person=False, now=NOON) == "window_used_up"
    assert refusal(WECHAT, window, by_person=True, now=NOON) is None
    assert refusal(WECHAT, used(window), by_person=True, now=NOON) == "window_used_up"


def test_people_may_answer_longer_where_the_platform_says_so() -> None:
    window = opened(META, None, Deed.WROTE, NOON)
    later = NOON + timedelta(days=2)
    assert refusal(META, window, by_person=False, now=later) == "window_closed"
    assert refusal(META, window, by_person=True, now=later) is None
    assert refusal(META, window, by_person=True, now=NOON + timedelta(days=7)) == "window_closed"


def test_without_rules_everything_may_be_sent_and_with_them_nothing_before_the_customer_came() -> None:
    assert refusal(AT_ANY_TIME, None, by_person=False, now=NOON) is None
    assert refusal(WECHAT, None, by_person=True, now=NOON) == "window_never_opened"


@given(st.lists(st.tuples(st.sampled_from(Deed), st.integers(0, 100_000), st.booleans()), max_size=30))
def test_whatever_happens_a_deed_never_shortens_what_is_left(story: list[tuple[Deed, int, bool]]) -> None:
    window: Window | None = None
    now = NOON
    for deed, seconds, sent in story:
        now += timedelta(seconds=seconds)
        before = window
        window = opened(WECHAT, window, deed, now)
        if before is not None and before.until > now and before.remaining:
            assert window is not None
            assert window.until >= before.until
        if window is not None and sent and refusal(WECHAT, window, by_person=True, now=now) is None:
            window = used(window)
        assert window is None or window.remaining is None or 0 <= window.remaining <= 5
