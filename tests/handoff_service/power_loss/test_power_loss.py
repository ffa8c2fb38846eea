"""F-38, I1, I27: what was acknowledged survives a power failure at any moment, and the file is never damaged."""

from __future__ import annotations

import asyncio
import json
import pickle
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pysqlite3 as sqlite3
import pytest

from handoff_service.bell import Bell
from handoff_service.conversations.change import Context
from handoff_service.conversations.receive import Sender, receive
from handoff_service.database import SqliteDatabase
from handoff_service.tenants import store as tenants
from tests.handoff_service.power_loss.recorded_disk import Disk, library, recording
from tests.handoff_service.stage import FakeClock, meet, shop, trial_settings

ROOT = Path(__file__).resolve().parents[3]
CRASHES = 300
CUSTOMERS = 6
MESSAGES = 60  # of each customer; enough for the WAL to be written back into the file several times


async def _write_messages(database: SqliteDatabase, disk: Disk, *, durable: bool) -> None:
    """Customers write at the same time; a mark follows each acknowledgement."""
    clock = FakeClock()
    context = Context(trial_settings(), clock())
    await database.write(lambda tx: tenants.save(tx.connection, shop()))
    senders = [await database.write(lambda tx: meet(tx.connection, clock())) for _ in range(CUSTOMERS)]

    async def write(number: int, sender: Sender) -> None:
        for count in range(MESSAGES):
            client_id, text = f"client-{number}-{count:04}", f"message {count} of {number} " + "长" * 300
            conversation, entry = await database.write(
                lambda tx, i=client_id, t=text: receive(tx, sender, client_id=i, body={"text": t}, context=context),  # type: ignore[misc]
                durable=durable,
            )
            disk.mark((conversation.id, entry.seq, client_id, text))

    await asyncio.gather(*(write(number, sender) for number, sender in enumerate(senders)))


@pytest.fixture
def recorded(fast_folder: Path, sqlite_template: Path) -> Callable[..., Disk]:
    """Runs the writers on a fresh database, in a process of their own, and returns what happened to its files.

    Of their own, because the hooks are in the library that every SQLite connection of a process uses.
    """

    def run(*, durable: bool = True) -> Disk:
        folder = fast_folder / f"power-{random.randrange(1 << 40):x}"
        folder.mkdir()
        (folder / "handoff.sqlite").write_bytes(sqlite_template.read_bytes())
        command = [sys.executable, "-m", "tests.handoff_service.power_loss.test_power_loss", str(folder), str(durable)]
        done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, timeout=120)
        disk: Disk = pickle.loads(done.stdout)
        return disk

    return run


def record(folder: Path, *, durable: bool) -> Disk:
    """In that process: writes, and notes every step."""

    async def write() -> None:
        database = SqliteDatabase(f"sqlite:///{folder / 'handoff.sqlite'}", Bell())
        await _write_messages(database, disk, durable=durable)
        await database.close()

    with recording(library(), folder) as disk:
        asyncio.run(write())
    return disk


def _lost(files: dict[str, bytes], marks: list[object], place: Path) -> list[object]:
    """Opens what the power failure left, as the next start would; the acknowledged messages that are not there."""
    place.mkdir()
    for name, content in files.items():
        if not name.endswith("-shm"):  # shared memory, which no disk keeps
            (place / name).write_bytes(content)
    connection = sqlite3.connect(place / "handoff.sqlite")
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        gaps = "SELECT conversation FROM entries GROUP BY conversation HAVING max(seq) <> count(*) OR min(seq) <> 1"
        assert connection.execute(gaps).fetchall() == [], "I4: a timeline has a gap"
        heads = (
            "SELECT id FROM conversations c WHERE last_seq <> (SELECT count(*) FROM entries WHERE conversation = c.id)"
        )
        assert connection.execute(heads).fetchall() == [], "I4: the head counts other entries than there are"
        found = connection.execute("SELECT conversation, seq, client_id, body FROM entries WHERE client_id IS NOT NULL")
        stored = {(conversation, seq, client, json.loads(body)["text"]) for conversation, seq, client, body in found}
    finally:
        connection.close()
    return [mark for mark in marks if mark not in stored]


def test_what_was_acknowledged_survives_three_hundred_power_failures(
    recorded: Callable[..., Disk], fast_folder: Path
) -> None:
    disk = recorded()
    assert sum(step.what == "sync" and step.path == "handoff.sqlite" for step in disk.steps) >= 2, "no checkpoint"
    chance = random.Random(38)
    for crash in range(CRASHES):
        moment = chance.randrange(len(disk.steps) + 1)
        place = fast_folder / f"crash-{crash}"
        lost = _lost(disk.after_power_loss(moment, chance), disk.marks_until(moment), place)
        assert lost == [], f"I1: crash {crash} before step {moment} lost {len(lost)} acknowledged messages"


def test_without_waiting_for_the_disk_messages_are_lost(recorded: Callable[..., Disk], fast_folder: Path) -> None:
    """The proof that the test above sees: the same with writes of which nobody is told, so that they need no fsync."""
    disk, chance = recorded(durable=False), random.Random(38)
    lost = 0
    for crash in range(20):
        moment = chance.randrange(len(disk.steps) // 2, len(disk.steps) + 1)
        place = fast_folder / f"careless-{crash}"
        lost += len(_lost(disk.after_power_loss(moment, chance), disk.marks_until(moment), place))
    assert lost > 0


if __name__ == "__main__":
    sys.stdout.buffer.write(pickle.dumps(record(Path(sys.argv[1]), durable=sys.argv[2] == "True")))
