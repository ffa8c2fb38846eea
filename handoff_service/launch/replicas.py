"""`make run-replicas`: two gateways on one PostgreSQL with Valkey between them; bot, index and shop run once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

from handoff_service.launch.errors import LaunchError
from handoff_service.launch.parts import Part, tandem_parts
from handoff_service.launch.running import read_running
from handoff_service.launch.settings import Settings

SERVERS = "tests.many_machines.servers"
SERVERS_NAME = "servers"


def for_replicas(settings: Settings) -> Settings:
    """The settings with the addresses of the packaged servers. LaunchError when TANDEM_SERVERS_URL is no address."""
    try:
        port = urlsplit(settings.servers_url).port
    except ValueError:
        port = None
    if port is None:
        raise LaunchError(f"TANDEM_SERVERS_URL must look like http://127.0.0.1:8091, not {settings.servers_url!r}.")
    # PostgreSQL listens on a socket file: its path must be short, and nobody else may enter its folder.
    sockets = Path("/tmp") / f"tandem-{hashlib.sha256(str(settings.var).encode()).hexdigest()[:12]}"
    told = {name: value for name, value in settings.environ.items() if name != "TANDEM_GATEWAY_LISTEN"}
    addresses = {
        "TANDEM_DATABASE_URL": f"postgresql://postgres@/postgres?host={sockets}",
        "TANDEM_BELL_URL": f"valkey://127.0.0.1:{port + 1}",
        "TANDEM_SERVERS_URL": settings.servers_url,
    }
    return replace(settings, environ={**told, **addresses})


def as_it_runs(settings: Settings) -> Settings:
    """The settings of what runs on the state folder: those of the replicas when they are what runs."""
    running = read_running(settings.var)
    return for_replicas(settings) if running is not None and SERVERS_NAME in running["parts"] else settings


def replica_parts(settings: Settings, environment: Mapping[str, str]) -> list[Part]:
    """The parts of one machine, the servers before its gateway, and a second gateway behind it."""
    *others, gateway = tandem_parts(settings, environment)
    servers = Part(
        name=SERVERS_NAME,
        command=(settings.python, "-m", SERVERS),
        url=settings.servers_url,
        setting="TANDEM_SERVERS_URL",
        cwd=settings.root,
        environment=environment,
    )
    first = replace(gateway, after=(*gateway.after, servers.name))
    second = replace(
        first,
        name="handoff_service_2",
        url=settings.replica_url,
        setting="TANDEM_REPLICA_URL",
        environment={**environment, "TANDEM_GATEWAY_URL": settings.replica_url},
    )
    return [servers, *others, first, second]
