"""Says in words what is wrong with a channel account: its fields, its webhook, its keys at the platform, its clock."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal, Protocol, runtime_checkable
from urllib.parse import urlsplit

import httpx2
import sqlalchemy as sa

from handoff_service.channels import store, windows
from handoff_service.channels.accounts import webhook
from handoff_service.channels.caller import Caller
from handoff_service.channels.doctor_words import Remark, in_words
from handoff_service.channels.model import Account, Channel
from handoff_service.channels.public_only import client_for_platforms, is_public
from handoff_service.channels.registry import FETCHING
from handoff_service.clock import Clock, iso
from handoff_service.database import Database, Transaction
from handoff_service.errors import NotDelivered
from handoff_service.settings import Settings

SOON = timedelta(days=5)
SKEW_S = 120.0  # platforms refuse requests whose time is further away, most of them at five minutes
REACH_S = 5.0


@dataclass(frozen=True)
class Finding:
    """`level`: fine, look at it, or it does not work until this is mended. `words` are English, `zh` Chinese."""

    level: Literal["ok", "warning", "wrong"]
    about: str
    words: str
    zh: str

    def as_json(self) -> Mapping[str, str]:
        return {"level": self.level, "about": self.about, "words": self.words, "zh": self.zh}


def found(level: Literal["ok", "warning", "wrong"], about: str, key: str, **parts: object) -> Finding:
    """A finding in the doctor's own words."""
    return Finding(level, about, in_words(key, "en", **parts), in_words(key, "zh", **parts))


@runtime_checkable
class Probes(Protocol):
    """A channel whose platform can be asked whether it takes our keys, without anything being sent."""

    async def probe(self, caller: Caller, account: Account) -> Sequence[str]:
        """What the platform complains about, besides. Raises NotDelivered when it does not take the keys."""


async def look_at(
    database: Database, account: Account, channel: Channel, settings: Settings, clock: Clock
) -> list[Mapping[str, str]]:
    """Examines an account and remembers what was found, with the token's end where the platform tells it."""
    now = clock()
    counted = await database.read(lambda connection: count_windows(connection, account, channel, now))
    token_lasts = channel.abilities.token_lasts
    if token_lasts is not None:
        async with client_for_platforms(settings) as client:
            with contextlib.suppress(NotDelivered, KeyError):  # the keys are tried below, and told
                account = replace(account, token_until=now + await token_lasts(Caller(client, clock), account))
    findings = [one.as_json() for one in await examine(account, channel, settings, clock, counted)]

    def note(tx: Transaction) -> None:
        store.examined(tx.connection, account, findings, now)
        if token_lasts is not None:
            store.set_token_until(tx.connection, account, account.token_until)

    await database.write(note)
    return findings


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
        yield found("wrong", "account", "off")
    held = [{**account.options, **secrets} for secrets in account.secrets] or [dict(account.options)]
    for field in channel.fields:
        value = held[0].get(field.name, "")
        told: dict[str, object] = {"name": field.name, "explain": field.explain}
        if not value and not field.optional:
            yield found("wrong", field.name, "secret_missing" if field.secret else "field_missing", **told)
        elif value and not re.fullmatch(field.pattern, value):
            yield found("wrong", field.name, "secret_odd" if field.secret else "field_odd", **told)
    if len(account.secrets) > 1:
        yield found("warning", "rotation", "rotating")


def of_history(account: Account, channel: Channel, now: datetime) -> Iterator[Finding]:
    """What events, errors and the token's end tell; pure."""
    if account.last_event_at is None:
        yield found("warning", "events", "silent", platform=channel.abilities.title)
    else:
        yield found("ok", "events", "heard", at=iso(account.last_event_at))
    if account.last_error and account.last_error_at:
        since = iso(account.last_error_at)
        yield found("warning", "deliveries", "failing_since", since=since, reason=account.last_error)
    elif account.last_error:
        yield found("warning", "deliveries", "failing", reason=account.last_error)
    until = account.token_until
    if until is None:
        if any(field.ends for field in channel.fields) and account.refresh_until is None:
            yield found("warning", "token", "token_unknown")
    elif until <= now:
        yield found("wrong", "token", "token_ended", at=iso(until))
    elif until - now <= SOON:
        yield found("warning", "token", "token_ends", at=iso(until))
    else:
        yield found("ok", "token", "token_lasts", at=iso(until))

    yield from _of_refresh(account, now)


def _of_refresh(account: Account, now: datetime) -> Iterator[Finding]:
    """Whether the access token is renewed by itself, and until when."""
    until = account.refresh_until
    if until is None:
        return
    if until <= now:
        works = account.token_until is not None and account.token_until > now
        yield found("warning" if works else "wrong", "renewal", "refresh_ended", at=iso(until))
    elif account.refresh_is_last:
        yield found("warning" if until - now <= SOON else "ok", "renewal", "refresh_is_last", at=iso(until))
    else:
        yield found("ok", "renewal", "refresh_lasts", at=iso(until))


def _of_windows(opened: int, closed: int) -> Iterator[Finding]:
    if opened or closed:
        yield found("ok" if opened else "warning", "windows", "windows", opened=opened, closed=closed)


def _of_clock(dates: Sequence[datetime], now: datetime) -> Iterator[Finding]:
    for told in dates:
        skew = (now - (told if told.tzinfo else told.replace(tzinfo=UTC))).total_seconds()
        if abs(skew) > SKEW_S:
            which = "clock_ahead" if skew > 0 else "clock_behind"
            yield found("wrong", "clock", which, seconds=f"{abs(skew):.0f}")
        else:
            yield found("ok", "clock", "clock_right")


async def _of_keys(account: Account, channel: Channel, caller: Caller) -> list[Finding]:
    """Whether the platform takes our keys now."""
    title = channel.abilities.title
    if not isinstance(channel, Probes):
        return [found("ok", "keys", "keys_untried")]
    try:
        remarks = await channel.probe(caller, account)
    except NotDelivered as error:
        return [found("wrong", "keys", "keys_refused", platform=title, reason=error.message)]
    except KeyError as error:
        return [found("wrong", "keys", "keys_missing", field=error)]
    fine = found("ok", "keys", "keys_taken", platform=title)
    return [fine, *(_remarked(one, title) for one in remarks)]


def _remarked(said: str, title: str) -> Finding:
    """What an adapter says in both languages, or what the platform says in its own."""
    if isinstance(said, Remark):
        return Finding("warning", "platform", said, said.zh)
    return found("warning", "platform", "remark", platform=title, words=said)


async def _of_webhook(account: Account, settings: Settings) -> Finding:
    """Whether our own address can be reached, and from the internet."""
    address = webhook(account, settings)
    parts = urlsplit(address)
    host = parts.hostname or ""
    local = host == "localhost" or (host.replace(".", "").isdigit() and not is_public(host))
    if parts.scheme != "https" or local:
        level: Literal["wrong", "warning"] = "wrong" if settings.environment == "production" else "warning"
        return found(level, "webhook", "webhook_local", address=address)
    try:
        async with httpx2.AsyncClient(trust_env=False, timeout=REACH_S) as client:
            answer = await client.get(address)
    except httpx2.HTTPError as error:
        return found("wrong", "webhook", "webhook_unreachable", address=address, error=error.__class__.__name__)
    if answer.status_code >= 500 or answer.status_code == 404:
        return found("wrong", "webhook", "webhook_foreign", address=address, status=answer.status_code)
    return found("ok", "webhook", "webhook_answers", address=address)


def count_windows(connection: sa.Connection, account: Account, channel: Channel, now: datetime) -> tuple[int, int]:
    """Contacts whose window is open, and closed; none where there are no windows."""
    if not channel.abilities.rules.allowances:
        return 0, 0
    return windows.count(connection, account.tenant, account.id, now)


def _is_guarded(settings: Settings) -> bool:
    return settings.environment == "production"
