"""What a tenant may configure about the way to a person; every field has a default and is left out when it has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Level = Annotated[int, Field(ge=1, le=5)]
# Places where nobody waits in a queue any more; a queue cannot have one of these names.
OVERFLOW_ENDS = ("mailbox", "callback")


class SkillNeed(BaseModel):
    """What an agent must be able to do to get a handoff of a queue, from 1 (a little) to 5 (an expert).

    After each `relax_after_s` of waiting one level less will do, and in the end none; without it, it never relaxes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    skill: str = Field(min_length=1, max_length=64)
    level: Level = 1
    relax_after_s: int | None = Field(None, ge=1, le=86_400)


class Overflow(BaseModel):
    """Where somebody goes who has waited for `after_s`: another queue, `mailbox` or `callback`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    to: str = Field(min_length=1)
    after_s: int = Field(ge=10, le=86_400)


class Peak(BaseModel):
    """From an expected wait of `wait_s` on, a message (or a call back) is offered before the place in the queue."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    wait_s: int = Field(ge=10, le=86_400)
    offer: Literal["message", "callback"] = "message"


class LastAgent(BaseModel):
    """Who was served within `within_s` is kept for the same agent for `wait_s`, as long as that one is there."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    within_s: int = Field(86_400, ge=60, le=31 * 86_400)
    wait_s: int = Field(60, ge=5, le=3600)


class CapacityWeights(BaseModel):
    """How much of an agent's capacity a conversation takes: by its channel, times by its kind; 1 where nothing is said.

    `live`: the customer waits for each answer. `message`: he left one and is answered later.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    channels: Mapping[str, Annotated[int, Field(ge=1, le=100)]] = {}
    kinds: Mapping[Literal["live", "message"], Annotated[int, Field(ge=1, le=100)]] = {}

    def weight(self, channel: str, *, live: bool) -> int:
        """Units of capacity of one conversation; whoever has nothing else may take it, however much it is."""
        return self.channels.get(channel, 1) * self.kinds.get("live" if live else "message", 1)

    def is_plain(self) -> bool:
        """Whether every conversation counts one."""
        return not self.channels and not self.kinds


def check_overflows(overflows: Mapping[str, Overflow | None]) -> None:
    """By queue, in their order. Raises ValueError for one into a queue that does not exist, or round in a circle."""
    to = {queue: overflow.to for queue, overflow in overflows.items() if overflow is not None}
    for place, queue in enumerate(overflows):
        if queue in OVERFLOW_ENDS:
            raise ValueError(f"queues.{place}.id: {queue!r} is where queues overflow to; choose another name")
        if queue in to and to[queue] not in (*overflows, *OVERFLOW_ENDS):
            raise ValueError(
                f"queues.{place}.overflow.to: queue {queue} flows over into {to[queue]!r}, which does not exist; "
                f"there are {', '.join(sorted(overflows))}, and {' and '.join(OVERFLOW_ENDS)}"
            )
        path = [queue]
        while path[-1] in to:
            path.append(to[path[-1]])
            if path[-1] in path[:-1]:
                raise ValueError(f"queues.{place}.overflow: {' → '.join(path)} is a circle; let one of them end")
