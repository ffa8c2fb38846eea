"""A tenant's configuration as one YAML file: what it may say, and what is wrong with it, line by line.

Each section is a field of the tenant's settings, or `agents`; `tenant` says whose file it is, `channels` is only shown.
A section that is not in the file stays as it is; one that is there is the whole truth about it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from handoff_service.admin.marked import Marked, Path, Problem, read
from handoff_service.admin.people import Account, wrong_parts
from handoff_service.errors import BadConfiguration
from handoff_service.tenants.model import TenantSettings
from handoff_service.tenants.wording import did_you_mean

TENANT, AGENTS, CHANNELS = "tenant", "agents", "channels"
SECTIONS = (TENANT, *TenantSettings.model_fields, AGENTS, CHANNELS)
QUOTED = re.compile(r"'([^']*)'")
TIME = r"[0-5]\d"  # in the pattern of every time of day
# How validators of the settings say where something is wrong that only shows in a whole.
PLACED = re.compile(r"(?P<path>[a-z_]+(?:\.[\w.@-]+)*): (?P<message>.+)", re.DOTALL)


@dataclass(frozen=True)
class State:
    """What is configured: the settings, the accounts by address, and the accounts of channels as they are shown."""

    tenant: str
    settings: TenantSettings
    agents: Mapping[str, Account]
    channels: Sequence[Mapping[str, Any]]


def exported(state: State) -> dict[str, Any]:
    """Everything as plain values, in the order of SECTIONS."""
    agents = [state.agents[email].model_dump(mode="json") for email in sorted(state.agents)]
    return {
        TENANT: state.tenant,
        **sections_of(state.settings),
        AGENTS: agents,
        CHANNELS: [dict(channel) for channel in state.channels],
    }


def sections_of(settings: TenantSettings) -> dict[str, Any]:
    """The settings with every section, those too that are as nobody has set them."""
    dumped = settings.model_dump(mode="json", exclude_none=True)
    return {name: dumped.get(name, _empty(field.default)) for name, field in TenantSettings.model_fields.items()}


def _empty(default: Any) -> Any:
    if isinstance(default, BaseModel | Mapping):
        return {}
    return [] if isinstance(default, tuple) else default


def check(text: str, state: State) -> tuple[State | None, list[Problem]]:
    """What would be configured after this file, or None and everything that is wrong with it, by line."""
    try:
        marked = read(text)
    except BadConfiguration as error:
        return None, [Problem(**one) for one in error.extra["problems"]]
    if not isinstance(marked.value, dict):
        return None, [marked.problem((), f"A file has sections: {', '.join(SECTIONS)}.")]
    problems = [*_unknown_sections(marked), *_not_ours(marked, state)]
    given = {name: marked.value[name] for name in TenantSettings.model_fields if name in marked.value}
    settings: TenantSettings | None = None
    try:
        settings = TenantSettings.model_validate({**sections_of(state.settings), **given})
    except ValidationError as error:
        problems += [_problem(marked, (), one, TenantSettings) for one in error.errors()]
    agents, wrong = _agents(marked, state)
    problems += wrong
    if settings is not None:
        problems += [*_twice(marked, settings), *_strangers(marked, settings, agents)]
    if problems or settings is None:
        return None, sorted(set(problems))
    return State(state.tenant, settings, agents, state.channels), []


def _unknown_sections(marked: Marked) -> Iterator[Problem]:
    for name in marked.value:
        if name not in SECTIONS:
            yield marked.problem((name,), f"there is no such section{did_you_mean(name, SECTIONS)}")


def _not_ours(marked: Marked, state: State) -> Iterator[Problem]:
    tenant = marked.value.get(TENANT, state.tenant)
    if tenant != state.tenant:
        yield marked.problem((TENANT,), f"this is the file of {tenant!r}, not of {state.tenant!r}")
    if CHANNELS in marked.value and marked.value[CHANNELS] != [dict(channel) for channel in state.channels]:
        yield marked.problem(
            (CHANNELS,),
            "channel accounts hold secrets and are changed with `python -m handoff_service channel`; "
            "leave the section out, or as `config export` writes it",
        )


def _agents(marked: Marked, state: State) -> tuple[dict[str, Account], list[Problem]]:
    """The accounts by address after this file. Whom a file with agents does not name is disabled."""
    if AGENTS not in marked.value:
        return dict(state.agents), []
    listed, problems = marked.value[AGENTS], []
    if not isinstance(listed, list):
        return {}, [marked.problem((AGENTS,), "this is a list of accounts, each with an `email`")]
    found: dict[str, Account] = {}
    for place, given in enumerate(listed):
        try:
            account = Account.model_validate(given)
        except ValidationError as error:
            problems += [_problem(marked, (AGENTS, place), one, Account) for one in error.errors()]
            continue
        if account.email in found:
            problems.append(marked.problem((AGENTS, place, "email"), f"{account.email} is there twice"))
        found[account.email] = account
    for email, account in state.agents.items():
        if email not in found:
            found[email] = account.model_copy(update={"disabled": True})
    return found, problems


def _twice(marked: Marked, settings: TenantSettings) -> Iterator[Problem]:
    """Queues and codes with the same id."""
    ids = {"queues": [one.id for one in settings.queues], "wrap_up_codes": [one.id for one in settings.wrap_up_codes]}
    for section, listed in ids.items():
        for place, name in enumerate(listed):
            if name in listed[:place]:
                yield marked.problem((section, place, "id"), f"{name!r} is there twice")


def _strangers(marked: Marked, settings: TenantSettings, agents: Mapping[str, Account]) -> Iterator[Problem]:
    """What enabled agents name that there is not (any more)."""
    listed = marked.value.get(AGENTS)
    places = {
        str(one.get("email", "")).strip().lower(): place
        for place, one in enumerate(listed if isinstance(listed, list) else [])
        if isinstance(one, dict)
    }
    for email, account in agents.items():
        if account.disabled:
            continue
        for where, sentence in wrong_parts(settings, account.model_dump()):
            if email in places:
                yield marked.problem((AGENTS, places[email], *where), sentence)
            else:  # the file takes away what somebody needs whom it does not name
                yield marked.problem((str(where[0]),), f"{email} still has it; change that account first. {sentence}")


def rostered_strangers(text: str, settings: TenantSettings, known: Iterable[str]) -> list[Problem]:
    """Shifts in this file of somebody who is no agent: allowed, because a plan may name who comes next month.

    `known` are the ids, addresses and names of agents; the part of an address before its @ will do too.
    """
    marked, found = read(text), []
    names = {one.casefold() for one in known} | {one.casefold().partition("@")[0] for one in known if "@" in one}
    for name, calendar in settings.calendars.items():
        for place, shift in enumerate(calendar.roster):
            path = ("calendars", name, "roster", place, "who")
            if path in marked.places and shift.who.strip().casefold() not in names:
                message = f"{shift.who!r} is no agent; name an address, the part before its @, or a name"
                found.append(marked.problem(path, message))
    return found


def _problem(marked: Marked, above: Path, error: ErrorDetails, model: type[BaseModel]) -> Problem:
    """A validation error as what people read, with the name that was meant."""
    path, message = (*above, *error["loc"]), error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        names = _names_at(model, error["loc"][:-1])
        return marked.problem(path, f"there is no such field{did_you_mean(str(error['loc'][-1]), names)}")
    if error["type"] in ("literal_error", "enum"):
        given, names = str(error["input"]), QUOTED.findall(str(error.get("ctx", {}).get("expected", "")))
        return marked.problem(path, f"{given!r} is not possible{did_you_mean(given, names)}")
    if error["type"] == "string_pattern_mismatch" and TIME in str(error["ctx"]["pattern"]):
        return marked.problem(path, f"{error['input']!r} is no time of day; write one such as '09:00'")
    if error["type"] == "missing":
        return marked.problem(path, f"`{error['loc'][-1]}` is missing")
    if error["type"] == "value_error" and (placed := PLACED.fullmatch(message)):
        inner = tuple(int(part) if part.isdecimal() else part for part in placed["path"].split("."))
        if (*path, *inner[:1]) in marked.places:
            return marked.problem((*path, *inner), placed["message"])
    given = "" if error["type"] == "value_error" or not path else f" (here: {str(error['input'])[:80]!r})"
    return marked.problem(path, f"{message}{given}")


def refusals(error: ValidationError) -> list[str]:
    """The same for values that are in no file, a line each."""
    lines = []
    for one in error.errors(include_url=False):
        message = one["msg"].removeprefix("Value error, ")
        given = "" if one["type"] == "value_error" else f" (here: {str(one['input'])[:80]!r})"
        lines.append(": ".join(part for part in (".".join(map(str, one["loc"])), f"{message}{given}") if part))
    return lines


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema(by_alias=True)


def _names_at(model: type[BaseModel], path: Sequence[str | int]) -> list[str]:
    """The fields that an object at this path may have."""
    whole = _schema(model)
    here: list[Mapping[str, Any]] = [whole]
    for part in path:
        here = [inner for one in here for inner in _inside(whole, one, part)]
    return sorted({name for one in here for plain in _plain(whole, one) for name in plain.get("properties", {})})


def _plain(whole: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The schema itself, or its alternatives, with references followed."""
    if "$ref" in schema:
        yield from _plain(whole, whole["$defs"][schema["$ref"].rpartition("/")[2]])
    elif "anyOf" in schema:
        for one in schema["anyOf"]:
            yield from _plain(whole, one)
    else:
        yield schema


def _inside(whole: Mapping[str, Any], schema: Mapping[str, Any], part: str | int) -> Iterator[Mapping[str, Any]]:
    for one in _plain(whole, schema):
        if isinstance(part, int):
            found = one.get("items")
        else:
            found = one.get("properties", {}).get(part) or one.get("additionalProperties")
        if isinstance(found, dict):
            yield found
