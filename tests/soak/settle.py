"""After the faults: waits until nothing is left to do, then reads what the database holds into the history."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.history.events import wire_entry
from tests.soak.plain import DELIVERIES
from tests.soak.scribe import named
from tests.soak.stores import Row
from tests.soak.wire import Http

if TYPE_CHECKING:
    from tests.soak.people import Agent
    from tests.soak.run import Soak

LOOK_S = 1.0
PAGE = 500
UNFINISHED = "state IN ('new', 'leased', 'uncertain')"


@dataclass
class Settled:
    """What was still open when patience ended (nothing, if all is well), and how long it took."""

    seconds: float = 0.0
    left: list[str] = field(default_factory=list)


async def settle(soak: Soak, say: Callable[[str], None]) -> Settled:
    """Waits for the quiesce, marks it, and records every log and every row that the checker wants to see."""
    begun = time.monotonic()
    settled = Settled()
    told = begun
    while True:
        settled.left = await _left(soak)
        settled.seconds = time.monotonic() - begun
        if not settled.left or settled.seconds > soak.patience_s:
            break
        if time.monotonic() - told > 15:
            told = time.monotonic()
            say(f"{settled.seconds:5.0f} s after the healing there is still: {'; '.join(settled.left[:5])}")
        await soak.signals.pause(LOOK_S)
    soak.scribe.recorder.write("quiesce", grace_s=4, pushing=["senior"])
    for line in soak.lines:
        line.scribe.live(line)
    await _read_all(soak)
    return settled


async def _left(soak: Soak) -> list[str]:
    """What is not finished yet, in words."""
    left = [f"gateway {one.number} is down" for one in soak.gateways if one.process and one.process.poll() is not None]
    lines = soak.lines
    if soak.passers is not None and soak.passers.here:
        left.append(f"{soak.passers.here} visitors are still there")
    left += [f"{line.device} has no socket" for line in lines if line.session is None]
    left += [f"{line.device} waits for {len(line.outbox)} answers" for line in lines if line.outbox]
    open_ones = await soak.store.rows("SELECT id, owner_kind, last_seq FROM conversations")
    left += [f"{row['id']} is with {row['owner_kind']}" for row in open_ones if row["owner_kind"] != "closed"]
    sizes = {row["id"]: row["last_seq"] for row in open_ones}
    left += [
        f"{line.device} has {seq} of {sizes.get(name, 0)} entries of {name}"
        for line in lines
        for name, seq in line.cursors.items()
        if seq != sizes.get(name)
    ]
    rows = await soak.store.rows(
        f"SELECT destination, state, COUNT(*) AS n FROM outbox WHERE {UNFINISHED} GROUP BY 1, 2"
    )
    left += [f"{row['n']} {row['state']} rows for {row['destination']}" for row in rows]
    rows = await soak.store.rows("SELECT COUNT(*) AS n FROM turns WHERE state = 'running'")
    left += [f"{row['n']} turns are running" for row in rows if row["n"]]
    return left


async def _read_all(soak: Soak) -> None:
    record, rows = soak.scribe.recorder.write, soak.store.rows
    conversations = await rows("SELECT * FROM conversations")
    extra = await _what_only_the_database_knows(soak)
    supervisors = soak.supervisors
    now_us = time.time() * 1e6
    for row in conversations:
        tenant, due = row["tenant"], row["deadline_at"]
        entries = await read_log(supervisors[tenant].http, row["id"])
        record(
            "final_log",
            conv=named(row["id"], tenant),
            contact=named(f"customer:{row['contact']}", tenant),
            channel=row["channel"],
            language=row["language"],
            owner=row["owner_kind"],
            agent=named(f"agent:{row['owner_agent']}", tenant) if row["owner_agent"] else None,
            epoch=row["epoch"],
            deadline_in_s=None if due is None else (due - now_us) / 1e6,
            entries=[wire_entry(tenant, entry, **extra.get((row["id"], entry["seq"]), {})) for entry in entries],
        )
    await _record_rows(soak)
    await _record_soundness(soak)
    if soak.plain is not None:
        soak.plain.record(await rows(DELIVERIES))
    tenants = {row["id"]: row["tenant"] for row in conversations}
    missing = (soak.scribe.conversations | soak.strangers.conversations) - set(tenants)
    record(
        "gauge", name=f"conversations that were seen and are gone: {sorted(missing)[:5]}", value=len(missing), limit=0,
        inv="I26",
    )  # fmt: skip
    for scribe in (soak.scribe, soak.strangers):
        for principal, where, conversation in sorted(scribe.shown):
            if tenant := tenants.get(conversation):
                record("saw", principal=principal, tenant=tenant, where=where, conv=named(conversation, tenant))


async def read_log(http: Http, conversation: str) -> list[dict[str, Any]]:
    """All entries as a supervisor sees them."""
    entries: list[dict[str, Any]] = []
    for _ in range(200):
        answered = await http.get(f"/v1/conversations/{conversation}/entries", after=len(entries), limit=PAGE)
        if answered.outcome != "ok":
            await asyncio.sleep(0.5)
            continue
        entries += answered.body["entries"]
        if len(answered.body["entries"]) < PAGE:
            return entries
    raise RuntimeError(f"the log of {conversation} cannot be read")


async def _what_only_the_database_knows(soak: Soak) -> dict[tuple[str, int], dict[str, Any]]:
    """Turn, and on SQLite the order of commits, by conversation and seq."""
    commit = "rowid AS commit_order" if soak.options.database == "sqlite" else "NULL AS commit_order"
    found = {}
    for row in await soak.store.rows(f"SELECT conversation, seq, turn, {commit} FROM entries"):
        found[row["conversation"], row["seq"]] = {"turn": row["turn"], "commit": row["commit_order"]}
    return found


async def _record_rows(soak: Soak) -> None:
    record, rows = soak.scribe.recorder.write, soak.store.rows
    for row in await rows("SELECT * FROM turns"):
        record(
            "turn_row", turn=row["id"], conv=named(row["conversation"], row["tenant"]), epoch=row["epoch"],
            state=row["state"], upto=row["upto_seq"],
        )  # fmt: skip
    for row in await rows("SELECT * FROM cursors"):
        record(
            "cursor_row", principal=named(f"{row['principal_kind']}:{row['principal_id']}", row["tenant"]),
            device=row["device"], conv=named(row["conversation"], row["tenant"]), acked=row["acked_seq"],
            read=row["read_seq"],
        )  # fmt: skip
    for row in await rows("SELECT * FROM inbox"):
        place = {"conv": named(row["conversation"], row["tenant"]), "seq": row["seq"]} if row["conversation"] else {}
        record("inbox_row", chan=named(row["account"], row["tenant"]), pid=row["event_id"], **place)
    for row in await rows("SELECT * FROM outbox WHERE destination = 'channel'"):
        record("delivery_row", conv=named(row["conversation"], row["tenant"]), seq=row["seq"], state=row["state"])
    for row in await rows("SELECT * FROM audit ORDER BY n"):
        record(
            "audit_row", tenant=row["tenant"], n=row["n"], actor=row["actor"], action=row["action"],
            subject=row["subject"], prev=row["previous_hash"], hash=row["hash"],
        )  # fmt: skip
    for row in await rows("SELECT * FROM agents"):
        record(
            "agent", agent=named(f"agent:{row['id']}", row["tenant"]), cap=row["capacity"], open=row["open"],
            supervises=row["role"] == "supervisor", queues=_listed(row, "queues"),
            languages=_listed(row, "languages"), online=_is_online(soak.agents, row),
        )  # fmt: skip


async def _record_soundness(soak: Soak) -> None:
    """I27: the file is whole, and every timeline and chain of the audit is what was written."""
    record = soak.scribe.recorder.write
    if soak.options.database == "sqlite":
        found = [row["integrity_check"] for row in await soak.store.rows("PRAGMA integrity_check")]
        record("disk", what=f"PRAGMA integrity_check: {found[:3]}", ok=found == ["ok"])
    try:
        await soak.product("handoff_service", "audit", "verify")
    except RuntimeError as error:
        record("disk", what=str(error), ok=False)
    else:
        record("disk", what="audit verify", ok=True)


def _listed(row: Row, name: str) -> list[str]:
    """A JSON column, which one driver gives as text."""
    return list(json.loads(row[name]) if isinstance(row[name], str) else row[name])


def _is_online(agents: list[Agent], row: Row) -> bool:
    return row["status"] == "online" and any(one.login["id"] == row["id"] and one.session for one in agents)
