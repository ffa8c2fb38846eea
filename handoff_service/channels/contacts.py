"""Contacts, and the identities by which channels know them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.errors import Conflict, Erased, Invalid, NotFound
from handoff_service.ids import new_id
from handoff_service.public_mentions.model import CHANNEL as IN_PUBLIC
from handoff_service.statements import Statement, inserting
from handoff_service.texts import say

K = tables.contact_identities.c
N = tables.contacts.c
C = tables.conversations.c
MAX_NAME_CHARS = 100
MOST_MERGED = 50
MOST_ATTRIBUTES = 30

_identity = (
    K.tenant == sa.bindparam("tenant"),
    K.channel == sa.bindparam("channel"),
    K.external_id == sa.bindparam("external_id"),
)
_of = (N.tenant == sa.bindparam("tenant"), N.id == sa.bindparam("contact"))
LOCK = Statement(sa.select(N.erased_at).where(*_of).with_for_update())
ATTRIBUTES = Statement(sa.select(N.attributes).where(*_of))
KNOWN_AS = Statement(
    sa.select(N.id, N.name, N.language)
    .join(tables.contact_identities, sa.and_(K.tenant == N.tenant, K.contact == N.id))
    .where(*_identity)
)
EXTERNAL_ID = Statement(
    sa.select(K.external_id)
    .where(
        K.tenant == sa.bindparam("tenant"), K.channel == sa.bindparam("channel"), K.contact == sa.bindparam("contact")
    )
    .order_by(K.external_id)
    .limit(1)
)
VERIFIED = Statement(
    sa.select(K.external_id, N.name)
    .join(tables.contacts, sa.and_(N.tenant == K.tenant, N.id == K.contact))
    .where(K.tenant == sa.bindparam("tenant"), K.contact == sa.bindparam("contact"), K.verified.is_(True))
)
BLOCKED = Statement(
    sa.select(N.blocked_at, N.blocked_by).where(N.tenant == sa.bindparam("tenant"), N.id == sa.bindparam("id"))
)
ADD = inserting(tables.contacts, "tenant", "id", "name", "language", "created_at")
IDENTIFY = inserting(tables.contact_identities, *K.keys())


@dataclass(frozen=True)
class Contact:
    """A customer: his id, how he is called, and which language he is known to speak."""

    id: str
    name: str
    language: str | None


def shown(name: Any) -> str:
    """A name without what would disturb the page of the agent who reads it: control and direction characters."""
    readable = (character for character in str(name or "") if character.isprintable())
    return "".join(readable).strip()[:MAX_NAME_CHARS]


def add(connection: sa.Connection, tenant: str, *, name: str | None, language: str, now: datetime) -> Contact:
    """A new contact; without a name he is a numbered visitor."""
    contact = new_id("k")
    called = name or say("visitor", language, number=contact[-4:])
    ADD.run(connection, tenant=tenant, id=contact, name=called, language=language, created_at=now)
    return Contact(contact, called, language)


def lock(connection: sa.Connection, tenant: str, contact: str) -> None:
    """Nobody erases the contact until the commit, so what is written about him now goes with him.

    Every writer of something personal asks this first. Raises NotFound, and Erased for whom it is too late.
    """
    found = LOCK.first(connection, tenant=tenant, contact=contact)
    if found is None:
        raise NotFound(f"There is no contact {contact[:64]}.")
    if found["erased_at"] is not None:
        raise Erased("This customer was erased; nothing more can be kept about him.", contact=contact)


def rename(connection: sa.Connection, tenant: str, contact: str, name: str) -> None:
    """From now on the contact has this name, if he was not erased."""
    still = (N.tenant == tenant, N.id == contact, N.erased_at.is_(None))
    connection.execute(sa.update(tables.contacts).where(*still).values(name=name))


def identify(
    connection: sa.Connection, tenant: str, channel: str, external_id: str, contact: str, *, verified: bool
) -> None:
    """The channel knows this contact as `external_id`. Raises Erased."""
    lock(connection, tenant, contact)
    identity = {"tenant": tenant, "channel": channel, "external_id": external_id}
    IDENTIFY.run(connection, **identity, contact=contact, verified=verified)


def pass_on(connection: sa.Connection, tenant: str, channel: str, external_id: str, contact: str) -> None:
    """What was somebody's name there is this contact's now. Raises Erased."""
    lock(connection, tenant, contact)
    where = (K.tenant == tenant, K.channel == channel, K.external_id == external_id)
    connection.execute(sa.update(tables.contact_identities).where(*where).values(contact=contact))


def known_as(connection: sa.Connection, tenant: str, channel: str, external_id: str) -> Contact | None:
    """The contact whom the channel knows as `external_id`."""
    row = KNOWN_AS.first(connection, tenant=tenant, channel=channel, external_id=external_id)
    return Contact(**row) if row else None


def external_id(connection: sa.Connection, tenant: str, channel: str, contact: str) -> str | None:
    """As whom the channel knows the contact."""
    row = EXTERNAL_ID.first(connection, tenant=tenant, channel=channel, contact=contact)
    return row["external_id"] if row else None


def ids_on(connection: sa.Connection, tenant: str, channel: str, contact: str) -> set[str]:
    """Every id by which the channel knows the contact."""
    query = sa.select(K.external_id).where(K.tenant == tenant, K.channel == channel, K.contact == contact)
    return set(connection.scalars(query))


def is_verified(connection: sa.Connection, tenant: str, contact: str) -> bool:
    """Whether the tenant's own site has vouched for who he is."""
    query = sa.select(K.external_id).where(K.tenant == tenant, K.contact == contact, K.verified.is_(True))
    return connection.execute(query).first() is not None


def same_person(connection: sa.Connection, tenant: str, contact: str) -> list[str]:
    """This contact, and those on other channels that are known to be the same person."""
    mine = connection.execute(sa.select(N.person).where(N.tenant == tenant, N.id == contact)).scalar()
    if mine is None:
        return [contact]
    query = sa.select(N.id).where(N.tenant == tenant, N.person == mine, N.id != contact).order_by(N.created_at)
    return [contact, *(row.id for row in connection.execute(query))]


def lock_person(connection: sa.Connection, tenant: str, contact: str) -> list[str]:
    """`same_person`, each of them locked as by `lock`, in one order so that two at once do not wait for each other.

    Raises NotFound, and Erased for the contact himself; others who were erased this moment are left out.
    """
    person = same_person(connection, tenant, contact)
    query = sa.select(N.id, N.erased_at).where(N.tenant == tenant, N.id.in_(person)).order_by(N.id).with_for_update()
    erased = {row.id for row in connection.execute(query) if row.erased_at is not None}
    if contact in erased or person == [contact]:
        lock(connection, tenant, contact)
    return [one for one in person if one not in erased]


def own(connection: sa.Connection, tenant: str, contact: str) -> list[str]:
    """The contacts for whom he may ask himself, for a copy or to be forgotten.

    Anybody may talk an agent into merging him with anybody, who has signed in too: so what an agent merged counts for
    agents only. Himself he is also whatever contact the tenant's own signature names as the same user.
    """
    person = same_person(connection, tenant, contact)
    query = sa.select(N.id, N.vouched_as, K.external_id).select_from(
        tables.contacts.outerjoin(
            tables.contact_identities, sa.and_(K.tenant == N.tenant, K.contact == N.id, K.verified.is_(True))
        )
    )
    users: dict[str, set[str]] = {one: set() for one in person}
    for row in connection.execute(query.where(N.tenant == tenant, N.id.in_(person))):
        users[row.id] |= {user for user in (row.vouched_as, row.external_id) if user}
    return [contact, *(one for one in person[1:] if users[one] & users[contact])]


def vouch(connection: sa.Connection, tenant: str, contact: str, user: str) -> None:
    """The tenant has signed that this contact of a platform is his user."""
    still = (N.tenant == tenant, N.id == contact, N.erased_at.is_(None))
    changed = sa.update(tables.contacts).where(*still, N.vouched_as.is_distinct_from(user))
    connection.execute(changed.values(vouched_as=user))


def join(connection: sa.Connection, tenant: str, contact: str, other: str) -> None:
    """Both are one person, with everybody whom either was known to be. Raises NotFound, Erased, Invalid, Conflict.

    Nothing is moved: who answers on a channel, and what was said there, stays as it is. If one is blocked, all are: he
    would only have to write from elsewhere.
    """
    if contact == other:
        raise Invalid("Nobody can be merged with himself.")
    for one in sorted((contact, other)):  # in one order, so that two at once do not wait for each other
        lock(connection, tenant, one)
    everyone = {*same_person(connection, tenant, contact), *same_person(connection, tenant, other)}
    if len(everyone) > MOST_MERGED:
        raise Conflict(f"At most {MOST_MERGED} contacts can be one person.")
    change = sa.update(tables.contacts).where(N.tenant == tenant, N.id.in_(everyone))
    connection.execute(change.values(person=min(everyone)))
    by = next((held for one in sorted(everyone) if (held := blocked(connection, tenant, one))), None)
    if by is not None:
        block(connection, tenant, list(everyone), by=by[0], at=by[1])


def part(connection: sa.Connection, tenant: str, contact: str) -> None:
    """This contact is somebody else than those that it was joined with. Raises NotFound."""
    change = sa.update(tables.contacts).where(N.tenant == tenant, N.id == contact)
    others = same_person(connection, tenant, contact)[1:]
    if connection.execute(change.values(person=None, vouched_as=None)).rowcount == 0:
        raise NotFound(f"There is no contact {contact[:64]}.")
    if others:  # it may have given the others their name
        rest = sa.update(tables.contacts).where(N.tenant == tenant, N.id.in_(others))
        connection.execute(rest.values(person=min(others) if len(others) > 1 else None))


def blocked(connection: sa.Connection, tenant: str, contact: str) -> tuple[str, datetime] | None:
    """By which agent and when, if nobody is to be bothered with what the contact writes."""
    row = BLOCKED.first(connection, tenant=tenant, id=contact)
    return (row["blocked_by"], row["blocked_at"]) if row is not None and row["blocked_at"] is not None else None


def block(connection: sa.Connection, tenant: str, contacts: Sequence[str], *, by: str | None, at: datetime) -> None:
    """From now on nobody is bothered with what these contacts write; with `by` None somebody is again."""
    change = sa.update(tables.contacts).where(N.tenant == tenant, N.id.in_(contacts))
    connection.execute(change.values(blocked_at=at if by else None, blocked_by=by))


def forget(connection: sa.Connection, tenant: str, contact: str, now: datetime) -> int:
    """Takes name and identities from an erased contact. Returns how many identities these were."""
    language = connection.execute(sa.select(N.language).where(N.tenant == tenant, N.id == contact)).scalar_one()
    part(connection, tenant, contact)
    values = {"name": say("erased_contact", language or "en"), "erased_at": now, "attributes": None, "prefers": None}
    values |= {"blocked_at": None, "blocked_by": None, "vouched_as": None}
    connection.execute(sa.update(tables.contacts).where(N.tenant == tenant, N.id == contact).values(**values))
    where = (K.tenant == tenant, K.contact == contact)
    return connection.execute(sa.delete(tables.contact_identities).where(*where)).rowcount


def identities(connection: sa.Connection, tenant: str, contact: str) -> list[tuple[str, str]]:
    """(channel, external id) of everything that a contact is known as."""
    query = sa.select(K.channel, K.external_id).where(K.tenant == tenant, K.contact == contact)
    return [(row.channel, row.external_id) for row in connection.execute(query)]


def preference(connection: sa.Connection, tenant: str, contact: str) -> str | None:
    """The channel on which the contact wants to be told of his tickets, if he or an agent has said one."""
    query = sa.select(N.prefers).where(N.tenant == tenant, N.id == contact)
    found = connection.execute(query).scalar_one_or_none()
    return str(found) if found else None


def channels_of(connection: sa.Connection, tenant: str, person: Sequence[str]) -> list[str]:
    """The channels on which these contacts have written, by name; not what they said in public."""
    where = (C.tenant == tenant, C.contact.in_(person), C.channel != IN_PUBLIC)
    query = sa.select(C.channel).where(*where).distinct().order_by(C.channel)
    return [row.channel for row in connection.execute(query)]


def prefer(connection: sa.Connection, tenant: str, contact: str, channel: str | None, *, alone: bool = False) -> None:
    """From now on he is told of his tickets on this channel; None: where each was opened.

    `alone`: only what he says of himself counts, not for those he was merged with. Raises NotFound, Erased, and
    Invalid for a channel on which he has not written.
    """
    person = lock_person(connection, tenant, contact)
    if channel is not None and channel not in (has := channels_of(connection, tenant, person)):
        raise Invalid(f"This customer has not written on {channel[:40]!a}; he has on {', '.join(has) or 'none'}.")
    changed = sa.update(tables.contacts).where(N.tenant == tenant, N.id.in_([contact] if alone else person))
    connection.execute(changed.values(prefers=channel))


def names(connection: sa.Connection, tenant: str, contacts: Sequence[str]) -> dict[str, str]:
    """Names of contacts by id."""
    query = sa.select(N.id, N.name).where(N.tenant == tenant, N.id.in_(set(contacts)))
    return {row.id: row.name for row in connection.execute(query)}


def describe(connection: sa.Connection, tenant: str, contact: str, told: Mapping[str, str | float | bool]) -> None:
    """Adds to what pages have told about a contact; what was told last holds, the oldest make room. Raises Erased."""
    lock(connection, tenant, contact)
    where = (N.tenant == tenant, N.id == contact)
    known = attributes(connection, tenant, contact)
    merged = {name: value for name, value in known.items() if name not in told} | dict(told)
    kept = dict(list(merged.items())[-MOST_ATTRIBUTES:])
    connection.execute(sa.update(tables.contacts).where(*where).values(attributes=kept))


def attributes(connection: sa.Connection, tenant: str, contact: str) -> dict[str, Any]:
    """What pages have told about a contact: claims, no proof."""
    found = ATTRIBUTES.first(connection, tenant=tenant, contact=contact)
    return (found["attributes"] if found else None) or {}


def details(connection: sa.Connection, tenant: str, contact: str) -> dict[str, Any]:
    """A contact with the channel identities that are known of him. Raises NotFound."""
    query = sa.select(N.id, N.name, N.attributes, N.prefers, N.vouched_as).where(N.tenant == tenant, N.id == contact)
    row = connection.execute(query).first()
    if row is None:
        raise NotFound(f"There is no contact {contact}.")
    known = sa.select(K.channel, K.external_id, K.verified).where(K.tenant == tenant, K.contact == contact)
    identities = connection.execute(known).all()
    person = same_person(connection, tenant, contact)
    return {
        "id": row.id,
        "name": row.name,
        "verified": any(identity.verified for identity in identities),
        "identities": [{"channel": one.channel, "external_id": one.external_id} for one in identities],
        "person": person,
        "channels": channels_of(connection, tenant, person),
        "prefers": row.prefers,
        **({"attributes": row.attributes} if row.attributes else {}),
        **({"vouched_as": row.vouched_as} if row.vouched_as else {}),
    }


def verified(connection: sa.Connection, tenant: str, contact: str) -> dict[str, Any] | None:
    """Who the contact is, if the tenant's own site has vouched for it."""
    row = VERIFIED.first(connection, tenant=tenant, contact=contact)
    return {"id": row["external_id"], "name": row["name"], "verified": True} if row else None
