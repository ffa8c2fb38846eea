"""Contacts, and the identities by which channels know them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.ids import new_id
from handoff_service.texts import say

K = tables.contact_identities.c
N = tables.contacts.c
MAX_NAME_CHARS = 100


def shown(name: Any) -> str:
    """A name without what would disturb the page of the agent who reads it: control and direction characters."""
    readable = (character for character in str(name or "") if character.isprintable())
    return "".join(readable).strip()[:MAX_NAME_CHARS]


def add(connection: sa.Connection, tenant: str, *, name: str | None, language: str, now: datetime) -> str:
    """A new contact; without a name he is a numbered visitor. Returns his id."""
    contact = new_id("k")
    connection.execute(
        sa.insert(tables.contacts).values(
            tenant=tenant,
            id=contact,
            name=name or say("visitor", language, number=contact[-4:]),
            language=language,
            created_at=now,
        )
    )
    return contact


def rename(connection: sa.Connection, tenant: str, contact: str, name: str) -> None:
    """From now on the contact has this name."""
    connection.execute(sa.update(tables.contacts).where(N.tenant == tenant, N.id == contact).values(name=name))


def identify(
    connection: sa.Connection, tenant: str, channel: str, external_id: str, contact: str, *, verified: bool
) -> None:
    """The channel knows this contact as `external_id`."""
    connection.execute(
        sa.insert(tables.contact_identities).values(
            tenant=tenant, channel=channel, external_id=external_id, contact=contact, verified=verified
        )
    )


def of_identity(connection: sa.Connection, tenant: str, channel: str, external_id: str) -> str | None:
    """The contact whom the channel knows as `external_id`."""
    where = (K.tenant == tenant, K.channel == channel, K.external_id == external_id)
    return connection.execute(sa.select(K.contact).where(*where)).scalar_one_or_none()


def external_id(connection: sa.Connection, tenant: str, channel: str, contact: str) -> str | None:
    """As whom the channel knows the contact."""
    where = (K.tenant == tenant, K.channel == channel, K.contact == contact)
    return connection.execute(sa.select(K.external_id).where(*where).limit(1)).scalar_one_or_none()


def is_verified(connection: sa.Connection, tenant: str, contact: str) -> bool:
    """Whether the tenant's own site has vouched for who he is."""
    query = sa.select(K.external_id).where(K.tenant == tenant, K.contact == contact, K.verified.is_(True))
    return connection.execute(query).first() is not None


def name_and_language(connection: sa.Connection, tenant: str, contact: str) -> tuple[str, str | None] | None:
    """How a contact is called and which language he is known to speak; None when there is no such contact."""
    row = connection.execute(sa.select(N.name, N.language).where(N.tenant == tenant, N.id == contact)).first()
    return (row.name, row.language) if row else None


def forget(connection: sa.Connection, tenant: str, contact: str, now: datetime) -> int:
    """Takes name and identities from an erased contact. Returns how many identities these were."""
    language = connection.execute(sa.select(N.language).where(N.tenant == tenant, N.id == contact)).scalar_one()
    values = {"name": say("erased_contact", language or "en"), "erased_at": now}
    connection.execute(sa.update(tables.contacts).where(N.tenant == tenant, N.id == contact).values(**values))
    where = (K.tenant == tenant, K.contact == contact)
    return connection.execute(sa.delete(tables.contact_identities).where(*where)).rowcount
