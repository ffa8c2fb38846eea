"""`python -m tests.bench [section …]`: measures on the parts that run; sections: answer, breakdown, rasa, appends,
postgres, claims, routing, webhooks, channels, flood, idle_sockets, reconnects, vectors, peers, understanding, tickets,
lists, widget, turns, intents, desk. Where nothing runs, the parts that they ask are started and stopped after.

Prints each goal and whether it is reached. The exit code is 0 unless something broke: a slow machine is no failure.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import NoReturn

import httpx2

from handoff_service.launch.__main__ import perform
from handoff_service.launch.credentials import parts_environment
from handoff_service.launch.errors import LaunchError
from handoff_service.launch.running import read_running
from handoff_service.launch.settings import read_settings
from tests.bench.answers import answers
from tests.bench.appends import appends
from tests.bench.breakdown import breakdown
from tests.bench.channels import channels
from tests.bench.claims import claims
from tests.bench.desk import desk
from tests.bench.environment import show_environment
from tests.bench.flood import flood
from tests.bench.idle_sockets import idle_sockets
from tests.bench.intents import intents
from tests.bench.lists import lists
from tests.bench.on_postgres import on_postgres
from tests.bench.peers.section import peers
from tests.bench.pipelines import pipelines
from tests.bench.reconnects import reconnects
from tests.bench.routing import routing
from tests.bench.setting import Bench
from tests.bench.tickets import tickets
from tests.bench.turns import turns
from tests.bench.understanding import understanding
from tests.bench.vectors import vectors
from tests.bench.webhooks import webhooks
from tests.bench.widget import widget
from tests.end_to_end.clients import NotAsTold

SECTIONS: Mapping[str, Callable[[Bench], Awaitable[None]]] = {
    "answer": answers,
    "breakdown": breakdown,
    "rasa": pipelines,
    "appends": appends,
    "postgres": on_postgres,
    "claims": claims,
    "routing": routing,
    "webhooks": webhooks,
    "channels": channels,
    "flood": flood,
    "idle_sockets": idle_sockets,
    "reconnects": reconnects,
    "vectors": vectors,
    "peers": peers,
    "understanding": understanding,
    "tickets": tickets,
    "lists": lists,
    "widget": widget,
    "turns": turns,
    "intents": intents,
    "desk": desk,
}
ASK_PARTS = frozenset(
    {"answer", "breakdown", "postgres", "claims", "flood", "idle_sockets", "reconnects", "widget", "turns"}
)


def open_bench(folder: Path, *, with_default: bool, with_million: bool, peers_python: str) -> Bench:
    """The bench on the parts that run on the state folder of the settings; with no parts where none run."""
    settings = read_settings()
    running = read_running(settings.var)
    return Bench(
        settings=settings,
        environment=parts_environment(settings),
        parts={} if running is None else running["parts"],
        folder=folder,
        with_default=with_default,
        with_million=with_million,
        peers=peers_python,
    )


async def measure(names: list[str], *, with_default: bool, with_million: bool, peers_python: str) -> int:
    """Runs the sections one after the other; the number of those that broke."""
    begun, broken = time.perf_counter(), 0
    place = read_settings().var / "bench"
    place.mkdir(parents=True, exist_ok=True)
    for name in names:
        with tempfile.TemporaryDirectory(dir=place, prefix="run-") as folder:
            try:
                bench = open_bench(
                    Path(folder), with_default=with_default, with_million=with_million, peers_python=peers_python
                )
                await SECTIONS[name](bench)
            except (NotAsTold, LaunchError, OSError, httpx2.HTTPError) as error:
                broken += 1
                print(f"\nSection {name} broke: {error.__class__.__name__}: {error}", file=sys.stderr, flush=True)
    print(f"\nMeasured in {time.perf_counter() - begun:.0f} s.")
    return broken


def main() -> int:
    """1 when a section broke."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("sections", nargs="*", default=list(SECTIONS), metavar="section")
    parser.add_argument("--skip-default", action="store_true", help="leave out Rasa's default pipeline")
    parser.add_argument("--million", action="store_true", help="vectors: also a million (minutes, 6 GB of memory)")
    parser.add_argument(
        "--peers", default=sys.executable, metavar="PYTHON", help="peers: interpreter of the others' environment"
    )
    chosen = parser.parse_args()
    if unknown := set(chosen.sections) - set(SECTIONS):
        parser.error(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    signal.signal(signal.SIGTERM, _end)  # what the bench has started must end with it
    settings = read_settings()
    if ASK_PARTS.intersection(chosen.sections) and read_running(settings.var) is None:
        print(f"Nothing runs on {settings.var}: starting the parts for the bench.", flush=True)
        return perform("bench", settings, sections=" ".join(sys.argv[1:]))
    show_environment(read_settings().bot_venv)
    measured = measure(
        chosen.sections,
        with_default=not chosen.skip_default,
        with_million=chosen.million,
        peers_python=chosen.peers,
    )
    return int(asyncio.run(measured) > 0)


def _end(number: int, _: object) -> NoReturn:
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
