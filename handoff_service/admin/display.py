"""Tables for terminals: columns stay aligned also where characters are as wide as two, as Chinese ones are."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

WIDE = frozenset("WF")


def width(text: str) -> int:
    """Columns that a terminal needs for it."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in WIDE else 1 for char in text
    )


def cell(value: Any) -> str:
    """A value as one cell: lists with commas, nothing as a dash, no line breaks."""
    if value is None or value == "" or value == () or value == []:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={cell(one)}" for name, one in value.items()) or "-"
    if isinstance(value, (list, tuple)):
        return ", ".join(cell(one) for one in value)
    return " ".join(str(value).split())


def table(columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> str:
    """Rows under their columns' names, or a sentence when there are none."""
    cells = [[cell(row.get(column)) for column in columns] for row in rows]
    if not cells:
        return "(none)\n"
    lines = [[column.upper().replace("_", " ") for column in columns], *cells]
    widths = [max(width(line[place]) for line in lines) for place in range(len(columns))]
    return "".join(f"{_line(line, widths)}\n" for line in lines)


def _line(line: Sequence[str], widths: Sequence[int]) -> str:
    padded = (text + " " * (most - width(text)) for text, most in zip(line, widths, strict=True))
    return "  ".join(padded).rstrip()
