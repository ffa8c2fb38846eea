"""Says in words what is wrong with a channel account: its fields, its webhook, its keys at the platform, its clock."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal, Protocol, runtime_checkable
from urllib.parse import urlsplit

import httpx2
import sqlalchemy as sa

from handoff_service.channels import windows
from handoff_service.channels.accounts import webhook
from handoff_service.channels.caller import Caller
from handoff_service.channels.model import Account, Channel
from handoff_service.channels.public_only import client_for_platforms, is_public
from handoff_service.channels.registry import FETCHING
from handoff_service.clock import Clock, iso
from handoff_service.errors import NotDelivered
from handoff_service.settings import Settings

SOON = timedelta(days=5)
SKEW_S = 120.0  # platforms refuse requests whose time is further away, most of them at five minutes
REACH_S = 5.0


@dataclass(frozen=True)
class Finding:
    """`level`: fine, look at it, or it does not work until this is mended."""

    level: Literal["ok", "warning", "wrong"]
    about: str
    words: str

    def as_json(self) -> Mapping[str, str]:
        return {"level": self.level, "about": self.about, "words": self.words}


@runtime_checkable
class Probes(Protocol):
    """A channel whose platform can be asked whether it takes our keys, without anything being sent."""

    async def probe(self, caller: Caller, account: Account) -> Sequence[str]:
        """What the platform complains about, besides. Raises NotDelivered when it does not take the keys."""


async def examine(
    account: Account, channel: Channel, settings: Settings, clock: Clock, windows_now: tuple[int, int] = (0, 0)
) -> list[Finding]:
    """Everything that can be told about an account; `windows_now` counts contacts who may be written to, and not."""
    findings = [*of_fields(account, channel), *of_history(account, channel, clock()), *_of_windows(*windows_now)]
    dates: list[datetime] = []

    async def note(response: httpx2.Response) -> None:
        if told := response.headers.get("date"):
            try:
                dates.append(parsedate_to_datetime(told))
            except ValueError:
                return

    async with client_for_platforms(settings) as client:
        client.event_hooks["response"].append(note)
        findings += await _of_keys(account, channel, Caller(client, clock, guarded=_is_guarded(settings)))
    findings += [*_of_clock(dates[-1:], clock())]
    if account.channel not in FETCHING or account.options.get("provider") not in (None, "imap"):
        findings.append(await _of_webhook(account, settings))
    return findings


def of_fields(account: Account, channel: Channel) -> Iterator[Finding]:
    """What is missing or of another form; pure."""
    if account.disabled:
        yield Finding("wrong", "account", "The account is switched off; `enable` it.")
    held = [{**account.options, **secrets} for secrets in account.secrets] or [dict(account.options)]
    for field in channel.fields:
        value = held[0].get(field.name, "")
        kind = "secret" if field.secret else "field"
        if not value and not field.optional:
            yield Finding("wrong", field.name, f"The {kind} `{field.name}` is missing: {field.explain}.")
        elif value and not re.fullmatch(field.pattern, value):
            yield Finding("wrong", field.name, f"The {kind} `{field.name}` does not look like one: {field.explain}.")
    if len(account.secrets) > 1:
        told = "Two generations of secrets are valid; end the older one with `rotate --finish` when all use the new."
        yield Finding("warning", "rotation", told)


def of_history(account: Account, channel: Channel, now: datetime) -> Iterator[Finding]:
    """What events, errors and the token's end tell; pure."""
    if account.last_event_at is None:
        told = f"Nothing has come yet. Is the webhook saved at {channel.abilities.title}?"
        yield Finding("warning", "events", told)
    else:
        yield Finding("ok", "events", f"The last event came at {iso(account.last_event_at)}.")
    if account.last_error:
        since = f" since {iso(account.last_error_at)}" if account.last_error_at else ""
        yield Finding("warning", "deliveries", f"Deliveries fail{since}: {account.last_error}")
    until = account.token_until
    if until is not None and until <= now:
        yield Finding("wrong", "token", f"The access token ended at {iso(until)}; get a new one and `rotate` it.")
    elif until is not None and until - now <= SOON:
        yield Finding("warning", "token", f"The access token ends at {iso(until)}; renew it before.")


def _of_windows(opened: int, closed: int) -> Iterator[Finding]:
    if opened or closed:
        words = f"{opened} contacts may be written to now; the window of {closed} is closed until they write again."
        yield Finding("ok" if opened else "warning", "windows", words)


def _of_clock(dates: Sequence[datetime], now: datetime) -> Iterator[Finding]:
    for told in dates:
        skew = (now - (told if told.tzinfo else told.replace(tzinfo=UTC))).total_seconds()
        if abs(skew) > SKEW_S:
            words = (
                f"Our clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} the platform's; set it (NTP)."
            )
            yield Finding("wrong", "clock", f"{words} Signed requests are refused at five minutes.")
        else:
            yield Finding("ok", "clock", "Our clock agrees with the platform's.")


async def _of_keys(account: Account, channel: Channel, caller: Caller) -> list[Finding]:
    """Whether the platform takes our keys now."""
    if not isinstance(channel, Probes):
        return [Finding("ok", "keys", "The platform cannot be asked about the keys without sending something.")]
    try:
        remarks = await channel.probe(caller, account)
    except NotDelivered as error:
        return [Finding("wrong", "keys", f"{channel.abilities.title} does not take our keys: {error.message}")]
    except KeyError as error:
        return [Finding("wrong", "keys", f"The keys cannot be tried: the field {error} is missing.")]
    fine = Finding("ok", "keys", f"{channel.abilities.title} takes our keys.")
    return [fine, *(Finding("warning", "platform", one) for one in remarks)]


async def _of_webhook(account: Account, settings: Settings) -> Finding:
    """Whether our own address can be reached, and from the internet."""
    address = webhook(account, settings)
    parts = urlsplit(address)
    host = parts.hostname or ""
    local = host == "localhost" or (host.replace(".", "").isdigit() and not is_public(host))
    if parts.scheme != "https" or local:
        words = f"{address} is not https: on the internet, where platforms post to (TANDEM_GATEWAY_URL)."
        return Finding("wrong" if settings.environment == "production" else "warning", "webhook", words)
    try:
        async with httpx2.AsyncClient(trust_env=False, timeout=REACH_S) as client:
            answer = await client.get(address)
    except httpx2.HTTPError as error:
        return Finding("wrong", "webhook", f"{address} cannot be reached: {error.__class__.__name__}.")
    if answer.status_code >= 500 or answer.status_code == 404:
        return Finding("wrong", "webhook", f"{address} answers {answer.status_code}: something else stands there.")
    return Finding("ok", "webhook", f"{address} answers.")


def count_windows(connection: sa.Connection, account: Account, channel: Channel, now: datetime) -> tuple[int, int]:
    """Contacts whose window is open, and closed; none where there are no windows."""
    if not channel.abilities.rules.allowances:
        return 0, 0
    return windows.count(connection, account.tenant, account.id, now)


def _is_guarded(settings: Settings) -> bool:
    return settings.environment == "production"
