"""The parts of Tandem: how each is started, where it answers, which setting moves it."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from handoff_service.launch.errors import LaunchError
from handoff_service.launch.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Part:
    """One process: `url` answers /readyz with 200 when it can serve; `setting` is the variable that moves it.

    At the first start it waits until the parts named in `after` are ready.
    """

    name: str
    command: tuple[str, ...]
    url: str
    setting: str
    cwd: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port of `url`; LaunchError when it is not an http address."""
        try:
            pieces = urlsplit(self.url)
            host, port = pieces.hostname, pieces.port or 80
        except ValueError:
            host, port = None, 0
        if not host or pieces.scheme != "http":
            raise LaunchError(f"{self.setting} must look like http://127.0.0.1:8080, not {self.url!r}.")
        return host, port


def tandem_parts(settings: Settings, environment: Mapping[str, str]) -> list[Part]:
    """The four parts of one machine.

    The gateway comes last: turns that waited in its outbox must find the real bot, not an empty port.
    """

    def part(name: str, python: str, module: str, url: str, setting: str, after: tuple[str, ...] = ()) -> Part:
        return Part(
            name=name,
            command=(python, "-m", module, "serve"),
            url=url,
            setting=setting,
            cwd=settings.root,
            environment=environment,
            after=after,
        )

    python, bot_python = settings.python, settings.bot_python
    return [
        part("kb_index", python, "kb_index", settings.kb_index_url, "TANDEM_KB_INDEX_URL"),
        part("bot", bot_python, "bot", settings.bot_url, "TANDEM_BOT_URL"),
        part("shop", python, "data.demo_shop", settings.shop_url, "TANDEM_SHOP_URL"),
        part(
            "handoff_service",
            python,
            "handoff_service",
            settings.gateway_url,
            "TANDEM_GATEWAY_URL",
            after=("kb_index", "bot"),
        ),
    ]


def check_ports(parts: Sequence[Part]) -> None:
    """LaunchError naming the part, the port and its setting when a port is taken or two parts share one."""
    seen: dict[tuple[str, int], Part] = {}
    for part in parts:
        host, port = part.address
        if (other := seen.get((host, port))) is not None:
            raise LaunchError(
                f"{part.name} and {other.name} would both use port {port}. "
                f"Set {part.setting} to another address, for example http://{host}:{port + 10}."
            )
        seen[host, port] = part
        try:
            family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
            with socket.socket(family, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(address)
        except OSError as error:
            raise LaunchError(
                f"{part.name} cannot use port {port} on {host} ({error.strerror or error}). Stop what "
                f"holds it, or set {part.setting} to another address, for example http://{host}:{port + 10}."
            ) from error
