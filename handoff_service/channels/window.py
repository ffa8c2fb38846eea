"""How long, and how often, a platform lets us write after a customer did something. Pure.

Most messaging platforms open a window with what the customer does and close it by time or count (docs/channels.md
has the sources). Each deed gives the larger of what is left and what it allows; nothing adds up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum


class Deed(StrEnum):
    """What a customer did."""

    WROTE = "wrote"
    CAME = "came"  # entered the chat, followed, scanned
    PRESSED = "pressed"  # a menu of the platform


@dataclass(frozen=True)
class Allowance:
    """So long, and so many messages (None: any number)."""

    lasts: timedelta
    messages: int | None = None


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The allowances of a platform by deed; without any it may be written to at any time.

    `people_lasts`: people may answer longer than the bot. `kept_for_people`: the last messages of a counted window
    are not the bot's to use.
    """

    allowances: Mapping[Deed, Allowance] = field(default_factory=dict)
    people_lasts: timedelta | None = None
    kept_for_people: int = 1


AT_ANY_TIME = Rules()
# Why a platform takes no message for this customer now; texts of the same names tell agents what opens it again.
NEVER_OPENED, CLOSED, USED_UP, LEFT = "window_never_opened", "window_closed", "window_used_up", "contact_left"
BARRED = (NEVER_OPENED, CLOSED, USED_UP, LEFT)


@dataclass(frozen=True, kw_only=True)
class Window:
    """What is left of a customer's deeds: until when, and how many messages (None: any number)."""

    since: datetime
    until: datetime
    remaining: int | None = None


def opened(rules: Rules, before: Window | None, deed: Deed, at: datetime) -> Window | None:
    """The window after a deed at `at`; None where the platform has no windows.

    A deed that came late, after a younger one, takes nothing away.
    """
    allowance = rules.allowances.get(deed)
    if allowance is None:
        return before
    fresh = Window(since=at, until=at + allowance.lasts, remaining=allowance.messages)
    if before is None or before.until <= at or not _left(before):
        return fresh
    return fresh if (fresh.until, _worth(fresh)) >= (before.until, _worth(before)) else before


def used(window: Window) -> Window:
    """One message fewer; only what the platform took counts."""
    return window if window.remaining is None else replace(window, remaining=max(0, window.remaining - 1))


def ends(rules: Rules, window: Window, *, by_person: bool) -> datetime:
    """Until when the window is open; for people it may be longer than for the bot."""
    longer = rules.people_lasts if by_person else None
    return window.until if longer is None else max(window.until, window.since + longer)


def refusal(rules: Rules, window: Window | None, *, by_person: bool, now: datetime) -> str | None:
    """Why nothing may be sent now, as a key of the texts; None when it may."""
    if not rules.allowances:
        return None
    if window is None:
        return NEVER_OPENED
    if now >= ends(rules, window, by_person=by_person):
        return CLOSED
    if window.remaining is None:
        return None
    spare = 0 if by_person else rules.kept_for_people
    return USED_UP if window.remaining <= spare else None


def _left(window: Window) -> bool:
    return window.remaining is None or window.remaining > 0


def _worth(window: Window) -> float:
    return float("inf") if window.remaining is None else window.remaining
