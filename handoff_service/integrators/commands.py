"""Keys on the machine: `python -m handoff_service keys list | add | rotate | revoke | identity`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence

from handoff_service.admin.display import table
from handoff_service.bell import Bell
from handoff_service.callers import operator
from handoff_service.channels.web_widget import identity_key
from handoff_service.clock import utc_now
from handoff_service.conversations.change import Context
from handoff_service.database import open_database
from handoff_service.errors import TandemError
from handoff_service.integrators import keys, store
from handoff_service.integrators.admin_api import shown
from handoff_service.settings import Settings
from handoff_service.tenants import store as tenants

COLUMNS = ("id", "name", "permissions", "created_at", "last_used_at", "revoked_at")


def parser() -> argparse.ArgumentParser:
    """The arguments behind `keys`."""
    root = argparse.ArgumentParser(prog="python -m handoff_service keys", description=__doc__)
    verbs = root.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list")
    add = verbs.add_parser("add", help="prints the key, only now")
    add.add_argument("--name", required=True, help="whose it is")
    add.add_argument("--permissions", required=True, help="with commas between them, such as conversations.read")
    verbs.add_parser("rotate", help="prints a successor, only now").add_argument("key")
    verbs.add_parser("revoke", help="ends a key at once").add_argument("key")
    verbs.add_parser("identity", help="prints what the tenant's site signs its customers' identities with")
    for one in verbs.choices.values():
        one.add_argument("--tenant", default="demo")
    return root


def api_keys(arguments: Sequence[str], settings: Settings) -> int:
    """Carries out one command; 1 with a sentence when it is refused."""
    asked = parser().parse_args(arguments)
    try:
        sys.stdout.write(asyncio.run(_run(asked, settings)))
    except TandemError as error:
        sys.stderr.write(f"keys: {error.message}\n")
        return 1
    return 0


async def _run(asked: argparse.Namespace, settings: Settings) -> str:
    database = open_database(settings.database, Bell())
    caller, context = operator(asked.tenant), Context(settings, utc_now())
    try:
        if asked.verb == "identity":
            of_shop = await database.read(
                lambda c: tenants.is_of_shop(c, tenants.find(c, asked.tenant).id, settings.shop_tenants)
            )
            return f"{identity_key(asked.tenant, settings, of_shop=of_shop)}\n"
        if asked.verb == "list":
            found = await database.read(lambda c: store.keys(c, asked.tenant))
            return table(COLUMNS, [shown(one) for one in found])
        if asked.verb == "revoke":
            ended = await database.write(lambda tx: keys.revoke(tx, caller, asked.key, context))
            return f"{ended.id} is valid no more\n"
        if asked.verb == "rotate":
            made, text = await database.write(lambda tx: keys.rotate(tx, caller, asked.key, context))
        else:
            names = [part.strip() for part in asked.permissions.split(",") if part.strip()]
            given = {"name": asked.name, "permissions": names}
            made, text = await database.write(lambda tx: keys.make(tx, caller, **given, context=context))
        return f"{table(COLUMNS, [shown(made)])}key (shown only now): {text}\n"
    finally:
        await database.close()
