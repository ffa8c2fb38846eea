"""What the parts of a request may be, so that both databases and every reader can hold them."""

from __future__ import annotations

import re
from typing import Annotated, TypeGuard

from pydantic import Field

# Neither database would keep NUL and half characters alike; a string with a pattern refuses the latter as well.
Plain = Annotated[str, Field(pattern=r"^[^\x00]*$")]
OpId = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
# A column for `seq` and `epoch` has 32 bits.
LARGEST = 2**31 - 1
Seq = Annotated[int, Field(ge=0, le=LARGEST)]

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")


def is_name(value: object) -> TypeGuard[str]:
    """Whether this could be an id that the gateway gave out, or a device's own."""
    return isinstance(value, str) and _NAME.fullmatch(value) is not None


def is_seq(value: object) -> TypeGuard[int]:
    """Whether this is a number that `seq` can have; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST
