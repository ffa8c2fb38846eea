"""The log file of one part: rotated by size, its last lines at hand for the sentence about a death."""

from __future__ import annotations

import logging
from collections import deque
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path

MAX_BYTES = 5_000_000
KEPT_FILES = 3


class PartLog:
    """Writes lines as they come; `last` holds the last ones that the part itself wrote."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.path = path
        self.last: deque[str] = deque(maxlen=8)
        self._file = RotatingFileHandler(path, maxBytes=MAX_BYTES, backupCount=KEPT_FILES, encoding="utf-8")

    def line(self, text: str) -> None:
        """One line of the part's own output."""
        if text.strip():
            self.last.append(text)
        self._file.emit(logging.makeLogRecord({"msg": text}))

    def remark(self, text: str) -> None:
        """One line of the launcher about the part."""
        self._file.emit(logging.makeLogRecord({"msg": f"--- {datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {text}"}))

    def close(self) -> None:
        self._file.close()
