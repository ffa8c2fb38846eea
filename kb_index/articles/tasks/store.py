"""Tasks of one tenant: opened once for a cause, closed by themselves when the cause is gone."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from kb_index.articles import tables
from kb_index.articles.findings import Finding, FindingKind, Severity, Task
from kb_index.database import Database

T = tables.tasks.c
DUE = {Severity.ERROR: timedelta(days=3), Severity.WARNING: timedelta(days=14)}
"""How long the owner of an article has."""


@dataclass(frozen=True)
class Followed:
    """What a comparison of findings with open tasks did."""

    opened: int
    closed: int
    open: int


class TaskStore:
    """One tenant's rows."""

    def __init__(self, tenant: str, database: Database) -> None:
        self._tenant = tenant
        self._database = database

    def follow(
        self,
        findings: Sequence[Finding],
        *,
        now: datetime,
        of: Collection[tuple[str, str]] | None = None,
        kinds: Collection[FindingKind] | None = None,
    ) -> Followed:
        """Open what is new and close what is gone.

        `of` names the articles that were looked at and `kinds` what was looked for, None all: only of these can a
        cause be gone.
        """
        wanted = {finding.cause: finding for finding in findings}
        with self._database.write() as connection:
            rows = list(connection.execute(self._open()))
            looked_at = [
                row
                for row in rows
                if (of is None or (row.article, row.language) in of) and (kinds is None or row.kind in set(kinds))
            ]
            gone = [row.id for row in looked_at if row.cause not in wanted]
            known = {row.cause: row for row in rows}
            fresh = [finding for cause, finding in wanted.items() if cause not in known]
            if gone:
                connection.execute(
                    sa.update(tables.tasks)
                    .where(T.tenant == self._tenant, T.id == sa.bindparam("gone"))
                    .values(done=now),
                    [{"gone": each} for each in gone],
                )
            for cause, finding in wanted.items():
                row = known.get(cause)
                if row is not None and (row.message, row.owner) != (finding.message, finding.owner):
                    changed = sa.update(tables.tasks).where(T.tenant == self._tenant, T.id == row.id)
                    connection.execute(changed.values(_said(finding)))
            if fresh:
                connection.execute(sa.insert(tables.tasks), [self._row(finding, now) for finding in fresh])
        return Followed(opened=len(fresh), closed=len(gone), open=len(rows) - len(gone) + len(fresh))

    def tasks(self, *, owner: str | None = None, done: bool = False, limit: int = 1000) -> list[Task]:
        """Open tasks, soonest due first; with `done` those that were closed, latest first."""
        chosen = sa.select(tables.tasks).where(
            T.tenant == self._tenant, T.done.is_not(None) if done else T.done.is_(None)
        )
        if owner is not None:
            chosen = chosen.where(T.owner == owner)
        order = (T.done.desc(), T.id) if done else (T.due, T.severity, T.article, T.id)
        with self._database.read() as connection:
            return [_task(row) for row in connection.execute(chosen.order_by(*order).limit(limit))]

    def involved(
        self, kinds: Collection[FindingKind], *, with_article: Collection[str] | None = None
    ) -> set[tuple[str, str]]:
        """Articles with open tasks of these kinds: a change of another article can remove their cause.

        `with_article` names the others that count; None says any.
        """
        with self._database.read() as connection:
            rows = [row for row in connection.execute(self._open()) if row.kind in set(kinds)]
        named = with_article
        return {(row.article, row.language) for row in rows if named is None or row.evidence.get("other") in named}

    def _open(self) -> sa.Select[Any]:
        return sa.select(tables.tasks).where(T.tenant == self._tenant, T.done.is_(None))

    def _row(self, finding: Finding, now: datetime) -> dict[str, Any]:
        return {
            "tenant": self._tenant,
            "id": f"task_{uuid.uuid4().hex}",
            "cause": finding.cause,
            "kind": str(finding.kind),
            "severity": str(finding.severity),
            "article": finding.article,
            "language": finding.language,
            **_said(finding),
            "opened": now,
            "due": (now + DUE[finding.severity]).date().isoformat(),
            "done": None,
        }


def _said(finding: Finding) -> dict[str, Any]:
    evidence = {"subject": finding.subject, **finding.evidence}
    return {"owner": finding.owner, "message": finding.message, "evidence": evidence}


def _task(row: Any) -> Task:
    evidence = dict(row.evidence)
    finding = Finding(
        FindingKind(row.kind),
        Severity(row.severity),
        row.article,
        row.language,
        row.owner,
        str(evidence.get("subject", "")),
        row.message,
        evidence,
    )
    return Task(row.id, finding, row.opened, row.due, row.done)
