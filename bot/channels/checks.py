"""Checks that every part of a request goes through: each gives the value in its type or raises BadTurn."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,64}")
UNSAFE = re.compile("[\x00\ud800-\udfff]")


class BadTurn(Exception):
    """The request breaks the contract; `status` and `code` go back to the gateway."""

    def __init__(self, message: str, *, code: str = "bad_turn", status: int = 422) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


def need(raw: Mapping[str, Any], name: str, kind: type) -> Any:
    """A field of one JSON type; raises BadTurn."""
    value = raw.get(name)
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise BadTurn(f"{name} must be given as {kind.__name__}")
    return value


def identifier(raw: Mapping[str, Any], name: str) -> str:
    """A field that is a short plain identifier; raises BadTurn."""
    value: str = need(raw, name, str)
    if not IDENTIFIER.fullmatch(value):
        raise BadTurn(f"{name} must be 1 to 64 letters, digits, '_' or '-'")
    return value


def one_of(raw: Mapping[str, Any], name: str, choices: Sequence[str | None]) -> str | None:
    """A field with one of a few values; raises BadTurn."""
    value = raw.get(name)
    if not (value is None or isinstance(value, str)) or value not in choices:
        raise BadTurn(f"metadata.{name} must be one of {', '.join(map(str, choices))}")
    return value


def number(raw: Mapping[str, Any], name: str, *, low: float, high: float, default: float) -> float:
    """A number between `low` and `high`, `default` where it is not given; raises BadTurn."""
    value = raw.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise BadTurn(f"{name} must be a number from {low:g} to {high:g}")
    return value


def whole(raw: Mapping[str, Any], name: str, *, low: int, high: int, default: int) -> int:
    """A whole number between `low` and `high`, `default` where it is not given; raises BadTurn."""
    value = number(raw, name, low=low, high=high, default=default)
    if value != int(value):
        raise BadTurn(f"{name} must be a whole number")
    return int(value)


def line(raw: Mapping[str, Any], name: str, *, most: int) -> str:
    """A text, without what no text may hold, cut at `most` characters; raises BadTurn."""
    value: str = need(raw, name, str)
    return UNSAFE.sub("", value)[:most]


def instant(raw: Any) -> datetime | None:
    """An ISO 8601 instant with its offset; None for anything else."""
    try:
        at = datetime.fromisoformat(raw.replace("Z", "+00:00")) if isinstance(raw, str) else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None


def moment(raw: Mapping[str, Any], name: str) -> datetime:
    """A field that is an instant with its offset; raises BadTurn."""
    at = instant(raw.get(name))
    if at is None:
        raise BadTurn(f"{name} must be an ISO 8601 time with its offset, such as 2026-11-03T10:00:00+08:00")
    return at
