"""What is to be done with an item: compared are the source, what it became before, and what the article says now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from kb_index.articles.model import Article, State
from kb_index.importing.drafting import Drafted, content_of
from kb_index.importing.ledger import Record
from kb_index.importing.model import Action, Item, Reading

ASIDE = "-imported"
Key = tuple[str, str]


@dataclass(frozen=True)
class Step:
    """One decision: `article` is what is to be written, None when nothing is."""

    action: Action
    reading: Reading
    item: Item
    drafted: Drafted
    article: Article | None = None
    why: str = ""
    aside: bool = False

    @property
    def key(self) -> Key | None:
        """The article that the report names: what is written, else what the item became."""
        named = self.article or self.drafted.article
        return (named.id, named.language) if named is not None else None


def decide(reading: Reading, item: Item, drafted: Drafted, record: Record | None, now: Mapping[Key, Article]) -> Step:
    """The pure decision; `now` are all articles of the target."""
    article = drafted.article
    if article is None:
        return Step(Action.FAILED, reading, item, drafted, why=drafted.wrong)
    current = now.get((article.id, article.language))
    if record is not None and record.incoming == drafted.digest and not record.missing:
        why = "" if current is not None else "it was deleted since, and comes back when its source changes"
        return Step(Action.UNCHANGED if current is not None else Action.SKIPPED, reading, item, drafted, why=why)
    if current is None:
        return Step(Action.CREATED, reading, item, drafted, article)
    if content_of(current) == content_of(article) and current.state is not State.RETIRED:
        return Step(Action.UNCHANGED, reading, item, drafted)
    why = _reason_to_keep(current, record)
    if not why:
        return Step(Action.UPDATED, reading, item, drafted, article)
    return beside(Step(Action.CONFLICT, reading, item, drafted, article, why), record, now)


def _reason_to_keep(current: Article, record: Record | None) -> str:
    """Why an article must not be overwritten; empty when it is as an import left it."""
    if record is None:
        return "an article with this id was not imported from here"
    if content_of(current) != record.written:
        return "it was edited by a person since it was imported"
    if current.state is State.RETIRED and not record.missing:
        return "it was retired by a person since it was imported"
    return ""


def beside(step: Step, record: Record | None, now: Mapping[Key, Article]) -> Step:
    """The same step with the new version as a draft beside the article, which stays as it is."""
    article = step.drafted.article
    assert article is not None
    aside = replace(article, id=article.id[: 64 - len(ASIDE)].rstrip("-") + ASIDE, state=State.DRAFT)
    there = now.get((aside.id, aside.language))
    edited = there is not None and there.state is not State.RETIRED
    edited = edited and content_of(there) not in (record.aside_written if record else "", content_of(aside))
    if edited:
        why = f"{step.why}; {aside.id}, the version beside it, was edited too: merge them, then import again"
        return replace(step, action=Action.CONFLICT, article=None, why=why, aside=True)
    why = f"{step.why}; the new version is the draft {aside.id}: merge them, then retire it"
    return replace(step, article=aside, why=why, aside=True)
