"""Files both ways over every platform: fetched once and after the acknowledgement, uploaded or sent as a link."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from typing import Any

import pytest

from handoff_service import tables
from handoff_service.channels import deliver
from handoff_service.channels.collect import Collector
from handoff_service.conversations import store as conversations
from handoff_service.conversations.model import Author, AuthorKind, Draft, Kind
from handoff_service.errors import NotDelivered
from handoff_service.files import store as files
from handoff_service.files.keep import keep
from handoff_service.files.model import StoredFile
from handoff_service.files.shelf import shelf_of
from tests.handoff_service.channels.platforms.conftest import PATIENCE_S, PLATFORMS, Bridge
from tests.handoff_service.channels.platforms.fake import Platform, Response
from tests.handoff_service.stage import ScriptedBot, answer

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8
PDF = b"%PDF-1.7 \xff\xfe not really a document"
ANN = "1111111"
# The others keep their customers' pictures in their own app.
GIVING_PICTURES = sorted(name for name, far in PLATFORMS.items() if far.photo is not Platform.photo)


async def entries(bridge: Bridge, found: Any) -> list[dict[str, Any]]:
    """Waits until `found` is true of an entry; those of which it is."""
    end = time.monotonic() + PATIENCE_S
    while True:
        rows = await bridge.rows(tables.entries)
        if there := [row for row in rows if found(row)]:
            return there
        assert time.monotonic() < end, [row["body"] for row in rows]
        await asyncio.sleep(0.05)


async def pieces(content: bytes) -> Any:
    yield content


async def an_agent_sends(bridge: Bridge, content: bytes, name: str, text: str = "") -> None:
    """As the desk does: an upload, then a message with it."""
    kept = await keep(bridge.settings, bridge.tenant, pieces(content), most=1 << 20)

    def said(tx: Any) -> None:
        (row,) = tx.connection.execute(
            tables.conversations.select().where(tables.conversations.c.tenant == bridge.tenant)
        ).mappings()
        place = conversations.find(tx.connection, bridge.tenant, row["id"], lock=True)
        file = StoredFile(
            tenant=bridge.tenant, id=kept.id, contact=place.contact, conversation=place.id, author="agent:a_1",
            name=name, type=kept.type, size=kept.size, sha256=kept.sha256, seq=None, audience=None,
            created_at=place.opened_at,
        )  # fmt: skip
        files.add(tx.connection, file)
        body = {"text": text or f"[file: {name}]", "file": file.as_json()}
        author = Author(AuthorKind.AGENT, "a_1", "Lin")
        _, entry = conversations.append(tx, place, Draft(kind=Kind.MESSAGE, author=author, body=body), place.opened_at)
        files.attach(tx.connection, file, conversation=place.id, seq=entry.seq, audience="public")

    await bridge.database.write(said)


@pytest.mark.parametrize("far", GIVING_PICTURES, indirect=True)
async def test_a_customers_picture_is_fetched_once_and_kept_and_one_that_has_expired_is_told(
    bridge: Bridge, far: Platform
) -> None:
    event = far.photo(ANN, PNG)
    assert far.accepted(await bridge.sends(event))
    assert far.accepted(await bridge.sends(event)), "delivered twice"
    (row,) = await entries(bridge, lambda row: "file" in row["body"])
    assert (row["author_kind"], row["body"]["file"]["type"]) == ("customer", "image/png")
    assert await shelf_of(bridge.settings).read(bridge.tenant, row["body"]["file"]["id"]) == PNG
    said = [row["body"] for row in await bridge.messages(2)]
    assert [one.get("kind") for one in said] == ["media", None], "the place where it was sent, and the file"
    assert await bridge.rows(tables.channel_media) == []
    if not far.keeps_media:
        return
    late = far.photo("2222222", PNG)
    assert late is not None
    far.media.clear()
    assert far.accepted(await bridge.sends(late))
    found = await entries(bridge, lambda row: row["body"].get("kind") == "media" and row["author_kind"] == "system")
    assert {row["audience"] for row in found} == {"internal", "public"}, "both sides are told"
    told = await bridge.until(lambda: next((one.text for one in far.received if one.contact == "2222222"), None))
    assert "发送" in told or "send" in told
    assert len(await bridge.rows(tables.files)) == 1


@pytest.mark.parametrize("far", ["telegram"], indirect=True)
async def test_a_virus_or_a_page_in_disguise_is_not_kept(bridge: Bridge, far: Platform) -> None:
    event = far.photo(ANN, b"<!doctype html><script>alert(1)</script>" + b" " * 40)
    assert event is not None
    assert far.accepted(await bridge.sends(event))
    found = await entries(bridge, lambda row: row["body"].get("kind") == "media" and row["audience"] == "internal")
    assert "PNG" in found[0]["body"]["text"]
    assert await bridge.rows(tables.files) == []


@pytest.mark.parametrize("far", sorted({*PLATFORMS} - {"voice"}), indirect=True)
async def test_an_agents_files_arrive_as_files_or_as_links(bridge: Bridge, far: Platform, channel: Any) -> None:
    assert far.accepted(await bridge.sends(far.text(ANN, "please show me")))
    await bridge.receives(ANN, "Three days.")

    before = len(far.received)
    await an_agent_sends(bridge, PNG, "photo.png")
    await an_agent_sends(bridge, PDF, "bill.pdf")
    await an_agent_sends(bridge, PNG, "part.png", text="This is the part:")
    takes = channel.abilities.files
    as_files = [takes is not None and kind.startswith(takes.types) for kind in ("image/png", "application/pdf")]
    await bridge.until(lambda: len(far.received) >= before + (4 if as_files[0] else 3))
    assert set((await bridge.settled()).values()) == {"sent"}
    got = far.received[before:]
    for one, name, content, is_file in zip(got, ("photo.png", "bill.pdf"), (PNG, PDF), as_files, strict=False):
        assert bool(one.files) is is_file, "no words besides"
        link = "" if is_file else one.text[one.text.index("http") :].split()[0]
        assert name in one.text or is_file
        assert far.content(one.files[0] if is_file else link) == content
    assert got[2].text.startswith("This is the part:"), "words come before the file"
    assert "http" in got[2].text or far.content(got[3].files[0]) == PNG


@pytest.mark.parametrize("far", ["douyin"], indirect=True)
async def test_what_douyin_does_not_let_the_app_do_is_told_and_goes_as_a_link(bridge: Bridge, far: Any) -> None:
    far.scopes = {"im.direct_message"}
    assert far.accepted(await bridge.sends(far.photo(ANN, PNG)))
    found = await entries(bridge, lambda row: row["body"].get("kind") == "media" and row["author_kind"] == "system")
    assert {row["audience"] for row in found} == {"internal", "public"}
    assert "28001018" in next(row["body"]["text"] for row in found if row["audience"] == "internal")
    await an_agent_sends(bridge, PNG, "photo.png")
    link = await bridge.receives(ANN, "photo.png")
    assert far.content(link.text[link.text.index("http") :].split()[0]) == PNG
    assert await bridge.notes() == []


@pytest.mark.parametrize("far", ["voice"], indirect=True)
async def test_nobody_reads_an_address_to_a_caller_and_the_agent_is_told_of_a_file(
    open_bridge: Any, far: Platform
) -> None:
    bot = ScriptedBot(usually=answer("Three days, see [our page](https://shop.example/returns?a=1). Anything else?"))
    bridge = await open_bridge(bot=bot)
    assert far.accepted(await bridge.sends(far.text(ANN, "how long?")))
    assert (await bridge.receives(ANN, "Three days")).text == "Three days, see our page. Anything else?"
    await an_agent_sends(bridge, PNG, "photo.png", text="This is the part:")
    assert "neither files nor addresses" in (await bridge.until_notes())[0]
    assert len(far.received) == 1


@pytest.mark.parametrize("far", ["telegram"], indirect=True)
@pytest.mark.parametrize(
    ("patience", "fault"),
    [
        (timedelta(minutes=1), Response(400, {"ok": False, "description": "Bad Request: PHOTO_INVALID_DIMENSIONS"})),
        (timedelta(0), Response(503)),  # as if it had been busy for as long as words may wait
    ],
)
async def test_a_file_that_does_not_get_through_goes_as_a_link_and_holds_up_no_words(
    bridge: Bridge, far: Platform, monkeypatch: pytest.MonkeyPatch, patience: timedelta, fault: Response
) -> None:
    monkeypatch.setattr(deliver, "FILE_WAITS", patience)
    assert far.accepted(await bridge.sends(far.text(ANN, "please show me")))
    await bridge.receives(ANN, "Three days.")
    far.faults.append(fault)
    await an_agent_sends(bridge, PNG, "a <b> & c.png")
    link = await bridge.receives(ANN, "a <b> & c.png")
    assert far.content(link.text[link.text.index("http") :].split()[0]) == PNG
    assert set((await bridge.settled()).values()) == {"sent"}
    assert await bridge.notes() == []


@pytest.mark.parametrize("far", ["telegram"], indirect=True)
async def test_a_picture_that_cannot_be_fetched_holds_up_no_words(
    bridge: Bridge, far: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    async def busy(_: Any, found: Any, media: Any) -> None:
        tried.append(media.ref)
        raise NotDelivered(f"busy with {found.mid}")

    monkeypatch.setattr(Collector, "_fetch", busy)
    assert far.accepted(await bridge.sends(far.photo(ANN, PNG)))
    await bridge.until(lambda: tried)
    assert far.accepted(await bridge.sends(far.text(ANN, "and now?")))
    await bridge.receives(ANN, "Three days.")
    (waiting,) = [row for row in await bridge.rows(tables.outbox) if row["destination"] == "media"]
    assert waiting["state"] in ("new", "leased"), "and it is still tried"
