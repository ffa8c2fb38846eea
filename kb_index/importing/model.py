"""What an import is made of: blocks of a document, items that can become articles, and what happened to each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum

LARGEST_FILE = 64 * 1024 * 1024
"""Bytes of one file; more is no document for customers."""
LONGEST_SECTION = 60_000
"""Characters below one heading; more cannot be split into readable articles without headings."""
LONGEST_PART = 5_500
"""Characters of one article's answer; a longer section becomes several articles."""
MOST_ITEMS = 20_000
"""Articles out of one file."""


@dataclass(frozen=True)
class Block:
    """A heading (level from 1) or a paragraph, list item or table (level 0) as Markdown; page counts from 1."""

    text: str
    level: int = 0
    page: int | None = None


@dataclass(frozen=True)
class Document:
    """A document in reading order, and what of it could not be read: (where, why)."""

    title: str
    blocks: tuple[Block, ...]
    unread: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Item:
    """What can become an article. `key` names it inside its source and stays when the text around it changes.

    `fields` are further fields of an article as texts (language, category, owner, valid_to, ...), `where` is the
    page, row or heading to show to people.
    """

    key: str
    where: str
    title: str
    questions: tuple[str, ...]
    answer: str
    fields: Mapping[str, str] = field(default_factory=dict)
    draft_because: str = ""

    @property
    def digest(self) -> str:
        """Changes with anything that the source says; not with where it says it."""
        said = [self.title, self.questions, self.answer, sorted(self.fields.items()), self.draft_because]
        return hashlib.sha256(json.dumps(said, ensure_ascii=False).encode()).hexdigest()[:32]


@dataclass(frozen=True)
class Skip:
    """A part of a source that gives no article: where it is and why; `fault` when somebody has to repair it.

    `unseen` means that it was not looked at: it may be there still, as it was imported before.
    """

    where: str
    why: str
    fault: bool = False
    unseen: bool = False


@dataclass(frozen=True)
class Reading:
    """Everything that one file or page gave. `unchanged` means that a server said so and nothing was read."""

    label: str
    origin: str
    digest: str = ""
    items: tuple[Item, ...] = ()
    skips: tuple[Skip, ...] = ()
    unchanged: bool = False
    validators: Mapping[str, str] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        """Whether nothing could be read, so that nothing can be said about what is missing now."""
        return not self.items and not self.unchanged and any(skip.fault for skip in self.skips)


class Action(StrEnum):
    """What an import did with an item or an article."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"
    CONFLICT = "conflict"
    MISSING = "missing"
    RETIRED = "retired"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One line of the report; `why` says what somebody should know or do."""

    action: Action
    source: str
    where: str = ""
    article: str = ""
    language: str = ""
    state: str = ""
    why: str = ""

    def plain(self) -> dict[str, str]:
        return {key: str(value) for key, value in asdict(self).items() if value}
