"""What a channel is made of whose access tokens end: how they are renewed without a person."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from handoff_service.channels import store
from handoff_service.channels.caller import Caller
from handoff_service.channels.model import Account
from handoff_service.database import Transaction

RENEW_TOPIC = "renew"  # rung when a token was refused, or one was given that renews another
REFRESH_TOKEN = "refresh_token"  # the secret field that renews `access_token`


@dataclass(frozen=True, kw_only=True)
class Renewed:
    """New secrets, and how long the access token and what renews it are good from now on; None where nobody says."""

    secrets: Mapping[str, str]
    lasts: timedelta | None = None
    refresh_lasts: timedelta | None = None


@dataclass(frozen=True)
class Renewing:
    """How a platform renews tokens: the access token by the refresh token, and the refresh token by itself.

    Both raise NotDelivered: a final one means that the platform will not do it again, and a person must let us in anew.
    `refresh_lasts`: how long a refresh token is good that somebody has just given us.
    """

    refresh_lasts: timedelta
    access: Callable[[Caller, Account], Awaitable[Renewed]]
    refresh: Callable[[Caller, Account], Awaitable[Renewed]]


def renew_at_once(tx: Transaction, account: Account, now: datetime) -> None:
    """The platform has refused the account's access token: it is renewed where that can be done by itself."""
    if account.refresh_until is not None:
        store.set_token_until(tx.connection, account, now)
        tx.ring(RENEW_TOPIC)
