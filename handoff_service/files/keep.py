"""Keeping the contents of files: whole, of a known type, scanned and durable before anybody is told of them."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from operator import itemgetter

import sqlalchemy as sa
import structlog

from handoff_service.database import Database
from handoff_service.errors import TooLarge, TooSlow, Unavailable
from handoff_service.files import store
from handoff_service.files.model import Sniffer
from handoff_service.files.scan import refuse_harmful
from handoff_service.files.shelf import shelf_of
from handoff_service.ids import new_id
from handoff_service.settings import Settings

log = structlog.get_logger()

UPLOAD_S = 120.0  # a connection that takes longer for one file is given up
PIECE_S = 20.0  # and one that says nothing for so long
ASKED_AT_ONCE = 1000  # files
KEPT_UNSENT = timedelta(days=1)


@dataclass(frozen=True)
class Content:
    """A whole file in its place."""

    id: str
    type: str
    size: int
    sha256: str


async def keep(
    settings: Settings, tenant: str, pieces: AsyncIterator[bytes], *, most: int, sniffer: Sniffer | None = None
) -> Content:
    """Stores what comes as a new file. Whatever goes wrong, nothing of it is left.

    Raises TooLarge, TooSlow, Invalid for a type that may not be sent and for what the scanner finds, Unavailable when
    it cannot be stored or scanned now, and whatever `pieces` raises.
    """
    name, shelf = new_id("f"), shelf_of(settings)
    part = shelf.part(tenant, name)
    sniffer, digest, size = sniffer or Sniffer(), hashlib.sha256(), 0
    try:
        async with asyncio.timeout(UPLOAD_S):
            await asyncio.to_thread(part.parent.mkdir, parents=True, exist_ok=True)
            with await asyncio.to_thread(part.open, "xb") as file:
                while piece := await asyncio.wait_for(anext(pieces, b""), PIECE_S):
                    size += len(piece)
                    if size > most:
                        raise TooLarge(f"The file is larger than {most} bytes.")
                    sniffer.feed(piece)
                    digest.update(piece)
                    await asyncio.to_thread(file.write, piece)
                kind = sniffer.end()
                await asyncio.to_thread(_sync, file.fileno(), file.flush)
            await refuse_harmful(settings.file_scan, part)
            await shelf.put(part, tenant, name)
    except TimeoutError as error:
        raise TooSlow("The file came too slowly; try again with a better connection.") from error
    except OSError as error:
        raise Unavailable("The file cannot be stored at the moment; try again later.") from error
    finally:
        part.unlink(missing_ok=True)
    return Content(name, kind, size, digest.hexdigest())


def _sync(number: int, flush: Callable[[], None]) -> None:
    flush()
    os.fsync(number)


def drop(connection: sa.Connection, settings: Settings, files: Sequence[tuple[str, str]]) -> Counter[str]:
    """Deletes contents and rows of files (tenant, id); again after a crash in between it goes on."""
    for tenant, file in files:
        shelf_of(settings).drop(tenant, [file])
    return Counter(files=store.forget(connection, files))


async def tidy(database: Database, settings: Settings, now: datetime) -> Counter[str]:
    """Drops what nobody has sent for a day, and contents that belong to nothing: an upload was cut off by a crash.

    The place of the contents is asked outside of any transaction, for a bucket may take its time. What it cannot do
    now waits for the next round. Returns how many of each went.
    """
    before, shelf = now - KEPT_UNSENT, shelf_of(settings)

    unsent = await database.write(lambda tx: store.forget_unsent(tx.connection, before))
    try:
        parts = await asyncio.to_thread(shelf.drop_parts, before)
        old = sorted({*unsent, *await asyncio.to_thread(shelf.older, before)})
        orphans = 0
        for tenant, named in groupby(old, key=itemgetter(0)):
            files = [file for _, file in named]
            for some in (files[at : at + ASKED_AT_ONCE] for at in range(0, len(files), ASKED_AT_ONCE)):
                known = await database.read(partial(store.known, tenant=tenant, files=some))
                gone = [file for file in some if file not in known]
                await asyncio.to_thread(shelf.drop, tenant, gone)
                orphans += len(gone)
    except Unavailable as error:
        log.warning("files cannot be tidied now", error=error.message)
        return Counter(unsent=len(unsent))
    return Counter(unsent=len(unsent), parts=parts, orphans=orphans)
