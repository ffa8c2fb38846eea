"""What a channel is made of: accounts, what comes in, what goes out, and the contract between them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import httpx2


@dataclass(frozen=True, kw_only=True)
class Account:
    """One account of a tenant on a platform. `secrets` are opened, the newest first; a rotation leaves two."""

    tenant: str
    id: str
    channel: str
    name: str
    url: str
    secrets: tuple[str, ...] = field(repr=False)
    disabled: bool
    created_at: datetime
    last_event_at: datetime | None
    last_error: str | None


@dataclass(frozen=True)
class WebhookRequest:
    """A request as it came: the bytes that were signed, and headers with names in lower case."""

    raw: bytes = field(repr=False)
    headers: Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Inbound:
    """One event of a platform in our words.

    `body` is {"text"}, {"press": {"seq", "index"}}, or {} for a type of message that this release does not know;
    then `unsupported` names the type. `event_id` is the platform's and never means another event.
    """

    event_id: str
    contact: str
    name: str
    language: str | None
    body: Mapping[str, Any]
    unsupported: str | None = None


@dataclass(frozen=True, kw_only=True)
class Outbound:
    """One entry on its way to a contact. `mid` is the same in every attempt; `contact` is the platform's id."""

    mid: str
    conversation: str
    contact: str
    seq: int
    author_kind: str
    author_name: str
    text: str
    buttons: Sequence[Mapping[str, str]]
    at: datetime


class Channel(Protocol):
    """A platform: one file that implements this, and one line in CHANNELS.

    `dedupes`: whether the platform drops a second delivery with the same key. If not, a delivery whose outcome is
    unknown is not repeated.
    """

    dedupes: bool

    def verify(self, account: Account, request: WebhookRequest) -> datetime | None:
        """Checks the signature over the raw bytes; returns when it was signed, if that is covered.

        Raises Unauthorized.
        """

    def parse(self, raw: bytes) -> Sequence[Inbound]:
        """Events in a verified body; no I/O. Raises Malformed or Invalid for what is no event."""

    async def send(self, client: httpx2.AsyncClient, account: Account, message: Outbound, now: datetime) -> str | None:
        """Delivers one message; returns the platform's id of it, if it tells. Raises NotDelivered."""
