"""What the gateway tells about the moment of a turn: the hour, an earlier visit, a person's part in it, files."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.channels.checks import BadTurn, line, moment, need, whole

NAME_CHARS = 80
SUMMARY_CHARS = 2000
PROMISE_CHARS = 500
PROMISES = 20
FILES = 20
FILE_CHARS = 255


@dataclass(frozen=True, kw_only=True)
class Returning:
    """A contact who was here before: when last, and in how many conversations."""

    last_at: datetime
    count: int


@dataclass(frozen=True, kw_only=True)
class GivenBack:
    """A person had the conversation and gave it back: who, when, what was agreed, what was promised."""

    at: datetime
    agent: str
    summary: str
    promises: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class File:
    """A file of the customer; size in bytes."""

    id: str
    name: str
    type: str
    size: int

    @property
    def is_picture(self) -> bool:
        """Whether it is an image."""
        return self.type.startswith("image/")


def read_hour(raw: Mapping[str, Any]) -> int | None:
    """The tenant's hour of the day, 0..23; raises BadTurn."""
    if raw.get("hour") is None:
        return None
    return whole(raw, "hour", low=0, high=23, default=0)


def read_now(raw: Mapping[str, Any]) -> datetime | None:
    """The tenant's own time; raises BadTurn."""
    return None if raw.get("now") is None else moment(raw, "now")


def read_returning(raw: Any) -> Returning | None:
    """An earlier visit; raises BadTurn."""
    if raw is None:
        return None
    if not isinstance(raw, dict):
        raise BadTurn("metadata.returning must be null or have last_at and count")
    return Returning(last_at=moment(raw, "last_at"), count=whole(raw, "count", low=1, high=10_000_000, default=1))


def read_given_back(raw: Any) -> GivenBack | None:
    """What a person left behind; raises BadTurn."""
    if raw is None:
        return None
    if not isinstance(raw, dict):
        raise BadTurn("metadata.given_back must be null or have at, agent, summary and promises")
    promises = raw.get("promises") or []
    if not isinstance(promises, list) or not all(isinstance(each, dict) for each in promises):
        raise BadTurn("metadata.given_back.promises must be a list of {text, seq}")
    return GivenBack(
        at=moment(raw, "at"),
        agent=line({"agent": raw.get("agent") or ""}, "agent", most=NAME_CHARS),
        summary=line({"summary": raw.get("summary") or ""}, "summary", most=SUMMARY_CHARS),
        promises=tuple(line(each, "text", most=PROMISE_CHARS) for each in promises[:PROMISES]),
    )


def read_files(raw: Any) -> tuple[File, ...]:
    """The customer's files of this turn; raises BadTurn."""
    if raw is None:
        return ()
    if not isinstance(raw, list) or not all(isinstance(each, dict) for each in raw):
        raise BadTurn("metadata.files must be a list of {id, name, type, size}")
    return tuple(
        File(
            id=line(each, "id", most=FILE_CHARS),
            name=line(each, "name", most=FILE_CHARS),
            type=line(each, "type", most=FILE_CHARS),
            size=need(each, "size", int),
        )
        for each in raw[:FILES]
    )
