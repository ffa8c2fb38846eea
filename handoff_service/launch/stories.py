"""Programs over a real bot, knowledge index and demo shop, on ports and state of their own: the bot's test stories."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import Callable, Sequence
from dataclasses import replace

from handoff_service.launch.credentials import parts_environment
from handoff_service.launch.parts import tandem_parts
from handoff_service.launch.settings import Settings
from handoff_service.launch.supervise import supervise

NEEDED = ("kb_index", "bot", "shop")
COPIED = ("bot", "kb_index")


def apart(settings: Settings) -> Settings:
    """The settings of parts that share no state and no port with those of the checkout."""
    var = settings.var / "stories"
    shutil.rmtree(var, ignore_errors=True)
    var.mkdir(parents=True)
    for name in COPIED:
        if (settings.var / name).is_dir():
            shutil.copytree(settings.var / name, var / name, symlinks=True)
    kb, bot, shop, gateway = (f"http://127.0.0.1:{port}" for port in free_ports(4))
    return replace(settings, var=var, kb_index_url=kb, bot_url=bot, shop_url=shop, gateway_url=gateway)


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on, all different."""
    probes = [socket.socket() for _ in range(count)]
    try:
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
    finally:
        for probe in probes:
            probe.close()


def play_stories(settings: Settings) -> int:
    """Plays all stories; 1 when one fails."""
    print("\n=== stories ===", flush=True)
    return with_own_parts(settings, lambda own: [str(own.bot_python), "-m", "bot", "stories", "--shop"])


def with_own_parts(settings: Settings, command: Callable[[Settings], Sequence[str]]) -> int:
    """Runs a command while a bot, an index and a shop of its own run, whose settings it is told; its exit code."""
    own = apart(settings)
    environment = parts_environment(own)
    parts = [part for part in tandem_parts(own, environment) if part.name in NEEDED]

    async def run() -> int:
        process = await asyncio.create_subprocess_exec(*command(own), cwd=own.root, env=environment)
        try:
            return await process.wait()
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()

    try:
        code = supervise(parts, var=own.var, once_ready=run)
    finally:
        shutil.rmtree(own.var, ignore_errors=True)
    return 130 if code is None else code
