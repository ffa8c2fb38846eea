"""An answer in shorter words is said when the knowledge base has some in time; else the answer as it stands."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from bot.knowledge import Hit, KnowledgeBase, read_hit
from tests.bot.far_side import FarSide

PLAIN, SHORT = "仓库验收后 1–2 个工作日内退款。", "验收后 1–2 个工作日退款。"
HIT = {"article": "a", "language": "zh", "title": "t", "answer": PLAIN, "score": 1.0, "probability": 0.9}


class WriterServer(FarSide):
    """Answers /rewrite with what a test wants."""

    said: Any = None

    def answer(self, *_request: Any) -> tuple[int, Any]:
        return (200, self.said) if self.said is not None else (503, {"error": {"code": "no_generation"}})


@pytest.fixture
def server() -> Iterator[WriterServer]:
    server = WriterServer()
    yield server
    server.server.shutdown()


def answered(server: WriterServer, hit: Hit) -> str:
    async def ask() -> str:
        kb = KnowledgeBase(server.url, timeout=5)
        await kb.open()
        try:
            return await kb.answer(hit, text="多久能退款", tenant="demo", channel="wechat")
        finally:
            await kb.close()

    return asyncio.run(ask())


def offered(within_s: float) -> Hit:
    return read_hit({**HIT, "rewrite_within_s": within_s})


def test_shorter_words_are_asked_for_where_they_are_offered(server: WriterServer) -> None:
    server.said = {"decision": "written", "generation": "g-1", "text": SHORT}
    assert answered(server, offered(2.0)) == SHORT
    assert server.bodies == [
        {"text": "多久能退款", "tenant": "demo", "article": "a", "language": "zh", "channel": "wechat"}
    ]
    assert answered(server, read_hit(HIT)) == PLAIN
    assert len(server.bodies) == 1


@pytest.mark.parametrize(
    "said",
    [
        None,
        [],
        {},
        {"decision": "plain", "reason": "timeout", "text": "x"},
        {"decision": "written"},
        {"decision": "written", "text": ""},
        {"decision": "written", "text": 5},
    ],
    ids=repr,
)
def test_whatever_else_comes_the_answer_is_said_as_it_stands(server: WriterServer, said: Any) -> None:
    """F-81."""
    server.said = said
    assert answered(server, offered(2.0)) == PLAIN


def test_a_knowledge_base_that_hangs_or_is_gone_costs_no_answer(server: WriterServer) -> None:
    server.mode = "garbage"
    assert answered(server, offered(2.0)) == PLAIN
    server.said, server.delay = {"decision": "written", "text": SHORT}, 1.5
    server.mode = "ok"
    assert answered(server, offered(0.1)) == PLAIN


def test_an_offer_of_another_shape_is_another_shape() -> None:
    with pytest.raises(ValueError, match="soon"):
        read_hit({**HIT, "rewrite_within_s": "soon"})
