"""The shortest part of a history that still shows a violation: what a person has to read."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

from tests.history.case import Violation
from tests.history.checker import judge_raw
from tests.history.events import Unreadable

Raw = dict[str, Any]
LOGS = frozenset({"final_log", "backup_log", "lost_log", "restored_log"})


def shrink(raws: Sequence[Raw], violation: Violation, *, until: float = math.inf) -> list[Raw]:
    """Events of the history, in order, none of which can be left out without losing the violation.

    First whole conversations, then whole sessions and operations, then single events, then the tails of logs. At the
    moment `until` (of time.monotonic) it is the shortest that was found by then: a soak's history is long.
    """
    ordered = sorted(raws, key=lambda raw: raw["t"])

    def shows(part: Sequence[Raw]) -> bool:
        try:
            found = judge_raw(part, only={violation.check})
        except Unreadable:
            return False
        return any(one.identity == violation.identity for one in found)

    if not shows(ordered):
        raise ValueError(f"this history does not show: {violation}")
    near = _near(ordered, violation)
    ordered = near if shows(near) else ordered
    for group in (_conversation, _owner, None):
        places = {id(raw): place for place, raw in enumerate(ordered)}

        def in_order(chunks: Sequence[Sequence[Raw]], place_of: dict[int, int] = places) -> list[Raw]:
            return sorted((raw for chunk in chunks for raw in chunk), key=lambda raw: place_of[id(raw)])

        ordered = in_order(_fewest(_grouped(ordered, group), lambda kept: shows(in_order(kept)), until))
    for place, raw in enumerate(ordered):
        if raw["f"] in LOGS and time.monotonic() < until:
            ordered[place] = _shortest_log(raw, ordered, place, shows)
    return ordered


def _near(ordered: Sequence[Raw], violation: Violation) -> list[Raw]:
    """What was done in the conversations that the violation names, and what belongs to none."""
    op_conv = _conversations_of_operations(ordered)
    named = {violation.conv, *(_conversation(ordered[line - 1], op_conv) for line in violation.lines)}
    return [raw for raw in ordered if _conversation(raw, op_conv) in {"", *named}]


def _conversations_of_operations(raws: Sequence[Raw]) -> dict[str, str]:
    return {str(raw["op"]): str(raw["conv"]) for raw in raws if raw.get("op") and raw.get("conv")}


def _conversation(raw: Raw, op_conv: dict[str, str]) -> str:
    return str(raw.get("conv") or op_conv.get(str(raw.get("op")), ""))


def _owner(raw: Raw, _: dict[str, str]) -> str:
    """Events that belong together: those of a session, or of an operation."""
    return str(raw.get("session") or raw.get("op") or raw["t"])


def _grouped(raws: Sequence[Raw], group: Callable[[Raw, dict[str, str]], str] | None) -> list[list[Raw]]:
    if group is None:
        return [[raw] for raw in raws]
    op_conv = _conversations_of_operations(raws)
    chunks: dict[str, list[Raw]] = {}
    for raw in raws:
        chunks.setdefault(group(raw, op_conv), []).append(raw)
    return list(chunks.values())


def _fewest(chunks: list[list[Raw]], shows: Callable[[list[list[Raw]]], bool], until: float) -> list[list[Raw]]:
    """Delta debugging: leaves out ever smaller groups of chunks for as long as the rest still shows it."""
    size = max(1, len(chunks) // 2)
    while True:
        place, left_out = 0, False
        while place < len(chunks) and time.monotonic() < until:
            rest = chunks[:place] + chunks[place + size :]
            if len(rest) < len(chunks) and shows(rest):
                chunks, left_out = rest, True
            else:
                place += size
        if (size == 1 and not left_out) or time.monotonic() >= until:
            return chunks
        size = max(1, size // 2)


def _shortest_log(log: Raw, ordered: list[Raw], place: int, shows: Callable[[Sequence[Raw]], bool]) -> Raw:
    """The log without as much of its end as possible."""

    def first(count: int) -> Raw:
        return {**log, "entries": log["entries"][:count]}

    low, high = 0, len(log["entries"])
    while low < high:
        middle = (low + high) // 2
        if shows([*ordered[:place], first(middle), *ordered[place + 1 :]]):
            high = middle
        else:
            low = middle + 1
    return first(high) if shows([*ordered[:place], first(high), *ordered[place + 1 :]]) else log
