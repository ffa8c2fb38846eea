"""Which trace a turn belongs to: what the gateway says in the W3C header goes on to the knowledge base and the log."""

import re
from contextvars import ContextVar

HEADER = "traceparent"
_WELL_FORMED = re.compile(r"00-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_present: ContextVar[str] = ContextVar("traceparent", default="")


def enter(header: str | None) -> None:
    """Remember the header of the request that this task serves; anything else than W3C's form is dropped."""
    _present.set(header if header is not None and _WELL_FORMED.fullmatch(header) else "")


def headers() -> dict[str, str]:
    """What a request made for this turn carries."""
    present = _present.get()
    return {HEADER: present} if present else {}


def trace_id() -> dict[str, str]:
    """The trace's id for a log line; nothing outside of a trace."""
    present = _present.get()
    return {"trace": present.split("-")[1]} if present else {}
