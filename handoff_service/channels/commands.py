"""The command line for channel accounts: `python -m handoff_service channel add | list | rotate | disable | enable`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from handoff_service.bell import Bell
from handoff_service.channels import store
from handoff_service.channels.model import Account
from handoff_service.channels.public_only import is_public
from handoff_service.channels.registry import CHANNELS
from handoff_service.channels.sealing import Seal
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
    add = verbs.add_parser("add", help="a new account; prints its webhook and its secret, which is shown only now")
    add.add_argument("channel", choices=sorted(CHANNELS))
    add.add_argument("--name", required=True, help="what people call it")
    add.add_argument("--url", required=True, help="where messages to customers are posted to")
    rotate = verbs.add_parser("rotate", help="a new secret beside the present one; --finish ends the older one")
    rotate.add_argument("--finish", action="store_true")
    known = [rotate, verbs.add_parser("disable"), verbs.add_parser("enable")]
    for verb in known:
        verb.add_argument("account", help="its id, as `list` shows it")
    for verb in (*known, add, verbs.add_parser("list")):
        verb.add_argument("--tenant", default="demo")
    return root


def channel(arguments: Sequence[str], settings: Settings) -> int:
    """Carries out one command and prints the answer as JSON; 1 with a sentence when it is refused."""
    try:
        answer = asyncio.run(carry_out(parser().parse_args(arguments), settings))
    except TandemError as error:
        sys.stderr.write(f"channel: {error.message}\n")
        return 1
    sys.stdout.write(f"{json.dumps(answer, ensure_ascii=False, indent=2)}\n")
    return 0


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
        account = new_account(asked.tenant, asked.channel, asked.name, asked.url, settings, clock)
        await database.write(lambda tx: _add(tx, account, seal))
        return {"account": account.id, "webhook": webhook(account, settings), "secret": account.secrets[0]}
    if asked.verb == "list":
        rows = await database.read(lambda connection: store.listed(connection, asked.tenant))
        return [{**row, **{name: iso(row[name]) for name in ("created_at", "last_event_at")}} for row in rows]
    if asked.verb == "rotate":
        secret = None if asked.finish else new_token()
        await database.write(lambda tx: _rotate(tx, asked.tenant, asked.account, secret, seal))
        return {"account": asked.account, **({"secret": secret} if secret else {})}
    disabled = asked.verb == "disable"
    await database.write(lambda tx: store.set_disabled(tx.connection, asked.tenant, asked.account, disabled=disabled))
    return {"account": asked.account, "disabled": disabled}


def new_account(tenant: str, channel: str, name: str, url: str, settings: Settings, clock: Clock = utc_now) -> Account:
    """An account with a fresh secret. Raises Invalid for an address that deliveries would never reach."""
    check_address(url, settings)
    return Account(
        tenant=tenant,
        id=new_id("acc"),
        channel=channel,
        name=name,
        url=url,
        secrets=(new_token(),),
        disabled=False,
        created_at=clock(),
        last_event_at=None,
        last_error=None,
    )


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


def _rotate(tx: Transaction, tenant: str, account: str, secret: str | None, seal: Seal) -> None:
    store.rotate(tx.connection, store.find(tx.connection, tenant, account, seal), secret, seal)
