"""The contents of files, in TANDEM_VAR/files/<tenant>/<id>: whole and on the disk before anybody is told of them.

Several gateways must share that folder.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from handoff_service.conversations.change import Context
from handoff_service.errors import TooLarge, TooSlow, Unavailable
from handoff_service.files import store
from handoff_service.files.model import Sniffer
from handoff_service.ids import new_id

PART = ".part"
UPLOAD_S = 120.0  # a connection that takes longer for one file is given up
PIECE_S = 20.0  # and one that says nothing for so long
KEPT_UNSENT = timedelta(days=1)


@dataclass(frozen=True)
class Content:
    """A whole file on the disk."""

    id: str
    type: str
    size: int
    sha256: str


def place(var: Path, tenant: str, file: str) -> Path:
    """Where the content of a file is kept."""
    return var / "files" / tenant / file


async def keep(var: Path, tenant: str, pieces: AsyncIterator[bytes], *, most: int) -> Content:
    """Writes what comes to a new file. Whatever goes wrong, nothing of it is left.

    Raises TooLarge, TooSlow, Invalid for a type that may not be sent, Unavailable when the disk does not take it, and
    whatever `pieces` raises.
    """
    name = new_id("f")
    target = place(var, tenant, name)
    part = target.with_name(f"{name}{PART}")
    sniffer, digest, size = Sniffer(), hashlib.sha256(), 0
    try:
        async with asyncio.timeout(UPLOAD_S):
            await asyncio.to_thread(target.parent.mkdir, parents=True, exist_ok=True)
            with await asyncio.to_thread(part.open, "xb") as file:
                while piece := await asyncio.wait_for(anext(pieces, b""), PIECE_S):
                    size += len(piece)
                    if size > most:
                        raise TooLarge(f"The file is larger than {most} bytes.")
                    sniffer.feed(piece)
                    digest.update(piece)
                    await asyncio.to_thread(file.write, piece)
                kind = sniffer.end()
                await asyncio.to_thread(_finish, file.fileno(), file.flush, part, target)
    except TimeoutError as error:
        raise TooSlow("The file came too slowly; try again with a better connection.") from error
    except OSError as error:
        raise Unavailable("The file cannot be stored at the moment; try again later.") from error
    finally:
        part.unlink(missing_ok=True)
    return Content(name, kind, size, digest.hexdigest())


def _finish(number: int, flush: object, part: Path, target: Path) -> None:
    """Its bytes, and then its name, are on the disk."""
    assert callable(flush)
    flush()
    os.fsync(number)
    part.rename(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def drop(connection: sa.Connection, var: Path, files: Sequence[tuple[str, str]]) -> Counter[str]:
    """Deletes contents and rows of files (tenant, id); again after a crash in between it goes on."""
    for tenant, file in files:
        place(var, tenant, file).unlink(missing_ok=True)
    return Counter(files=store.forget(connection, files))


def tidy(connection: sa.Connection, context: Context) -> None:
    """Drops what nobody has sent for a day, and contents whose upload was cut off by a crash."""
    before = context.now - KEPT_UNSENT
    drop(connection, context.settings.var, store.never_sent(connection, before))
    for folder in (context.settings.var / "files").glob("*"):
        old = [one.name for one in folder.iterdir() if one.stat().st_mtime < before.timestamp()]
        for name in set(old) - store.known(connection, folder.name, old):
            (folder / name).unlink(missing_ok=True)
