"""What editors do with what was learned: look at gaps, make drafts, replay, accept, publish."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

import numpy as np
import sqlalchemy as sa

from kb_index.articles.editing import Desk
from kb_index.articles.model import Article, Audience
from kb_index.errors import DraftClosed, GetsWorse, UnknownDraft
from kb_index.index.generation import GenerationStore
from kb_index.index.remembering import Remembering
from kb_index.learning import drafts, store
from kb_index.learning.feedback import oldest_kept, packed, unpacked
from kb_index.learning.gaps import Gap, find_gaps
from kb_index.learning.golden import golden_of
from kb_index.learning.lessons import lessons
from kb_index.learning.likeness import Likeness
from kb_index.learning.model import Draft, Lesson, State
from kb_index.learning.proposals import Placed, place
from kb_index.learning.replay import (
    Replay,
    golden_questions,
    over,
    past_questions,
    replay,
    with_draft,
)
from kb_index.search.understand import Asked, Hit, Knowledge, Understanding
from kb_index.settings import Settings
from kb_index.text.collections import read_background
from kb_index.text.folding import fold

MOST_PAST = 2000
"""Past questions that a replay asks again, the latest first."""

MOST_TRIED = 8
"""Articles that are named when somebody tries a question."""

MOST_LEARNED_FROM = 1500
"""Questions of articles that the likeness is learned from."""


@dataclass(frozen=True)
class Found:
    """A gap with the article that comes nearest to it; None when there are no articles."""

    gap: Gap
    nearest: Hit | None


@dataclass(frozen=True)
class Both:
    """What becomes of a question now, and what would with a draft."""

    live: Understanding
    draft: Understanding


class Workbench:
    """Over the articles' desk, with its database, and what is served now. Everything blocks; call it from a thread."""

    def __init__(
        self,
        settings: Settings,
        desk: Desk,
        *,
        knowledge: Callable[[], Knowledge],
        now: Callable[[], datetime],
        replaying: Callable[[str, Article, date], Replay] | None = None,
    ) -> None:
        """`replaying` replays an article elsewhere; without it that is done here."""
        self.database = desk.stores.database
        self._settings = settings
        self._desk = desk
        self._knowledge = knowledge
        self._today = desk.day
        self._now = now
        self._replaying = replaying or (lambda tenant, article, _: self.replay_article(tenant, article))
        self._likeness: dict[tuple[str, str], Likeness] = {}

    def lessons(self, tenant: str, *, days: int | None = None, model: str | None = None) -> list[Lesson]:
        """What was learned in the last days, at most in those that are kept."""
        kept = self._settings.feedback_days
        since = oldest_kept(self._now(), min(days or kept, kept))
        with self.database.read() as connection:
            return list(lessons(store.events(connection, tenant, since=since, model=model)))

    def gaps(self, tenant: str, *, days: int = 90, most: int = 100) -> list[Found]:
        """Gaps of the last days, the most asked first. Raises UnknownTenant, NoGeneration."""
        knowledge = self._knowledge()
        knowledge.tenant(tenant)
        unanswered = [
            lesson for lesson in self.lessons(tenant, days=days, model=knowledge.generation.model) if lesson.why
        ]
        if not unanswered:
            return []
        vectors = self._vectors(tenant, unanswered, knowledge)
        found = find_gaps(unanswered, vectors, self._likeness_of(tenant, knowledge), now=self._now())
        return [Found(gap, self._nearest(tenant, gap, knowledge)) for gap in found[:most]]

    def _vectors(self, tenant: str, wanted: Sequence[Lesson], knowledge: Knowledge) -> Any:
        """A unit row per lesson; what had no vector of this model gets one, and keeps it."""
        missing = [lesson for lesson in wanted if lesson.vector is None]
        made = packed(knowledge.encoder.encode([fold(lesson.text) for lesson in missing])) if missing else []
        fresh = {(one.conversation, one.question): vector for one, vector in zip(missing, made, strict=True)}
        if fresh:
            with self.database.write() as connection:
                store.keep_vectors(connection, tenant, knowledge.generation.model, fresh)
        rows = [unpacked(one.vector or fresh[one.conversation, one.question]) for one in wanted]
        matrix = np.array(rows, dtype=np.float32).reshape(len(rows), -1)
        return matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-9)

    def _likeness_of(self, tenant: str, knowledge: Knowledge) -> Likeness:
        """Learned once per generation."""
        key = (tenant, knowledge.generation.name)
        if key not in self._likeness:
            asked = [
                (fold(question), article.id, article.language)
                for article in sorted(knowledge.tenant(tenant).index.published, key=_shuffled)
                for question in article.questions
            ][:MOST_LEARNED_FROM]
            texts, articles, languages = zip(*asked, strict=True) if asked else ((), (), ())
            vectors = knowledge.encoder.encode(list(texts)) if asked else np.zeros((0, 1), np.float32)
            self._likeness = {key: Likeness.learn(vectors, articles, languages)}
        return self._likeness[key]

    def _nearest(self, tenant: str, gap: Gap, knowledge: Knowledge) -> Hit | None:
        asked = Asked(
            text=gap.title,
            tenant=tenant,
            audience=Audience.AGENTS,
            language=gap.examples[0].language,
            earlier=(),
            limit=1,
        )
        hits = knowledge.search(asked, day=self._today(), default_language=self._settings.default_language)
        return hits[0] if hits else None

    def propose(
        self,
        tenant: str,
        *,
        conversation: str,
        question: int,
        by: str,
        extends: str | None = None,
        gap: str | None = None,
    ) -> Draft:
        """A draft of an agent's answer, or with `extends` of a similar question; the same one when asked again.

        With `gap` the other wordings of that gap are taken up too. Raises UnknownDraft, DraftIncomplete.
        """
        told = f"{conversation}/{question}/{extends}"
        name = f"draft_{hashlib.sha256(told.encode()).hexdigest()[:16]}"
        with self.database.read() as connection:
            before = [one for one in store.all_drafts(connection, tenant) if one.id == name]
        if before:
            return before[0]
        found = {(one.conversation, one.question): one for one in self.lessons(tenant)}
        lesson = found.get((conversation, question))
        if lesson is None:
            raise UnknownDraft(tenant, f"from conversation {conversation}, question {question}")
        alike = next((one.gap for one in self.gaps(tenant) if one.gap.id == gap), None) if gap else None
        others = [found[one.conversation, one.question] for one in alike.examples] if alike else []
        draft = drafts.from_answer(
            lesson,
            others,
            draft=name,
            category=self._category(tenant, lesson),
            by=by,
            now=self._now(),
            extends=extends,
            gap=gap,
        )
        with self.database.write() as connection:
            store.add_draft(connection, draft)
            return store.find_draft(connection, tenant, name)

    def _category(self, tenant: str, lesson: Lesson) -> str:
        """That of the nearest article: a suggestion."""
        asked = Asked(
            text=lesson.text, tenant=tenant, audience=Audience.AGENTS, language=lesson.language, earlier=(), limit=1
        )
        hits = self._knowledge().search(asked, day=self._today(), default_language=self._settings.default_language)
        return hits[0].category if hits else ""

    def edit(self, tenant: str, draft: str, changes: Mapping[str, Any]) -> Draft:
        """Changes fields of an open draft. Raises UnknownDraft, DraftClosed."""
        with self.database.write() as connection:
            found = _open(store.find_draft(connection, tenant, draft))
            self._save(connection, found, **drafts.edited(found, changes))
            return store.find_draft(connection, tenant, draft)

    def discard(self, tenant: str, draft: str, *, by: str) -> Draft:
        """Closes an open draft without publishing it. Raises UnknownDraft, DraftClosed."""
        with self.database.write() as connection:
            found = _open(store.find_draft(connection, tenant, draft))
            self._save(connection, found, state=str(State.DISCARDED), closed_by=by, closed_at=self._now())
            return store.find_draft(connection, tenant, draft)

    def _save(self, connection: sa.Connection, draft: Draft, **values: Any) -> None:
        """Change a draft that is open and that nobody is publishing; raises DraftClosed."""
        if not store.save_draft(connection, draft, only_in=State.OPEN, unclaimed_at=self._now(), **values):
            now = store.find_draft(connection, draft.tenant, draft.id)
            raise DraftClosed(draft.id, "being published" if now.state is State.OPEN else now.state)

    def replay(self, tenant: str, draft: str) -> Replay:
        """What would change. Raises UnknownDraft, DraftIncomplete, UnknownTenant, UnknownArticle, NoGeneration."""
        with self.database.read() as connection:
            found = store.find_draft(connection, tenant, draft)
        published = self._knowledge().tenant(tenant).index.published
        day = self._today()
        return self._replaying(tenant, drafts.tentative(found, published, day=day), day)

    def replay_article(self, tenant: str, article: Article) -> Replay:
        """What would change if this version of an article were published. Raises UnknownTenant, NoGeneration."""
        knowledge = self._knowledge()
        knowledge = replace(knowledge, encoder=self._remembering(knowledge))
        past = sorted(self.lessons(tenant), key=lambda lesson: lesson.at, reverse=True)[:MOST_PAST]
        with self.database.read() as connection:
            golden = golden_of(connection, tenant, self._settings.evaluation)
        return replay(
            knowledge,
            tenant,
            with_draft(knowledge.tenant(tenant).index.published, article),
            [*golden_questions(golden), *past_questions(past)],
            background=read_background(self._settings.background),
            day=self._today(),
            default_language=self._settings.default_language,
        )

    def try_article(self, tenant: str, article: Article, text: str, language: str | None) -> Both:
        """A question asked of what is served, and as if this version were. Raises UnknownTenant, NoGeneration."""
        knowledge = self._knowledge()
        live = replace(knowledge, encoder=self._remembering(knowledge))
        articles = with_draft(live.tenant(tenant).index.published, article)
        draft = over(live, tenant, articles, background=read_background(self._settings.background))
        asked = Asked(
            text=text, tenant=tenant, audience=Audience.PUBLIC, language=language, earlier=(), limit=MOST_TRIED
        )
        options: dict[str, Any] = {
            "day": self._today(),
            "default_language": self._settings.default_language,
            "unhappy_threshold": self._settings.unhappy_threshold,
        }
        return Both(live.understand(asked, **options), draft.understand(asked, **options))

    def _remembering(self, knowledge: Knowledge) -> Remembering:
        """An encoder that knows what the generation has embedded already."""
        kept = GenerationStore.of(self._settings).stored_vectors(
            knowledge.generation.name, model=knowledge.generation.model
        )
        return Remembering(knowledge.encoder, known=lambda text: kept.get(hashlib.sha256(text.encode()).digest()))

    def accept(self, tenant: str, draft: str, changes: Sequence[str], *, by: str) -> Draft:
        """Notes that somebody accepts these changes for the worse. Raises UnknownDraft, DraftClosed."""
        with self.database.write() as connection:
            found = _open(store.find_draft(connection, tenant, draft))
            noted = {key: {"by": by, "at": self._now().isoformat()} for key in changes}
            self._save(connection, found, accepted={**noted, **found.accepted})
            return store.find_draft(connection, tenant, draft)

    def publish(self, tenant: str, draft: str, *, by: str) -> tuple[Draft, Placed]:
        """Replays once more, then publishes the article or writes it as a proposal.

        Meanwhile nobody else can change, discard or publish the draft. Raises GetsWorse while a change for the worse is
        not accepted; UnknownDraft, DraftClosed, DraftIncomplete.
        """
        with self.database.write() as connection:
            found = _open(store.find_draft(connection, tenant, draft))
            self._save(connection, found, closed_by=by, closed_at=self._now())
        try:
            placed = self._placed(tenant, found, by=by)
        except BaseException:
            with self.database.write() as connection:
                store.save_draft(connection, found, only_in=State.OPEN, closed_by=None, closed_at=None)
            raise
        with self.database.write() as connection:
            store.save_draft(connection, found, state=str(State.PUBLISHED), closed_by=by, closed_at=self._now())
            return store.find_draft(connection, tenant, draft), placed

    def _placed(self, tenant: str, found: Draft, *, by: str) -> Placed:
        """The article of a draft, where it belongs, unless that makes answers worse."""
        published = self._knowledge().tenant(tenant).index.published
        day = self._today()
        article = drafts.as_article(found, published, day=day)
        worse = self._replaying(tenant, article, day).worse
        refused = [change.key for change in worse if change.key not in found.accepted]
        if refused:
            raise GetsWorse(refused)
        return place(self._desk, self._settings.store, found, article, by=by, now=self._now())


def _open(draft: Draft) -> Draft:
    """Raises DraftClosed."""
    if draft.state is not State.OPEN:
        raise DraftClosed(draft.id, draft.state)
    return draft


def _shuffled(article: Article) -> str:
    """An order in which the first articles are a fair sample, and which is always the same."""
    return hashlib.sha256(article.id.encode()).hexdigest()
