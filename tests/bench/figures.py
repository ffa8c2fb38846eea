"""Samples in milliseconds → percentiles, goals, compact tables."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from unicodedata import east_asian_width

COLUMNS = ("", "n", "p50", "p95", "p99", "max", "goal")


@dataclass(frozen=True)
class Latency:
    """One line of a table: samples in ms; `goals` maps a percentile's name to the most it should be."""

    title: str
    samples: Sequence[float]
    goals: Mapping[str, float] = field(default_factory=dict)

    def cells(self) -> list[str]:
        """The line; each goal with "reached" or "NOT reached" behind it."""
        values = {"p50": 0.50, "p95": 0.95, "p99": 0.99, "max": 1.0}
        found = {name: percentile(self.samples, share) for name, share in values.items()}
        goals = [
            f"{name} ≤ {most:g} {'reached' if found[name] <= most else 'NOT reached'}"
            for name, most in self.goals.items()
        ]
        return [self.title, str(len(self.samples)), *(f"{value:.1f}" for value in found.values()), ", ".join(goals)]


def percentile(samples: Sequence[float], share: float) -> float:
    """The smallest sample that at least `share` of all do not exceed (nearest rank); samples must not be empty."""
    return sorted(samples)[max(0, math.ceil(share * len(samples)) - 1)]


def show_latencies(title: str, lines: Sequence[Latency]) -> None:
    """Prints a table of latencies in ms."""
    show_table(f"{title} (ms)", COLUMNS, [line.cells() for line in lines])


def show_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table; numbers to the right, the first and a last column named "goal" to the left."""
    widths = [max(_width(row[index]) for row in (columns, *rows)) for index in range(len(columns))]
    left = {0} | {index for index, name in enumerate(columns) if name == "goal"}
    print(f"\n{title}")
    for row in (columns, *rows):
        cells = []
        for index, cell in enumerate(row):
            space = " " * (widths[index] - _width(cell))
            cells.append(cell + space if index in left else space + cell)
        print("  " + "  ".join(cells).rstrip(), flush=True)


def _width(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)
