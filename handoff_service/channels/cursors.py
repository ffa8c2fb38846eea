"""All SQL of what is fetched from platforms: how far an account has been read, and which gateway reads it now."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from handoff_service import tables

C = tables.channel_cursors.c
N = tables.nodes.c
# Longer than one request to a platform may take; a gateway that died is replaced after it.
LEASE = timedelta(seconds=30)


def lease(connection: sa.Connection, tenant: str, account: str, node: str, now: datetime) -> str | None:
    """The cursor, and the right to read on for LEASE; None while another gateway reads.

    A living node keeps its lease whatever the clock of the one who asks says; when it is lost, it is released.
    """
    key = (C.tenant == tenant, C.account == account)
    row = connection.execute(sa.select(C.cursor, C.node, C.lease_until).where(*key).with_for_update()).first()
    if row is None:
        values = {"cursor": "", "node": node, "lease_until": now + LEASE, "fetched_at": now}
        connection.execute(sa.insert(tables.channel_cursors).values(tenant=tenant, account=account, **values))
        return ""
    if row.node not in (None, node):
        living = connection.execute(sa.select(N.id).where(N.id == row.node)).first() is not None
        if living or (row.lease_until is not None and row.lease_until > now):
            return None
    connection.execute(sa.update(tables.channel_cursors).where(*key).values(node=node, lease_until=now + LEASE))
    return str(row.cursor)


def advance(connection: sa.Connection, tenant: str, account: str, node: str, cursor: str, now: datetime) -> bool:
    """Sets the cursor, after what came before it was stored; False when another gateway reads by now.

    A look that took longer than its lease goes on as long as nobody has taken its place: else it began anew for ever.
    """
    mine = (C.tenant == tenant, C.account == account, C.node == node)
    values = {"cursor": cursor, "lease_until": now + LEASE, "fetched_at": now}
    return connection.execute(sa.update(tables.channel_cursors).where(*mine).values(**values)).rowcount == 1


def release(connection: sa.Connection, tenant: str, account: str, node: str) -> None:
    """Anybody may read on."""
    mine = (C.tenant == tenant, C.account == account, C.node == node)
    connection.execute(sa.update(tables.channel_cursors).where(*mine).values(node=None, lease_until=None))


def release_all(connection: sa.Connection, node: str | None = None) -> None:
    """Lets go of everything that a gateway (None: any) reads: it is lost, and nobody waits for its leases to end."""
    held = sa.update(tables.channel_cursors).where(C.node.is_not(None) if node is None else C.node == node)
    connection.execute(held.values(node=None, lease_until=None))
