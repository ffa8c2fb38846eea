"""The command line for channel accounts: `python -m handoff_service channel kinds | add | list | rotate | …`."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from handoff_service.bell import Bell
from handoff_service.channels import store
from handoff_service.channels.model import Account, Field
from handoff_service.channels.public_only import is_public
from handoff_service.channels.registry import CHANNELS
from handoff_service.channels.sealing import Seal
from handoff_service.channels.table import table
from handoff_service.clock import Clock, iso, utc_now
from handoff_service.database import Database, Transaction, open_database
from handoff_service.errors import Invalid, TandemError
from handoff_service.ids import new_id, new_token
from handoff_service.settings import Settings
from handoff_service.tenants import store as tenants

Answer = dict[str, Any] | list[dict[str, Any]]


def parser() -> argparse.ArgumentParser:
    """The arguments behind `channel`."""
    root = argparse.ArgumentParser(prog="python -m handoff_service channel", description=__doc__)
    verbs = root.add_subparsers(dest="verb", required=True)
    kinds = verbs.add_parser("kinds", help="the channels that there are, and what an account of each must be told")
    kinds.add_argument("--table", action="store_true", help="as the table of docs/channels.md")
    add = verbs.add_parser("add", help="a new account; prints its webhook and its secret, which is shown only now")
    add.add_argument("channel", choices=sorted(CHANNELS))
    add.add_argument("--name", required=True, help="what people call it")
    add.add_argument("--url", help="the same as --set url=…")
    rotate = verbs.add_parser("rotate", help="new secrets beside the present ones; --finish ends the older ones")
    rotate.add_argument("--finish", action="store_true")
    for verb in (add, rotate):
        verb.add_argument(
            "--set",
            dest="given",
            metavar="FIELD=VALUE",
            action="append",
            default=[],
            help="a field of the account; FIELD=@file reads it from a file: no secret in the shell's history",
        )
    known = [rotate, verbs.add_parser("disable"), verbs.add_parser("enable")]
    for verb in known:
        verb.add_argument("account", help="its id, as `list` shows it")
    for verb in (*known, add, verbs.add_parser("list")):
        verb.add_argument("--tenant", default="demo")
    return root


def channel(arguments: Sequence[str], settings: Settings) -> int:
    """Carries out one command and prints the answer as JSON; 1 with a sentence when it is refused."""
    asked = parser().parse_args(arguments)
    if asked.verb == "kinds" and asked.table:
        sys.stdout.write(table(CHANNELS))
        return 0
    try:
        answer = kinds() if asked.verb == "kinds" else asyncio.run(carry_out(asked, settings))
    except TandemError as error:
        sys.stderr.write(f"channel: {error.message}\n")
        return 1
    sys.stdout.write(f"{json.dumps(answer, ensure_ascii=False, indent=2)}\n")
    return 0


def kinds() -> Answer:
    """Every channel with its fields."""
    return {
        name: {
            "platform": one.abilities.title,
            "fields": {field.name: _explained(field) for field in one.fields},
        }
        for name, one in sorted(CHANNELS.items())
    }


def _explained(field: Field) -> str:
    notes = [
        *(["secret"] if field.secret else []),
        *(["made by Tandem when not given"] if field.made else ["optional"] if field.optional else []),
    ]
    return f"{field.explain} ({', '.join(notes)})" if notes else field.explain


async def carry_out(asked: argparse.Namespace, settings: Settings, clock: Clock = utc_now) -> Answer:
    """Carries out one parsed command. Raises Invalid and NotFound."""
    database = open_database(settings.database, Bell())
    try:
        return await _carry_out(database, asked, settings, clock)
    finally:
        await database.close()


async def _carry_out(database: Database, asked: argparse.Namespace, settings: Settings, clock: Clock) -> Answer:
    seal = Seal(settings.encryption_key.get_secret_value())
    if asked.verb == "add":
        given = read_given([*asked.given, *([f"url={asked.url}"] if asked.url else [])])
        account = new_account(asked.tenant, asked.channel, asked.name, given, settings, clock)
        await database.write(lambda tx: _add(tx, account, seal))
        return {"account": account.id, "webhook": webhook(account, settings), **_made(account, given)}
    if asked.verb == "list":
        rows = await database.read(lambda connection: store.listed(connection, asked.tenant))
        return [{**row, **{name: iso(row[name]) for name in ("created_at", "last_event_at")}} for row in rows]
    if asked.verb == "rotate":
        given = read_given(asked.given)
        fresh = await database.write(lambda tx: _rotate(tx, asked, given, seal))
        return {"account": asked.account, **fresh}
    disabled = asked.verb == "disable"
    await database.write(lambda tx: store.set_disabled(tx.connection, asked.tenant, asked.account, disabled=disabled))
    return {"account": asked.account, "disabled": disabled}


def read_given(given: Sequence[str]) -> dict[str, str]:
    """Fields from FIELD=VALUE and FIELD=@file. Raises Invalid."""
    fields: dict[str, str] = {}
    for one in given:
        name, sign, value = one.partition("=")
        if not sign or not name:
            raise Invalid(f"--set {one!a}: write FIELD=VALUE.")
        if value.startswith("@"):
            try:
                value = Path(value[1:]).read_text("utf-8").strip()
            except (OSError, ValueError) as error:
                raise Invalid(f"--set {name}: {value[1:]} cannot be read ({error.__class__.__name__}).") from error
        fields[name] = value
    return fields


def check_fields(channel: str, given: Mapping[str, str], *, complete: bool = True) -> None:
    """Raises Invalid for a field that the channel does not have, that is missing or of another form."""
    fields = {field.name: field for field in CHANNELS[channel].fields}
    for name, value in given.items():
        if name not in fields:
            raise Invalid(f"{channel} has no field {name}; it has {', '.join(fields)}.")
        if not re.fullmatch(fields[name].pattern, value):
            raise Invalid(f"{name} ({fields[name].explain}) does not look like {fields[name].pattern}.")
    missing = [name for name, field in fields.items() if name not in given and not (field.made or field.optional)]
    if complete and missing:
        told = "; ".join(f"--set {name}=… ({fields[name].explain})" for name in missing)
        raise Invalid(f"{channel} needs {told}.")


def new_account(
    tenant: str, channel: str, name: str, given: Mapping[str, str], settings: Settings, clock: Clock = utc_now
) -> Account:
    """An account with fresh secrets where we make them. Raises Invalid."""
    check_fields(channel, given)
    if "url" in given:
        check_address(given["url"], settings)
    fields = CHANNELS[channel].fields
    made = {field.name: new_token() for field in fields if field.made and field.name not in given}
    return Account(
        tenant=tenant,
        id=new_id("acc"),
        channel=channel,
        name=name,
        options={field.name: given[field.name] for field in fields if field.name in given and not field.secret},
        secrets=({field.name: {**made, **given}[field.name] for field in fields if field.secret},),
        created_at=clock(),
    )


def _made(account: Account, given: Mapping[str, str]) -> dict[str, str]:
    """The secrets that we made: shown this once."""
    return {name: value for name, value in account.secrets[0].items() if name not in given}


def check_address(url: str, settings: Settings) -> None:
    """Raises Invalid. What its name resolves to is checked at every delivery."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise Invalid(f"{url} is not an address: {error}.") from error
    if parts.scheme not in ("http", "https") or not host or parts.username or parts.password or parts.fragment:
        raise Invalid(f"{url} must be http(s)://host/… without a password.")
    if settings.environment == "production":
        literal = host.replace(".", "").isdigit() or ":" in host
        if parts.scheme != "https" or host == "localhost" or (literal and not is_public(host)):
            raise Invalid(f"{url} must be https: and on the internet.")


def webhook(account: Account, settings: Settings) -> str:
    """Where the platform posts its events."""
    return f"{settings.gateway_url.rstrip('/')}/v1/channels/{account.tenant}/{account.id}/webhook"


def _add(tx: Transaction, account: Account, seal: Seal) -> None:
    tenants.find(tx.connection, account.tenant)
    store.add(tx.connection, account, seal)


def _rotate(tx: Transaction, asked: argparse.Namespace, given: Mapping[str, str], seal: Seal) -> dict[str, str]:
    """New secrets beside the present ones, or the end of the older ones. Returns those that we made."""
    account = store.find(tx.connection, asked.tenant, asked.account, seal)
    if asked.finish:
        store.rotate(tx.connection, account, None, seal)
        return {}
    check_fields(account.channel, given, complete=False)
    fields = [field for field in CHANNELS[account.channel].fields if field.secret]
    made = {} if given else {field.name: new_token() for field in fields if field.made}
    changed = {**made, **{field.name: given[field.name] for field in fields if field.name in given}}
    if not changed:
        raise Invalid(f"Say which secret is new: {' '.join(f'--set {field.name}=…' for field in fields)}.")
    store.rotate(tx.connection, account, changed, seal)
    return made
