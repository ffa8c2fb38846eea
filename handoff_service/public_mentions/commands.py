"""The command line of public mentions: `python -m handoff_service mentions import FILE --tenant …`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from handoff_service.bell import Bell
from handoff_service.callers import operator
from handoff_service.clock import Clock, utc_now
from handoff_service.conversations.change import Context
from handoff_service.database import open_database
from handoff_service.errors import Invalid, TandemError
from handoff_service.public_mentions.importing import Report, import_mentions
from handoff_service.public_mentions.reading import rows
from handoff_service.settings import Settings


def parser() -> argparse.ArgumentParser:
    """The arguments behind `mentions`."""
    root = argparse.ArgumentParser(prog="python -m handoff_service mentions", description=__doc__)
    verbs = root.add_subparsers(dest="verb", required=True)
    taken = verbs.add_parser("import", help="takes mentions from a file; what was taken before is skipped")
    taken.add_argument("file", type=Path, help="JSON lines (.jsonl) or CSV with names in its first line (.csv)")
    taken.add_argument("--tenant", default="demo")
    return root


def mentions(arguments: Sequence[str], settings: Settings) -> int:
    """Carries out one command; prints the report as JSON, and what was refused as FILE:LINE. 1 when something was."""
    asked = parser().parse_args(arguments)
    try:
        report = asyncio.run(import_file(asked.file, asked.tenant, settings))
    except TandemError as error:
        sys.stderr.write(f"mentions: {error.message}\n")
        return 1
    sys.stderr.writelines(f"{asked.file}:{line}: {reason}\n" for line, reason in report.refused)
    told = {"taken": report.taken, "skipped": report.skipped, "refused": len(report.refused)}
    sys.stdout.write(f"{json.dumps(told)}\n")
    return int(bool(report.refused))


async def import_file(file: Path, tenant: str, settings: Settings, clock: Clock = utc_now) -> Report:
    """Takes the mentions of a file. Raises Invalid for a file that is none, and NotFound for an unknown tenant."""
    try:
        content = await asyncio.to_thread(file.read_bytes)
    except OSError as error:
        raise Invalid(f"{file} cannot be read ({error.strerror}).") from error
    found = rows(file.name, content)
    database = open_database(settings.database, Bell())
    try:
        return await import_mentions(database, operator(tenant), found, Context(settings, clock()))
    finally:
        await database.close()
