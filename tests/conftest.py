"""The order of the test files: the longest first, so that of several workers none waits for another at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

# Seconds on two cores, roughly; everything else is shorter. Measured with --durations.
LONGEST = (
    "tests/soak/test_soak.py",
    "failpoints/test_failpoints.py",
    "tests/many_machines/",
    "tests/soak/test_every_byte.py",
    "handoff_service/test_backup.py",
    "retention/test_erase.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _place(item.path))  # a stable sort: within a file and among the others nothing moves


def _place(path: Path) -> int:
    return next((place for place, name in enumerate(LONGEST) if name in path.as_posix()), len(LONGEST))
