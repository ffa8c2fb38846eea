"""A button of ours as data that a platform carries and gives back: which entry, and which of its buttons."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

DATA = re.compile(r"b:(m_[0-9a-z]{1,40}):(\d{1,2})")


def as_data(button: Mapping[str, Any]) -> str:
    """`button` has the `mid` of its entry and its `index` there; at most 64 bytes, Telegram's limit."""
    return f"b:{button['mid']}:{button['index']}"


def from_data(data: str) -> dict[str, Any] | None:
    """The press that the data means; None for data that is not ours."""
    found = DATA.fullmatch(data)
    return {"mid": found.group(1), "index": int(found.group(2))} if found else None
