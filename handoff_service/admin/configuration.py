"""Reading, checking and applying a tenant's configuration; whatever is applied is applied as a whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from handoff_service import audit
from handoff_service.admin import people, store
from handoff_service.admin.document import AGENTS, State, check, exported, rostered_strangers
from handoff_service.admin.marked import Problem, refused, write
from handoff_service.admin.people import Account, account_of
from handoff_service.admin.plan import Change, changes
from handoff_service.agents.store import NO_PASSWORD
from handoff_service.bell import desk_topic
from handoff_service.callers import Caller
from handoff_service.channels import store as channels
from handoff_service.complaints.settings import ComplaintSettings
from handoff_service.conversations.change import Context
from handoff_service.database import Transaction
from handoff_service.errors import Conflict, Forbidden
from handoff_service.handoffs import store as handoffs
from handoff_service.handoffs.routing import store as places
from handoff_service.permissions import Permission, refusal
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import TenantSettings
from handoff_service.tenants.tone import RESTATED
from handoff_service.texts import TEXTS

# What may be changed with less than SETTINGS_WRITE.
WORDING = frozenset({"canned_replies", "tags"})
# What counts where nobody has set it, for the forms of sections that are longer than a number.
USUAL = {
    "complaints": ComplaintSettings().model_dump(mode="json"),
    "tone": {"says": {name: dict(TEXTS[name]) for name in sorted(RESTATED)}},
}
CHANNEL_PARTS = ("id", "channel", "name", "disabled")


@dataclass(frozen=True)
class Plan:
    """What a file would change, and `version`, which says what it was compared with; `warnings` stop nothing."""

    state: State
    changes: Sequence[Change]
    version: str
    warnings: Sequence[Problem] = ()


def present(connection: sa.Connection, tenant: str) -> State:
    """What is configured now. Raises NotFound. Agents who are lent by another tenant are not part of it."""
    found = tenants.find(connection, tenant)
    own = [one for one in store.accounts(connection, tenant) if one.home_tenant is None]
    listed = [{name: row[name] for name in CHANNEL_PARTS} for row in channels.listed(connection, tenant)]
    return State(tenant, found.settings, {one.email: account_of(one) for one in own}, listed)


def version_of(state: State) -> str:
    """Another one whenever anything is configured otherwise."""
    canonical = json.dumps(exported(state), sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def export(connection: sa.Connection, caller: Caller) -> dict[str, Any]:
    """The configuration without secrets, and without accounts for who may not read those.

    `yaml` is the file, `document` the same as values, `version` what `apply` compares; `usual` is what counts in
    `complaints` and `tone` where nobody has set it.
    """
    state = present(connection, caller.tenant)
    hidden = () if Permission.AGENTS_READ in caller.permissions else (AGENTS,)
    document = {name: section for name, section in exported(state).items() if name not in hidden}
    return {"yaml": write(document), "document": document, "usual": USUAL, "version": version_of(state)}


def plan(connection: sa.Connection, caller: Caller, text: str) -> Plan:
    """What a file would change. Raises BadConfiguration, and Forbidden when it is about accounts he may not read."""
    before = present(connection, caller.tenant)
    after, problems = check(text, before)
    if after is None:
        raise refused(problems)
    found = changes(exported(before), exported(after))
    if Permission.AGENTS_READ not in caller.permissions and any(_section(one) == AGENTS for one in found):
        raise Forbidden(f"Accounts: {refusal(Permission.AGENTS_READ)}")
    accounts = [one for one in store.accounts(connection, caller.tenant) if not one.disabled]
    known = [part for one in accounts for part in (one.id, one.email, one.name)]
    known += [part for own in after.agents.values() if not own.disabled for part in (own.email, own.name)]
    return Plan(after, found, version_of(before), rostered_strangers(text, after.settings, known))


def _section(change: Change) -> str:
    return change.where.partition(".")[0].partition(" ")[0]


def apply(tx: Transaction, caller: Caller, text: str, context: Context, *, version: str | None = None) -> Plan:
    """Carries out what a file changes, all of it or nothing. Raises BadConfiguration, Forbidden, Conflict.

    `version`: that of the plan which somebody has seen; Conflict when it is another one by now. New accounts have no
    password: they are let in with a reset.
    """
    tenants.lock(tx.connection, caller.tenant)  # what is compared here is what is replaced
    before = present(tx.connection, caller.tenant)
    done = plan(tx.connection, caller, text)
    if version is not None and version != done.version:
        raise Conflict(
            "The configuration has changed since that plan was made; look at a new one.", version=done.version
        )
    if not done.changes:
        return done
    _refuse(caller, done.changes)
    replace_settings(tx, caller, done.state.settings)
    for email, account in done.state.agents.items():
        if account != before.agents.get(email):
            _set_account(tx, caller, account, context)
    ids = {one.email: one.id for one in store.accounts(tx.connection, caller.tenant)}
    told = [f"{one.sign} {without_address(one.where, ids)}" for one in done.changes[:200]]
    detail = {"changes": told, "count": len(done.changes)}
    _record(tx, caller, "configuration_applied", detail, context)
    if changes(exported(present(tx.connection, caller.tenant)), exported(done.state)):
        raise Conflict("Somebody else changed the same at this moment; look at a new plan.")
    return done


def without_address(where: str, ids: Mapping[str, str]) -> str:
    """Where something changed, with the id of an account in place of its address, which the audit must not keep."""
    section, _, inner = where.partition(".")
    if section != AGENTS:
        return where
    for email, name in ids.items():
        part = inner.removeprefix(f"{email}.").partition(".")[0]
        if inner == email or (inner.startswith(f"{email}.") and part in Account.model_fields):
            return f"{AGENTS}.{name}{inner.removeprefix(email)}"
    return f"{AGENTS}.…"


def replace_settings(tx: Transaction, caller: Caller, settings: TenantSettings) -> None:
    """Stores settings, made from those that were read under `tenants.lock`.

    Raises Conflict for a queue that goes although somebody waits in it.
    """
    tenant = tenants.find(tx.connection, caller.tenant)
    if settings == tenant.settings:
        return
    queues = {queue.id for queue in settings.queues}
    for queue in sorted(set(places.queues_of(tx.connection, caller.tenant)) - queues):
        raise Conflict(
            f"Somebody waits in the queue {queue}; transfer or answer him before the queue goes.", queue=queue
        )
    tenants.save(tx.connection, tenant.model_copy(update={"settings": settings}))
    handoffs.age_anew(tx.connection, tenant.id, tenant.settings, settings)
    tx.ring(desk_topic(caller.tenant))


def _refuse(caller: Caller, changed: Sequence[Change]) -> None:
    """Raises Forbidden for sections that he may not change."""
    sections = {_section(one) for one in changed}
    if AGENTS in sections and Permission.AGENTS_MANAGE not in caller.permissions:
        raise Forbidden(f"Accounts: {refusal(Permission.AGENTS_MANAGE)}")
    if sections - {AGENTS} - WORDING and Permission.SETTINGS_WRITE not in caller.permissions:
        raise Forbidden(refusal(Permission.SETTINGS_WRITE))
    if sections & WORDING and Permission.CANNED_WRITE not in caller.permissions:
        raise Forbidden(refusal(Permission.CANNED_WRITE))


def _set_account(tx: Transaction, caller: Caller, wanted: Account, context: Context) -> None:
    agent = store.by_email(tx.connection, caller.tenant, wanted.email)
    if agent is None:
        people.add(tx, caller, wanted, NO_PASSWORD, context)
        return
    if agent.home_tenant is not None:
        raise Conflict(f"{wanted.email} is lent by {agent.home_tenant}; take the line out of `agents`.")
    values = wanted.model_dump(exclude={"email", "disabled"}, exclude_unset=False)
    values["skills"] = dict(wanted.skills)
    if wanted.disabled and not agent.disabled:
        people.set_disabled(tx, caller, agent.id, context, disabled=True)
    # Of a disabled account only what the file says is kept: whom nobody can meet needs no existing queue.
    people.change(tx, caller, agent.id, values, context, checked=not wanted.disabled)
    if agent.disabled and not wanted.disabled:
        people.set_disabled(tx, caller, agent.id, context, disabled=False)


def change_list(
    tx: Transaction, caller: Caller, section: str, settings: TenantSettings, what: str, context: Context
) -> None:
    """Stores settings in which one list was changed; the audit says `what`."""
    replace_settings(tx, caller, settings)
    _record(tx, caller, "settings_changed", {"section": section, "what": what}, context)


def _record(tx: Transaction, caller: Caller, action: str, detail: dict[str, object], context: Context) -> None:
    audit.record(
        tx, caller.tenant, actor=caller.actor, action=action, subject=caller.tenant, detail=detail, now=context.now
    )
