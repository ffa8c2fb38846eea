"""Structured logs: JSON lines with conversation ids, never message bodies, tokens or addresses of people."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

# A body in a log is a leak that nobody notices; these keys are dropped wherever they come from.
PRIVATE = frozenset({"text", "body", "comment", "token", "ticket", "password", "email", "reply_to", "identity"})


def _drop_private(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key in PRIVATE & event.keys():
        event[key] = "[private]"
    return event


class Lines:
    """A file for structlog's lines where a line that cannot be written is lost, and nothing else.

    A full disk or a reader that has gone away must not end the worker that wanted to tell of it.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError, ValueError):  # ValueError: it is closed
            self._stream.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()


def configure_logging() -> None:
    """Sends structlog and the standard library's warnings to stderr as JSON lines."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _drop_private,
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(Lines(sys.stderr)),  # type: ignore[arg-type]
        cache_logger_on_first_use=False,
    )
