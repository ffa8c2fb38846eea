"""Erasing a person (I20, F-109, F-110): nothing of him is left in any table or file, and nothing else is gone."""

from __future__ import annotations

import asyncio
import json

import httpx2
import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.audit import broken_timelines, verify
from handoff_service.conversations import lifecycle, store
from handoff_service.retention.erase import STEPS
from tests.handoff_service.retention.conftest import CANARY
from tests.handoff_service.test_backup import command
from tests.handoff_service.web.test_persons import merge, spoken
from tests.handoff_service.web.visitors import accepted, fresh, refused

only_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


async def erased(subject):
    path = f"/v1/contacts/{subject.customer.contact}/erase"
    return accepted(await subject.boss.post(path, {"op_id": fresh()}))


async def timelines(subject):
    listed = await subject.house.database.read(
        lambda c: store.of_contact(c, subject.house.tenant.id, subject.customer.contact)
    )
    return {one.id: (one, await subject.house.entries(one.id)) for one in listed}


async def check_gone(subject, before):
    """No canary in any table or file; every timeline has grown, is dense, keeps its places and can be replayed."""
    assert await subject.rows_with_canary() == []
    assert subject.files_with_canary() == []
    for name, (conversation, entries) in (await timelines(subject)).items():
        assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
        was = before[name][1]
        assert len(entries) > len(was)
        for old, new in zip(was, entries, strict=False):
            kept = [(one.mid, one.kind, one.audience, one.author.kind, one.epoch, one.at) for one in (old, new)]
            assert kept[0] == kept[1]
            assert new.body["erased"] is True
        owner, epoch = lifecycle.replay(entries)
        assert (owner, epoch) == (conversation.owner, conversation.epoch)
        assert conversation.owner.kind == "closed"
    assert await subject.house.database.read(lambda c: list(broken_timelines(c))) == []
    told = [entry["body"].get("text") for entry in await subject.witness.timeline()]
    assert "what the witness said" in told


async def proofs(subject):
    A = tables.audit.c
    query = sa.select(tables.audit).where(A.tenant == subject.house.tenant.id, A.action == "erase")
    return await subject.house.database.read(lambda c: [dict(row) for row in c.execute(query).mappings()])


@only_sqlite
async def test_after_ok_the_canary_is_in_no_table_and_no_file(start_process, subject_at, far_bot):
    subject = await subject_at(start_process(TANDEM_BOT_URL=far_bot.url))
    sung = await subject.rows_with_canary()
    for table in ("entries", "contacts", "contact_identities", "tickets", "files", "turns", "handoffs", "outbox"):
        assert any(row.startswith(f"{table}:") for row in sung), f"the canary was never in {table}"
    before = await timelines(subject)
    done = await erased(subject)
    assert done["state"] == "done"
    await check_gone(subject, before)

    assert await subject.socket.closed() == 4401
    refused(await subject.customer.get(subject.customer.path("entries")), 401, "unauthorized")
    (proof,) = await proofs(subject)
    assert proof["actor"] == f"agent:{subject.boss.id}"
    assert proof["subject"] == subject.customer.contact
    assert proof["detail"] | {"job": ""} == {"job": "", **done["erased"]}
    assert done["erased"]["conversations"] == 1
    assert done["erased"]["entries"] == len(before[subject.first][1]) + 1  # and the state in which it was closed
    assert [chain.broken for chain in await subject.house.database.read(verify)] == [None]


async def test_what_is_left_are_counts_and_what_agents_and_strangers_read_says_nothing(gateway, subject_at):
    """Torture suite: "delete person: messages, files, index, logs gone; reports keep counts only"."""
    subject = await subject_at(gateway)
    before = await timelines(subject)
    await erased(subject)
    entries = await subject.lin.timeline(subject.first)
    stars = [entry["body"] for entry in entries if entry["kind"] == "rating"]
    thumbs = [entry["body"]["value"] for entry in entries if entry["kind"] == "feedback"]
    assert stars == [{"score": 4, "erased": True}]
    assert thumbs == ["down"]
    assert [entry["seq"] for entry in entries if "erased" not in entry["body"]] == [len(entries)]
    assert entries[-1]["body"]["kind"] == "erased"
    look = await subject.lin.look(subject.first)
    assert look["contact"]["identities"] == []
    assert look["card"]["preview"] == ""
    for handoff in look["handoffs"]:
        accepted(await subject.lin.get(f"/v1/handoffs/{handoff['id']}"))  # the packet of empty entries is empty
        assert handoff["packet"]["facts"] == []
    later = await subject.lin.socket((subject.first, 0), device="d_later")
    await later.reach(subject.first, len(entries))
    assert CANARY not in "".join(later.raw)
    assert len(before[subject.first][1]) < len(entries)


@only_sqlite
async def test_killed_in_the_middle_the_next_process_carries_it_to_its_end(start_process, subject_at, far_bot):
    """F-110, by the keeper, which looks for what a killed process has left."""
    gateway = start_process(TANDEM_BOT_URL=far_bot.url, TANDEM_FAILPOINTS="erase_step:2:kill9")
    subject = await subject_at(gateway)
    before = await timelines(subject)
    path, body = f"/v1/contacts/{subject.customer.contact}/erase", {"op_id": fresh()}
    with pytest.raises(httpx2.HTTPError):
        await subject.boss.post(path, body)
    await asyncio.to_thread(gateway.kill)
    gateway._environment.pop("TANDEM_FAILPOINTS")
    await asyncio.to_thread(gateway.start)
    async with asyncio.timeout(30):
        while not await proofs(subject):
            await asyncio.sleep(0.05)
    again = accepted(await subject.boss.post(path, body))
    assert again["state"] == "done"
    await check_gone(subject, before)
    assert len(await proofs(subject)) == 1


async def test_killed_after_every_single_step_it_ends_and_is_proven_once(gateway, subject_at, engine):
    """F-110, by the command, which dies each time it has come one step further (on PostgreSQL: three)."""
    subject = await subject_at(gateway)
    before = await timelines(subject)
    whole = sum(1 for _ in STEPS) + 2  # `conversations` looks once more when it is through; the proof
    arguments = ("erase", subject.house.tenant.id, subject.customer.contact)
    stride = 1 if engine == "sqlite" else 3
    for _ in range((whole - 1) // stride):
        kill = f"erase_step:{stride}:kill9"
        died = await asyncio.to_thread(command, gateway.settings, *arguments, failpoints=kill)
        assert died.returncode == -9, died.stderr
        assert await proofs(subject) == []
    await asyncio.to_thread(command, gateway.settings, *arguments)
    await check_gone(subject, before)
    (proof,) = await proofs(subject)
    assert proof["detail"]["conversations"] == 1
    assert proof["actor"] == "operator"


@only_sqlite
async def test_on_the_machine_whom_agents_merged_is_taken_when_said(gateway, build_house):
    house = await build_house(gateway)
    lin, tenant = await house.agent("lin"), house.tenant.id
    ann, eve = await spoken(house, "I am Ann"), await spoken(house, "Ann too, believe me")
    accepted(await merge(lin, ann.contact, eve.contact))

    async def told(*arguments):
        done = await asyncio.to_thread(command, gateway.settings, arguments[0], tenant, ann.contact, *arguments[1:])
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    both = [ann.contact, eve.contact]
    assert [one["id"] for one in (await told("export"))["persons"]] == both[:1]
    assert [one["id"] for one in (await told("export", "--merged"))["persons"]] == both
    assert (await told("erase", "--merged"))["contacts"] == both
    assert "believe me" not in str(await house.entries(eve.conversation))
    assert (await told("erase"))["contacts"] == both[:1], "who is erased is merged with nobody"


async def test_a_customer_erases_himself_and_starts_anew_as_somebody_else(gateway, subject_at):
    subject = await subject_at(gateway)
    before = await timelines(subject)
    assert accepted(await subject.customer.post("/v1/widget/erase"))["state"] == "done"
    await check_gone(subject, before)
    refused(await subject.customer.post("/v1/widget/erase"), 401, "unauthorized")
    back = await subject.house.customer(token=subject.customer.token)
    assert back.contact != subject.customer.contact
    await back.write("hello, who are you?")
    assert len(await back.timeline()) >= 2


async def test_erasing_twice_does_nothing_more(gateway, subject_at):
    subject = await subject_at(gateway)
    await erased(subject)
    entries = await subject.house.entries(subject.first)
    again = await erased(subject)
    assert again["erased"].get("entries", 0) == 0
    assert await subject.house.entries(subject.first) == entries
    refused(await subject.boss.post("/v1/contacts/k_unknown/erase", {"op_id": fresh()}), 404, "not_found")


async def test_what_is_on_hold_is_not_erased_until_it_is_released(gateway, subject_at):
    subject = await subject_at(gateway)
    path = f"/v1/conversations/{subject.first}/hold"
    held = {"op_id": fresh(), "hold": True, "reference": "case-17"}
    refused(await subject.lin.post(path, held), 403, "forbidden")
    accepted(await subject.boss.post(path, held))
    accepted(await subject.boss.post(path, held))
    contact = f"/v1/contacts/{subject.customer.contact}/erase"
    problem = refused(await subject.boss.post(contact, {"op_id": fresh()}), 409, "conflict")
    assert problem["conversations"] == [subject.first]
    assert await subject.rows_with_canary() != []
    accepted(await subject.boss.post(path, {"op_id": fresh(), "hold": False}))
    assert (await erased(subject))["state"] == "done"
    A = tables.audit.c
    query = sa.select(A.action, A.detail).where(A.tenant == subject.house.tenant.id).order_by(A.n)
    rows = await subject.house.database.read(lambda c: [tuple(row) for row in c.execute(query)])
    actions = [(action, detail) for action, detail in rows if action in ("hold", "release", "erase")]
    assert actions[:2] == [("hold", {"reference": "case-17"}), ("release", {})]
    assert [action for action, _ in actions[2:]] == ["erase"]


async def test_an_export_has_what_he_said_and_nothing_that_is_not_for_him(gateway, subject_at):
    """F-112: no internal note, nobody else's words, nothing that the bot thought."""
    subject = await subject_at(gateway)
    answer = accepted(await subject.customer.get("/v1/widget/export"))
    text = json.dumps(answer)
    for own in (f"I am {CANARY}", f"dear {CANARY}", f"good {CANARY}", f"sub-{CANARY}", f"{CANARY}@example.org"):
        assert own in text
    for foreign in ("note about", "is fine", "bye ", "witness", "matched", "analysis", "password"):
        assert foreign not in text
    (talk,) = answer["conversations"]
    assert [entry["seq"] for entry in talk["entries"]] == list(range(1, len(talk["entries"]) + 1))
    refused(await subject.lin.get("/v1/widget/export"), 401, "unauthorized")
