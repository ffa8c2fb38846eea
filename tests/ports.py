"""Ports for the servers of tests."""

from __future__ import annotations

import contextlib
import random
import socket

# Below those that the system gives to outgoing connections: one of these could take the port before its server does.
FIRST, LAST = 15_000, 32_000
_dice = random.SystemRandom()  # Hypothesis seeds the other one alike in every process


def free_port() -> int:
    """A port on which nothing listens, nor on the one behind it, where `make run-replicas` has its Valkey."""
    while True:
        port = _dice.randrange(FIRST, LAST)
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            socket.create_server(("127.0.0.1", port + 1)).close()
            return port


def free_ports(count: int) -> list[int]:
    """That many, all different."""
    found: set[int] = set()
    while len(found) < count:
        found.add(free_port())
    return list(found)
