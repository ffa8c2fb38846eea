"""All SQL of files."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.errors import Conflict, NotFound
from handoff_service.files.model import StoredFile

F = tables.files.c
K = tables.contacts.c


def add(connection: sa.Connection, file: StoredFile) -> None:
    """Adds a file of a contact. Raises Conflict when he was erased while it was sent."""
    query = sa.select(K.erased_at).where(K.tenant == file.tenant, K.id == file.contact).with_for_update()
    contact = connection.execute(query).first()
    if contact is None or contact.erased_at is not None:
        raise Conflict("This customer was erased; nothing can be sent to or by him any more.")
    values = {name: getattr(file, name) for name in StoredFile.__dataclass_fields__}
    connection.execute(sa.insert(tables.files).values(**values))


def find(connection: sa.Connection, tenant: str, file: str) -> StoredFile:
    """The file. Raises NotFound."""
    row = connection.execute(sa.select(tables.files).where(F.tenant == tenant, F.id == file)).mappings().first()
    if row is None:
        raise NotFound(f"There is no file {file[:64]}.")
    return StoredFile(**{name: row[name] for name in StoredFile.__dataclass_fields__})


def unsent(connection: sa.Connection, tenant: str, author: str) -> int:
    """How many files somebody has uploaded and not sent with a message."""
    where = (F.tenant == tenant, F.author == author, F.seq.is_(None))
    return int(connection.execute(sa.select(sa.func.count()).select_from(tables.files).where(*where)).scalar_one())


def attach(connection: sa.Connection, file: StoredFile, *, conversation: str | None, seq: int, audience: str) -> None:
    """Notes with which entry it was sent. Raises Conflict when it was sent with another one."""
    where = (F.tenant == file.tenant, F.id == file.id, F.seq.is_(None))
    sent = {"conversation": conversation, "seq": seq, "audience": audience}
    if connection.execute(sa.update(tables.files).where(*where).values(**sent)).rowcount != 1:
        raise Conflict("This file was sent before; upload it again.", file=file.id)


def of_contact(connection: sa.Connection, tenant: str, contact: str) -> list[tuple[str, str]]:
    """(tenant, id) of what a contact has sent and got."""
    return _names(connection, F.tenant == tenant, F.contact == contact)


def of_conversation(connection: sa.Connection, tenant: str, conversation: str) -> list[tuple[str, str]]:
    """(tenant, id) of the files of a conversation."""
    return _names(connection, F.tenant == tenant, F.conversation == conversation)


def forget_unsent(connection: sa.Connection, before: datetime) -> list[tuple[str, str]]:
    """Deletes the rows of what was uploaded before this moment and not sent since. Returns (tenant, id) of each.

    In one statement: what is sent at this very moment is either sent or gone.
    """
    gone = sa.delete(tables.files).where(F.seq.is_(None), F.author.is_not(None), F.created_at < before)
    return [(row.tenant, row.id) for row in connection.execute(gone.returning(F.tenant, F.id))]


def let_go(connection: sa.Connection, tenant: str, contact: str | None) -> None:
    """Of what was uploaded for tickets of this contact, what none names any more: it goes as if it were never sent."""
    named = sa.exists().where(tables.ticket_files.c.tenant == F.tenant, tables.ticket_files.c.file == F.id)
    where = (F.tenant == tenant, F.contact == contact, F.conversation.is_(None), F.seq == 0)
    connection.execute(sa.update(tables.files).where(*where, ~named).values(seq=None, audience=None))


def known(connection: sa.Connection, tenant: str, files: Sequence[str]) -> set[str]:
    """Which of these there are."""
    query = sa.select(F.id).where(F.tenant == tenant, F.id.in_(files))
    return {row.id for row in connection.execute(query)}


def forget(connection: sa.Connection, files: Sequence[tuple[str, str]]) -> int:
    """Deletes their rows. Returns how many these were."""
    return sum(
        connection.execute(sa.delete(tables.files).where(F.tenant == tenant, F.id == file)).rowcount
        for tenant, file in files
    )


def _names(connection: sa.Connection, *where: Any) -> list[tuple[str, str]]:
    return [(row.tenant, row.id) for row in connection.execute(sa.select(F.tenant, F.id).where(*where))]
