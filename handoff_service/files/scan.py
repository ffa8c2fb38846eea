"""Every content is shown to a scanner before anybody else sees it, when TANDEM_FILE_SCAN names one.

An address is posted the content and answers {"verdict": "clean" | "infected" | "unknown"}; a command gets the file's
path behind its own arguments and ends with 0 (clean), 1 (infected) or anything else (unknown), as clamdscan does.
"""

from __future__ import annotations

import asyncio
import json
import shlex
from enum import StrEnum
from pathlib import Path

import httpx2
import structlog

from handoff_service.errors import Invalid, Unavailable

log = structlog.get_logger()

SCAN_S = 10.0
INFECTED = "This file was found to be harmful and is not taken."
NOT_SCANNED = "The file cannot be checked at the moment; try again later."
ENDED: dict[int | None, str] = {0: "clean", 1: "infected"}


class Verdict(StrEnum):
    CLEAN = "clean"
    INFECTED = "infected"
    UNKNOWN = "unknown"


async def scan(scanner: str, path: Path) -> Verdict:
    """What the scanner says; UNKNOWN whenever it does not say it in time or in these words."""
    try:
        async with asyncio.timeout(SCAN_S):
            said = await (_ask(scanner, path) if scanner.startswith(("http://", "https://")) else _run(scanner, path))
            return Verdict(said)
    except (OSError, TimeoutError, ValueError, httpx2.HTTPError) as error:
        log.warning("a file could not be scanned", error=error.__class__.__name__)
        return Verdict.UNKNOWN


async def refuse_harmful(scanner: str, path: Path) -> None:
    """Raises Invalid for what is infected, and Unavailable for what the scanner cannot judge; without one nothing."""
    if not scanner:
        return
    match await scan(scanner, path):
        case Verdict.INFECTED:
            raise Invalid(INFECTED)
        case Verdict.UNKNOWN:
            raise Unavailable(NOT_SCANNED)


async def _ask(url: str, path: Path) -> str:
    content = await asyncio.to_thread(path.read_bytes)
    async with httpx2.AsyncClient(trust_env=False, timeout=SCAN_S) as client:
        answer = await client.post(url, content=content, headers={"Content-Type": "application/octet-stream"})
    said = json.loads(answer.content) if answer.status_code == 200 else None
    return str(said.get("verdict")) if isinstance(said, dict) else Verdict.UNKNOWN


async def _run(command: str, path: Path) -> str:
    quiet = asyncio.subprocess.DEVNULL
    process = await asyncio.create_subprocess_exec(
        *shlex.split(command), str(path), stdin=quiet, stdout=quiet, stderr=quiet
    )
    try:
        return ENDED.get(await process.wait(), Verdict.UNKNOWN)
    finally:
        if process.returncode is None:  # too slow
            process.kill()
            await process.wait()
