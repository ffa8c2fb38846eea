"""HTTP requests that cost little themselves: `python -m tests.bench.posts` turns JSON on stdin into Posted.

Each request is bytes prepared beforehand, due at a moment; a kept connection carries one after the other.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import uvloop

LENGTH = re.compile(rb"(?i)content-length: *(\d+)")


@dataclass(frozen=True)
class Post:
    """A request that is due `due_s` after the begin; `connection` is the number of the one that carries it."""

    due_s: float
    connection: int
    path: str
    headers: str
    body: str

    def as_bytes(self, host: str) -> bytes:
        raw = self.body.encode()
        kind = "" if "content-type:" in self.headers.lower() else "Content-Type: application/json\r\n"
        head = f"POST {self.path} HTTP/1.1\r\nHost: {host}\r\n{kind}{self.headers}"
        return f"{head}Content-Length: {len(raw)}\r\n\r\n".encode() + raw


@dataclass
class Posted:
    """(status, ms from when it was due to the answer) of each request in order, and the load's own processor time."""

    answers: list[tuple[int, float]] = field(default_factory=list)
    cpu_s: float = 0.0


async def send_all(host: str, posts: Sequence[Post]) -> Posted:
    """Carries them out, each connection its own in order."""
    answers: list[tuple[int, float]] = [(0, 0.0)] * len(posts)
    lines: dict[int, list[tuple[int, bytes, float]]] = {}
    for number, post in enumerate(posts):
        lines.setdefault(post.connection, []).append((number, post.as_bytes(host), post.due_s))
    address, _, port = host.partition(":")
    streams = {line: await asyncio.open_connection(address, int(port)) for line in lines}
    begun, cpu = time.perf_counter() + 0.2, time.process_time()

    async def carry(line: int) -> None:
        reader, writer = streams[line]
        for number, raw, due_s in lines[line]:
            await asyncio.sleep(max(0.0, begun + due_s - time.perf_counter()))
            writer.write(raw)
            head = await reader.readuntil(b"\r\n\r\n")
            length = LENGTH.search(head)
            await reader.readexactly(int(length[1]) if length else 0)
            answers[number] = (int(head[9:12]), (time.perf_counter() - begun - due_s) * 1000)
        writer.close()

    await asyncio.gather(*map(carry, lines))
    return Posted(answers, time.process_time() - cpu)


async def posted(url: str, posts: Sequence[Post], root: Path) -> Posted:
    """Sends them from a process of its own. Raises ConnectionError with the end of what it said when that fails."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bench.posts"),
        cwd=root,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    asked = {"host": url.removeprefix("http://"), "posts": [asdict(post) for post in posts]}
    said, wrong = await process.communicate(json.dumps(asked).encode())
    if process.returncode != 0:
        raise ConnectionError(f"the load broke: {wrong.decode()[-500:]}")
    return Posted(**json.loads(said))


def main() -> None:
    raw = json.load(sys.stdin)
    done = uvloop.run(send_all(raw["host"], [Post(**post) for post in raw["posts"]]))
    json.dump(asdict(done), sys.stdout)


if __name__ == "__main__":
    main()
