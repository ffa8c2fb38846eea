"""Logs: a line that cannot be written is lost, and nothing else."""

from __future__ import annotations

import io
import sys

import pytest
import structlog

from handoff_service.log import configure_logging


class FullDisk(io.StringIO):
    """Takes lines only while there is space."""

    full = True

    def write(self, text: str) -> int:
        if self.full:
            raise OSError(27, "File too large")
        return super().write(text)

    def flush(self) -> None:
        if self.full:
            raise OSError(28, "No space left on device")


def test_a_line_that_cannot_be_written_ends_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = FullDisk()
    monkeypatch.setattr(sys, "stderr", stderr)
    configure_logging()
    try:
        log = structlog.get_logger()
        log.error("lost")
        stderr.full = False
        log.error("kept", token="secret")
    finally:
        structlog.reset_defaults()
    assert '"kept"' in stderr.getvalue()
    assert "lost" not in stderr.getvalue()
    assert "secret" not in stderr.getvalue()
