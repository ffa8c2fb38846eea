"""How the Tasks stand when a turn comes in: what the rules need to know of them beside the text."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Standing:
    """known: what the running Task has, by slot; set_aside: Tasks that were left, the last one last, each
    {"task", "known"}; done: the Task that ended last, as `bot.tasks.taking_back.ended` keeps it; guesses: wrong orders
    and phone tails so far;
    now: the tenant's time; value: what the pressed button stands for; signed_in: the shop's page vouches for the
    customer; orders: the tenant's customers are the shop's, which may be asked.
    """

    known: Mapping[str, Any] = field(default_factory=dict)
    set_aside: tuple[Mapping[str, Any], ...] = ()
    done: Mapping[str, Any] | None = None
    guesses: int = 0
    now: datetime = datetime(1970, 1, 1, tzinfo=timezone.utc)
    value: str | None = None
    signed_in: bool = False
    orders: bool = True


NOTHING_STANDS = Standing()
