"""What was imported from where: one line of JSON for each article, the last line of a key counts.

It is only ever added to while an import runs, so an import that is interrupted is continued by running it again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

Key = tuple[str, str]
"""The source's label, and the item's key in it."""


@dataclass(frozen=True, kw_only=True)
class Record:
    """Where an article came from, and what it said when it was written.

    `incoming` is the digest of what the source said, `written` of what the article said, `aside` the id of a version
    that waits beside an article that a person has edited, with its own digest.
    """

    root: str
    label: str
    origin: str
    key: str
    where: str
    article: str
    language: str
    source_digest: str
    incoming: str
    written: str
    at: str
    aside: str = ""
    aside_written: str = ""
    missing: bool = False


class Ledger:
    """The records of one tenant in one place."""

    def __init__(self, path: Path, *, keep: bool = True) -> None:
        self._path = path
        self._keep = keep
        self.records: dict[Key, Record] = {}
        self.pages: dict[str, Mapping[str, str]] = {}
        names = {field.name for field in fields(Record)}
        for line in path.read_text("utf-8").split("\n") if path.is_file() else ():
            try:
                values = json.loads(line)
                if "page" in values:
                    self.pages[values["page"]] = values["validators"]
                else:
                    record = Record(**{name: value for name, value in values.items() if name in names})
                    self.records[record.label, record.key] = record
            except (ValueError, TypeError, KeyError):
                continue  # an empty line, or one that a crash cut off; its article is recognised by what it says
        self._ends_well = not path.is_file() or path.read_bytes()[-1:] in (b"", b"\n")

    def add(self, record: Record) -> None:
        if self.records.get((record.label, record.key)) != record:
            self.records[record.label, record.key] = record
            self._append(asdict(record))

    def add_page(self, address: str, validators: Mapping[str, str]) -> None:
        if self.pages.get(address) != validators:
            self.pages[address] = dict(validators)
            self._append({"page": address, "validators": dict(validators)})

    def _append(self, values: Mapping[str, object]) -> None:
        if not self._keep:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(("" if self._ends_well else "\n") + json.dumps(values, ensure_ascii=False) + "\n")
        self._ends_well = True

    def compact(self) -> None:
        """Write each record once, so that the file does not grow with every import."""
        if not self._keep or not (self.records or self.pages):
            return
        lines = [json.dumps(asdict(record), ensure_ascii=False) for _, record in sorted(self.records.items())]
        pages = sorted(self.pages.items())
        lines += [json.dumps({"page": page, "validators": dict(sent)}, ensure_ascii=False) for page, sent in pages]
        content = "".join(f"{line}\n" for line in lines).encode()
        if not self._path.is_file() or self._path.read_bytes() != content:
            write_whole(self._path, content)


def write_whole(path: Path, content: bytes) -> None:
    """The whole file or nothing: readers see the old content until all of the new one is on the disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
