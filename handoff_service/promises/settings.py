"""What is configured of deadlines: targets of the service level, and how promises in words are taken."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from handoff_service.promises.model import ClockKind

MINUTE = timedelta(minutes=1)
Minutes = float | None


class Target(BaseModel):
    """By when people answer, in working minutes of the queue's calendar.

    It is for a queue, a channel and classes of priority (all, where none is named). For each of the three times the
    most particular target that sets it counts: a channel is more particular than a queue, a queue more than classes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    queue: str | None = None
    channel: str | None = None
    priority_from: int = Field(default=0, ge=0, le=9)
    priority_to: int = Field(default=9, ge=0, le=9)
    first_reply_min: Minutes = Field(default=None, gt=0)
    next_reply_min: Minutes = Field(default=None, gt=0)
    resolution_min: Minutes = Field(default=None, gt=0)
    warn_at: float = Field(default=0.75, gt=0, lt=1)

    @model_validator(mode="after")
    def _is_a_target(self) -> Self:
        if self.priority_from > self.priority_to:
            raise ValueError(f"priority_from {self.priority_from} is above priority_to {self.priority_to}")
        if all(self.minutes(kind) is None for kind in ClockKind):
            raise ValueError("a target sets first_reply_min, next_reply_min or resolution_min")
        return self

    def minutes(self, kind: ClockKind) -> Minutes:
        """The time for this clock, None when this target does not set it."""
        set_to: Minutes = getattr(self, f"{kind}_min")
        return set_to

    def time(self, kind: ClockKind) -> timedelta:
        """The same as a duration. Raises ValueError when it is not set."""
        minutes = self.minutes(kind)
        if minutes is None:
            raise ValueError(f"this target has no {kind}_min")
        return minutes * MINUTE


class PromiseSettings(BaseModel):
    """How promises in words are chased.

    `soon_min`: what "at once" means, in working minutes. `untimed_days`: in how many working days one without a time
    is due. `remind_at`: the share of the time after which its agent is reminded.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    soon_min: int = Field(default=60, ge=1, le=1440)
    untimed_days: int = Field(default=1, ge=0, le=30)
    remind_at: float = Field(default=0.75, gt=0, lt=1)


def target_for(targets: Sequence[Target], kind: ClockKind, *, queue: str, channel: str, priority: int) -> Target | None:
    """The target that counts for a clock; of two that are equally particular the first. None: no time is set."""
    fitting = [
        target
        for target in targets
        if target.minutes(kind) is not None
        and target.queue in (None, queue)
        and target.channel in (None, channel)
        and target.priority_from <= priority <= target.priority_to
    ]

    def particular(target: Target) -> tuple[bool, bool, int]:
        return target.channel is not None, target.queue is not None, target.priority_from - target.priority_to

    return max(fitting, key=particular, default=None)


def check_targets(targets: Sequence[Target], queues: Iterable[str]) -> None:
    """Raises ValueError, with its place, for a target of a queue or channel that does not exist."""
    from handoff_service.channels.registry import CHANNELS  # the channels know tenants, so not before there are some

    known = {"queue": sorted(queues), "channel": sorted({"web", *CHANNELS})}
    for place, target in enumerate(targets):
        for part, names in known.items():
            named = getattr(target, part)
            if named is not None and named not in names:
                raise ValueError(f"sla.{place}.{part}: there is no {part} {named!r}; there are: {', '.join(names)}")
