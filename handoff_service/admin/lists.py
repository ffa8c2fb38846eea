"""The lists of the settings, one thing at a time: queues, calendars, skills, tags, canned replies, wrap-up codes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from handoff_service.admin.configuration import change_list, present
from handoff_service.admin.document import check, sections_of
from handoff_service.admin.marked import write
from handoff_service.callers import Caller
from handoff_service.conversations.change import Context
from handoff_service.database import Transaction
from handoff_service.errors import Invalid, NotFound
from handoff_service.permissions import Permission
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import TenantSettings
from handoff_service.tenants.wording import did_you_mean


@dataclass(frozen=True)
class Kind:
    """A list of the settings: its section there, what one of it is called, and who may change it."""

    section: str
    one: str
    writes: Permission


LISTS: Mapping[str, Kind] = {
    "queues": Kind("queues", "queue", Permission.SETTINGS_WRITE),
    "calendars": Kind("calendars", "calendar", Permission.SETTINGS_WRITE),
    "skills": Kind("skills", "skill", Permission.SETTINGS_WRITE),
    "wrap-up-codes": Kind("wrap_up_codes", "wrap-up code", Permission.SETTINGS_WRITE),
    "tags": Kind("tags", "tag", Permission.CANNED_WRITE),
    "canned-replies": Kind("canned_replies", "canned reply", Permission.CANNED_WRITE),
}


def kind_of(name: str) -> Kind:
    """The list with this name. Raises NotFound."""
    if name not in LISTS:
        raise NotFound(f"There is no list {name[:40]!r}{did_you_mean(name, LISTS)}")
    return LISTS[name]


def listed(connection: sa.Connection, caller: Caller, name: str) -> list[dict[str, Any]]:
    """Everything in a list, each with its `id`."""
    return list(_by_id(sections_of(caller.settings(connection))[kind_of(name).section]).values())


def put(
    tx: Transaction, caller: Caller, name: str, item: str, given: Mapping[str, Any], context: Context
) -> dict[str, Any]:
    """Adds a thing to a list, or replaces the one with this id. Raises NotFound, Invalid, Forbidden."""
    kind = kind_of(name)
    caller.require(kind.writes)
    sections = sections_of(tenants.lock(tx.connection, caller.tenant).settings)
    if given.get("id", item) != item:
        raise Invalid(f"`id` is {given['id']!r} here and {item!r} in the address; an id cannot change.")
    things = _by_id(sections[kind.section])
    word = "changed" if item in things else "added"
    things[item] = {**given, "id": item}
    settings = _checked(tx, caller, kind, item, things)
    change_list(tx, caller, kind.section, settings, f"{item} {word}", context)
    return next(one for one in listed(tx.connection, caller, name) if one["id"] == item)


def remove(tx: Transaction, caller: Caller, name: str, item: str, context: Context) -> None:
    """Takes a thing out of a list. Raises NotFound, Invalid when something still needs it, Forbidden, Conflict."""
    kind = kind_of(name)
    caller.require(kind.writes)
    sections = sections_of(tenants.lock(tx.connection, caller.tenant).settings)
    things = _by_id(sections[kind.section])
    if item not in things:
        raise NotFound(f"There is no {kind.one} {item[:64]!r}{did_you_mean(item, things)}")
    del things[item]
    settings = _checked(tx, caller, kind, item, things)
    change_list(tx, caller, kind.section, settings, f"{item} removed", context)


def _by_id(section: Any) -> dict[str, dict[str, Any]]:
    if isinstance(section, Mapping):
        return {name: {"id": name, **one} for name, one in section.items()}
    return {one["id"]: dict(one) for one in section}


def _checked(
    tx: Transaction, caller: Caller, kind: Kind, item: str, things: Mapping[str, Mapping[str, Any]]
) -> TenantSettings:
    """The settings with another list, by the rules of a file. Raises Invalid with what is wrong, or who needs it."""
    before = present(tx.connection, caller.tenant)
    section: Any = list(things.values())
    if isinstance(sections_of(before.settings)[kind.section], Mapping):
        section = {name: {key: value for key, value in one.items() if key != "id"} for name, one in things.items()}
    after, problems = check(write({kind.section: section}), before)
    if after is None:
        field = problems[0].where.rpartition(".")[2]
        raise Invalid(f"{kind.one} {item}: {field}: {problems[0].message}")
    return after.settings
