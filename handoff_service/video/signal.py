"""What two browsers say to each other before their call stands: passed on between sockets, kept nowhere.

It travels beside the signs of typing, packed, because the wire between gateways takes a few kilobytes at a time.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from typing import Any

from handoff_service.errors import Invalid

MOST_PACKED = 3500
MOST_UNPACKED = 64 * 1024


def packed(data: Any) -> str:
    """A session description or a candidate for the wire. Raises Invalid for what is too large or no object."""
    if not isinstance(data, dict):
        raise Invalid("`data` is an object: a session description or a candidate.")
    text = base64.b64encode(zlib.compress(json.dumps(data, separators=(",", ":")).encode(), 9)).decode()
    if len(text) > MOST_PACKED:
        raise Invalid(f"`data` is too large: at most {MOST_PACKED} bytes packed.")
    return text


def passing_frame(conversation: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    """The frame for those who follow the conversation: somebody types, or a browser speaks to the other."""
    if "signal" not in detail:
        return {"t": "typing", "conv": conversation, "author": detail["author"]}
    unpacking = zlib.decompressobj()
    text = unpacking.decompress(base64.b64decode(detail["signal"]), MOST_UNPACKED)
    return {"t": "signal", "conv": conversation, "call": detail["call"], "data": json.loads(text)}
