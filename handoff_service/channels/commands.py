"""The command line for channel accounts: `python -m handoff_service channels add | list | rotate | doctor …`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from handoff_service.bell import Bell
from handoff_service.callers import Caller, operator
from handoff_service.channels import store
from handoff_service.channels.accounts import (
    add,
    change,
    finish_rotation,
    made_secrets,
    new_account,
    rotate,
    shown_to_servers,
    webhook,
)
from handoff_service.channels.doctor import look_at
from handoff_service.channels.model import Field
from handoff_service.channels.registry import CHANNELS
from handoff_service.channels.sealing import Seal
from handoff_service.channels.table import table
from handoff_service.clock import Clock, iso, utc_now
from handoff_service.conversations.change import Context
from handoff_service.database import Database, Transaction, open_database
from handoff_service.errors import Invalid, TandemError
from handoff_service.settings import Settings

SIGNS = {"ok": "✓", "warning": "!", "wrong": "✗"}
Answer = dict[str, Any] | list[dict[str, Any]]


def parser() -> argparse.ArgumentParser:
    """The arguments behind `channel`."""
    root = argparse.ArgumentParser(prog="python -m handoff_service channel", description=__doc__)
    verbs = root.add_subparsers(dest="verb", required=True)
    kinds = verbs.add_parser("kinds", help="the channels that there are, and what an account of each must be told")
    kinds.add_argument("--table", action="store_true", help="as the table of docs/channels.md")
    added = verbs.add_parser("add", help="a new account; prints its webhook and its secret, which is shown only now")
    added.add_argument("channel", choices=sorted(CHANNELS))
    added.add_argument("--name", required=True, help="what people call it")
    added.add_argument("--url", help="the same as --set url=…")
    rotated = verbs.add_parser("rotate", help="new secrets beside the present ones; --finish ends the older ones")
    rotated.add_argument("--finish", action="store_true")
    changed = verbs.add_parser("set", help="changes fields that are no secrets; FIELD= ends one")
    for verb in (added, rotated, changed):
        verb.add_argument(
            "--set",
            dest="given",
            metavar="FIELD=VALUE",
            action="append",
            default=[],
            help="a field of the account; FIELD=@file reads it from a file: no secret in the shell's history",
        )
        verb.add_argument(
            "--token-until", metavar="TIME", help="when the access token ends, as 2026-12-07 or 2026-12-07T09:00+08:00"
        )
    doctor = verbs.add_parser("doctor", help="says in words what is wrong with an account; 1 when something is")
    known = [rotated, changed, doctor, verbs.add_parser("disable"), verbs.add_parser("enable")]
    for verb in known:
        verb.add_argument("account", help="its id, as `list` shows it")
    for verb in (*known, added, verbs.add_parser("list")):
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
    if asked.verb == "doctor":
        findings = [one for one in answer if isinstance(one, dict)]
        sys.stdout.writelines(f"{SIGNS[one['level']]} {one['about']}: {one['words']}\n" for one in findings)
        return int(any(one["level"] == "wrong" for one in findings))
    sys.stdout.write(f"{json.dumps(answer, ensure_ascii=False, indent=2)}\n")
    return 0


def kinds() -> Answer:
    """Every channel with its fields."""
    return {
        name: {
            "platform": one.abilities.title,
            "fields": {field.name: _explained(field) for field in one.fields},
            "servers": shown_to_servers(name),
            "token_ends": any(field.ends for field in one.fields),
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
    seal, caller = Seal(settings.encryption_key.get_secret_value()), operator(asked.tenant)
    if asked.verb == "add":
        given = read_given([*asked.given, *([f"url={asked.url}"] if asked.url else [])])
        until = read_moment(asked.token_until)
        account = new_account(asked.tenant, asked.channel, asked.name, given, settings, clock, token_until=until)
        await database.write(lambda tx: add(tx, caller, account, seal, Context(settings, clock())))
        return {"account": account.id, "webhook": webhook(account, settings), **made_secrets(account, given)}
    if asked.verb == "list":
        rows = await database.read(lambda connection: store.listed(connection, asked.tenant))
        moments = ("created_at", "last_event_at", "last_error_at", "token_until", "probed_at", "refresh_until")
        return [{**row, **{name: iso(row[name]) for name in moments}} for row in rows]
    if asked.verb == "doctor":
        return await _examine(database, asked, settings, clock, seal)
    if asked.verb == "rotate":
        given = read_given(asked.given)
        fresh = await database.write(lambda tx: _rotate(tx, caller, asked, given, seal, Context(settings, clock())))
        return {"account": asked.account, **fresh}
    options = read_given(asked.given) if asked.verb == "set" else {}
    disabled = {"disable": True, "enable": False}.get(asked.verb)
    until = read_moment(asked.token_until) if asked.verb == "set" else None
    changes: dict[str, Any] = {"name": None, "options": options, "disabled": disabled, "token_until": until}
    after = await database.write(
        lambda tx: change(tx, caller, asked.account, **changes, seal=seal, context=Context(settings, clock()))
    )
    return {"account": after.id, "disabled": after.disabled, "options": dict(after.options)}


async def _examine(
    database: Database, asked: argparse.Namespace, settings: Settings, clock: Clock, seal: Seal
) -> Answer:
    account = await database.read(lambda connection: store.find(connection, asked.tenant, asked.account, seal))
    findings = await look_at(database, account, CHANNELS[account.channel], settings, clock)
    return [dict(one) for one in findings]


def _rotate(
    tx: Transaction, caller: Caller, asked: argparse.Namespace, given: Mapping[str, str], seal: Seal, context: Context
) -> dict[str, str]:
    if asked.finish:
        finish_rotation(tx, caller, asked.account, seal, context)
        return {}
    return rotate(tx, caller, asked.account, given, seal, context, token_until=read_moment(asked.token_until))


def read_moment(given: str | None) -> datetime | None:
    """A date, or a time; without a zone it is UTC. Raises Invalid."""
    if not given:
        return None
    try:
        at = datetime.fromisoformat(given)
    except ValueError as error:
        raise Invalid(f"--token-until {given!a}: write a date or a time, as 2026-12-07 or 2026-12-07T09:00.") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


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
