"""The chain of the audit: whoever changes, removes or adds a row is found; so is who edits a timeline."""

from __future__ import annotations

import asyncio
import json
import random
from datetime import timedelta

import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.audit import broken_timelines, record, verify
from handoff_service.conversations.receive import receive
from handoff_service.errors import IllegalTransition
from handoff_service.keeping import keep

A = tables.audit.c
E = tables.entries.c
ROWS = 12


def note(tenant, number, now):
    return lambda tx: record(
        tx,
        tenant,
        actor="agent:a_lin",
        action="hold",
        subject=f"c_{number}",
        detail={"reference": f"case/{number}", "n": [number, None, True, "客户"]},
        now=now,
    )


@pytest.fixture
async def chains(database, clock):
    """Two tenants with ROWS rows each."""
    for number in range(ROWS):
        for tenant in ("demo", "other"):
            await database.write(note(tenant, number, clock.advance(0.123457)))


async def broken(database):
    return {chain.tenant: chain.broken for chain in await database.read(verify)}


async def alter(database, statement):
    """What somebody does who has the database but not the program."""
    await database.write(lambda tx: tx.connection.execute(statement))


@pytest.mark.usefixtures("chains")
async def test_an_untouched_chain_verifies_and_tells_its_head(database):
    told = await database.read(verify)
    assert [(chain.tenant, chain.length, chain.broken) for chain in told] == [
        ("demo", ROWS, None),
        ("other", ROWS, None),
    ]
    assert len({chain.head for chain in told}) == 2


@pytest.mark.parametrize("number", range(1, ROWS + 1))
@pytest.mark.usefixtures("chains")
async def test_every_deleted_row_is_missed(database, number):
    await alter(database, sa.delete(tables.audit).where(A.tenant == "demo", A.n == number))
    assert await broken(database) == {"demo": f"row {number} is missing", "other": None}


@pytest.mark.usefixtures("chains")
async def test_a_chain_that_is_gone_is_missed_and_so_is_one_without_a_head(database):
    await alter(database, sa.delete(tables.audit).where(A.tenant == "demo"))
    await alter(database, sa.delete(tables.meta).where(tables.meta.c.key == "audit_head/other"))
    assert await broken(database) == {
        "demo": "row 1 is missing",
        "other": "the kept head is not that of the last row",
    }


@pytest.mark.parametrize("column", ["at", "actor", "action", "subject", "detail", "previous_hash", "hash"])
@pytest.mark.usefixtures("chains")
async def test_one_flipped_character_is_found_and_named(database, column):
    """F-113. The moment is moved by the smallest step that the database can hold."""
    number = random.Random(column).randint(1, ROWS)
    where = (A.tenant == "demo", A.n == number)
    row = await database.read(lambda c: c.execute(sa.select(tables.audit).where(*where)).mappings().one())
    value = row[column]
    if column == "at":
        changed = value + timedelta(microseconds=1)
    elif column == "detail":
        changed = json.loads(json.dumps(value).replace("case/", "casf/"))
    else:
        changed = chr(ord(value[0]) ^ 1) + value[1:]
    assert changed != value
    await alter(database, sa.update(tables.audit).where(*where).values({column: changed}))
    found = await broken(database)
    assert found["other"] is None
    assert str(found["demo"]).startswith(f"row {number} (")


@pytest.mark.usefixtures("chains")
async def test_a_row_that_was_put_in_or_moved_to_another_tenant_is_found(database):
    row = await database.read(
        lambda c: dict(c.execute(sa.select(tables.audit).where(A.tenant == "demo", A.n == ROWS)).mappings().one())
    )
    await alter(database, sa.insert(tables.audit).values({**row, "n": ROWS + 1}))
    await alter(database, sa.update(tables.audit).where(A.tenant == "other", A.n == 1).values(tenant="third"))
    found = await broken(database)
    assert found["demo"] == f"row {ROWS + 1} (hold) was changed"
    assert found["other"] == "row 1 is missing"
    assert found["third"] is not None


async def test_a_removed_last_row_is_missed_also_after_more_was_written(database, clock):
    for number in (1, 2, 3):
        await database.write(note("demo", number, clock()))
        if number == 2:
            await alter(database, sa.delete(tables.audit).where(A.n == 2))
    assert await broken(database) == {"demo": "row 2 is missing"}


async def test_rows_of_transactions_that_meet_are_numbered_one_after_the_other(database, clock):
    await asyncio.gather(*(database.write(note("demo", number, clock())) for number in range(20)))
    (chain,) = await database.read(verify)
    assert (chain.length, chain.broken) == (20, None)


async def test_what_is_undone_leaves_no_row(database, clock):
    def half(tx):
        note("demo", 1, clock())(tx)
        raise IllegalTransition("on purpose")

    with pytest.raises(IllegalTransition):
        await database.write(half)
    assert await database.read(verify) == []


@pytest.fixture
async def talk(database, arrive, context):
    """A conversation with five messages of the customer."""
    sender = await arrive()
    for number in range(5):
        await database.write(
            lambda tx, n=number: receive(
                tx, sender, client_id=f"client-{n:04}", body={"text": f"number {n}, 客户"}, context=context()
            )
        )


@pytest.mark.usefixtures("talk")
async def test_an_untouched_timeline_is_whole(database):
    assert await database.read(lambda c: list(broken_timelines(c))) == []


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        (sa.delete(tables.entries).where(E.seq == 3), "entry 3 is missing"),
        (sa.delete(tables.entries).where(E.seq == 6), "entry 6 is missing"),
        (sa.update(tables.entries).where(E.seq == 4).values(body={"text": "number 2!"}), "entry 4 was changed"),
        (sa.update(tables.entries).where(E.seq == 2).values(audience="internal"), "entry 2 was changed"),
        (sa.update(tables.conversations).values(last_seq=5), "entry 6 was added"),
        (sa.update(tables.conversations).values(epoch=7), "its owner does not follow from its entries"),
        (sa.update(tables.entries).where(E.seq == 1).values(epoch=2), "has epoch 2, not 1"),
    ],
)
@pytest.mark.usefixtures("talk")
async def test_an_edited_timeline_is_found(database, statement, told):
    await alter(database, statement)
    (found,) = await database.read(lambda c: list(broken_timelines(c)))
    assert told in found


@pytest.mark.usefixtures("chains")
async def test_the_command_prints_heads_and_ends_with_1_for_a_broken_chain(database, settings, capsys):
    assert await asyncio.to_thread(keep, ["audit", "verify"], settings) == 0
    heads = json.loads(capsys.readouterr().out)["audit"]
    assert heads["demo"]["rows"] == ROWS
    await alter(database, sa.delete(tables.audit).where(A.tenant == "demo", A.n == 2))
    assert await asyncio.to_thread(keep, ["audit", "verify"], settings) == 1
    assert json.loads(capsys.readouterr().out)["broken"] == ["demo: row 2 is missing"]
