"""The administration on the machine: `python -m handoff_service agents | roles | config | queues | hours | …`.

All of it may run beside gateways. What is changed is recorded in the audit as done by the operator.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from handoff_service.admin import configuration, lists, people, pool, store
from handoff_service.admin.api import shown
from handoff_service.admin.display import table
from handoff_service.admin.document import refusals
from handoff_service.admin.marked import read, write
from handoff_service.admin.people import Account
from handoff_service.admin.plan import Change
from handoff_service.agents import store as agents
from handoff_service.agents.model import Role
from handoff_service.agents.sign_in import hash_password
from handoff_service.agents.store import NO_PASSWORD
from handoff_service.bell import Bell
from handoff_service.calendars.moments import is_open, next_closing, next_opening
from handoff_service.callers import Caller, operator
from handoff_service.clock import iso, utc_now
from handoff_service.conversations.change import Context
from handoff_service.database import Database, open_database
from handoff_service.errors import BadConfiguration, Invalid, NotFound, TandemError
from handoff_service.handoffs.routing.checks import problems
from handoff_service.permissions import GRANTED, Permission
from handoff_service.settings import Settings

# The lists by their command; the names in the API are the longer ones.
LISTED = {
    "queues": "queues",
    "hours": "calendars",
    "skills": "skills",
    "tags": "tags",
    "replies": "canned-replies",
    "codes": "wrap-up-codes",
}
COMMANDS = ("agents", "roles", "config", *LISTED)
AGENT_COLUMNS = ("id", "email", "name", "role", "queues", "languages", "skills", "capacity", "disabled", "lent_by")


class Desk:
    """What a command works with: the database, the tenant, and the moment."""

    def __init__(self, database: Database, settings: Settings, tenant: str) -> None:
        self.database = database
        self.caller: Caller = operator(tenant)
        self.context = Context(settings, utc_now())

    async def account(self, name: str) -> str:
        """The id of an account from its id or its address. Raises NotFound."""

        def find(connection: Any) -> str:
            found = store.by_email(connection, self.caller.tenant, name.strip().lower())
            if found is None and "@" in name:
                raise NotFound(f"{self.caller.tenant} has no agent with the address {name}.")
            return found.id if found else name

        return await self.database.read(find)

    def unserved(self, connection: Any) -> list[str]:
        """The queues whose customers nobody could be given as it is configured now."""
        return problems(self.caller.settings(connection), agents.everyone(connection, self.caller.tenant))


Command = Callable[[Desk, argparse.Namespace], Coroutine[Any, Any, str]]


def administer(arguments: Sequence[str], settings: Settings) -> int:
    """Carries out one command; 1 with a sentence (or one for each line of a file) when it is refused."""
    asked = parser().parse_args(arguments)
    try:
        sys.stdout.write(asyncio.run(_run(asked, settings)))
    except BadConfiguration as error:
        if "file" not in asked:  # a value behind FIELD= is YAML too
            sys.stderr.write(f"{asked.command}: {error.message}\n")
            return 1
        sys.stderr.write(f"{asked.command}: {asked.file}: nothing was applied\n")
        for one in error.extra["problems"]:
            place = f"{asked.file}:{one['line']}:{one['column']}" if one["line"] else str(asked.file)
            sys.stderr.write(f"{place}: {one['where']}: {one['message']}\n".replace(": : ", ": "))
        return 1
    except ValidationError as error:
        sys.stderr.write("".join(f"{asked.command}: {line}\n" for line in refusals(error)))
        return 1
    except (TandemError, ValueError, OSError) as error:
        message = error.message if isinstance(error, TandemError) else str(error)
        if isinstance(error, OSError) and error.filename:
            message = f"{error.filename}: {error.strerror}"
        sys.stderr.write(f"{asked.command}: {message}\n")
        return 1
    return 0


async def _run(asked: argparse.Namespace, settings: Settings) -> str:
    database = open_database(settings.database, Bell())
    try:
        work: Command = asked.work
        desk = Desk(database, settings, asked.tenant)
        told = await work(desk, asked)
        if work in CAN_LEAVE_NOBODY:
            sys.stderr.write("".join(f"warning: {one}\n" for one in await desk.database.read(desk.unserved)))
        return told
    finally:
        await database.close()


def parser() -> argparse.ArgumentParser:
    """The arguments of all commands."""
    root = argparse.ArgumentParser(prog="python -m handoff_service", description=__doc__)
    commands = root.add_subparsers(dest="command", required=True)
    _add_agents(commands.add_parser("agents", help="accounts of agents"))
    roles = commands.add_parser("roles", help="what each role may do")
    roles.set_defaults(work=_roles)
    roles.add_argument("--tenant", default="demo", help=argparse.SUPPRESS)
    _add_config(commands.add_parser("config", help="the whole configuration as one YAML file"))
    for command, name in LISTED.items():
        _add_list(commands.add_parser(command, help=f"the {name.replace('-', ' ')} of a tenant"))
    return root


def _verb(verbs: Any, name: str, work: Command, **options: Any) -> argparse.ArgumentParser:
    one: argparse.ArgumentParser = verbs.add_parser(name, **options)
    one.add_argument("--tenant", default="demo", help="whose (demo)")
    one.set_defaults(work=work)
    return one


def _add_agents(root: argparse.ArgumentParser) -> None:
    verbs = root.add_subparsers(dest="verb", required=True)
    _verb(verbs, "list", _list_agents)
    add = _verb(verbs, "add", _add_agent, help="prints the password to begin with, only now")
    change = _verb(verbs, "change", _change_agent)
    lend = _verb(verbs, "lend", _lend, help="lets an agent of another tenant work for this one")
    add.add_argument("--email", required=True)
    add.add_argument("--name", required=True)
    change.add_argument("agent", help="id or e-mail address")
    change.add_argument("--name")
    lend.add_argument("--from", dest="home", required=True, metavar="TENANT", help="where his own account is")
    lend.add_argument("--email", required=True, help="of his own account")
    for verb in (add, change, lend):
        verb.add_argument("--role", choices=[str(role) for role in Role])
        verb.add_argument("--queues", help="ids with commas between them")
        verb.add_argument("--languages", help="such as zh,en")
        verb.add_argument("--capacity", type=int)
        verb.add_argument("--skills", help="with levels from 1 to 5, such as billing=3,vip=1")
    for name, work in (
        ("disable", _disable),
        ("enable", _enable),
        ("reset-password", _reset_password),
        ("sign-out", _sign_out),
    ):
        _verb(verbs, name, work).add_argument("agent", help="id or e-mail address")


def _terms(asked: argparse.Namespace) -> dict[str, Any]:
    """The parts of an account that were given."""
    given: dict[str, Any] = {name: getattr(asked, name, None) for name in ("email", "name", "role", "capacity")}
    for name in ("queues", "languages"):
        if getattr(asked, name) is not None:
            given[name] = tuple(part.strip() for part in getattr(asked, name).split(",") if part.strip())
    if asked.skills is not None:
        given["skills"] = _levels(asked.skills)
    return {name: value for name, value in given.items() if value is not None}


def _levels(text: str) -> dict[str, int]:
    levels = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, _, level = part.partition("=")
        if not level.isdecimal():
            raise Invalid(f"--skills {part}: write SKILL=LEVEL, such as billing=3.")
        levels[name.strip()] = int(level)
    return levels


async def _list_agents(desk: Desk, _: argparse.Namespace) -> str:
    found = await desk.database.read(lambda connection: store.accounts(connection, desk.caller.tenant))
    return table(AGENT_COLUMNS, [shown(one) for one in found])


async def _add_agent(desk: Desk, asked: argparse.Namespace) -> str:
    password = people.new_password()
    digest, account = hash_password(password), Account.model_validate(_terms(asked))
    agent = await desk.database.write(lambda tx: people.add(tx, desk.caller, account, digest, desk.context))
    return f"{table(AGENT_COLUMNS, [shown(agent)])}password (shown only now): {password}\n"


async def _change_agent(desk: Desk, asked: argparse.Namespace) -> str:
    changes, agent = _terms(asked), await desk.account(asked.agent)
    if not changes:
        raise Invalid("Say what is to change: --name, --role, --queues, --languages, --capacity or --skills.")
    people.Changes.model_validate(changes)
    changed = await desk.database.write(lambda tx: people.change(tx, desk.caller, agent, changes, desk.context))
    return table(AGENT_COLUMNS, [shown(changed)])


async def _lend(desk: Desk, asked: argparse.Namespace) -> str:
    home = await desk.database.read(lambda c: store.by_email(c, asked.home, asked.email.strip().lower()))
    if home is None:
        raise NotFound(f"{asked.home} has no agent with the address {asked.email}.")
    terms = Account.model_validate({"email": home.email, "name": home.name, **_terms(asked)})
    lent = await desk.database.write(lambda tx: pool.lend(tx, desk.caller, home, terms, NO_PASSWORD, desk.context))
    return table(AGENT_COLUMNS, [shown(lent)])


async def _disable(desk: Desk, asked: argparse.Namespace) -> str:
    return await _set_disabled(desk, asked, disabled=True)


async def _enable(desk: Desk, asked: argparse.Namespace) -> str:
    return await _set_disabled(desk, asked, disabled=False)


async def _set_disabled(desk: Desk, asked: argparse.Namespace, *, disabled: bool) -> str:
    agent = await desk.account(asked.agent)
    changed = await desk.database.write(
        lambda tx: people.set_disabled(tx, desk.caller, agent, desk.context, disabled=disabled)
    )
    return table(AGENT_COLUMNS, [shown(changed)])


async def _reset_password(desk: Desk, asked: argparse.Namespace) -> str:
    agent, password = await desk.account(asked.agent), people.new_password()
    digest = hash_password(password)
    await desk.database.write(lambda tx: people.reset_password(tx, desk.caller, agent, digest, desk.context))
    return f"password (shown only now): {password}\n"


async def _sign_out(desk: Desk, asked: argparse.Namespace) -> str:
    agent = await desk.account(asked.agent)
    ended = await desk.database.write(lambda tx: people.sign_out_everywhere(tx, desk.caller, agent, desk.context))
    return f"{ended} sign-ins ended\n"


async def _roles(_: Desk, __: argparse.Namespace) -> str:
    rows = [
        {"permission": permission, **{role: "x" if role in GRANTED[permission] else "." for role in Role}}
        for permission in Permission
    ]
    return table(("permission", *Role), rows)


def _add_config(root: argparse.ArgumentParser) -> None:
    verbs = root.add_subparsers(dest="verb", required=True)
    _verb(verbs, "export", _export, help="prints the file").add_argument("--out", type=Path, help="or writes it")
    check = _verb(verbs, "check", _check, help="what a file would change; changes nothing")
    apply = _verb(verbs, "apply", _apply, help="shows the plan, and applies it as a whole or not at all")
    apply.add_argument("--yes", action="store_true", help="without asking")
    for verb in (check, apply):
        verb.add_argument("file", type=Path)


async def _export(desk: Desk, asked: argparse.Namespace) -> str:
    text: str = (await desk.database.read(lambda connection: configuration.export(connection, desk.caller)))["yaml"]
    if asked.out is None:
        return text
    asked.out.write_text(text, "utf-8")
    return f"{asked.out}: {len(text.splitlines())} lines\n"


async def _check(desk: Desk, asked: argparse.Namespace) -> str:
    text = asked.file.read_text("utf-8")
    plan = await desk.database.read(lambda connection: configuration.plan(connection, desk.caller, text))
    for one in plan.warnings:
        sys.stderr.write(f"warning: {asked.file}:{one.line}:{one.column}: {one.where}: {one.message}\n")
    return _told(plan.changes)


async def _apply(desk: Desk, asked: argparse.Namespace) -> str:
    text = asked.file.read_text("utf-8")
    plan = await desk.database.read(lambda connection: configuration.plan(connection, desk.caller, text))
    for one in plan.warnings:
        sys.stderr.write(f"warning: {asked.file}:{one.line}:{one.column}: {one.where}: {one.message}\n")
    if plan.changes and not asked.yes:
        sys.stdout.write(f"{_told(plan.changes)}Apply? [y/N] ")
        sys.stdout.flush()
        if (await asyncio.to_thread(sys.stdin.readline)).strip().lower() not in ("y", "yes"):
            return "nothing was applied\n"
    done = await desk.database.write(
        lambda tx: configuration.apply(tx, desk.caller, text, desk.context, version=plan.version)
    )
    return f"{_told(done.changes)}{'applied' if done.changes else 'nothing to apply'}\n"


def _told(changes: Sequence[Change]) -> str:
    counts = {sign: sum(one.sign == sign for one in changes) for sign in "+~-"}
    lines = "".join(f"{one.as_text()}\n" for one in changes)
    return f"{lines}{counts['+']} to add, {counts['~']} to change, {counts['-']} to remove\n"


def _add_list(root: argparse.ArgumentParser) -> None:
    verbs = root.add_subparsers(dest="verb", required=True)
    _verb(verbs, "list", _list)
    show = _verb(verbs, "show", _show, help="one of them, as YAML")
    put = _verb(verbs, "set", _set, help="adds one, or changes what is given of one")
    remove = _verb(verbs, "remove", _remove)
    for verb in (show, put, remove):
        verb.add_argument("id")
    put.add_argument("fields", nargs="+", metavar="FIELD=VALUE", help="the value as YAML; without one the default")


async def _list(desk: Desk, asked: argparse.Namespace) -> str:
    found = await desk.database.read(lambda c: lists.listed(c, desk.caller, LISTED[asked.command]))
    columns = list(dict.fromkeys(name for one in found for name in one))
    told = table(columns, found)
    return told + await _open_now(desk) if asked.command == "hours" else told


async def _open_now(desk: Desk) -> str:
    """For each queue whether it is open, and when that changes."""
    settings = await desk.database.read(desk.caller.settings)
    rows = []
    for queue in settings.queues:
        calendar, now = settings.calendar(queue.id), desk.context.now
        is_now = is_open(calendar, now)
        until = next_closing(calendar, now) if is_now else next_opening(calendar, now)
        rows.append({"queue": queue.id, "calendar": queue.calendar, "open": is_now, "until": iso(until)})
    return "\n" + table(("queue", "calendar", "open", "until"), rows)


async def _find(desk: Desk, asked: argparse.Namespace) -> dict[str, Any] | None:
    found = await desk.database.read(lambda c: lists.listed(c, desk.caller, LISTED[asked.command]))
    return next((one for one in found if one["id"] == asked.id), None)


async def _show(desk: Desk, asked: argparse.Namespace) -> str:
    found = await _find(desk, asked)
    if found is None:
        raise NotFound(f"There is no {asked.id} among the {asked.command}.")
    return write(found)


async def _set(desk: Desk, asked: argparse.Namespace) -> str:
    given: dict[str, Any] = dict(await _find(desk, asked) or {})
    for one in asked.fields:
        name, sign, value = one.partition("=")
        if not sign:
            raise Invalid(f"{one}: write FIELD=VALUE.")
        given.pop(name, None)
        if value:
            given[name] = read(value).value
    name = LISTED[asked.command]
    stored = await desk.database.write(lambda tx: lists.put(tx, desk.caller, name, asked.id, given, desk.context))
    return write(stored)


async def _remove(desk: Desk, asked: argparse.Namespace) -> str:
    await desk.database.write(lambda tx: lists.remove(tx, desk.caller, LISTED[asked.command], asked.id, desk.context))
    return f"{asked.id} removed\n"


# After these a queue may be left with nobody who could ever take its customers.
CAN_LEAVE_NOBODY: frozenset[Command] = frozenset({_add_agent, _change_agent, _disable, _apply, _set, _remove})
