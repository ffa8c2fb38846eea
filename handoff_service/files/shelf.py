"""Where the contents of files lie: a folder that the gateways share, or a bucket of an S3 store (obstore).

A content is written beside its place first (`keep.py`), so that nobody ever finds half of one under its name.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import anyio.to_thread
import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from handoff_service.errors import NotFound, Unavailable
from handoff_service.settings import Settings

log = structlog.get_logger()

PART = ".part"
ANSWER_S = 10  # of a bucket, which may be asked inside a transaction
MOST_LISTED = 10_000  # contents that one round of tidying looks at
PLACE_TAKEN = (BaseError, OSError)


class Shelf:
    """Contents by tenant and file. Raises Unavailable when the folder or the bucket does not work."""

    def __init__(self, url: str, var: Path) -> None:
        """`url` is s3://bucket/prefix, with the keys in AWS_…; without one the folder `var`/files."""
        self.folder = var / "files"
        self._store: LocalStore | S3Store
        self._is_bucket = bool(url)
        self._listed_to = ""
        if url:
            parts = urlsplit(url)
            plain = os.environ.get("AWS_ENDPOINT_URL", "").startswith("http:")  # a store on our own network
            self._store = S3Store(
                parts.netloc,
                prefix=parts.path.strip("/") or None,
                client_options={"timeout": f"{ANSWER_S}s", "allow_http": plain},
                retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=ANSWER_S)},
            )
        else:
            self.folder.mkdir(parents=True, exist_ok=True)
            self._store = LocalStore(self.folder)

    def part(self, tenant: str, file: str) -> Path:
        """Where a content is written while it comes; always on the disk."""
        return self.folder / tenant / f"{file}{PART}"

    async def put(self, part: Path, tenant: str, file: str) -> None:
        """Puts a whole content, synced to the disk, in its place; durable when this returns."""
        try:
            if self._is_bucket:
                await obstore.put_async(self._store, _name(tenant, file), part)
            else:
                await anyio.to_thread.run_sync(_rename, part, self.folder / tenant / file)
        except PLACE_TAKEN as error:
            raise _unavailable(error) from error

    async def read(self, tenant: str, file: str) -> bytes:
        """The whole content. Raises NotFound."""
        return b"".join([piece async for piece in (await self.open(tenant, file))[1]])

    async def open(self, tenant: str, file: str) -> tuple[int, AsyncIterator[bytes]]:
        """The size of a content, and the content in pieces. Raises NotFound."""
        try:
            found = await obstore.get_async(self._store, _name(tenant, file))
        except FileNotFoundError as error:
            raise NotFound(f"There is no file {file[:64]}.") from error
        except PLACE_TAKEN as error:
            raise _unavailable(error) from error

        async def pieces() -> AsyncIterator[bytes]:
            try:
                async for piece in found.stream():
                    yield bytes(piece)
            except PLACE_TAKEN as error:
                raise _unavailable(error) from error

        return int(found.meta["size"]), pieces()

    def drop(self, tenant: str, files: Sequence[str]) -> None:
        """Deletes contents; those that are not there are no error."""
        names = [_name(tenant, file) for file in files]
        for some in [names] if self._is_bucket and names else [[name] for name in names]:
            try:
                obstore.delete(self._store, some)
            except FileNotFoundError:
                continue
            except PLACE_TAKEN as error:
                raise _unavailable(error) from error

    def older(self, before: datetime) -> list[tuple[str, str]]:
        """(tenant, file) of contents, or of what was left of one, from before a moment.

        Of a bucket MOST_LISTED names behind those of the call before, and from the start again behind the last one.
        """
        found: list[tuple[str, str]] = []
        listed = 0
        try:
            for page in obstore.list(self._store, chunk_size=min(1000, MOST_LISTED), offset=self._listed_to or None):
                listed += len(page)
                for one in page:
                    tenant, _, file = one["path"].rpartition("/")
                    if one["last_modified"] < before:
                        found.append((tenant, file))
                if self._is_bucket and listed >= MOST_LISTED:
                    self._listed_to = page[-1]["path"]
                    return found
        except PLACE_TAKEN as error:
            raise _unavailable(error) from error
        self._listed_to = ""
        return found

    def drop_parts(self, before: datetime) -> int:
        """Deletes what crashes have left of contents on the disk; a bucket does not list it. Returns how many."""
        gone = 0
        for part in self.folder.glob(f"*/*{PART}"):
            with contextlib.suppress(FileNotFoundError):
                if part.stat().st_mtime < before.timestamp():
                    part.unlink()
                    gone += 1
        return gone


@cache
def _shelf(url: str, var: Path) -> Shelf:
    return Shelf(url, var)


def shelf_of(settings: Settings) -> Shelf:
    """The shelf that these settings name; one for the whole process."""
    return _shelf(settings.files_url, settings.var)


def _name(tenant: str, file: str) -> str:
    return f"{tenant}/{file}"


def _rename(part: Path, target: Path) -> None:
    """The name is on the disk too."""
    part.rename(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _unavailable(error: Exception) -> Unavailable:
    """Customers read it; the address of a bucket on our own network is for the log only."""
    log.warning("the place of the files does not work", error=str(error).partition("\n")[0][:300])
    return Unavailable("The place of the files (TANDEM_FILES_URL, TANDEM_VAR) does not work; the log says why.")
