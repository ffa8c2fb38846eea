"""The order of the test files: the longest first, so that of several workers none waits for another at the end."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

# The longest by the clock; everything else takes less than a minute on two cores. Measured with --durations.
LONGEST = (
    "tests/soak/test_soak.py",
    "failpoints/test_failpoints.py",
    "platforms/test_contract.py",
    "tests/soak/test_every_byte.py",
    "handoff_service/test_backup.py",
    "web/test_teaching.py",
    "index/test_survival.py",
    "retention/test_erase.py",
    "tests/many_machines/",
    "kb_index/",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _place(item.path))  # a stable sort: within a file and among the others nothing moves


def pytest_collection_finish() -> None:
    """What was imported stays: garbage collections need not look through it again and again."""
    gc.collect()
    gc.freeze()


def _place(path: Path) -> int:
    return next((place for place, name in enumerate(LONGEST) if name in path.as_posix()), len(LONGEST))
