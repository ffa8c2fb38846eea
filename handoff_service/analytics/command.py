"""`python -m handoff_service signals TENANT` prints the report of signals.

`packets` tells how good handoff packets are, `promises` how well promises in text are found.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from handoff_service.analytics.signals import signals_report
from handoff_service.bell import Bell
from handoff_service.clock import utc_now
from handoff_service.database import open_database
from handoff_service.errors import TandemError
from handoff_service.handoffs import measure
from handoff_service.promises import measure as promises_in_text
from handoff_service.settings import Settings

COMMANDS = ("signals", "packets", "promises")
LEAST_RECALL = 0.95
LEAST_PRECISION = 0.9
MEASURES = {"packets": measure.report, "promises": promises_in_text.report}


def parser() -> argparse.ArgumentParser:
    """The arguments of these commands."""
    root = argparse.ArgumentParser(prog="python -m handoff_service", description=__doc__)
    verbs = root.add_subparsers(dest="verb", required=True)
    signals = verbs.add_parser("signals", help="what the bot noticed, per day, signal, rule and outcome")
    signals.add_argument("tenant")
    signals.add_argument("--days", type=int, default=30)
    packets = verbs.add_parser(
        "packets", help="recall of planted facts in labelled conversations, and what was invented"
    )
    packets.add_argument("file", type=Path, nargs="?", default=Path("data/evaluation/packets.jsonl"))
    promises = verbs.add_parser("promises", help="precision and recall of promises in labelled lines, and their times")
    promises.add_argument("file", type=Path, nargs="?", default=Path("data/evaluation/promises.jsonl"))
    return root


def report(arguments: Sequence[str], settings: Settings) -> int:
    """Prints one report as JSON; 1 with a sentence when there is none, or the packets are not good enough."""
    asked = parser().parse_args(arguments)
    try:
        found = MEASURES[asked.verb](asked.file) if asked.verb in MEASURES else asyncio.run(_signals(asked, settings))
    except TandemError as error:
        sys.stderr.write(f"{asked.verb}: {error.message}\n")
        return 1
    except (OSError, ValueError, KeyError) as error:
        sys.stderr.write(f"{asked.verb}: {error}\n")
        return 1
    sys.stdout.write(f"{json.dumps(found, ensure_ascii=False, indent=2)}\n")
    if asked.verb == "packets" and (found["recall_of_planted"] < LEAST_RECALL or found["invented"]):
        sys.stderr.write(f"packets: needs a recall of {LEAST_RECALL} and nothing invented\n")
        return 1
    if asked.verb == "promises" and found["all"]["precision"] < LEAST_PRECISION:
        sys.stderr.write(f"promises: needs a precision of {LEAST_PRECISION}\n")
        return 1
    return 0


async def _signals(asked: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    database = open_database(settings.database, Bell())
    try:
        return await signals_report(database, asked.tenant, days=asked.days, now=utc_now())
    finally:
        await database.close()
