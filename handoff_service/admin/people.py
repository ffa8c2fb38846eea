"""Accounts of agents: added, changed, disabled, given a new password, signed out. Every change is in the audit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from handoff_service import audit
from handoff_service.admin import store
from handoff_service.agents import store as agents
from handoff_service.agents.model import Agent, Role, Status
from handoff_service.bell import desk_topic
from handoff_service.callers import Caller
from handoff_service.conversations.change import Context
from handoff_service.database import Transaction
from handoff_service.errors import Conflict, Forbidden, Invalid
from handoff_service.ids import new_id, new_token
from handoff_service.permissions import GRANTED, Permission, refusal
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import TenantSettings
from handoff_service.tenants.wording import did_you_mean

EMAIL = re.compile(r"[^\s@\x00]{1,64}@[^\s@\x00]{1,190}")
HIGH = frozenset({Role.ADMIN, Role.OWNER})
Level = Annotated[int, Field(ge=1, le=5)]


class Account(BaseModel):
    """What an administrator says of an agent; also one of the lines under `agents` in a configuration file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    email: str = Field(max_length=254)
    name: str = Field(min_length=1, max_length=80, pattern=r"^[^\x00]*$")
    role: Role = Role.AGENT
    languages: tuple[str, ...] = ("zh", "en")
    queues: tuple[str, ...] = ()
    capacity: int = Field(5, ge=1, le=100)
    skills: Mapping[str, Level] = Field({}, exclude_if=lambda skills: not skills)
    disabled: bool = Field(False, exclude_if=lambda disabled: not disabled)

    @field_validator("email")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if not EMAIL.fullmatch(value.strip()):
            raise ValueError(f"{value[:80]!r} is no e-mail address")
        return value.strip().lower()


class Changes(BaseModel):
    """Those parts of an account that are to become different."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str | None = Field(None, min_length=1, max_length=80, pattern=r"^[^\x00]*$")
    role: Role | None = None
    languages: tuple[str, ...] | None = None
    queues: tuple[str, ...] | None = None
    capacity: int | None = Field(None, ge=1, le=100)
    skills: Mapping[str, Level] | None = None


def account_of(agent: Agent) -> Account:
    """What an administrator would have to say to get this agent."""
    values = {name: getattr(agent, name) for name in Account.model_fields}
    return Account(**values)


def wrong_parts(settings: TenantSettings, given: Mapping[str, Any]) -> list[tuple[tuple[str | int, ...], str]]:
    """What an account names that the tenant does not have: (where, sentence) of each."""
    skills = {skill.id for skill in settings.skills}
    known: list[tuple[str, str, set[str]]] = [
        ("languages", "language", set(settings.languages)),
        ("queues", "queue", {queue.id for queue in settings.queues}),
        *([("skills", "skill", skills)] if skills else []),
    ]
    wrong: list[tuple[tuple[str | int, ...], str]] = []
    for part, word, names in known:
        for place, name in enumerate(given.get(part) or ()):
            if name not in names:
                where = (part, name) if part == "skills" else (part, place)
                wrong.append((where, f"There is no {word} {name!r}{did_you_mean(name, names)}"))
    return wrong


def _check(settings: TenantSettings, given: Mapping[str, Any]) -> None:
    if wrong := wrong_parts(settings, given):
        where, sentence = wrong[0]
        raise Invalid(f"{'.'.join(map(str, where))}: {sentence}")


def _refuse_unless_high(caller: Caller, *roles: Role) -> None:
    if HIGH.intersection(roles) and Permission.ADMINS_MANAGE not in caller.permissions:
        raise Forbidden(f"Accounts of admins and owners: {refusal(Permission.ADMINS_MANAGE)}")


def _keep_an_owner(tx: Transaction, agent: Agent) -> None:
    """Raises Conflict when nobody would be left who may manage admins; the tenant is locked, so two cannot both go."""
    counts = agent.role is Role.OWNER and not agent.disabled
    if counts and store.able_with_role(tx.connection, agent.tenant, Role.OWNER) in ([], [agent.id]):
        raise Conflict(f"{agent.email} is the last owner; make somebody else one first.", agent=agent.id)


def add(tx: Transaction, caller: Caller, given: Account, password_hash: str, context: Context) -> Agent:
    """A new agent. Raises Invalid, Forbidden, and Conflict when the address has an account."""
    _refuse_unless_high(caller, given.role)
    _check(caller.settings(tx.connection), given.model_dump())
    known = store.by_email(tx.connection, caller.tenant, given.email)
    if known is not None:
        state = "a disabled account; enable it" if known.disabled else "an account"
        raise Conflict(f"{given.email} has {state} already: {known.id}.", agent=known.id)
    values = given.model_dump()
    agent = Agent(
        **{**values, "role": given.role, "skills": dict(given.skills), "disabled": given.disabled},
        tenant=caller.tenant,
        id=new_id("a"),
        open=0,
        status=Status.OFFLINE,
        seen_at=None,
        last_assigned_at=None,
    )
    agents.save(tx.connection, agent, password_hash)
    _record(tx, caller, "agent_added", agent.id, {"role": str(agent.role), "queues": list(agent.queues)}, context)
    return agent


def change(
    tx: Transaction,
    caller: Caller,
    agent_id: str,
    changes: Mapping[str, Any],
    context: Context,
    *,
    checked: bool = True,
) -> Agent:
    """Changes parts of an account (those of Changes). A new role, higher or lower, ends every sign-in.

    `checked`: whether the tenant must have the queues and so on. Raises NotFound, Invalid, Forbidden, Conflict.
    """
    tenants.lock(tx.connection, caller.tenant)
    agent = store.lock(tx.connection, caller.tenant, agent_id)
    role = Role(changes.get("role") or agent.role)
    _refuse_unless_high(caller, agent.role, role)
    if checked:
        _check(caller.settings(tx.connection), changes)
    new = {name: value for name, value in changes.items() if value is not None and value != getattr(agent, name)}
    if not new:
        return agent
    if role is not agent.role:
        _keep_an_owner(tx, agent)
        agents.end_sessions(tx.connection, agent.tenant, agent.id)
    stored = {name: list(value) if isinstance(value, tuple) else value for name, value in new.items()}
    if "skills" in stored:
        stored["skills"] = dict(stored["skills"]) or None
    agents.change(tx.connection, agent.tenant, agent.id, **stored)
    # What somebody is called is personal; the audit is kept for longer than the account may be.
    told = {name: value for name, value in stored.items() if name != "name"}
    _record(tx, caller, "agent_changed", agent.id, {"changed": sorted(new), **told}, context)
    tx.ring(desk_topic(agent.tenant))
    return agents.find(tx.connection, agent.tenant, agent.id)


def set_disabled(tx: Transaction, caller: Caller, agent_id: str, context: Context, *, disabled: bool) -> Agent:
    """Closes an account, which ends every sign-in, or opens it again. Raises NotFound, Forbidden, Conflict.

    Of who is lent, the accounts at his clients are closed too; each client opens its own again.
    """
    tenants.lock(tx.connection, caller.tenant)
    agent = store.lock(tx.connection, caller.tenant, agent_id)
    _refuse_unless_high(caller, agent.role)
    if agent.disabled == disabled:
        return agent
    if disabled:
        if caller.is_agent(agent.id):
            raise Conflict("Nobody disables his own account; ask somebody else.", agent=agent.id)
        _keep_an_owner(tx, agent)
        agents.end_sessions(tx.connection, agent.tenant, agent.id)
    agents.change(tx.connection, agent.tenant, agent.id, disabled=disabled)
    _record(tx, caller, "agent_disabled" if disabled else "agent_enabled", agent.id, {}, context)
    if disabled and agent.home_tenant is None:
        _close_at_clients(tx, caller, agent, context)
    tx.ring(desk_topic(agent.tenant))
    return agents.find(tx.connection, agent.tenant, agent.id)


def _close_at_clients(tx: Transaction, caller: Caller, home: Agent, context: Context) -> None:
    """His conversations there go back to their queues at once, as those at home do."""
    for one in agents.known_as(tx.connection, home.tenant, home.id):
        if one.home_tenant is None or one.disabled:
            continue
        agents.change(tx.connection, one.tenant, one.id, disabled=True)
        detail = {"closed_by": home.tenant}
        audit.record(
            tx,
            one.tenant,
            actor=caller.actor,
            action="agent_disabled",
            subject=one.id,
            detail=detail,
            now=context.now,
        )
        tx.ring(desk_topic(one.tenant))


def new_password() -> str:
    """A password for somebody to start with, shown once: 120 random bits."""
    return new_token()[:20]


def reset_password(tx: Transaction, caller: Caller, agent_id: str, password_hash: str, context: Context) -> None:
    """Replaces the password and ends every sign-in. Raises NotFound, Forbidden."""
    agent = store.lock(tx.connection, caller.tenant, agent_id)
    _refuse_unless_high(caller, agent.role)
    if agent.home_tenant is not None:
        raise Conflict(f"{agent.email} is lent by {agent.home_tenant} and signs in there.", agent=agent.id)
    agents.change(tx.connection, agent.tenant, agent.id, password_hash=password_hash)
    ended = agents.end_sessions(tx.connection, agent.tenant, agent.id)
    _record(tx, caller, "password_reset", agent.id, {"ended": ended}, context)


def sign_out_everywhere(tx: Transaction, caller: Caller, agent_id: str, context: Context) -> int:
    """Ends every sign-in of an account; its sockets close within seconds. Returns how many there were."""
    agent = store.lock(tx.connection, caller.tenant, agent_id)
    _refuse_unless_high(caller, agent.role)
    ended = agents.end_sessions(tx.connection, agent.tenant, agent.id)
    _record(tx, caller, "signed_out_everywhere", agent.id, {"ended": ended}, context)
    tx.ring(desk_topic(agent.tenant))
    return ended


def _record(
    tx: Transaction, caller: Caller, action: str, subject: str, detail: Mapping[str, Any], context: Context
) -> None:
    audit.record(tx, caller.tenant, actor=caller.actor, action=action, subject=subject, detail=detail, now=context.now)


def may_hold(role: Role) -> list[str]:
    """The permissions of a role, for people who read."""
    return [str(permission) for permission, roles in GRANTED.items() if role in roles]
