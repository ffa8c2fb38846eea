"""The messages of one socket that were refused for now: they come again, and in their order, before any other.

A client has several messages under way. When the first is refused, those behind it are on the wire already; stored
then, or one of them before the other because a refusal was still on its way, they would change places.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.websockets import WebSocketDisconnect

from handoff_service.errors import TandemError

MOST = 64  # a client has 8 under way
LONGEST_S = 60.0
"""So long the first may stay away; a client knows that it was stored when its refusal comes after its entry."""

BEGIN_ANEW = 4408


class Unstored:
    """Client ids in the order in which the messages first came, and how the last one was refused.

    A client that does not send them again loses its socket: with the next one everything is as the client has it.
    """

    __slots__ = ("_came_at", "_clock", "_refusal", "_waiting")

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._waiting: dict[str, None] = {}
        self._refusal: TandemError | None = None
        self._clock = clock
        self._came_at = clock()

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def take_turn(self, client_id: str) -> None:
        """Raises the refusal for every message but the one that all others wait for, WebSocketDisconnect in vain."""
        if self._refusal is None or client_id == next(iter(self._waiting), client_id):
            self._came_at = self._clock()
            return
        if self._clock() - self._came_at > LONGEST_S:
            raise WebSocketDisconnect(BEGIN_ANEW)
        self.refuse(client_id, self._refusal)
        raise self._refusal

    def refuse(self, client_id: str, refusal: TandemError) -> None:
        """Remembers one that will come again; where it stands already it stays. Raises WebSocketDisconnect."""
        self._waiting.setdefault(client_id)
        self._refusal = refusal
        if len(self._waiting) > MOST:
            raise WebSocketDisconnect(BEGIN_ANEW)

    def forget(self, client_id: str) -> None:
        """It is stored, or will never be."""
        self._waiting.pop(client_id, None)
