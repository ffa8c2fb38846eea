"""The life of an article: draft → published → retired. Nothing else decides on a state."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from kb_index.articles.model import Article, State, plain
from kb_index.errors import IllegalStep


class Verb(StrEnum):
    """What people do to an article."""

    CREATE = "create"
    EDIT = "edit"
    PUBLISH = "publish"
    RETIRE = "retire"
    ROLL_BACK = "roll-back"
    DELETE = "delete"


_OPEN = {Verb.EDIT: State.DRAFT, Verb.ROLL_BACK: State.DRAFT, Verb.PUBLISH: State.PUBLISHED}
TRANSITIONS: dict[State | None, dict[Verb, State]] = {
    None: {Verb.CREATE: State.DRAFT},
    State.DRAFT: {**_OPEN, Verb.RETIRE: State.RETIRED, Verb.DELETE: State.RETIRED},
    State.PUBLISHED: {Verb.EDIT: State.DRAFT, Verb.ROLL_BACK: State.DRAFT, Verb.RETIRE: State.RETIRED},
    State.RETIRED: {**_OPEN, Verb.DELETE: State.RETIRED},
}


def after(state: State | None, verb: Verb) -> State:
    """The state after a verb; raises IllegalStep and names what is possible instead."""
    possible = TRANSITIONS[state]
    if verb not in possible:
        raise IllegalStep(str(verb), str(state) if state else "not there", [str(each) for each in possible])
    return possible[verb]


def served_after(verb: Verb, *, revision: int, served: int | None) -> int | None:
    """Which revision customers see after a verb: a draft changes nothing for them."""
    if verb is Verb.PUBLISH:
        return revision
    return None if verb in (Verb.RETIRE, Verb.DELETE) else served


@dataclass(frozen=True, kw_only=True)
class Change:
    """One verb on one article by one person; `revision` is the one that the person looked at, None to create.

    `article` holds the new content of create and edit, `to` the revision that a roll back brings back. A change
    with an `op` takes effect once, however often it arrives.
    """

    verb: Verb
    tenant: str
    id: str
    language: str
    actor: str
    at: datetime
    why: str = ""
    revision: int | None = None
    article: Article | None = None
    to: int | None = None
    op: str | None = None

    @property
    def fingerprint(self) -> str:
        """Tells a repetition from another change under the same op; the time and the reason do not count."""
        content = plain(self.article) if self.article is not None else None
        said = [self.verb, self.id, self.language, self.actor, self.revision, self.to, content]
        return hashlib.sha256(json.dumps(said, ensure_ascii=False, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Kept:
    """An article as an editor sees it: the newest content, its revision, and which revision customers see."""

    article: Article
    revision: int
    served: int | None
    changed_by: str
    changed_at: datetime | None

    @property
    def state(self) -> State:
        return self.article.state


@dataclass(frozen=True)
class Revision:
    """One step of an article's history; content is None when the article was deleted since."""

    number: int
    state: State
    action: str
    actor: str
    why: str
    at: datetime
    article: Article | None


def in_state(article: Article, state: State) -> Article:
    """The same content in another state."""
    return article if article.state is state else replace(article, state=state)
