"""Judges a history by every invariant that a black box can see."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

# Imported for their checks, which register themselves.
from tests.history import effects, owners, privacy, sessions, storage, timeline
from tests.history.case import CHECKS, Case, Violation
from tests.history.events import History

MODULES = (timeline, sessions, owners, effects, privacy, storage)


def judge(history: History, *, only: Collection[str] | None = None) -> list[Violation]:
    """Everything that is wrong, by invariant; `only`: names of the checks to make, all when None."""
    case = Case(history)
    found = [
        Violation(invariant, name, one.conv, one.seen, one.expected, tuple(line for line in one.lines if line))
        for name, (invariant, check) in CHECKS.items()
        if only is None or name in only
        for one in check(case)
    ]
    return sorted(found, key=lambda one: (int(one.invariant[1:]), one.conv, one.lines))


def judge_raw(raws: Iterable[Mapping[str, Any]], *, only: Collection[str] | None = None) -> list[Violation]:
    """The same for the JSON of events."""
    return judge(History.of(raws), only=only)


def losses(history: History) -> dict[str, tuple[str, list[int]]]:
    """By conversation that lost acknowledged messages: prefix, middle, suffix or everything, and the seqs."""
    return timeline.lost_parts(Case(history))
