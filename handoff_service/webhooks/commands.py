"""Webhooks on the machine: `python -m handoff_service webhooks list | add | change | rotate | test | dead | …`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from typing import Any

from handoff_service.admin.display import table
from handoff_service.bell import Bell
from handoff_service.callers import operator
from handoff_service.channels.sealing import Seal
from handoff_service.clock import iso, utc_now
from handoff_service.conversations.change import Context
from handoff_service.database import Database, open_database
from handoff_service.errors import Invalid, TandemError
from handoff_service.settings import Settings
from handoff_service.webhooks import administer, store
from handoff_service.webhooks.api import shown
from handoff_service.webhooks.model import EventType, MessageState
from handoff_service.webhooks.signing import new_secret

COLUMNS = ("id", "url", "events", "disabled", "waiting", "sent", "dead")
DEAD = ("id", "webhook", "event", "subject", "attempts", "error", "ended_at")
LOG = ("n", "at", "took_ms", "status", "error")


def parser() -> argparse.ArgumentParser:
    """The arguments behind `webhooks`."""
    root = argparse.ArgumentParser(prog="python -m handoff_service webhooks", description=__doc__)
    verbs = root.add_subparsers(dest="verb", required=True)
    verbs.add_parser("list")
    add = verbs.add_parser("add", help="prints the secret, only now")
    add.add_argument("url")
    add.add_argument("--description", default="")
    change = verbs.add_parser("change")
    change.add_argument("--url")
    change.add_argument("--off", dest="disabled", action="store_true", default=None)
    change.add_argument("--on", dest="disabled", action="store_false")
    for verb in (add, change):
        events = ", ".join(one for one in EventType if one is not EventType.TEST)
        verb.add_argument("--events", help=f"with commas between them; none: all of {events}")
    rotate = verbs.add_parser("rotate", help="a second secret; --finish ends the older one")
    rotate.add_argument("--finish", action="store_true")
    for verb in (change, rotate, verbs.add_parser("test"), verbs.add_parser("remove")):
        verb.add_argument("webhook")
    verbs.add_parser("dead", help="what was given up").add_argument("--webhook")
    verbs.add_parser("log", help="the attempts of a message").add_argument("message")
    replay = verbs.add_parser("replay", help="begins anew with what was given up")
    replay.add_argument("--webhook", help="all of it")
    replay.add_argument("--message", help="one message")
    for one in verbs.choices.values():
        one.add_argument("--tenant", default="demo")
    return root


def webhooks(arguments: Sequence[str], settings: Settings) -> int:
    """Carries out one command; 1 with a sentence when it is refused."""
    asked = parser().parse_args(arguments)
    try:
        sys.stdout.write(asyncio.run(_run(asked, settings)))
    except TandemError as error:
        sys.stderr.write(f"webhooks: {error.message}\n")
        return 1
    return 0


async def _run(asked: argparse.Namespace, settings: Settings) -> str:
    database = open_database(settings.database, Bell())
    try:
        reads = asked.verb in ("list", "dead", "log")
        return await (_read(database, asked) if reads else _write(database, asked, settings))
    finally:
        await database.close()


async def _read(database: Database, asked: argparse.Namespace) -> str:
    if asked.verb == "list":
        return table(COLUMNS, await database.read(lambda c: store.listed(c, asked.tenant)))
    if asked.verb == "dead":
        found = await database.read(
            lambda c: store.messages(c, asked.tenant, webhook=asked.webhook, state=MessageState.DEAD, limit=200)
        )
        return table(DEAD, [shown(one) for one in found])
    rows = await database.read(lambda c: store.attempts(c, asked.tenant, asked.message))
    return table(LOG, [{**row, "at": iso(row["at"])} for row in rows])


async def _write(database: Database, asked: argparse.Namespace, settings: Settings) -> str:
    caller, context = operator(asked.tenant), Context(settings, utc_now())
    seal, secret = Seal(settings.encryption_key.get_secret_value()), new_secret()
    common: dict[str, Any] = {"seal": seal, "context": context}
    if asked.verb == "add":
        events = _names(asked.events)
        given = {"url": asked.url, "events": events, "description": asked.description, "secret": secret}
        made = await database.write(lambda tx: administer.add(tx, caller, **given, **common))
        return f"{made.id}\nsecret (shown only now): {secret}\n"
    if asked.verb == "change":
        changes = {"url": asked.url, "disabled": asked.disabled}
        changes |= {} if asked.events is None else {"events": _names(asked.events)}
        changes = {name: value for name, value in changes.items() if value is not None}
        await database.write(lambda tx: administer.change(tx, caller, asked.webhook, changes, **common))
        return f"{asked.webhook} changed\n"
    if asked.verb == "rotate":
        new = None if asked.finish else secret
        await database.write(lambda tx: administer.rotate(tx, caller, asked.webhook, new, **common))
        return "the older secret signs no more\n" if asked.finish else f"secret (shown only now): {secret}\n"
    if asked.verb == "test":
        message = await database.write(lambda tx: administer.try_out(tx, caller, asked.webhook, **common))
        return f"{message}\n"
    if asked.verb == "remove":
        await database.write(lambda tx: administer.remove(tx, caller, asked.webhook, context))
        return f"{asked.webhook} removed\n"
    if not asked.webhook and not asked.message:
        raise Invalid("Say what: --webhook ID (all that was given up) or --message ID.")
    which = {"webhook": asked.webhook, "message": asked.message}
    count = await database.write(lambda tx: administer.replay(tx, caller, **which, context=context))
    return f"{count} messages begin anew\n"


def _names(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]
