"""Customers on the web widget: visitor tokens, and identities that the tenant's own site has signed."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeGuard

import sqlalchemy as sa
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from handoff_service import tables
from handoff_service.channels import contacts
from handoff_service.conversations.receive import Sender
from handoff_service.database import Transaction
from handoff_service.errors import Unauthorized
from handoff_service.ids import new_token, token_hash
from handoff_service.settings import Settings
from handoff_service.statements import Statement

CHANNEL = "web"
AUDIENCE = "tandem-widget"
MAX_IDENTITY_AGE = timedelta(minutes=5)
MAX_TOKEN_CHARS = 4096
LABEL = re.compile(r"[\x21-\x7e]{1,128}")

V = tables.visitor_tokens.c
N = tables.contacts.c
U = tables.used_identity_tokens.c

# The statements of every connection.
SENDER_OF = Statement(
    sa.select(V.tenant, V.contact, N.name, N.language)
    .join(tables.contacts, sa.and_(N.tenant == V.tenant, N.id == V.contact))
    .where(V.token_hash == sa.bindparam("token"), V.expires_at > sa.bindparam("now"))
)
SENDER = Statement(
    sa.select(N.name, N.language).where(
        N.tenant == sa.bindparam("tenant"), N.id == sa.bindparam("id"), N.erased_at.is_(None)
    )
)
RENEW = Statement(
    sa.update(tables.visitor_tokens)
    .where(
        V.token_hash == sa.bindparam("token"),
        V.expires_at > sa.bindparam("now"),
        V.expires_at < sa.bindparam("half"),
    )
    .values(expires_at=sa.bindparam("then"))
)


@dataclass(frozen=True)
class Identity:
    """Who the tenant's site says the customer is; `jti` makes the statement usable once."""

    sub: str
    name: str
    jti: str
    expires_at: datetime


def identity_key(tenant: str, settings: Settings, *, of_shop: bool) -> str:
    """What the tenant's site signs with: the secret that is shared with the shop, or else a key of the tenant's own.

    The id of a customer means another person in another tenant: no site may sign for the customers of somebody else.
    """
    secret = settings.identity_secret.get_secret_value()
    return secret if of_shop else hmac.digest(secret.encode(), f"tandem identity {tenant}".encode(), "sha256").hex()


def verify_identity(token: str, tenant: str, settings: Settings, *, of_shop: bool, now: datetime) -> Identity:
    """Checks an identity (JWT, HS256, RFC 7519) signed for this tenant. Raises Unauthorized with the reason."""
    if len(token) > MAX_TOKEN_CHARS:
        raise Unauthorized("The identity token is too long.")
    key = OctKey.import_key(identity_key(tenant, settings, of_shop=of_shop))
    try:
        claims: dict[str, Any] = jwt.decode(token, key, algorithms=["HS256"]).claims
    except (JoseError, ValueError) as error:
        raise Unauthorized(
            f"The identity token is not valid for this tenant ({error.__class__.__name__}); "
            "`python -m handoff_service keys identity` shows what its site signs with."
        ) from error
    sub, jti, expires = claims.get("sub"), claims.get("jti"), claims.get("exp")
    if claims.get("aud") != AUDIENCE or not _is_label(sub) or not _is_label(jti):
        raise Unauthorized(
            f"The identity token needs aud={AUDIENCE!r}, and sub and jti of 1 to 128 visible ASCII signs."
        )
    if claims.get("tenant", tenant) != tenant:
        raise Unauthorized("The identity token is for another tenant.")
    if not isinstance(expires, (int, float)):
        raise Unauthorized("The identity token has no expiry.")
    latest = now + MAX_IDENTITY_AGE + timedelta(seconds=30)
    if not now.timestamp() < expires <= latest.timestamp():
        raise Unauthorized("The identity token has expired, or is valid for more than five minutes.")
    return Identity(sub, contacts.shown(claims.get("name")) or sub, jti, datetime.fromtimestamp(expires, UTC))


def _is_label(value: Any) -> TypeGuard[str]:
    """The shop's order API gets it as an HTTP header, so it is visible ASCII (tests/contracts/turn.json)."""
    return isinstance(value, str) and LABEL.fullmatch(value) is not None


def start_session(
    tx: Transaction,
    tenant: str,
    *,
    token: str | None,
    identity: Identity | None,
    language: str,
    settings: Settings,
    now: datetime,
) -> tuple[Sender, str]:
    """The customer behind a visitor token or a signed identity, and the token to use from now on.

    The same identity is the same contact on every device; an unknown or expired token is a new visitor. A signed
    identity takes the anonymous conversation of its device with it; the token of whoever sat there before ends. Raises
    Unauthorized for a used identity.
    """
    connection = tx.connection
    known = _contact_of_token(connection, tenant, token, now) if token else None
    if identity is not None:
        contact = _contact_of_identity(tx, tenant, identity, known, language=language, now=now)
    else:
        contact = known or contacts.add(connection, tenant, name=None, language=language, now=now).id
    if token is None or contact != known:
        if token is not None and identity is not None:  # somebody else sits there now: the page of before opens nothing
            connection.execute(
                sa.delete(tables.visitor_tokens).where(V.token_hash == token_hash(token), V.tenant == tenant)
            )
        token = new_token()
        expires = now + timedelta(seconds=settings.visitor_token_s)
        connection.execute(
            sa.insert(tables.visitor_tokens).values(
                token_hash=token_hash(token), tenant=tenant, contact=contact, expires_at=expires
            )
        )
    name = str(connection.execute(sa.select(N.name).where(N.tenant == tenant, N.id == contact)).scalar_one())
    return Sender(tenant, CHANNEL, contact, name, language), token


def is_known(connection: sa.Connection, tenant: str, token: str, now: datetime) -> bool:
    """Whether the token is that of a visitor of this tenant."""
    return _contact_of_token(connection, tenant, token, now) is not None


def sender_of(connection: sa.Connection, token: str, now: datetime) -> Sender:
    """The customer behind a visitor token. Raises Unauthorized."""
    row = SENDER_OF.first(connection, token=token_hash(token), now=now)
    if row is None:
        raise Unauthorized("Your session has ended; reload the page.")
    return Sender(row["tenant"], CHANNEL, row["contact"], row["name"], row["language"] or "zh")


def renew_token(connection: sa.Connection, token: str, settings: Settings, now: datetime) -> None:
    """Lengthens the life of a token that is used in its second half: nobody's token expires while he talks to us."""
    life = timedelta(seconds=settings.visitor_token_s)
    RENEW.run(connection, token=token_hash(token), now=now, half=now + life / 2, then=now + life)


def sender_by_contact(connection: sa.Connection, tenant: str, contact: str) -> Sender:
    """The customer as a sender on this channel. Raises Unauthorized when there is no such contact, or no more."""
    row = SENDER.first(connection, tenant=tenant, id=contact)
    if row is None:
        raise Unauthorized("Your session has ended; reload the page.")
    return Sender(tenant, CHANNEL, contact, row["name"], row["language"] or "zh")


def _contact_of_token(connection: sa.Connection, tenant: str, token: str, now: datetime) -> str | None:
    where = (V.token_hash == token_hash(token), V.tenant == tenant, V.expires_at > now)
    return connection.execute(sa.select(V.contact).where(*where)).scalar_one_or_none()


def _contact_of_identity(
    tx: Transaction, tenant: str, identity: Identity, device: str | None, *, language: str, now: datetime
) -> str:
    connection = tx.connection
    known = contacts.known_as(connection, tenant, CHANNEL, identity.sub)
    contact = known.id if known else None
    used = connection.execute(sa.select(U.jti).where(U.tenant == tenant, U.jti == identity.jti)).first()
    if used is not None:
        if contact is not None and contact == device:
            return contact  # the page was reloaded from the browser's cache: the device proved itself before
        raise Unauthorized("This identity token was used before; the page must sign a new one.")
    if contact is None:
        contact = device if device and not contacts.is_verified(connection, tenant, device) else None
        contact = contact or contacts.add(connection, tenant, name=identity.name, language=language, now=now).id
        contacts.identify(connection, tenant, CHANNEL, identity.sub, contact, verified=True)
    contacts.rename(connection, tenant, contact, identity.name)
    connection.execute(sa.delete(tables.used_identity_tokens).where(U.expires_at < now))
    connection.execute(
        sa.insert(tables.used_identity_tokens).values(
            tenant=tenant, jti=identity.jti, contact=contact, expires_at=identity.expires_at
        )
    )
    return contact


def forget_expired(connection: sa.Connection, now: datetime) -> None:
    """Deletes visitor tokens that no longer open anything."""
    connection.execute(sa.delete(tables.visitor_tokens).where(V.expires_at <= now))
    connection.execute(sa.delete(tables.used_identity_tokens).where(U.expires_at <= now))


def forget_contact(connection: sa.Connection, tenant: str, contact: str) -> int:
    """Ends all visits of an erased contact. Returns how many tokens he had."""
    connection.execute(sa.delete(tables.used_identity_tokens).where(U.tenant == tenant, U.contact == contact))
    where = (V.tenant == tenant, V.contact == contact)
    return connection.execute(sa.delete(tables.visitor_tokens).where(*where)).rowcount
