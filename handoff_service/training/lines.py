"""The accepted lines: what the next training gets, and as a file for people."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from handoff_service.settings import Settings
from handoff_service.tenants import store as tenants
from handoff_service.training import store
from handoff_service.training.model import Misunderstood, State

MOST = 20_000


def may_train(connection: sa.Connection, tenant: str, settings: Settings) -> bool:
    """Whether this tenant's supervisors may train the bot, which all tenants share.

    Those whom TANDEM_TRAINING_TENANTS lists; when it lists nobody, the only tenant of the installation.
    """
    listed = [name.strip() for name in settings.training_tenants.split(",") if name.strip()]
    if listed:
        return tenant in listed or "*" in listed
    return [one.id for one in tenants.everyone(connection)] == [tenant]


def accepted(connection: sa.Connection, tenant: str) -> list[Misunderstood]:
    """The accepted messages of a tenant."""
    return store.listed(connection, tenant, [State.ACCEPTED], limit=MOST)


def for_training(connection: sa.Connection, settings: Settings) -> list[dict[str, str]]:
    """[{"intent", "text"}] of all tenants that may train, each once."""
    lines = {
        (str(one.label), str(one.wording))
        for tenant in tenants.everyone(connection)
        if may_train(connection, tenant.id, settings)
        for one in accepted(connection, tenant.id)
    }
    return [{"intent": intent, "text": text} for intent, text in sorted(lines)]


def as_rasa_yaml(messages: Iterable[Misunderstood]) -> str:
    """The lines as a training file of Rasa 3."""
    by_intent: dict[str, set[str]] = {}
    for one in messages:
        by_intent.setdefault(str(one.label), set()).add(" ".join(str(one.wording).split()))
    rows = ['version: "3.1"', "nlu:" if by_intent else "nlu: []"]
    for intent in sorted(by_intent):
        rows += [f"- intent: {intent}", "  examples: |", *(f"    - {text}" for text in sorted(by_intent[intent]))]
    return "\n".join(rows) + "\n"
