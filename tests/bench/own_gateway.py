"""A gateway process of the bench's own on an empty SQLite database, so that the demo's stays as it is."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handoff_service.bell import Bell
from handoff_service.database import Transaction, open_database
from handoff_service.launch.credentials import parts_environment
from handoff_service.launch.prepare import agents_in, run_module
from handoff_service.launch.settings import Settings, read_settings
from tests.bench.processes import Running, free_address, running
from tests.bench.setting import Bench
from tests.end_to_end.story import Stage

Answer = Mapping[str, Any]
Prepare = Callable[[Transaction], None]


@dataclass(frozen=True)
class OwnGateway:
    """Its process, its database and how to reach it."""

    process: Running
    database: Path
    stage: Stage
    settings: Settings


@contextlib.asynccontextmanager
async def own_gateway(bench: Bench, *, bot_url: str) -> AsyncIterator[OwnGateway]:
    """One gateway on SQLite."""
    async with own_gateways(bench, bot_url=bot_url) as gateways:
        yield gateways[0]


@contextlib.asynccontextmanager
async def own_gateways(
    bench: Bench, *, bot_url: str, database_url: str = "", replicas: int = 1, prepare: Prepare | None = None
) -> AsyncIterator[list[OwnGateway]]:
    """The gateway as it is shipped, with limits that a measurement does not reach, until the block ends.

    `prepare` writes what a measurement needs into the seeded database, before anything is served.
    """
    settings = [_settings(bench, bot_url, database_url, free_address()) for _ in range(replicas)]
    first = settings[0]
    run_module(first, first.python, ["handoff_service", "migrate"], doing="making a database for the bench")
    seeded = run_module(first, first.python, ["handoff_service", "seed-demo"], doing="making its tenant")
    sqlite = bench.folder / "handoff.sqlite"
    if prepare is not None:
        database = open_database(database_url or f"sqlite:///{sqlite}", Bell())
        await database.write(prepare)
        await database.close()
    async with contextlib.AsyncExitStack() as stack:
        gateways = []
        for number, one in enumerate(settings):
            url = str(one.gateway_url)
            process = await stack.enter_async_context(
                running(
                    [one.python, "-m", "handoff_service", "serve"],
                    url=url,
                    ready="/healthz",  # /readyz would also ask for the real bot
                    cwd=one.root,
                    environment=parts_environment(one),
                    log=bench.folder / f"gateway-{number}.log",
                )
            )
            stage = Stage(gateway=url, shop=bench.shop_url, logins=agents_in(seeded))
            gateways.append(OwnGateway(process, sqlite, stage, one))
        yield gateways


def _settings(bench: Bench, bot_url: str, database_url: str, url: str) -> Settings:
    return read_settings(
        {
            **bench.environment,
            "TANDEM_VAR": str(bench.folder),
            "TANDEM_DATABASE_URL": database_url,
            "TANDEM_GATEWAY_URL": url,
            "TANDEM_BOT_URL": bot_url,
            "TANDEM_SHOP_URL": bench.shop_url,
            "TANDEM_LIMIT_MESSAGES": "1000/second",
            "TANDEM_LIMIT_FRAMES": "5000/second",
            "TANDEM_LIMIT_VISITORS": "10000/hour",
            "TANDEM_AGENT_GRACE_S": "3600",
        }
    )


@contextlib.asynccontextmanager
async def instant_bot(answer: Answer) -> AsyncIterator[str]:
    """The address of a server that gives `answer` to every turn, in this process and without thinking."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)content-length: *(\d+)", head)
                turn = json.loads(await reader.readexactly(int(length[1])))["turn"] if length else "probe"
                body = json.dumps({**answer, "turn": turn}, ensure_ascii=False).encode()
                answered = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                writer.write(answered.encode() + body)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
