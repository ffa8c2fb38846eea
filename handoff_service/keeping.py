"""The commands that keep data: `python -m handoff_service backup | restore | erase | export | audit`.

`backup` and `audit` only read and may run beside a gateway; on SQLite the others need it to be stopped.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from handoff_service.audit import broken_timelines, verify
from handoff_service.backup import Manifest, backup
from handoff_service.backup import verify as verify_backup
from handoff_service.bell import Bell
from handoff_service.clock import utc_now
from handoff_service.conversations.change import Context
from handoff_service.damage import faults
from handoff_service.database import Database, open_database
from handoff_service.errors import Conflict, TandemError, Unavailable
from handoff_service.only_gateway import claim
from handoff_service.restore import restore
from handoff_service.retention.erase import begin
from handoff_service.retention.export import export_person
from handoff_service.retention.keeper import Keeper
from handoff_service.retention.reach import Whom
from handoff_service.settings import Settings

COMMANDS = ("backup", "restore", "erase", "export", "audit")
ACTOR = "operator"


def parser() -> argparse.ArgumentParser:
    """The arguments of these commands."""
    root = argparse.ArgumentParser(prog="python -m handoff_service", description=__doc__)
    verbs = root.add_subparsers(dest="verb", required=True)
    save = verbs.add_parser("backup", help="saves the database into a file, while the gateway works")
    save.add_argument("file", type=Path)
    save.add_argument("--verify", action="store_true", help="only checks a file that was made before")
    load = verbs.add_parser("restore", help="puts a backup into an empty database")
    load.add_argument("file", type=Path)
    load.add_argument("--replace", action="store_true", help="throws away what the database holds now")
    for name, told in (
        ("erase", "takes everything that a contact said, and his names, out of the database"),
        ("export", "prints everything that is kept about a contact, as he may see it"),
    ):
        verb = verbs.add_parser(name, help=told)
        verb.add_argument("tenant")
        verb.add_argument("contact")
        verb.add_argument("--merged", action="store_true", help="with everybody whom agents merged with him")
    verbs.add_parser("audit", help="checks the file, the chain of the audit and the timelines").add_argument(
        "what", choices=["verify"]
    )
    return root


def keep(arguments: Sequence[str], settings: Settings) -> int:
    """Carries out one command and prints its result as JSON; 1 with a sentence when it is refused or found a fault."""
    asked = parser().parse_args(arguments)
    try:
        answer = asyncio.run(_carry_out(asked, settings))
    except TandemError as error:
        sys.stderr.write(f"{asked.verb}: {error.message}\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"{asked.verb}: {error.strerror} ({error.filename or 'the disk'}).\n")
        return 1
    sys.stdout.write(f"{json.dumps(answer, ensure_ascii=False, indent=2)}\n")
    return 1 if isinstance(answer, dict) and answer.get("broken") else 0


async def _carry_out(asked: argparse.Namespace, settings: Settings) -> dict[str, Any]:
    if asked.verb == "backup":
        if asked.verify:
            return _shown(await asyncio.to_thread(verify_backup, asked.file))
        return _shown(await backup(settings.database, asked.file, now=utc_now(), progress=_tell))
    if asked.verb == "restore":
        return _shown(await restore(settings, asked.file, replace=asked.replace, now=utc_now(), progress=_tell))
    if asked.verb == "audit":
        return await _audit(settings)
    async with _alone(settings) as database:
        context = Context(settings, utc_now())
        tenant, contact = asked.tenant, asked.contact
        whom = Whom(asked.merged)
        if asked.verb == "export":
            return await database.write(
                lambda tx: export_person(tx, tenant, contact, whom, requested_by=ACTOR, context=context)
            )
        jobs = await database.write(lambda tx: begin(tx, tenant, contact, whom, requested_by=ACTOR, context=context))
        told = await Keeper(database, settings, utc_now).finish_all(tenant, [job.id for job in jobs])
        if told["state"] != "done":
            raise Unavailable("Not everything could be erased now. Repeat this, or let a gateway go on with it.")
        return {**told, "contacts": [job.subject for job in jobs]}


def _tell(table: str, rows: int) -> None:
    sys.stderr.write(f"{table}: {rows} rows\n")


def _shown(manifest: Manifest) -> dict[str, Any]:
    rows = sum(manifest.rows.values())
    return {"revision": manifest.revision, "made_at": manifest.made_at, "log_id": manifest.log_id, "rows": rows}


@contextlib.asynccontextmanager
async def _alone(settings: Settings) -> AsyncIterator[Database]:
    """The database to write to. Raises Conflict on SQLite while a gateway has it."""
    try:
        lock = claim(settings.database)
    except BlockingIOError as error:
        raise Conflict(f"{error.strerror}. While it runs, ask the gateway itself (docs/protocol.md).") from error
    database = open_database(settings.database, Bell())
    try:
        yield database
    finally:
        await database.close()
        if lock is not None:
            os.close(lock)


async def _audit(settings: Settings) -> dict[str, Any]:
    """`broken` says what is wrong with the file, the chains and the timelines."""
    if damaged := await asyncio.to_thread(faults, settings.database):
        return {"audit": {}, "broken": damaged}

    def look(connection: sa.Connection) -> dict[str, Any]:
        chains = verify(connection)
        broken = [f"{chain.tenant}: {chain.broken}" for chain in chains if chain.broken]
        heads = {chain.tenant: {"rows": chain.length, "head": chain.head} for chain in chains}
        return {"audit": heads, "broken": [*broken, *broken_timelines(connection)]}

    database = open_database(settings.database, Bell())
    try:
        return await database.read(look)
    finally:
        await database.close()
