"""What is said in public: imported once, marked, given to people, and never answered by a machine."""

from __future__ import annotations

import asyncio
import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from handoff_service import outbox, tables
from handoff_service.agents.model import Role
from handoff_service.bell import Bell
from handoff_service.channels.accounts import new_account
from handoff_service.channels.arrive import arrive
from handoff_service.channels.model import Checked, Inbound, WebhookRequest
from handoff_service.channels.packing import pack
from handoff_service.channels.registry import CHANNELS
from handoff_service.channels.sealing import Seal
from handoff_service.channels.signed_api import _as_json
from handoff_service.channels.store import add as add_account
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.database import open_database
from handoff_service.errors import Invalid
from handoff_service.outbox import OUTSIDE
from handoff_service.public_mentions.commands import mentions
from handoff_service.public_mentions.model import mention_of
from handoff_service.public_mentions.reading import rows
from handoff_service.tenants import store as tenants
from handoff_service.tickets.store import find as find_ticket
from handoff_service.tickets.tell import tell_customer
from tests.handoff_service.stage import shop, trial_settings
from tests.handoff_service.web.visitors import accepted, fresh, refused

POST = {
    "platform": "weibo", "id": "5012", "author": "2489518277", "author_name": "小王", "text": "@蓝鱼 三天没发货",
    "url": "https://m.weibo.cn/status/5012", "time": "2026-11-02T09:30:00+08:00", "rating": 1,
}  # fmt: skip


def test_a_mention_is_read_from_its_fields() -> None:
    mention = mention_of(POST)
    assert (mention.key, mention.by, mention.language) == ("weibo:5012", "weibo:2489518277", "zh")
    assert (mention.at, mention.rating) == (datetime(2026, 11, 2, 1, 30, tzinfo=UTC), 1.0)
    assert mention_of({**POST, "rating": "", "text": "late!"}).as_json().keys() == {"platform", "id", "url", "at"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"id": ""}, "needs `id`"), ({"url": "javascript:alert(1)"}, "`url` is"), ({"time": "yesterday"}, "`time` is"),
        ({"time": "2026-11-02T09:30:00"}, "knows its zone"), ({"rating": "five"}, "`rating` is"),
        ({"stars": 1}, "stars"),
        ({"platform": "../x"}, "`platform` is"), ({"text": "x" * 8001}, "`text` is"), ({"text": "\ud800"}, "`text` is"),
        ({"author": "a b"}, "`author` is"), ({"id": "\ud800"}, "`id` is"), ({"url": "https://w.cn/\ud800"}, "`url` is"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_mention_names_the_field(change: dict[str, Any], told: str) -> None:
    with pytest.raises(Invalid, match=told):
        mention_of({**POST, **change})


def test_files_are_read_line_by_line_and_a_bad_line_is_told_by_its_number() -> None:
    table = b'platform,id,author,text,url,time\nweibo,1,9,"two\nlines",https://w.cn/1,2026-11-02T09:30Z\n\nweibo,2\n'
    (first, given), (second, wrong) = rows("list.csv", table)
    assert (first, given["text"], second) == (2, "two\nlines", 5)
    assert isinstance(wrong, Invalid)
    assert "2 values for 6 fields" in wrong.message
    lines = f"\ufeff{json.dumps(POST)}\n\nnot json\n[1]\n".encode()
    found = list(rows("list.jsonl", lines))
    assert [line for line, _ in found] == [1, 3, 4]
    assert [isinstance(one, Invalid) for _, one in found] == [False, True, True]
    parted = json.dumps({**POST, "text": "one\u2028two\x85three"}, ensure_ascii=False)
    (whole,) = rows("list.jsonl", parted.encode())
    assert whole == (1, {**POST, "text": "one\u2028two\x85three"}), "these end a line of text, but no line of JSON"
    for name, content, told in (
        ("list.txt", b"", "end with"),
        ("a.csv", b"", "first line"),
        ("a.csv", b"\xff", "UTF-8"),
    ):
        with pytest.raises(Invalid, match=told):
            list(rows(name, content))


async def give(who: Any, *posts: Any) -> Any:
    return await who.post("/v1/public-mentions", {"mentions": list(posts)})


async def test_a_mention_is_a_marked_conversation_for_people_only(house: Any, build_house: Any) -> None:
    boss, lin = await house.agent("boss", role=Role.ADMIN), await house.agent("lin")
    await lin.socket()
    bad = {**POST, "id": "1", "time": "soon"}
    report = accepted(await give(boss, POST, bad, {**POST, "id": "5013", "text": "还是没发货"}))
    assert (report["taken"], report["skipped"], [one["line"] for one in report["refused"]]) == (2, 0, [2])
    assert "`time`" in report["refused"][0]["reason"]
    again = accepted(await give(boss, POST, {**POST, "text": "other words"}))
    assert (again["taken"], again["skipped"]) == (0, 1)
    assert "came before with other words" in again["refused"][0]["reason"]
    refused(await give(lin, POST), 403, "forbidden")
    (card,) = [one for one in (await stored(house)) if one["channel"] == "public"]
    conversation = card["id"]
    entries = await house.entries(conversation)
    assert [entry.body["mention"]["id"] for entry in entries if "mention" in entry.body] == ["5012", "5013"]
    assert not [entry for entry in entries if entry.author.kind == "bot"], "whatever it knows would be public"
    notes = [entry.body["text"] for entry in entries if entry.body.get("kind") == "public"]
    assert all(entry.audience == "internal" for entry in entries if entry.body.get("kind") == "public")
    assert POST["url"] in notes[0]
    assert card["owner_kind"] in ("queue", "mailbox"), "whether the shop is open now or not"
    shown = accepted(await lin.get(f"/v1/handoffs/{card['handoff']}"))
    told = {line["label"]: line["value"] for line in shown["packet"]["evidence"]}
    assert told == {"public": "weibo", "link": POST["url"], "rating": 1.0}
    accepted(await lin.accept(card["handoff"]))
    held = await lin.look(conversation)
    accepted(await lin.reply(conversation, "抱歉，请私信我们", held["card"]["epoch"]))
    last = (await house.entries(conversation))[-1]
    assert (last.audience, last.body["kind"]) == ("internal", "public")
    assert POST["url"] in last.body["text"]
    assert await house.database.read(lambda c: deliveries(c, house.tenant.id)) == []
    opened = {"op_id": fresh(), "subject": "late", "type": "order", "conversation": conversation}
    case = accepted(await lin.post("/v1/tickets", opened))["ticket"]
    update = {"op_id": fresh(), "text": "It has left.", "audience": "public"}
    told = refused(await lin.post(f"/v1/tickets/{case}/update", update), 409, "conflict")
    assert "public" in told["message"], "nobody is to believe that he was told"

    def as_by_a_plan(tx: Any) -> None:
        ticket = find_ticket(tx.connection, house.tenant.id, case, None)
        place = conversations.find(tx.connection, house.tenant.id, conversation, lock=True)
        tell_customer(tx, ticket, place, "Has it arrived?", datetime.now(UTC))

    await house.database.write(as_by_a_plan)
    notice, note = (await house.entries(conversation))[-2:]
    assert (notice.body["text"], note.audience, note.body["kind"]) == ("Has it arrived?", "internal", "public")
    assert await house.database.read(lambda c: deliveries(c, house.tenant.id)) == []
    stranger = await (await build_house(house.gateway)).agent("boss", role=Role.OWNER)
    assert accepted(await give(stranger, POST))["taken"] == 1, "each tenant has its own"


async def stored(house: Any) -> list[dict[str, Any]]:
    def found(connection: Any) -> list[dict[str, Any]]:
        query = tables.conversations.select().where(tables.conversations.c.tenant == house.tenant.id)
        return [dict(row) for row in connection.execute(query).mappings()]

    return list(await house.database.read(found))


def deliveries(connection: Any, tenant: str) -> list[dict[str, Any]]:
    query = tables.outbox.select().where(tables.outbox.c.tenant == tenant, tables.outbox.c.destination.in_(OUTSIDE))
    return [dict(row) for row in connection.execute(query).mappings()]


def of_api(account: Any, event: Any) -> Inbound:
    request = WebhookRequest(json.dumps(event).encode(), {})
    (said,) = CHANNELS["api"].parse(account, Checked(body=request.raw, request=request)).events
    assert isinstance(said, Inbound)
    return said


async def test_an_account_that_speaks_in_public_publishes_what_an_agent_answers_and_nothing_else(house: Any) -> None:
    lin = await house.agent("lin")
    await lin.socket()
    settings = house.gateway.settings
    seal, context = Seal(settings.encryption_key.get_secret_value()), Context(settings, datetime.now(UTC))
    account = new_account(house.tenant.id, "api", "Reviews", {"url": "http://127.0.0.1:9/out"}, settings)
    await house.database.write(lambda tx: add_account(tx.connection, account, seal))
    public = {part: POST[part] for part in ("platform", "id", "url", "time")}
    event = {"event_id": "e1", "contact": {"id": "u9", "name": "Ann"}, "text": "Where is it?", "public": public}
    abilities = CHANNELS["api"].abilities
    for event_id, duplicate in (("e1", False), ("e1", True), ("e2", False)):
        said = of_api(account, {**event, "event_id": event_id})
        placed = await house.database.write(lambda tx, said=said: arrive(tx, account, said, abilities, seal, context))
        assert placed.duplicate is duplicate
    (row,) = await stored(house)
    assert (row["channel"], row["account"]) == ("public", account.id)
    assert row["owner_kind"] in ("queue", "mailbox")
    assert await house.database.read(lambda c: deliveries(c, house.tenant.id)) == [], "nothing is published by itself"
    accepted(await lin.accept(row["handoff"]))
    held = await lin.look(row["id"])
    accepted(await lin.reply(row["id"], "Please write to us privately.", held["card"]["epoch"]))
    async with asyncio.timeout(60):
        while not (job := (await house.database.read(lambda c: deliveries(c, house.tenant.id)))[0])["attempts"]:
            await asyncio.sleep(0.02)
    assert job["destination"] == outbox.PUBLIC, "a release that knows nothing of it leaves it alone"
    asked = outbox.Job(house.tenant.id, job["id"], row["id"], job["destination"], job["seq"], 1)
    parcel = await house.database.read(lambda c: pack(c, asked, seal, CHANNELS, settings))
    (part,) = parcel.parts
    sent = _as_json(part)
    assert (sent["contact"], sent["text"]) == ({"id": "weibo:u9"}, "Please write to us privately.")
    assert sent["public"]["id"] == POST["id"]
    newer = {**event, "event_id": "e3", "public": {**public, "id": "5014"}}
    for told_again in (newer, {**event, "event_id": "e4"}):
        said = of_api(account, told_again)
        await house.database.write(lambda tx, said=said: arrive(tx, account, said, abilities, seal, context))
    parcel = await house.database.read(lambda c: pack(c, asked, seal, CHANNELS, settings))
    assert _as_json(parcel.parts[0])["public"]["id"] == "5014", "the newest post, not the one that was told last"
    with pytest.raises(Invalid, match="`public` is"):
        of_api(account, {**event, "public": "weibo"})
    # Nobody listens there, and the gateway of all these tests is not to try for ever.
    mine = sa.update(tables.channel_accounts).where(tables.channel_accounts.c.tenant == house.tenant.id)
    await house.database.write(lambda tx: tx.connection.execute(mine.values(disabled=True)))


def test_a_weibo_post_that_names_the_account_is_a_public_mention() -> None:
    account = new_account("shop", "weibo", "W", {"app_secret": "a" * 16, "access_token": "t" * 16}, trial_settings())
    told = {"receiver_id": 1, "sender_id": 24, "created_at": "Mon Jul 16 18:09:20 +0800 2012", "text": "@蓝鱼 坏了"}
    for data, place in (
        ({"subtype": "status", "key": "36"}, "https://m.weibo.cn/status/36"),
        ({"subtype": "comment", "key": "37"}, "https://weibo.com/u/24"), ({}, "https://weibo.com/u/24"),
    ):  # fmt: skip
        raw = json.dumps({**told, "type": "mention", "data": data}).encode()
        (said,) = CHANNELS["weibo"].parse(account, Checked(body=raw, request=WebhookRequest(raw, {}))).events
        assert isinstance(said, Inbound)
        assert said.public is not None
        assert (said.public.url, said.public.by) == (place, "weibo:24")


def seeded(template: Path, folder: Path) -> Any:
    path = folder / "one.sqlite"
    shutil.copy(template, path)
    settings = trial_settings(database_url=f"sqlite:///{path}", var=folder)

    async def seed() -> None:
        database = open_database(settings.database, Bell())
        await database.write(lambda tx: tenants.save(tx.connection, shop("demo")))
        await database.close()

    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, seed()).result()
    return settings


def test_the_command_says_what_it_took_and_what_is_wrong_where(
    sqlite_template: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = seeded(sqlite_template, tmp_path)
    file = tmp_path / "posts.jsonl"
    file.write_text(f"{json.dumps(POST)}\nnot json\n", "utf-8")
    assert mentions(["import", str(file), "--tenant", "demo"], settings) == 1
    told = capsys.readouterr()
    # The gateway of other tests writes into the same stream.
    assert json.loads(told.out.splitlines()[-1]) == {"taken": 1, "skipped": 0, "refused": 1}
    assert f"{file}:2: " in told.err
    file.write_text(json.dumps(POST), "utf-8")
    assert mentions(["import", str(file)], settings) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["skipped"] == 1
    assert mentions(["import", str(file), "--tenant", "nobody"], settings) == 1
    assert mentions(["import", str(tmp_path / "none.csv")], settings) == 1
    assert "cannot be read" in capsys.readouterr().err
