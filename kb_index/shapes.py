"""What texts and names look like at every HTTP route of the knowledge base."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field

_UNUSABLE = re.compile("[\x00\ud800-\udfff]")


def _usable(text: str) -> str:
    if _UNUSABLE.search(text):
        raise ValueError("text must not hold NUL characters or lone surrogates")
    return text


Usable = Annotated[str, AfterValidator(_usable)]
TenantName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
