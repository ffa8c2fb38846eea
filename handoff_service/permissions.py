"""What each role may do: one table, which every route, the commands and the tests read.

A role is a bundle for people whose work it is; a permission is what a route asks for. Who needs less takes another
role: roles are not configurable per tenant, so that "supervisor" means the same everywhere. `python -m handoff_service
roles` prints the table.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from handoff_service.agents.model import Agent, Role
from handoff_service.errors import Forbidden


class Permission(StrEnum):
    """A kind of deed; the name is `<what>.<deed>`."""

    CONVERSATIONS_READ = "conversations.read"  # their texts, contacts and files; sockets of desks
    CONVERSATIONS_ANSWER = "conversations.answer"  # take, reply, transfer, give back, close; be offered some
    CONVERSATIONS_SUPERVISE = "conversations.supervise"  # take over from a colleague, whisper, join, watch the bot
    TICKETS_READ = "tickets.read"
    TICKETS_WORK = "tickets.work"
    COMPLAINTS_READ = "complaints.read"
    COMPLAINTS_WORK = "complaints.work"
    COMPLAINTS_DECIDE = "complaints.decide"  # approve remedies beyond an agent's limit; complaints about agents
    KNOWLEDGE_READ = "knowledge.read"
    KNOWLEDGE_DRAFT = "knowledge.draft"
    KNOWLEDGE_DECIDE = "knowledge.decide"  # publish, discard, golden questions
    BOT_TRAIN = "bot.train"  # label what the bot misunderstood, train and switch models
    REPORTS_READ = "reports.read"  # numbers, no message texts
    PRIVACY = "privacy.execute"  # erase, hold, export of a customer's data
    AUDIT_READ = "audit.read"  # who has done what to data, accounts and settings
    AGENTS_READ = "agents.read"  # accounts with addresses, roles, queues
    AGENTS_MANAGE = "agents.manage"  # add, change, disable, reset a password, sign out; not of admins and owners
    ADMINS_MANAGE = "admins.manage"  # the same for admins and owners
    SETTINGS_READ = "settings.read"
    CANNED_WRITE = "canned.write"  # canned replies and tags
    SETTINGS_WRITE = "settings.write"  # queues, hours, codes, targets, texts
    INTEGRATIONS = "integrations.manage"  # webhooks and API keys


def _roles(names: str) -> frozenset[Role]:
    return frozenset(Role(name) for name in names.split())


# Who holds what. One line for each permission; a role that is not named does not hold it.
GRANTED: Mapping[Permission, frozenset[Role]] = {
    Permission.CONVERSATIONS_READ: _roles("agent expert supervisor trainer admin owner"),
    Permission.CONVERSATIONS_ANSWER: _roles("agent expert supervisor admin owner"),
    Permission.CONVERSATIONS_SUPERVISE: _roles("supervisor admin owner"),
    Permission.TICKETS_READ: _roles("agent expert supervisor trainer admin owner"),
    Permission.TICKETS_WORK: _roles("agent expert supervisor admin owner"),
    Permission.COMPLAINTS_READ: _roles("agent expert supervisor admin owner"),
    Permission.COMPLAINTS_WORK: _roles("agent expert supervisor admin owner"),
    Permission.COMPLAINTS_DECIDE: _roles("supervisor admin owner"),
    Permission.KNOWLEDGE_READ: _roles("agent expert supervisor trainer admin owner"),
    Permission.KNOWLEDGE_DRAFT: _roles("agent expert supervisor trainer admin owner"),
    Permission.KNOWLEDGE_DECIDE: _roles("expert supervisor admin owner"),
    Permission.BOT_TRAIN: _roles("supervisor trainer admin owner"),
    Permission.REPORTS_READ: _roles("supervisor analyst trainer admin owner"),
    Permission.PRIVACY: _roles("supervisor admin owner"),
    Permission.AUDIT_READ: _roles("admin owner"),
    Permission.AGENTS_READ: _roles("supervisor analyst trainer admin owner"),
    Permission.AGENTS_MANAGE: _roles("admin owner"),
    Permission.ADMINS_MANAGE: _roles("owner"),
    Permission.SETTINGS_READ: _roles("expert supervisor analyst trainer admin owner"),
    Permission.CANNED_WRITE: _roles("expert supervisor trainer admin owner"),
    Permission.SETTINGS_WRITE: _roles("admin owner"),
    Permission.INTEGRATIONS: _roles("admin owner"),
}

PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    role: frozenset(permission for permission, roles in GRANTED.items() if role in roles) for role in Role
}


def holds(agent: Agent, permission: Permission) -> bool:
    """Whether the agent's role has the permission."""
    return permission in PERMISSIONS[agent.role]


def require(agent: Agent, permission: Permission, why: str = "", **ids: str) -> None:
    """Raises Forbidden, with `why` (a sentence) or with the roles that may, unless the agent holds the permission."""
    if not holds(agent, permission):
        raise Forbidden(why or refusal(permission), **ids)


def refusal(permission: Permission) -> str:
    """The sentence for somebody who lacks a permission."""
    able = [role for role in Role if role in GRANTED[permission]]
    return f"This needs the permission {permission}, which these roles have: {', '.join(able)}."
