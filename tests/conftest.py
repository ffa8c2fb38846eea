"""The order of the test files: the longest first, so that of several workers none waits for another at the end."""

from __future__ import annotations

from pathlib import Path

import pytest

# Seconds on two cores, roughly; everything else is shorter. Measured with --durations.
LONGEST = (
    "soak/test_soak.py",
    "failpoints/test_failpoints.py",
    "soak/test_every_byte.py",
    "handoff_service/test_backup.py",
    "retention/test_erase.py",
    "many_machines/test_migrations_killed.py",
    "many_machines/test_mixed_versions.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _place(item.path))  # a stable sort: within a file and among the others nothing moves


def _place(path: Path) -> int:
    return next((place for place, name in enumerate(LONGEST) if path.as_posix().endswith(name)), len(LONGEST))
