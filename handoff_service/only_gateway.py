"""SQLite serves one gateway: the kernel keeps a second one out, and forgets the lock when its holder dies.

Two processes that write and checkpoint one file also meet the WAL-reset bug of SQLite before 3.51.3.
"""

from __future__ import annotations

import errno
import fcntl
import os
from pathlib import Path

import sqlalchemy as sa


def claim(url: str) -> int | None:
    """A descriptor that holds the lock of a SQLite file until this process ends; None on PostgreSQL.

    Raises BlockingIOError with a sentence for a person when another gateway has it.
    """
    address = sa.make_url(url)
    if address.get_backend_name() != "sqlite":
        return None
    database = Path(str(address.database))
    database.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(database.with_name(f"{database.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
        os.close(descriptor)
        raise BlockingIOError(
            errno.EWOULDBLOCK,
            f"process {holder or '?'} already serves {database}, and SQLite serves one gateway. Stop it first, "
            "or set TANDEM_DATABASE_URL=postgresql://… to run several",
        ) from None
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
    return descriptor
