"""Where an accepted draft goes: into the database at once, or as a file beside the tenant's folder, for git."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import yaml

from kb_index.articles.editing import Desk
from kb_index.articles.lifecycle import Change, Verb
from kb_index.articles.model import Article, State, plain
from kb_index.errors import DraftIncomplete
from kb_index.learning.model import Draft

FOLDER = "proposals"
_NOT_IN_FILES = ("tenant", "answer", "state")


@dataclass(frozen=True)
class Placed:
    """Where the article is now: searchable within moments, or a file that somebody has to move and commit."""

    published: bool
    path: str | None = None


def place(desk: Desk, folder: Path, draft: Draft, article: Article, *, by: str, now: datetime) -> Placed:
    """Publishes the article of a draft, or writes it as a proposal. Repeating it after a crash does no harm.

    Raises PublishingRefused, ArticleExists, ArticleChanged, DraftIncomplete, UnknownTenant.
    """
    if isinstance(desk.stores.tenants.get(draft.tenant), Path):
        return Placed(published=False, path=str(write_proposal(folder, draft, article)))
    if draft.extends:
        _extend(desk, draft, by=by, now=now)
    else:
        _create(desk, draft, article, by=by, now=now)
    return Placed(published=True)


def _change(draft: Draft, verb: Verb, revision: int | None, article: Article | None, by: str, now: datetime) -> Change:
    return Change(
        verb=verb,
        tenant=draft.tenant,
        id=draft.article,
        language=draft.language,
        actor=by,
        at=now,
        why=_why(draft),
        revision=revision,
        article=article,
        op=f"{draft.id}-{verb}",
    )


def _why(draft: Draft) -> str:
    """Provenance, as the article's history shows it."""
    origin = draft.provenance
    said = f"draft {draft.id}, from conversation {origin.get('conversation')}"
    if "entry" in origin:
        agent, day = origin.get("agent") or "an agent", str(origin.get("at"))[:10]
        said += f", entry {origin['entry']}, answered by {agent} on {day}"
    return said


def _create(desk: Desk, draft: Draft, article: Article, *, by: str, now: datetime) -> None:
    made = desk.carry_out(_change(draft, Verb.CREATE, None, article, by, now)).kept
    desk.carry_out(_change(draft, Verb.PUBLISH, made.revision, None, by, now))


def _extend(desk: Desk, draft: Draft, *, by: str, now: datetime) -> None:
    kept = desk.stores.tenant(draft.tenant).one(draft.article, draft.language)
    wordings = tuple(dict.fromkeys([*kept.article.questions, *(asked.text for asked in draft.questions)]))
    if kept.state is State.PUBLISHED and wordings == kept.article.questions:
        return
    if kept.state is not State.PUBLISHED and wordings != kept.article.questions:
        raise DraftIncomplete(
            draft.id,
            f"article {draft.article!r} is {kept.state} since {kept.changed_by} changed it; publish that first",
        )
    revision = kept.revision
    if wordings != kept.article.questions:
        more = replace(kept.article, questions=wordings)
        revision = desk.carry_out(_change(draft, Verb.EDIT, kept.revision, more, by, now)).kept.revision
    desk.carry_out(_change(draft, Verb.PUBLISH, revision, None, by, now))


def write_proposal(folder: Path, draft: Draft, article: Article) -> Path:
    """The article as a file in the real format, durably; moving it to the tenant's folder publishes it."""
    path = folder / FOLDER / draft.tenant / article.language / f"{article.id}.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    header = {name: value for name, value in plain(article).items() if name not in _NOT_IN_FILES and value is not None}
    for name in ("valid_from", "valid_to", "review_by"):
        if name in header:
            header[name] = getattr(article, name)
    text = yaml.safe_dump(header, allow_unicode=True, sort_keys=False, width=1000)
    working = path.with_name(f".{path.name}-{os.getpid()}")
    with working.open("wb") as file:
        file.write(f"---\n# {_why(draft)}\n{text}---\n{article.answer}\n".encode())
        file.flush()
        os.fsync(file.fileno())
    working.replace(path)
    return path
