"""The list of erased contacts beside the database, so that restoring an old backup does not bring them back.

A backup that is older than an erasure still holds the person. `restore` erases again whoever is in this list, and
whoever the replaced database knows as erased. JSON lines of ids and times, nothing that says who it was.
"""

from __future__ import annotations

import json
import os
from datetime import datetime
from pathlib import Path

from handoff_service.clock import iso


def note(var: Path, tenant: str, contact: str, now: datetime) -> None:
    """Adds a contact, durably; one that is in the list twice does no harm."""
    var.mkdir(parents=True, exist_ok=True)
    line = json.dumps({"tenant": tenant, "contact": contact, "at": iso(now)})
    with (var / "erased.jsonl").open("ab") as file:
        file.write(f"{line}\n".encode())
        file.flush()
        os.fsync(file.fileno())


def read(var: Path) -> list[tuple[str, str]]:
    """(tenant, contact) of everybody in the list; a last line that was cut off by a crash is left out."""
    path = var / "erased.jsonl"
    if not path.exists():
        return []
    found = []
    for line in path.read_text("utf-8").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue  # its erasure had not begun, or is repeated and noted again
        found.append((row["tenant"], row["contact"]))
    return found
