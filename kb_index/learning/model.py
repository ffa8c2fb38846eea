"""What people teach: single events as they are reported, and what is known about one question from all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

NOTHING_ASKED = "nothing asked"
"""The rule of a decision about a greeting or thanks; there is nothing to learn from it."""


class Kind(StrEnum):
    """What happened.

    asked: the bot decided about a question. thumb: the customer judged its answer. chose: he took one of the articles
    that a clarifying question offered. picked: an agent sent an article. handoff: a person was asked for. resolved:
    the person is done.
    """

    ASKED = "asked"
    THUMB = "thumb"
    CHOSE = "chose"
    PICKED = "picked"
    HANDOFF = "handoff"
    RESOLVED = "resolved"


class Why(StrEnum):
    """Why a question counts as unanswered; the first that holds. corrected: an agent sent another article."""

    THUMB_DOWN = "thumb_down"
    CORRECTED = "corrected"
    HANDED_OFF = "handed_off"
    ABSTAINED = "abstained"
    CLARIFIED = "clarified"


@dataclass(frozen=True, kw_only=True)
class Feedback:
    """One event, already without personal data.

    `question` is the number of the customer's entry that asked; events about one question share it. `features` are
    those of the decision, `article` is what was judged, chosen or picked, `right` whether it answers the question.
    `answer` is what an agent sent and `original` the article's text, if he changed it.
    """

    tenant: str
    event: str
    kind: Kind
    conversation: str
    at: datetime
    question: int
    text: str
    language: str
    generation: str | None = None
    action: str | None = None
    probability: float | None = None
    threshold: float | None = None
    margin: float | None = None
    rule: str | None = None
    features: tuple[float, ...] | None = None
    shown: tuple[str, ...] = ()
    article: str | None = None
    right: bool | None = None
    reason: str | None = None
    entry: int | None = None
    agent: str | None = None
    answer: str | None = None
    original: str | None = None
    wrap_up: str | None = None


@dataclass(frozen=True)
class Reply:
    """What an agent answered, and where it stands in the conversation."""

    text: str
    entry: int
    agent: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Lesson:
    """One question with what is known of it by now.

    `shown` is the article that the bot ranked first, `right` one that is known to answer, `wrong` one that is known
    not to. `why` is None when the question was answered, or nothing was asked. `closed` says that nobody will add
    anything any more. `vector` is that of the text, as bytes of float16, when it was kept.
    """

    tenant: str
    conversation: str
    question: int
    at: datetime
    text: str
    language: str
    generation: str | None
    action: str | None
    probability: float | None
    shown: str | None
    right: str | None
    wrong: str | None
    why: Why | None
    reply: Reply | None
    wrap_up: str | None
    vector: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Taught:
    """How many judgements a tenant's confidence was fitted on, the newest of them, and when; plain, for manifests."""

    judged: int = 0
    newest: str = ""
    at: str = ""


class State(StrEnum):
    """Of a draft: open until it is published, discarded, or its conversation is erased."""

    OPEN = "open"
    PUBLISHED = "published"
    DISCARDED = "discarded"


@dataclass(frozen=True)
class Asked:
    """A customer's wording that a draft takes up; conversation is None when an editor wrote it."""

    text: str
    conversation: str | None = None


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A proposed article, or with `extends` more questions for an article that exists.

    `provenance` holds conversation, entry, agent and at of the answer it was made from. `accepted` are the changes
    for the worse that somebody accepted: key of the change → who and when.
    """

    tenant: str
    id: str
    state: State
    article: str
    language: str
    title: str
    category: str
    questions: tuple[Asked, ...]
    answer: str
    extends: bool
    provenance: Mapping[str, Any] = field(hash=False)
    created_by: str
    created_at: datetime
    accepted: Mapping[str, Mapping[str, str]] = field(default_factory=dict, hash=False)
    closed_by: str | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True)
class Golden:
    """A question that must go on being answered with `article`, or `also`; with None it must not be answered."""

    text: str
    article: str | None
    language: str
    also: tuple[str, ...] = ()

    @property
    def right(self) -> frozenset[str]:
        return frozenset({*self.also, *([self.article] if self.article else [])})
