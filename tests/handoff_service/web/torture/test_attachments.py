"""Fault: "attachment upload fails / slow / oversized / wrong type, before and after handoff"."""

from __future__ import annotations

import asyncio
import contextlib
import os

import httpx2
import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.agents.model import Role
from handoff_service.files import keep
from handoff_service.files.shelf import PART
from tests.handoff_service.stage import FakeClock, ScriptedBot
from tests.handoff_service.web.conftest import by_text
from tests.handoff_service.web.serving import on_both
from tests.handoff_service.web.torture.rules import AGES, head_of, holds, said, served, until
from tests.handoff_service.web.visitors import accepted, fresh, refused

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4
PDF = b"%PDF-1.7\n" + b"x" * 300
GOOD = {
    "a.png": (PNG, "image/png"),
    "a.jpg": (b"\xff\xd8\xff\xe0" + bytes(40), "image/jpeg"),
    "a.gif": (b"GIF89a=1;alert(1)//<script>", "image/gif"),
    "a.webp": (b"RIFF\x00\x00\x00\x00WEBPVP8 " + bytes(40), "image/webp"),
    "a.pdf": (PDF, "application/pdf"),
    "a.txt": ("订单 1234-5678 🙂\n".encode() * 3000, "text/plain"),
    "tiny": (b"hi", "text/plain"),
}
BAD = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    "html": b"  \n<!DOCTYPE html><script>alert(1)</script>",
    "svg behind words": b"hello " * 20 + b"<SVG onload=1>",
    "svg behind a byte order mark": b"\xef\xbb\xbf<?xml version='1.0'?><svg/>",
    "program": b"MZ\x90\x00" + bytes(100),
    "archive": b"PK\x03\x04" + bytes(100),
    "nothing": b"",
    "utf-16": "hello there, how are you".encode("utf-16"),
    "latin-1": "süß und größer als vorher".encode("latin-1"),
    "half a character": b"a long enough text " * 3 + "é".encode()[:1],
    "escape codes": b"hello \x1b[31m and more words",
}


async def upload(who, conversation, name, content, **headers):
    path = f"/v1/conversations/{conversation}/files"
    headers = {"Content-Type": "application/octet-stream", **headers}
    return await who.http.post(path, params={"name": name}, content=content, headers=headers)


async def send(who, conversation, **body):
    extra = {key: body.pop(key) for key in ("epoch", "audience", "client_id") if key in body}
    message = {"client_id": fresh("msg"), "body": body, **extra}
    return await who.post(f"/v1/conversations/{conversation}/messages", message)


async def leftovers(house):
    """(rows, contents) of this tenant's files."""
    query = sa.select(tables.files.c.id).where(tables.files.c.tenant == house.tenant.id)
    rows = {row.id for row in await house.database.read(lambda c: c.execute(query).all())}
    folder = house.gateway.settings.var / "files" / house.tenant.id
    return rows, {one.name for one in folder.iterdir()} if folder.is_dir() else set()


@on_both
async def test_files_travel_with_the_conversation_from_the_bot_to_the_agent_and_back(own_house):
    bot = ScriptedBot(usually=by_text)
    house = await own_house(bot=bot)
    lin, maya = await house.agent("lin"), await house.agent("maya")
    await lin.socket()
    customer = await house.customer()
    first = accepted(await upload(customer, "current", "receipt.png", PNG), 201)["file"]
    assert (first["name"], first["type"], first["size"]) == ("receipt.png", "image/png", len(PNG))
    customer.conversation = accepted(await send(customer, "current", file=first["id"]))["conversation"]
    await customer.answered()
    assert (bot.requests[-1].text, bot.requests[-1].files) == ("", [first])
    place = customer.conversation
    await customer.ask_human()
    epoch = accepted(await lin.accept(await house.handoff_of(customer)))["epoch"]
    for who in (customer, lin, maya):
        got = await who.get(f"/v1/files/{first['id']}")
        assert (got.status_code, got.content) == (200, PNG)
        assert got.headers["content-disposition"].startswith('attachment; filename="receipt.png"')
        assert got.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in got.headers["content-security-policy"]
        assert got.headers["cache-control"] == "no-store"
    second = accepted(await upload(customer, place, "b.txt", b"my text"), 201)["file"]
    accepted(await send(customer, place, file=second["id"], text="and this"))
    public = accepted(await upload(lin, place, "invoice.pdf", PDF), 201)["file"]
    note = accepted(await upload(maya, place, "secret.txt", b"do not tell"), 201)["file"]
    refused(await customer.get(f"/v1/files/{public['id']}"), 404, "not_found")  # not said yet
    refused(await send(maya, place, file=note["id"], epoch=epoch), 409, "fenced")
    accepted(await send(maya, place, file=note["id"], audience="internal"))
    accepted(await send(lin, place, file=public["id"], epoch=epoch, text="here you are"))
    assert (await customer.get(f"/v1/files/{public['id']}")).content == PDF
    refused(await customer.get(f"/v1/files/{note['id']}"), 404, "not_found")
    assert (await lin.get(f"/v1/files/{note['id']}")).content == b"do not tell"
    entries = await holds(house, place)
    assert said(entries, "customer") == ["[file: receipt.png]", "and this"]
    assert said(entries, "agent") == ["here you are"]
    shown = [one["body"].get("file") for one in await customer.timeline() if one["kind"] == "message"]
    assert [one["name"] for one in shown if one] == ["receipt.png", "b.txt", "invoice.pdf"]
    accepted(await lin.do(place, "give-back", epoch=epoch))
    await customer.write("done")
    await customer.answered()
    told = [one["text"] for one in bot.requests[-1].context]
    assert "here you are\n[file: invoice.pdf]" in told
    assert "secret.txt" not in str(bot.requests)
    assert "do not tell" not in customer.heard


@pytest.mark.parametrize("stage", ["bot", "agent"])
async def test_what_fails_says_why_leaves_nothing_and_the_conversation_goes_on(own_house, monkeypatch, stage):
    monkeypatch.setattr(keep, "PIECE_S", 0.3)
    house = await own_house(file_max_bytes=400_000)
    lin = await house.agent("lin")
    await lin.socket()
    customer = await house.customer()
    await customer.write("hello")
    await customer.answered()
    place, uploaders = customer.conversation, [customer]
    if stage == "agent":
        await customer.ask_human()
        epoch = accepted(await lin.accept(await house.handoff_of(customer)))["epoch"]
        uploaders.append(lin)
    before = await head_of(house, place)

    async def endless():
        async with asyncio.timeout(10):
            while True:
                yield PNG * 16

    async def stalling():
        yield PNG
        await asyncio.sleep(0.8)
        yield PNG

    told = {"Content-Length": str(2 * len(PNG))}

    for who in uploaders:
        for name, content in BAD.items():
            error = refused(await upload(who, place, f"{name}.png", content), 422, "invalid")
            assert error["message"], name
        refused(await upload(who, place, "large.png", PNG + bytes(400_000)), 413, "too_large")
        with contextlib.suppress(httpx2.TransportError):  # who does not listen may miss the answer
            refused(await upload(who, place, "endless.png", endless()), 413, "too_large")
        refused(await upload(who, place, "slow.png", stalling(), **told), 408, "too_slow")
        await cut_off(house, who, place)
        assert len(accepted(await upload(who, place, "ok.png", PNG + bytes(300_000)), 201)["file"]["id"]) > 20
    rows, contents = await until(lambda: _settled(house, len(uploaders)))
    assert rows == contents
    assert await head_of(house, place) == before, "nothing is in the timeline"
    await customer.write("it does not work")
    if stage == "agent":
        accepted(await lin.reply(place, "never mind", epoch))
    else:
        await customer.answered()
    await holds(house, place)


async def _settled(house, count):
    found = await leftovers(house)
    return found if len(found[1]) == count else None


async def cut_off(house, who, place):
    """The connection breaks in the middle of the bytes."""
    host, port = house.gateway.address.split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    proof = {name: value for name, value in who.http.headers.items() if name in ("authorization", "x-requested-by")}
    cookies = "; ".join(f"{one.name}={one.value}" for one in who.http.cookies.jar)
    headers = {**proof, **({"cookie": cookies} if cookies else {}), "host": house.gateway.address}
    lines = [f"POST /v1/conversations/{place}/files?name=cut.png HTTP/1.1", "content-length: 100000"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + PNG * 20)
    await writer.drain()
    await until(lambda: _being_written(house))
    writer.transport.abort()


async def _being_written(house):
    return any(name.endswith(PART) for name in (await leftovers(house))[1])


async def test_every_type_that_may_be_sent_comes_back_bit_for_bit_under_a_harmless_name(house):
    customer = await house.customer()
    await customer.write("hello")
    for name, (content, kind) in GOOD.items():
        file = accepted(await upload(customer, "current", name, content), 201)["file"]
        assert (file["type"], file["size"]) == (kind, len(content))
        got = await customer.get(f"/v1/files/{file['id']}")
        assert got.content == content
        assert got.headers["content-type"].startswith(kind)
    names = {
        "../../etc/passwd": "passwd",
        "C:\\temp\\bill.png": "bill.png",
        "in\u202egnp.exe": "ingnp.exe",
        'a"; filename="b\r\nSet-Cookie: x=1': 'a"; filename="bSet-Cookie: x=1',
        "退款 凭证🙂.png": "退款 凭证🙂.png",
        "x" * 500: "x" * 120,
        "": "file",
        "..": "file",
    }
    for name, wanted in names.items():
        file = accepted(await upload(customer, "current", name, PNG), 201)["file"]
        assert file["name"] == wanted
        header = (await customer.get(f"/v1/files/{file['id']}")).headers["content-disposition"]
        assert header.isascii()
        assert header.count('"') == 2, header
        assert "x=1" not in header.split(";")[-2], "nothing ends the quoted name"
    await holds(house, customer.conversation)


async def test_a_file_is_its_owners_is_sent_once_and_opens_nothing_elsewhere(house, build_house):
    lin = await house.agent("lin")
    await lin.socket()
    customer, epoch = await served(house, lin)
    other, _ = await house.waiting()
    stranger = await build_house(house.gateway)
    spy = await stranger.agent("lin")
    place = customer.conversation
    mine = accepted(await upload(customer, place, "a.png", PNG), 201)["file"]["id"]
    his = accepted(await upload(lin, place, "b.png", PNG), 201)["file"]["id"]
    for who in (other, spy):
        refused(await who.get(f"/v1/files/{mine}"), 404, "not_found")
        refused(await upload(who, place, "c.png", PNG), 404, "not_found")
        refused(await send(who, "current" if who is other else place, file=mine, epoch=epoch), 404, "not_found")
    refused(await send(lin, place, file=mine, epoch=epoch), 404, "not_found")
    refused(await send(lin, other.conversation, file=his, audience="internal"), 404, "not_found")
    for wrong in ("", "../x", 7, None, "f_none"):
        answer = await send(customer, place, file=wrong)
        assert answer.status_code in (404, 422), answer.text
    name = fresh("msg")
    both = await asyncio.gather(*(send(customer, place, file=mine, client_id=name) for _ in range(3)))
    assert {accepted(one)["seq"] for one in both} == {accepted(both[0])["seq"]}
    refused(await send(customer, place, file=mine), 409, "conflict")
    many = [await upload(customer, place, "n.png", PNG) for _ in range(21)]
    assert [one.status_code for one in many].count(201) == 20
    refused(many[-1], 429, "rate")
    cross = await lin.http.post(f"/v1/conversations/{place}/files", content=PNG, headers={"X-Requested-By": ""})
    assert cross.status_code == 403, "a form of another site cannot upload in an agent's name"
    await holds(house, place)


async def test_what_was_never_sent_is_gone_after_a_day_and_what_was_sent_stays(own_house, tmp_path):
    clock = FakeClock()
    house = await own_house(clock=clock, visitor_token_s=30 * 86400.0, **AGES)
    customer = await house.customer()
    await customer.write("hello")
    await customer.answered()
    sent, unsent = [accepted(await upload(customer, "current", "a.png", PNG), 201)["file"]["id"] for _ in range(2)]
    accepted(await send(customer, "current", file=sent))
    folder = tmp_path / "files" / house.tenant.id
    (folder / f"f_crashed{PART}").write_bytes(PNG)  # its process was killed while it was written
    (folder / "f_unknown").write_bytes(PNG)  # or between the content and its row
    for one in folder.iterdir():
        os.utime(one, (clock.now.timestamp(), clock.now.timestamp()))
    assert {sent, unsent} < (await leftovers(house))[1]
    clock.advance(86400 + 3601)
    rows, contents = await until(lambda: _settled(house, 1))
    assert rows == contents == {sent}
    assert (await customer.get(f"/v1/files/{sent}")).content == PNG
    refused(await customer.get(f"/v1/files/{unsent}"), 404, "not_found")
    await holds(house, customer.conversation)


@on_both
async def test_files_go_with_the_person_also_those_that_are_just_coming(own_house):
    house = await own_house()
    boss, lin = await house.agent("boss", role=Role.SUPERVISOR, queues=()), await house.agent("lin")
    await lin.socket()
    customer, epoch = await served(house, lin)
    place = customer.conversation
    mine = accepted(await upload(customer, place, "kakapo.png", PNG), 201)["file"]["id"]
    accepted(await send(customer, place, file=mine))
    his = accepted(await upload(lin, place, "for-kakapo.pdf", PDF), 201)["file"]["id"]
    accepted(await send(lin, place, file=his, epoch=epoch))

    async def slowly():
        for _ in range(6):
            yield PNG
            await asyncio.sleep(0.05)

    erasing = boss.post(f"/v1/contacts/{customer.contact}/erase", {"op_id": fresh()})
    done, *late = await asyncio.gather(
        erasing, *(upload(who, place, f"kakapo{number}.png", slowly()) for number, who in enumerate((customer, lin)))
    )
    assert accepted(done)["erased"]["files"] >= 2
    assert {one.status_code for one in late} <= {201, 401, 404, 409}, [one.text for one in late]
    assert await leftovers(house) == (set(), set())
    refused(await lin.get(f"/v1/files/{mine}"), 404, "not_found")
    entries = await holds(house, place)
    assert "kakapo" not in str([one.body for one in entries])


async def test_a_whispered_file_is_opened_by_those_who_read_the_whisper(house):
    lin, maya, chen = (
        await house.agent("lin"),
        await house.agent("maya"),
        await house.agent("chen", role=Role.SUPERVISOR),
    )
    await lin.socket()
    customer, handoff = await house.waiting()
    place = customer.conversation
    accepted(await lin.accept(handoff))
    file = accepted(await upload(chen, place, "his file.txt", b"he has been here before"), 201)["file"]
    accepted(await send(chen, place, file=file["id"], audience="internal", whisper=lin.id))
    for who in (lin, chen):
        assert (await who.get(f"/v1/files/{file['id']}")).content == b"he has been here before"
    for who in (maya, customer):
        refused(await who.get(f"/v1/files/{file['id']}"), 404, "not_found")
