"""All SQL of learning: feedback, drafts and golden questions."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from kb_index.errors import UnknownDraft
from kb_index.learning import tables
from kb_index.learning.model import Asked, Draft, Feedback, Golden, Kind, State

PUBLISHING_TAKES = timedelta(minutes=10)

F = tables.feedback.c
G = tables.forgotten.c
D = tables.drafts.c
Q = tables.golden.c
_PLAIN = (
    *("conversation", "at", "question", "text", "language", "generation", "action", "probability", "threshold"),
    *("margin", "rule", "article", "right", "reason", "entry", "agent", "answer", "original", "wrap_up"),
)


def _insert_new(connection: sa.Connection, table: sa.Table) -> Any:
    """An insert that leaves alone what is there already; both databases know it under the same words."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table).on_conflict_do_nothing()


def add(
    connection: sa.Connection, feedback: Feedback, *, model: str | None = None, vector: bytes | None = None
) -> bool:
    """Keeps one event; False when it is known, or came too late: its conversation was erased meanwhile."""
    erased = sa.select(G.upto).where(G.tenant == feedback.tenant, G.conversation == feedback.conversation)
    upto = connection.execute(erased).scalar_one_or_none()
    if upto is not None and feedback.at <= upto:
        return False
    row = {name: getattr(feedback, name) for name in _PLAIN} | {
        "tenant": feedback.tenant,
        "event": feedback.event,
        "kind": str(feedback.kind),
        "features": list(feedback.features) if feedback.features is not None else None,
        "shown": list(feedback.shown),
        "model": model,
        "vector": vector,
    }
    return bool(connection.execute(_insert_new(connection, tables.feedback).values(row)).rowcount)


def events(
    connection: sa.Connection,
    tenant: str,
    *,
    since: datetime,
    conversation: str | None = None,
    model: str | None = None,
) -> list[tuple[Feedback, bytes | None]]:
    """Events since a moment in order of conversation, question and time, each with its vector of this model."""
    query = sa.select(tables.feedback).where(F.tenant == tenant, F.at >= since)
    if conversation is not None:
        query = query.where(F.conversation == conversation)
    rows = connection.execute(query.order_by(F.conversation, F.question, F.at, F.event))
    return [(_feedback(row), row.vector if model is not None and row.model == model else None) for row in rows]


def _feedback(row: sa.Row[Any]) -> Feedback:
    return Feedback(
        tenant=row.tenant,
        event=row.event,
        kind=Kind(row.kind),
        features=tuple(row.features) if row.features is not None else None,
        shown=tuple(row.shown),
        **{name: getattr(row, name) for name in _PLAIN},
    )


def keep_vectors(connection: sa.Connection, tenant: str, model: str, vectors: Mapping[tuple[str, int], bytes]) -> None:
    """Keeps vectors by (conversation, question), so that no text is embedded twice."""
    of = (
        F.tenant == tenant,
        F.conversation == sa.bindparam("of_conversation"),
        F.question == sa.bindparam("of_question"),
    )
    values = [
        {"of_conversation": conversation, "of_question": question, "kept": vector}
        for (conversation, question), vector in vectors.items()
    ]
    if values:
        statement = sa.update(tables.feedback).where(*of).values(model=model, vector=sa.bindparam("kept"))
        connection.execute(statement, values)


def count(connection: sa.Connection, tenant: str) -> int:
    """How many events are kept of a tenant."""
    query = sa.select(sa.func.count()).select_from(tables.feedback).where(F.tenant == tenant)
    return int(connection.execute(query).scalar_one())


def judgements(connection: sa.Connection, *, since: datetime) -> dict[str, tuple[int, datetime]]:
    """By tenant how many events say that an article is right or wrong, and when the newest was."""
    judged = (F.at >= since, F.article.is_not(None), F.right.is_not(None))
    query = sa.select(F.tenant, sa.func.count(), sa.func.max(F.at)).where(*judged).group_by(F.tenant)
    return {tenant: (count, newest) for tenant, count, newest in connection.execute(query)}


def expire(connection: sa.Connection, before: datetime) -> int:
    """Deletes events from before this moment, and the marks of conversations erased before it."""
    connection.execute(sa.delete(tables.forgotten).where(G.upto < before))
    return connection.execute(sa.delete(tables.feedback).where(F.at < before)).rowcount


def forget(connection: sa.Connection, tenant: str, conversation: str, upto: datetime) -> dict[str, int]:
    """Deletes everything that came from a conversation up to a moment, and remembers that it must not come again.

    Open drafts of it are emptied and discarded, wordings from it leave other open drafts, golden questions go. What
    was published is the tenant's own text by now; only the conversation's id stays with it.
    """
    mark = {"tenant": tenant, "conversation": conversation, "upto": upto}
    connection.execute(_insert_new(connection, tables.forgotten).values(mark))
    later = (G.tenant == tenant, G.conversation == conversation, G.upto < upto)
    connection.execute(sa.update(tables.forgotten).where(*later).values(upto=upto))
    gone = connection.execute(
        sa.delete(tables.feedback).where(F.tenant == tenant, F.conversation == conversation, F.at <= upto)
    )
    golden = connection.execute(sa.delete(tables.golden).where(Q.tenant == tenant, Q.conversation == conversation))
    drafts = sum(_forget_in(connection, draft, conversation, upto) for draft in all_drafts(connection, tenant))
    return {"events": gone.rowcount, "drafts": drafts, "golden": golden.rowcount}


def _forget_in(connection: sa.Connection, draft: Draft, conversation: str, now: datetime) -> bool:
    """Takes a conversation's words out of a draft; True when there were any."""
    kept = [asdict(each) for each in draft.questions if each.conversation != conversation]
    values: dict[str, Any] = {"questions": kept}
    own = draft.provenance.get("conversation") == conversation
    if own:
        values |= {"title": "", "answer": ""}
    if own and draft.state is State.OPEN:
        values |= {"questions": [], "state": str(State.DISCARDED), "closed_by": "erased", "closed_at": now}
    if len(kept) == len(draft.questions) and not (own and (draft.answer or draft.title)):
        return False
    save_draft(connection, draft, only_in=None, **values)
    return True


def add_draft(connection: sa.Connection, draft: Draft) -> None:
    """Keeps a new draft; one with the same id stays as it is."""
    connection.execute(_insert_new(connection, tables.drafts).values(asdict(draft) | {"state": str(draft.state)}))


def save_draft(
    connection: sa.Connection,
    draft: Draft,
    *,
    only_in: State | None = None,
    unclaimed_at: datetime | None = None,
    **values: Any,
) -> bool:
    """Writes columns of a draft, with `only_in` only if it is still in that state; returns whether it was.

    An open draft with a time of closing is being published by somebody: with `unclaimed_at`, now, it is not written
    unless he has been at it for so long that he must have died.
    """
    where: list[sa.ColumnElement[bool]] = [D.tenant == draft.tenant, D.id == draft.id]
    if unclaimed_at is not None:
        where.append(D.closed_at.is_(None) | (D.closed_at < unclaimed_at - PUBLISHING_TAKES))
    if only_in is not None:
        where.append(D.state == str(only_in))
    return connection.execute(sa.update(tables.drafts).where(*where).values(values)).rowcount == 1


def find_draft(connection: sa.Connection, tenant: str, draft: str) -> Draft:
    """One draft. Raises UnknownDraft."""
    row = connection.execute(sa.select(tables.drafts).where(D.tenant == tenant, D.id == draft)).first()
    if row is None:
        raise UnknownDraft(tenant, draft)
    return _draft(row)


def all_drafts(connection: sa.Connection, tenant: str, *, state: State | None = None) -> list[Draft]:
    """Drafts of a tenant, the latest first."""
    query = sa.select(tables.drafts).where(D.tenant == tenant)
    if state is not None:
        query = query.where(D.state == str(state))
    return [_draft(row) for row in connection.execute(query.order_by(D.created_at.desc(), D.id))]


def _draft(row: sa.Row[Any]) -> Draft:
    values = dict(row._mapping)
    questions = tuple(Asked(**each) for each in values.pop("questions"))
    return Draft(**{**values, "state": State(row.state), "questions": questions})


def golden_key(text: str) -> str:
    """The same for the same wording."""
    return hashlib.sha256(text.strip().encode()).hexdigest()[:32]


def add_golden(
    connection: sa.Connection, tenant: str, golden: Golden, *, by: str, now: datetime, conversation: str | None = None
) -> str:
    """Keeps a golden question in place of one with the same wording. Returns its key."""
    key = golden_key(golden.text)
    values = asdict(golden) | {
        "also": list(golden.also), "conversation": conversation, "added_by": by, "added_at": now,
    }  # fmt: skip
    drop_golden(connection, tenant, key)
    connection.execute(sa.insert(tables.golden).values(tenant=tenant, key=key, **values))
    return key


def drop_golden(connection: sa.Connection, tenant: str, key: str) -> bool:
    """Deletes a golden question; False when there is none."""
    return connection.execute(sa.delete(tables.golden).where(Q.tenant == tenant, Q.key == key)).rowcount == 1


def all_golden(connection: sa.Connection, tenant: str) -> dict[str, Golden]:
    """Golden questions of a tenant by key, in the order in which they were added."""
    query = sa.select(tables.golden).where(Q.tenant == tenant).order_by(Q.added_at, Q.key)
    return {row.key: Golden(row.text, row.article, row.language, tuple(row.also)) for row in connection.execute(query)}
