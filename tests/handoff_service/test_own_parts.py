"""Lines to our own parts: kept for the next request, and what goes wrong on them has httpx2's names."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
from collections.abc import AsyncIterator

import httpx2
import pytest

from handoff_service import own_parts
from handoff_service.own_parts import client_for_parts

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n\r\nok"
SLEEPS = b""


class Part:
    """Says one thing to every request, over plain sockets."""

    def __init__(self, says: bytes = OK) -> None:
        self.says = says
        self.heard: list[str] = []
        self.lines = 0
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines += 1
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while True:
                    await self._answer(reader, writer)
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        size = [int(line[16:]) for line in head.splitlines() if line.lower().startswith("content-length: ")]
        body = (await reader.readexactly(size[0])).decode() if size else ""
        self.heard.append(head + body)
        if self.says == SLEEPS:
            await asyncio.sleep(3600)
        writer.write(self.says)
        await writer.drain()
        if b"Content-Length: 99" in self.says:
            raise ConnectionError("hangs up in the middle")


@pytest.fixture
async def part() -> AsyncIterator[Part]:
    it = Part()
    server = await asyncio.start_server(it.serve, "127.0.0.1", 0)
    it.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    yield it
    server.close()


async def test_what_is_asked_arrives_and_the_line_is_kept(part: Part) -> None:
    async with client_for_parts() as client:
        for number in range(3):
            said = await client.post(f"{part.url}/turn?a=1&a=%2F", json={"n": number}, headers={"X-One": "1"})
            assert (said.status_code, said.text) == (200, "ok")
            assert said.headers.get_list("set-cookie") == ["a=1", "b=2"]
    assert part.lines == 1
    assert part.heard[2].startswith("POST /turn?a=1&a=%2F HTTP/1.1\r\n")
    assert part.heard[2].endswith('{"n":2}')
    assert "x-one: 1" in part.heard[2].lower()


async def test_a_line_is_given_up_before_the_part_hangs_up(part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_parts, "IDLE_S", 0.05)
    async with client_for_parts() as client:
        await client.get(part.url)
        await asyncio.sleep(0.2)
        await client.get(part.url)
    assert part.lines == 2


async def test_an_answer_that_is_not_read_to_its_end_ends_the_line(part: Part) -> None:
    part.says = b"HTTP/1.1 200 OK\r\nContent-Length: 5000000\r\n\r\n" + b"x" * 2_000_000
    async with client_for_parts() as client:
        async with client.stream("GET", part.url) as said:
            async for _ in said.aiter_bytes():
                break
        part.says = OK
        assert (await client.get(part.url)).text == "ok"
    assert part.lines == 2


async def test_what_is_packed_is_unpacked_and_nobody_is_sent_elsewhere(part: Part) -> None:
    packed = gzip.compress(b"many words")
    head = b"HTTP/1.1 302 Found\r\nLocation: /b\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n"
    part.says = head % len(packed) + packed
    async with client_for_parts() as client:
        said = await client.get(part.url)
    assert (said.status_code, said.text, len(part.heard)) == (302, "many words", 1)


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        (SLEEPS, httpx2.ReadTimeout),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf", httpx2.RemoteProtocolError),
        (b"nonsense\r\n\r\n", httpx2.RemoteProtocolError),
    ],
    ids=["silent", "breaks off", "no HTTP"],
)
async def test_what_goes_wrong_is_an_error_of_httpx2(part: Part, says: bytes, expected: type[Exception]) -> None:
    part.says = says
    async with client_for_parts() as client:
        with pytest.raises(expected) as raised:
            await client.get(part.url, timeout=httpx2.Timeout(0.2))
    assert isinstance(raised.value, httpx2.HTTPError)
    assert raised.value.request.url == part.url


async def test_nobody_there_is_told_as_nobody_there() -> None:
    async with client_for_parts() as client:
        with pytest.raises(httpx2.ConnectError):
            await client.get("http://127.0.0.1:9/")


async def test_who_finds_no_line_free_is_told_in_time(part: Part) -> None:
    """Behind a part that hangs a queue without end would grow, and its healthy neighbours would look slow."""
    part.says = SLEEPS
    async with client_for_parts() as client:
        asking = [asyncio.create_task(client.get(part.url, timeout=httpx2.Timeout(60))) for _ in range(100)]
        while part.lines < 100:
            await asyncio.sleep(0.01)
        async with asyncio.timeout(20):
            with pytest.raises(httpx2.ConnectTimeout):
                await client.get(part.url, timeout=httpx2.Timeout(60, pool=0.2))
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)


async def test_a_part_that_takes_nothing_is_not_written_to_for_ever() -> None:
    async def never_read(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            writer.close()

    server = await asyncio.start_server(never_read, "127.0.0.1", 0, limit=1024)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with client_for_parts() as client, asyncio.timeout(20):
        with pytest.raises(httpx2.ReadTimeout):
            await client.post(url, content=b"x" * 20_000_000, timeout=httpx2.Timeout(0.2))
    server.close()


async def test_an_address_may_hold_a_name_and_a_password(part: Part) -> None:
    async with client_for_parts() as client:
        assert (await client.get(part.url.replace("//", "//ann:secret@"))).text == "ok"
    head = part.heard[0].lower()
    assert "authorization: basic " in head
    assert "secret" not in head
    assert "content-type" not in head, "there is no content"


async def test_what_comes_in_pieces_arrives_whole(part: Part) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"one "
        yield b"two"

    async with client_for_parts() as client:
        assert (await client.post(part.url, content=pieces())).text == "ok"
    assert part.heard[0].endswith("one two")
