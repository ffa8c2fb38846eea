"""Where files are kept, who scans them, who may see them by a link, and what is never fetched."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import httpx2
import pytest

from handoff_service import tables
from handoff_service.channels.guarded_fetch import pieces
from handoff_service.channels.model import Download
from handoff_service.channels.public_only import PublicOnly, client_for_platforms
from handoff_service.clock import utc_now
from handoff_service.database import Database, Transaction
from handoff_service.errors import Invalid, NotDelivered, NotFound, TooLarge, Unavailable
from handoff_service.files import links, store
from handoff_service.files.keep import drop, keep, tidy
from handoff_service.files.model import Sniffer, StoredFile
from handoff_service.files.scan import Verdict, scan
from handoff_service.files.shelf import Shelf, shelf_of
from handoff_service.ids import new_id
from tests.handoff_service.channels.far_network import FarNetwork
from tests.handoff_service.stage import trial_settings

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 4


async def one(content: bytes) -> AsyncIterator[bytes]:
    yield content


class FakeBucket:
    """S3's REST interface, as far as one object is written, read, listed and deleted."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.page = 1000
        bucket = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), "ETag": '"x"', **headers}.items():
                    self.send_header(name.replace("_", "-"), value)
                self.end_headers()
                self.wfile.write(body)

            @property
            def key(self) -> str:
                assert self.headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=key/")
                return unquote(urlsplit(self.path).path)

            def do_PUT(self) -> None:
                bucket.kept[self.key] = self.rfile.read(int(self.headers["content-length"]))
                self.answer(200)

            def do_GET(self) -> None:
                if "list-type=2" in self.path:
                    return self.answer(200, bucket.listing(self.path), Content_Type="application/xml")
                if self.key not in bucket.kept:
                    return self.answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
                modified = "Wed, 01 Jan 2020 00:00:00 GMT"
                return self.answer(200, bucket.kept[self.key], Last_Modified=modified)

            def do_POST(self) -> None:
                assert self.path.endswith("?delete")
                asked = self.rfile.read(int(self.headers["content-length"])).decode()
                keys = re.findall("<Key>([^<]*)</Key>", asked)
                for key in keys:
                    bucket.kept.pop(f"/shop/{key}", None)
                done = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
                head = '<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                self.answer(200, f"{head}{done}</DeleteResult>".encode())

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def listing(self, path: str) -> bytes:
        """ListObjectsV2: a page of names behind the last one."""
        asked = parse_qs(urlsplit(path).query)
        behind = asked.get("continuation-token", asked.get("start-after", [""]))[0]
        names = [key.removeprefix("/shop/") for key in sorted(self.kept)]
        names = [name for name in names if name > behind and name.startswith(asked.get("prefix", [""])[0])]
        shown = names[: self.page]
        more = len(names) > len(shown)
        rows = "".join(
            f"<Contents><Key>{name}</Key><Size>{len(self.kept[f'/shop/{name}'])}</Size><ETag>x</ETag>"
            "<LastModified>2020-01-01T00:00:00.000Z</LastModified></Contents>"
            for name in shown
        )
        last = f"<NextContinuationToken>{shown[-1]}</NextContinuationToken>" if more else ""
        head = f"<Name>shop</Name><IsTruncated>{str(more).lower()}</IsTruncated>{last}"
        namespace = "http://s3.amazonaws.com/doc/2006-03-01/"
        return f'<ListBucketResult xmlns="{namespace}">{head}{rows}</ListBucketResult>'.encode()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeBucket]:
    made = FakeBucket()
    keys = {"ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "secret", "ENDPOINT_URL": made.url, "REGION": "eu"}
    for name, value in keys.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    yield made
    made.close()


@pytest.mark.parametrize("place", ["", "s3://shop/files"])
async def test_a_file_is_kept_read_listed_and_deleted_in_a_folder_and_in_a_bucket(
    place: str, bucket: FakeBucket, tmp_path: Path
) -> None:
    settings = trial_settings(var=tmp_path / new_id("var"), files_url=place)
    shelf = Shelf(settings.files_url, settings.var)
    kept = await keep(settings, "shop", one(PNG), most=10_000)
    assert (kept.type, kept.size) == ("image/png", len(PNG))
    assert await shelf.read("shop", kept.id) == PNG
    assert list(bucket.kept) == ([f"/shop/files/shop/{kept.id}"] if place else [])
    local = [path for path in (settings.var / "files").rglob("*") if path.is_file()]
    assert len(local) == (0 if place else 1), "nothing is left on the way"
    assert [file for _, file in shelf.older(utc_now())] == [kept.id]
    assert shelf.older(utc_now() - timedelta(days=5000)) == []
    shelf.drop("shop", [kept.id, "f_none"])
    with pytest.raises(NotFound):
        await shelf.read("shop", kept.id)


async def test_a_place_that_does_not_answer_is_unavailable_and_nothing_is_lost_silently(
    bucket: FakeBucket, tmp_path: Path
) -> None:
    bucket.close()
    settings = trial_settings(var=tmp_path / new_id("var"), files_url="s3://shop/files")
    with pytest.raises(Unavailable, match="TANDEM_FILES_URL") as told:
        await keep(settings, "shop", one(PNG), most=10_000)
    assert "127.0.0.1" not in told.value.message, "strangers read it"


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize("place", ["", "s3://shop/files"])
async def test_what_belongs_to_nothing_is_tidied_away(place: str, database: Database, tmp_path: Path) -> None:
    """Contents of a cut upload, what nobody has sent for a day, and halves on the disk; nothing that is known goes."""
    settings = trial_settings(var=tmp_path / new_id("var"), files_url=place)
    shelf = shelf_of(settings)
    orphan, unsent, sent = [await keep(settings, "demo", one(PNG), most=10_000) for _ in range(3)]
    part = shelf.part("demo", "f_half")
    part.write_bytes(b"half")
    later = utc_now() + timedelta(days=2)
    made = StoredFile(
        tenant="demo", id=sent.id, contact="k_1", conversation="c_1", author="customer:k_1", name="a.png",
        type="image/png", size=1, sha256="", seq=2, audience="public", created_at=utc_now(),
    )  # fmt: skip

    def add(tx: Transaction) -> None:
        values = {"tenant": "demo", "id": "k_1", "name": "Ann", "language": "en", "created_at": utc_now()}
        tx.connection.execute(tables.contacts.insert().values(**values))
        for file in (made, replace(made, id=unsent.id, seq=None)):
            store.add(tx.connection, file)

    await database.write(add)
    assert not any((await tidy(database, settings, utc_now() - timedelta(days=5000))).values()), "all of it is young"
    gone = await tidy(database, settings, later)
    assert (gone["unsent"], gone["orphans"] + gone["parts"]) == (1, 3)
    assert await shelf.read("demo", sent.id) == PNG
    for file in (orphan, unsent):
        with pytest.raises(NotFound):
            await shelf.read("demo", file.id)
    assert not part.exists()
    assert not any((await tidy(database, settings, later)).values())
    await database.write(lambda tx: drop(tx.connection, settings, [("demo", sent.id)]))
    with pytest.raises(NotFound):
        await shelf.read("demo", sent.id)


async def test_a_large_bucket_is_tidied_piece_by_piece(
    bucket: FakeBucket, database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("handoff_service.files.shelf.MOST_LISTED", 3)
    settings = trial_settings(var=tmp_path / new_id("var"), files_url="s3://shop/files")
    names = [f"/shop/files/demo/f_{number}" for number in range(5)]
    bucket.kept |= dict.fromkeys(names, b"x")
    bucket.page = 2
    counts = [(await tidy(database, settings, utc_now()))["orphans"] for _ in range(3)]
    assert counts == [3, 2, 0]
    assert bucket.kept == {}
    bucket.close()
    gone = trial_settings(var=tmp_path / new_id("var"), files_url="s3://shop/elsewhere")
    assert not any((await tidy(database, gone, utc_now())).values()), "what does not answer waits for the next round"


SCANNER = (
    "import sys; data = open(sys.argv[1], 'rb').read(); sys.exit(1 if b'EICAR' in data else 7 if b'odd' in data else 0)"
)


@pytest.mark.parametrize(("content", "verdict"), [(b"fine", "clean"), (b"EICAR", "infected"), (b"odd", "unknown")])
async def test_a_command_says_what_is_harmful(content: bytes, verdict: str, tmp_path: Path) -> None:
    script = tmp_path / "scanner.py"
    script.write_text(SCANNER)
    file = tmp_path / "file"
    file.write_bytes(content)
    assert await scan(f"{sys.executable} -S -E {script}", file) == verdict


async def test_what_is_infected_or_cannot_be_judged_is_not_kept(tmp_path: Path) -> None:
    said: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            answer = {b"E": {"verdict": "infected"}, b"O": [1]}.get(content[:1], {"verdict": "clean"})
            said.append(content)
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
    var = tmp_path / new_id("var")
    settings = trial_settings(var=var, file_scan=f"http://127.0.0.1:{server.server_address[1]}/scan")
    try:
        assert (await keep(settings, "shop", one(b"a text"), most=100)).size == 6
        for content, error in ((b"EICAR", Invalid), (b"Odd", Unavailable)):
            with pytest.raises(error):
                await keep(settings, "shop", one(content), most=100)
    finally:
        server.shutdown()
        server.server_close()
    with pytest.raises(Unavailable):  # the scanner is gone: nobody sees what nobody has looked at
        await keep(settings, "shop", one(b"a text"), most=100)
    assert said == [b"a text", b"EICAR", b"Odd"]
    assert len([path for path in (var / "files").rglob("*") if path.is_file()]) == 1
    assert await scan("/no/such/scanner", var) is Verdict.UNKNOWN


def told(sniffer: Sniffer, content: bytes) -> str:
    sniffer.feed(content)
    return sniffer.end()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\x00\x00\x00\x18ftypisom" + bytes(20), "video/mp4"), (b"\x00\x00\x00\x18ftypM4A " + bytes(20), "audio/mp4"),
        (b"#!AMR\n" + bytes(20), "audio/amr"), (b"OggS" + bytes(20), "audio/ogg"), (b"ID3" + bytes(20), "audio/mpeg"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt " + bytes(9), "audio/wav"), (b"PK\x03\x04" + bytes(20), "application/zip"),
        (b"\x1aE\xdf\xa3" + bytes(20), "video/webm"), (PNG, "image/png"), ("文本".encode(), "text/plain"),
    ],
)  # fmt: skip
def test_platforms_carry_more_kinds_than_uploads(content: bytes, kind: str) -> None:
    upload = Sniffer()
    assert told(Sniffer(more=True), content) == kind
    if kind.startswith(("image/", "text/")):
        assert told(upload, content) == kind
    else:
        with pytest.raises(Invalid):
            told(upload, content)
    for harmful in (b"MZ\x90\x00" + bytes(60), b"\x7fELF" + bytes(60), b"<svg onload=x>" + b" " * 40):
        with pytest.raises(Invalid):
            told(Sniffer(more=True), harmful)


def test_a_link_opens_its_file_for_a_week_and_nothing_else() -> None:
    settings, now = trial_settings(), utc_now()
    address = links.link(settings, "shop", "f_1", now)
    query = dict(part.split("=") for part in urlsplit(address).query.split("&"))
    until, proof = int(query["until"]), unquote(query["proof"])
    links.check(settings, "shop", "f_1", until, proof, now)
    rotated = trial_settings(encryption_key=f"{'n' * 40},{settings.encryption_key.get_secret_value()}")
    links.check(rotated, "shop", "f_1", until, proof, now)
    for tenant, file, end, said in (
        ("shop", "f_2", until, proof), ("mall", "f_1", until, proof), ("shop", "f_1", until + 1, proof),
        ("shop", "f_1", until, ""), ("shop", "f_1", until, f"{proof}x"),
    ):  # fmt: skip
        with pytest.raises(NotFound):
            links.check(settings, tenant, file, end, said, now)
    with pytest.raises(NotFound):
        links.check(settings, "shop", "f_1", until, proof, now + links.LASTS * 1.01)


def fetching(*answers: httpx2.Response) -> tuple[httpx2.AsyncClient, list[httpx2.Request]]:
    """A client whose platform gives these answers in turn, and what it was asked."""
    asked: list[httpx2.Request] = []
    waiting = list(answers)

    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return waiting.pop(0)

    return httpx2.AsyncClient(transport=httpx2.MockTransport(answer)), asked


async def fetched(client: httpx2.AsyncClient, download: Download, most: int = 1000) -> bytes:
    return b"".join([piece async for piece in pieces(client, download, most=most)])


def moved(to: str) -> httpx2.Response:
    return httpx2.Response(302, headers={"Location": to})


async def test_keys_go_to_the_first_host_only_and_redirects_end() -> None:
    download = Download(url="https://api.x.example/m", headers={"Authorization": "secret"})
    client, asked = fetching(moved("/m2"), moved("https://cdn.x.example/m3"), httpx2.Response(200, content=b"it"))
    assert await fetched(client, download) == b"it"
    assert ["authorization" in one.headers for one in asked] == [True, True, False]
    client, asked = fetching(*(moved(f"/{number}") for number in range(9)))
    with pytest.raises(NotDelivered) as endless:
        await fetched(client, download)
    assert endless.value.final
    assert len(asked) == 4
    for to in ("file:///etc/passwd", "ftp://x/", "https://user:pass@x/"):
        client, _ = fetching(moved(to))
        with pytest.raises(NotDelivered):
            await fetched(client, download)


@pytest.mark.parametrize(("status", "final"), [(404, True), (403, True), (410, True), (429, False), (503, False)])
async def test_what_is_gone_is_told_from_what_is_busy(status: int, final: bool) -> None:
    client, _ = fetching(httpx2.Response(status))
    with pytest.raises(NotDelivered) as refused:
        await fetched(client, Download(url="https://x.example/m"))
    assert refused.value.final is final


async def test_json_that_comes_instead_of_a_medium_is_read_by_the_channel() -> None:
    def refused(answer: Any) -> Exception:
        return NotDelivered(f"code {answer.json['errcode']}", final=True)

    client, _ = fetching(httpx2.Response(200, json={"errcode": 40007}))
    with pytest.raises(NotDelivered, match="code 40007"):
        await fetched(client, Download(url="https://x.example/m", refused=refused))


async def test_a_large_file_is_not_even_begun() -> None:
    client, _ = fetching(httpx2.Response(200, headers={"Content-Length": "5000"}, content=b"x" * 5000))
    with pytest.raises(TooLarge):
        await fetched(client, Download(url="https://x.example/m"))


async def test_a_redirect_into_our_own_network_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """F-87: the platform's address is public, the one that it leads to is that of our metadata service."""

    async def resolve(host: str, *_: Any, **__: Any) -> list[Any]:
        return [(0, 0, 0, "", ("8.8.8.8" if host == "cdn.example" else host, 443))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    far = FarNetwork(b"HTTP/1.1 302 Found\r\nLocation: https://169.254.169.254/latest\r\nContent-Length: 0\r\n\r\n")
    async with httpx2.AsyncClient(transport=PublicOnly(far)) as client:
        with pytest.raises(NotDelivered, match="not an address of the internet"):
            await fetched(client, Download(url="https://cdn.example/m"))
    assert far.called == ["8.8.8.8"]
    production = trial_settings(environment="production", identity_secret="i" * 40, encryption_key="k" * 40)
    async with client_for_platforms(production) as client:
        with pytest.raises(NotDelivered, match="https:"):
            await fetched(client, Download(url="http://127.0.0.1:9/m"))
