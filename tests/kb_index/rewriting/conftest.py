from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from datetime import date

import pytest

from kb_index.articles.model import Article, Audience
from kb_index.rewriting.endpoint import ChatEndpoint
from kb_index.rewriting.writer import Writer
from tests.kb_index.rewriting.far_writer import PASSAGES, FarWriter, far_writer

SECRET = "sk-not-for-any-log"


@pytest.fixture
def far() -> Iterator[FarWriter]:
    with far_writer() as far:
        yield far


@pytest.fixture
async def writer(far: FarWriter) -> AsyncIterator[Writer]:
    """A writer that asks the far side with a short patience, and never stops trying."""
    writer = Writer(
        ChatEndpoint(far.url, model="small", api_key=SECRET, timeout_s=2.0), within_s=2.0, clock=_always_later()
    )
    yield writer
    await writer.close()


def _always_later() -> Callable[[], float]:
    """A clock on which any pause is over at the next look."""
    hours = iter(range(0, 10**9, 3600))
    return lambda: float(next(hours))


def article_with(answer: str, language: str = "zh", **changes: object) -> Article:
    values: dict[str, object] = {
        "tenant": "shop",
        "id": "refund-timing",
        "language": language,
        "category": "returns",
        "title": "t",
        "questions": ("q",),
        "audience": Audience.PUBLIC,
        "owner": "team",
        "valid_from": date(2026, 1, 1),
        "review_by": date(2030, 1, 1),
        "answer": answer,
        **changes,
    }
    return Article(**values)  # type: ignore[arg-type]


@pytest.fixture(params=["zh", "en"])
def article(request: pytest.FixtureRequest) -> Article:
    return article_with(PASSAGES[request.param], request.param)
