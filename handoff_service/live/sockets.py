"""The open sockets of this process: how many there may be, whose they are, and which must end."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING

import structlog
from starlette.websockets import WebSocketDisconnect

from handoff_service import metrics
from handoff_service.errors import Unauthorized, Unavailable

if TYPE_CHECKING:
    from handoff_service.live.session import Session

# Reads of the database that sockets may have under way together. After a break everybody wants to read at once;
# more than this would only wait in the database's own line, where those wait too who write.
READS_AT_ONCE = 16
REPLACED = 4409
ENDED = 4401
RETRY_AFTER_S = 5

Person = tuple[str, tuple[str, str]]  # tenant, (kind, id)
log = structlog.get_logger()


def close_code(error: BaseException) -> int:
    """How a socket ends after an error; 1012 tells a client to come back, as after a restart."""
    if isinstance(error, Unauthorized):
        return ENDED
    if isinstance(error, WebSocketDisconnect):
        return error.code if 4000 <= error.code < 5000 else 1000
    log.error("socket failed", error=repr(error))
    return 1012


class Sockets:
    """Sessions by person, in the order in which they came."""

    def __init__(self, *, per_person: int, most: int) -> None:
        self._per_person = per_person
        self._most = most
        self._by_person: dict[Person, list[Session]] = {}
        self._open = 0
        self.reading = asyncio.Semaphore(READS_AT_ONCE)

    def __iter__(self) -> Iterator[Session]:
        for sessions in tuple(self._by_person.values()):
            yield from tuple(sessions)

    def __len__(self) -> int:
        return self._open

    def take(self) -> None:
        """Reserves room for one more socket. Raises Unavailable when the process has as many as it can serve."""
        if self._open >= self._most:
            metrics.shed.labels("socket").inc()
            raise Unavailable("This server has no room for another connection.", retry_after_s=RETRY_AFTER_S)
        self._open += 1

    def give_back(self) -> None:
        """Ends a reservation."""
        self._open -= 1

    def add(self, session: Session) -> None:
        """Of a person with too many sockets the oldest ends: it is the one that he has most likely forgotten."""
        sessions = self._by_person.setdefault(_person(session), [])
        sessions.append(session)
        metrics.sockets.inc()
        for old in sessions[: -self._per_person]:
            old.end(REPLACED)

    def remove(self, session: Session) -> None:
        person = _person(session)
        sessions = self._by_person[person]
        sessions.remove(session)
        metrics.sockets.dec()
        if not sessions:
            del self._by_person[person]

    def agents(self) -> list[Session]:
        """The desks."""
        return [one for (_, (kind, _)), sessions in self._by_person.items() if kind == "agent" for one in sessions]

    def end_sign_in(self, sign_in: str) -> None:
        """Ends the desks that were opened under this sign-in."""
        for session in self.agents():
            if session.principal.sign_in == sign_in:
                session.end(ENDED)


def _person(session: Session) -> Person:
    return session.principal.tenant, session.principal.key
