"""All SQL of the files that customers sent and that are still with the platform: sealed, until they are fetched."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.channels.model import Media
from handoff_service.channels.sealing import Seal
from handoff_service.statements import inserting

R = tables.channel_media.c
ADD = inserting(tables.channel_media, *R.keys())


def put(
    connection: sa.Connection,
    tenant: str,
    conversation: str,
    seq: int,
    media: Sequence[Media],
    seal: Seal,
    now: datetime,
) -> None:
    """Remembers what belongs to an entry and is to be fetched."""
    for number, one in enumerate(media):
        ref = seal.seal(json.dumps({"ref": one.ref, "kind": one.kind, "name": one.name}))
        ADD.run(connection, tenant=tenant, conversation=conversation, seq=seq, number=number, ref=ref, at=now)


def waiting(connection: sa.Connection, tenant: str, conversation: str, seq: int, seal: Seal) -> list[tuple[int, Media]]:
    """What is still to be fetched for an entry, by number."""
    query = sa.select(R.number, R.ref).where(*_of(tenant, conversation), R.seq == seq).order_by(R.number)
    return [(row.number, _media(json.loads(seal.open(row.ref)))) for row in connection.execute(query)]


def done(connection: sa.Connection, tenant: str, conversation: str, seq: int, number: int) -> bool:
    """Forgets one; False when somebody else did."""
    where = (*_of(tenant, conversation), R.seq == seq, R.number == number)
    return connection.execute(sa.delete(tables.channel_media).where(*where)).rowcount == 1


def forget(connection: sa.Connection, tenant: str, conversation: str) -> int:
    """Forgets what is to be fetched for an erased conversation. Returns how much it was."""
    return connection.execute(sa.delete(tables.channel_media).where(*_of(tenant, conversation))).rowcount


def _of(tenant: str, conversation: str) -> tuple[sa.ColumnElement[bool], ...]:
    return R.tenant == tenant, R.conversation == conversation


def _media(kept: dict[str, Any]) -> Media:
    return Media(ref=kept["ref"], kind=kept["kind"], name=kept["name"])
