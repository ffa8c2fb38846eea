"""What the parts of a request may be, so that both databases and every reader can hold them."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, TypeGuard

from pydantic import BaseModel, ConfigDict, Field

from handoff_service.errors import Invalid

# Neither database would keep NUL and half characters alike; a string with a pattern refuses the latter as well.
Plain = Annotated[str, Field(pattern=r"^[^\x00]*$")]
OpId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
# A column for `seq` and `epoch` has 32 bits.
LARGEST = 2**31 - 1
Seq = Annotated[int, Field(ge=0, le=LARGEST)]


class Command(BaseModel):
    """A command that may be repeated: the same op_id has one effect."""

    model_config = ConfigDict(extra="forbid", strict=True)

    op_id: OpId


_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def is_name(value: object) -> TypeGuard[str]:
    """Whether this could be an id that the gateway gave out, or a device's own."""
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def is_seq(value: object) -> TypeGuard[int]:
    """Whether this is a number that `seq` can have; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST


def moment_of(text: str | None, name: str) -> datetime | None:
    """The moment that a part of a request names, None without one. Raises Invalid for what is none, or has no zone."""
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Invalid(f"`{name}` is a time such as 2026-11-02T15:00:00+08:00.") from error
    if moment.tzinfo is None:
        raise Invalid(f"`{name}` needs its time zone, such as 2026-11-02T15:00:00+08:00.")
    return moment
