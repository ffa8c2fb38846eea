"""Accounts are added, changed, switched off and given new secrets; every change is in the audit.

Secrets are written, sealed, and never shown again; a rotation leaves two generations that are both valid.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import sqlalchemy as sa

from handoff_service import audit
from handoff_service.callers import Caller
from handoff_service.channels import store
from handoff_service.channels.model import Account, Field
from handoff_service.channels.public_only import is_public
from handoff_service.channels.registry import CHANNELS, RENEWING
from handoff_service.channels.renewing import REFRESH_TOKEN, RENEW_TOPIC
from handoff_service.channels.sealing import Seal
from handoff_service.clock import Clock, iso, utc_now
from handoff_service.conversations.change import Context
from handoff_service.database import Transaction
from handoff_service.errors import Conflict, Invalid
from handoff_service.ids import new_id, new_token
from handoff_service.settings import Settings
from handoff_service.tenants import store as tenants

MOST_ACCOUNTS = 2_000
MOST_NAME = 100
SERVER = re.compile(r"(?:smtp|imap|http)s?://\S+")
LABELS = re.compile(r"(?:[A-Za-z0-9_-]{1,63}\.)*[A-Za-z0-9_-]{1,63}\.?")
# Fields that name a server which is shown secrets, or signed messages of customers, and which secrets these are.
SERVERS: Mapping[str, Callable[[Field], bool]] = {
    "api": lambda field: not field.made,
    "url": lambda _: True,
    "smtp": lambda field: field.name == "smtp_password",
    "imap": lambda field: field.name == "imap_password",
}


def check_fields(channel: str, given: Mapping[str, str], *, complete: bool = True) -> None:
    """Raises Invalid for a field that the channel does not have, that is missing or of another form."""
    fields = {field.name: field for field in CHANNELS[channel].fields}
    for name, value in given.items():
        if name not in fields:
            raise Invalid(f"{channel} has no field {name}; it has {', '.join(fields)}.")
        if not re.fullmatch(fields[name].pattern, value):
            raise Invalid(f"{name} ({fields[name].explain}) does not look like {fields[name].pattern}.")
        if SERVER.fullmatch(value):
            _check_port(name, value)
    missing = [name for name, field in fields.items() if name not in given and not (field.made or field.optional)]
    if complete and missing:
        told = "; ".join(f"{name} ({fields[name].explain})" for name in missing)
        raise Invalid(f"{channel} needs {told}.")


def _check_port(name: str, value: str) -> None:
    try:
        port = urlsplit(value).port
    except ValueError as error:
        raise Invalid(f"{name}: {value} has no port of 1 to 65535: {error}.") from error
    if port == 0:
        raise Invalid(f"{name}: {value} has no port of 1 to 65535.")


def new_account(
    tenant: str,
    channel: str,
    name: str,
    given: Mapping[str, str],
    settings: Settings,
    clock: Clock = utc_now,
    *,
    token_until: datetime | None = None,
) -> Account:
    """An account with fresh secrets where we make them. `token_until`: when the access token ends. Raises Invalid."""
    check_fields(channel, given)
    if "url" in given:
        check_address(given["url"], settings)
    fields = CHANNELS[channel].fields
    made = {field.name: new_token() for field in fields if field.made and field.name not in given}
    known = {**made, **given}
    return Account(
        tenant=tenant,
        id=new_id("acc"),
        channel=channel,
        name=name,
        options={field.name: given[field.name] for field in fields if field.name in given and not field.secret},
        secrets=({one.name: known[one.name] for one in fields if one.secret and one.name in known},),
        created_at=clock(),
        token_until=_end_of_token(channel, given, token_until, clock()),
        refresh_until=_end_of_refresh(channel, given, clock()),
    )


def _end_of_token(channel: str, given: Mapping[str, str], told: datetime | None, now: datetime) -> datetime | None:
    """When the token ends that is given now: as told, or after the time for which the platform's usually last.

    None where we shall be told with the next one, at once.
    """
    if told is None and _end_of_refresh(channel, given, now) is not None:
        return None
    lasts = [field.lasts for field in CHANNELS[channel].fields if field.name in given and field.lasts is not None]
    return told or (now + min(lasts) if lasts else None)


def _end_of_refresh(channel: str, given: Mapping[str, str], now: datetime) -> datetime | None:
    """When the refresh token ends that is given now; None without one."""
    renews = channel in RENEWING and given.get(REFRESH_TOKEN)
    return now + RENEWING[channel].refresh_lasts if renews else None


def made_secrets(account: Account, given: Mapping[str, str]) -> dict[str, str]:
    """The secrets that we made: shown this once."""
    return {name: value for name, value in account.secrets[0].items() if name not in given}


def _is_host(host: str) -> bool:
    """Whether it is an IP address or a name of labels; browsers refuse anything else."""
    if ":" in host or host.rpartition(".")[2].isdigit():
        try:
            return "%" not in str(ipaddress.ip_address(host))
        except ValueError:
            return False
    try:
        return LABELS.fullmatch(host.encode("idna").decode()) is not None
    except UnicodeError:
        return False


def check_address(url: str, settings: Settings) -> None:
    """Raises Invalid. What its name resolves to is checked at every delivery."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise Invalid(f"{url} is not an address: {error}.") from error
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.password or parts.fragment:
        raise Invalid(f"{url} must be http(s)://host/… without a password.")
    if any(each.isspace() for each in url) or not _is_host(host):
        raise Invalid(f"{url} has a space, or {host} is no name of a server and no address; check how it is written.")
    if settings.environment == "production":
        literal = host.replace(".", "").isdigit() or ":" in host
        if parts.scheme != "https" or host == "localhost" or (literal and not is_public(host)):
            raise Invalid(f"{url} must be https: and on the internet.")


def webhook(account: Account, settings: Settings) -> str:
    """Where the platform posts its events."""
    return f"{settings.gateway_url.rstrip('/')}/v1/channels/{account.tenant}/{account.id}/webhook"


def add(tx: Transaction, caller: Caller, account: Account, seal: Seal, context: Context) -> None:
    """Stores a new account. Raises NotFound for an unknown tenant, and Conflict when there are too many."""
    tenants.find(tx.connection, account.tenant)
    if len(store.listed(tx.connection, account.tenant)) >= MOST_ACCOUNTS:
        raise Conflict(f"A tenant has at most {MOST_ACCOUNTS} channel accounts; remove one first.")
    store.add(tx.connection, account, seal)
    if account.refresh_until is not None:
        tx.ring(RENEW_TOPIC)
    _record(tx, caller, "channel_account_added", account.id, {"channel": account.channel}, context)


def change(
    tx: Transaction,
    caller: Caller,
    account: str,
    *,
    name: str | None,
    options: Mapping[str, str],
    disabled: bool | None,
    token_until: datetime | None = None,
    seal: Seal,
    context: Context,
) -> Account:
    """Changes the name, when its token ends, fields that are no secrets (an empty one ends), or switches it off and on.

    Raises NotFound, and Invalid for a secret: those are rotated, so that no event is lost. But a server that is named
    anew must be given its secrets with it: else who may change an account could have them sent to himself.
    """
    known = store.find(tx.connection, caller.tenant, account, seal, lock=True)
    fields = {field.name: field for field in CHANNELS[known.channel].fields}
    again = _shown_to_new_servers(known, options)
    secrets = {one: options[one] for one in options if one in fields and fields[one].secret}
    if foreign := [one for one in secrets if one not in again]:
        raise Invalid(f"{foreign[0]} is a secret; give it with `rotate`.")
    if lacking := [one for one in again if not secrets.get(one)]:
        raise Invalid(f"A new server of account {account} needs its secrets once more: give {', '.join(lacking)} too.")
    check_fields(known.channel, secrets, complete=False)
    options = {one: value for one, value in options.items() if one not in secrets}
    given = {one: value for one, value in options.items() if value}
    check_fields(known.channel, given, complete=False)
    if "url" in given:
        check_address(given["url"], context.settings)
    kept = {**known.options, **options}
    after = {one: value for one, value in kept.items() if value}
    needed = [one.name for one in fields.values() if not (one.secret or one.optional or one.made)]
    if missing := [one for one in needed if one not in after]:
        raise Invalid(f"{known.channel} needs {missing[0]} ({fields[missing[0]].explain}).")
    store.change(tx.connection, known, name=name, options=after, disabled=disabled)
    if secrets:
        store.rotate(tx.connection, known, secrets, seal)
    _note_end(tx, known, secrets, token_until, context)
    told = {
        "name": name,
        "disabled": disabled,
        "fields": sorted([*options, *secrets]) or None,
        "token_until": iso(token_until),
    }
    detail = {key: value for key, value in told.items() if value is not None}
    _record(tx, caller, "channel_account_changed", account, detail, context)
    return store.find(tx.connection, caller.tenant, account, seal)


def shown_to_servers(channel: str) -> dict[str, list[str]]:
    """The fields of a channel that name a server, each with the secrets that are asked for again when it changes."""
    fields = CHANNELS[channel].fields
    servers = [one.name for one in fields if one.name in SERVERS]
    return {server: [one.name for one in fields if one.secret and SERVERS[server](one)] for server in servers}


def _shown_to_new_servers(known: Account, options: Mapping[str, str]) -> list[str]:
    """The names of the secrets that an account has and that servers would be shown which it has not had before."""
    own = [field for field in CHANNELS[known.channel].fields if field.secret and known.secret(field.name)]
    new = [one for one in SERVERS if options.get(one) and options[one] != known.options.get(one)]
    return sorted({field.name for field in own for server in new if SERVERS[server](field)})


def rotate(
    tx: Transaction,
    caller: Caller,
    account: str,
    given: Mapping[str, str],
    seal: Seal,
    context: Context,
    *,
    token_until: datetime | None = None,
) -> dict[str, str]:
    """New secrets beside the present ones, a token with its end. Returns those that we made.

    Raises NotFound and Invalid.
    """
    known = store.find(tx.connection, caller.tenant, account, seal, lock=True)
    check_fields(known.channel, given, complete=False)
    fields = [field for field in CHANNELS[known.channel].fields if field.secret]
    made = {} if given else {field.name: new_token() for field in fields if field.made}
    changed = {**made, **{field.name: given[field.name] for field in fields if field.name in given}}
    if not changed:
        raise Invalid(f"Say which secret is new: {', '.join(field.name for field in fields)}.")
    store.rotate(tx.connection, known, changed, seal)
    _note_end(tx, known, given, token_until, context)
    _record(tx, caller, "channel_secret_rotated", account, {"fields": sorted(changed)}, context)
    return made


def _note_end(
    tx: Transaction, known: Account, given: Mapping[str, str], told: datetime | None, context: Context
) -> None:
    """When the account's token ends from now on; that of the one before says nothing about a new one."""
    is_new = given.get(REFRESH_TOKEN) or any(
        field.ends and field.name in given for field in CHANNELS[known.channel].fields
    )
    if is_new or told is not None:
        store.set_token_until(tx.connection, known, _end_of_token(known.channel, given, told, context.now))
    until = _end_of_refresh(known.channel, given, context.now)
    if until is not None:
        store.set_refresh(tx.connection, known, until=until, is_last=False)
        tx.ring(RENEW_TOPIC)


def finish_rotation(tx: Transaction, caller: Caller, account: str, seal: Seal, context: Context) -> None:
    """The older secrets are not valid any more. Raises NotFound."""
    known = store.find(tx.connection, caller.tenant, account, seal, lock=True)
    store.rotate(tx.connection, known, None, seal)
    _record(tx, caller, "channel_rotation_finished", account, {}, context)


def shown(account: Account, settings: Settings) -> dict[str, Any]:
    """An account as those who manage it see it: of secrets only which there are, and how many of each are valid."""
    channel = CHANNELS.get(account.channel)  # None: of a newer release beside this one
    names = [field.name for field in channel.fields if field.secret] if channel is not None else []
    return {
        "id": account.id,
        "channel": account.channel,
        "name": account.name,
        "disabled": account.disabled,
        "options": dict(account.options),
        "secrets": {name: len(account.every(name)) for name in names},
        "webhook": webhook(account, settings),
        "health": {
            "last_event_at": iso(account.last_event_at),
            "last_error": account.last_error,
            "last_error_at": iso(account.last_error_at),
            "token_until": iso(account.token_until),
            "refresh_until": iso(account.refresh_until),
            "refresh_is_last": bool(account.refresh_is_last),
            "examined_at": iso(account.probed_at),
            "findings": list(account.findings or ()),
        },
        "created_at": iso(account.created_at),
    }


def everyone(connection: sa.Connection, tenant: str, seal: Seal) -> list[Account]:
    """All accounts of a tenant, the oldest first."""
    return [store.find(connection, tenant, row["id"], seal) for row in store.listed(connection, tenant)]


def _record(
    tx: Transaction, caller: Caller, action: str, subject: str, detail: Mapping[str, Any], context: Context
) -> None:
    audit.record(
        tx, caller.tenant, actor=caller.actor, action=action, subject=subject, detail=dict(detail), now=context.now
    )
