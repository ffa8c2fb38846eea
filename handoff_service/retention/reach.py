"""Whose data a copy, or an erasure, takes: what is signed for as one person, and only if asked what agents merged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from handoff_service.channels import contacts
from handoff_service.errors import Conflict


@dataclass(frozen=True)
class Whom:
    """`merged`: also whom agents merged with him. `shown`: the contacts that whoever asks has seen, if he has."""

    merged: bool = False
    shown: Sequence[str] | None = None


OWN = Whom()


def reached(connection: sa.Connection, tenant: str, contact: str, whom: Whom) -> list[str]:
    """The contact first; as a rule those for whom he may ask himself, as anybody may talk an agent into merging."""
    ask = contacts.same_person if whom.merged else contacts.own
    return ask(connection, tenant, contact)


def left_out(connection: sa.Connection, tenant: str, contact: str, person: Sequence[str]) -> list[str]:
    """Whom agents merged with him, and who is none of these."""
    return [one for one in contacts.same_person(connection, tenant, contact) if one not in person]


def check_shown(person: Sequence[str], whom: Whom) -> None:
    """Raises Conflict when these are others than the contacts that were shown."""
    if whom.shown is not None and set(whom.shown) != set(person):
        raise Conflict(
            "Who belongs to this customer is not what was shown: somebody was merged with him or parted from him since."
            " Nothing was done; look again at what is kept.",
            contacts=list(person),
        )
