"""Files of mentions: JSON lines, or CSV with the names of the fields in its first line. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

from handoff_service.errors import Invalid

MOST_BYTES = 64 * 1024 * 1024
Row = tuple[int, Mapping[str, Any] | Invalid]


def rows(name: str, content: bytes) -> Iterator[Row]:
    """(line, fields) of every mention in a file, or (line, what is wrong with it). Raises Invalid for no such file."""
    if len(content) > MOST_BYTES:
        raise Invalid(f"{name} is larger than {MOST_BYTES} bytes; cut it into several.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Invalid(f"{name} is not UTF-8 (byte {error.start}).") from error
    ending = name.lower().rpartition(".")[2]
    if ending == "csv":
        return _of_csv(name, text)
    if ending in ("jsonl", "ndjson"):
        return _of_lines(text)
    raise Invalid(f"{name}: mentions are read from files that end with .jsonl or .csv.")


def _of_lines(text: str) -> Iterator[Row]:
    # JSON may have U+2028 and U+0085 in its texts, where `splitlines` would cut.
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            yield number, Invalid(f"This is no JSON: {str(error)[:100]}.")
            continue
        yield number, found if isinstance(found, dict) else Invalid("Each line is one JSON object.")


def _of_csv(name: str, text: str) -> Iterator[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        names = [one.strip() for one in next(reader)]
    except (StopIteration, csv.Error) as error:
        raise Invalid(f"{name} has no first line with the names of its fields.") from error
    return _below(reader, names)


def _below(reader: Any, names: list[str]) -> Iterator[Row]:
    while True:
        number = reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, Invalid(f"This is no CSV: {error}; nothing from here on was read.")
            return
        if not any(values):
            continue
        if len(values) != len(names):
            yield number, Invalid(f"This line has {len(values)} values for {len(names)} fields.")
            continue
        yield number, dict(zip(names, values, strict=True))
