"""Writing an answer anew: what is sent, and that nothing an endpoint does costs more than its time limit."""

from __future__ import annotations

import asyncio
import json

import pytest

from kb_index.articles.model import Article
from kb_index.rewriting.breaker import FAILURES, OPEN_S, Breaker
from kb_index.rewriting.endpoint import LARGEST_REPLY, ChatEndpoint, read_reply
from kb_index.rewriting.plain_text import flaw
from kb_index.rewriting.writer import Writer
from kb_index.search.understand import Knowledge
from kb_index.settings import Settings
from tests.kb_index.rewriting.conftest import SECRET, article_with
from tests.kb_index.rewriting.far_writer import (
    FAITHFUL,
    PASSAGES,
    Answer,
    FarWriter,
    completion,
    drip,
    flood,
    never,
    raw,
)

SOON_S = 0.3


async def test_a_faithful_rewording_is_sent(
    far: FarWriter, writer: Writer, article: Article, knowledge: Knowledge
) -> None:
    far.answer = completion(FAITHFUL[article.language])
    written = await writer.rewrite("q", article, channel=None, encoder=knowledge.encoder)
    assert (written.decision, written.text) == ("written", FAITHFUL[article.language])


BROKEN: dict[str, tuple[Answer, str]] = {
    "silence": (never, "timeout"),
    "drip": (drip, "timeout"),
    "flood": (flood, "too large"),
    "huge": (completion("x" * LARGEST_REPLY), "too large"),
    "html": (raw(b"<html>login</html>", **{"content-type": "text/html"}), "another shape"),
    "empty": (raw(b""), "another shape"),
    "list": (raw(b"[]"), "another shape"),
    "no choice": (raw(b'{"choices": []}'), "another shape"),
    "null": (raw(b'{"choices": [{"message": {"content": null}}]}'), "another shape"),
    "nested": (raw(b"[" * 60_000), "another shape"),
    "binary": (raw(bytes(range(256))), "another shape"),
    "stream": (raw(b'data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: [DONE]\n\n'), "another shape"),
    "gzip": (raw(b"\x1f\x8b\x08\x00", **{"content-encoding": "gzip"}), "another shape"),
    "tool": (completion("", tool_calls=[{"function": {"name": "refund"}}]), "another shape"),
    "429": (raw(b"{}", 429), "status 429"),
    "500": (raw(b"oops", 500), "status 500"),
    "201": (raw(b"{}", 201), "status 201"),
    "moved": (raw(b"", 302, location="http://127.0.0.1:9/v1"), "status 302"),
    "moved for good": (raw(b"", 308, location="/v1/other"), "status 308"),
    "nothing": (completion(""), "empty"),
    "surrogate": (raw(b'{"choices": [{"message": {"content": "\\ud800"}}]}'), "unseen characters"),
}


@pytest.mark.parametrize("kind", BROKEN)
async def test_a_broken_endpoint_costs_at_most_its_time_and_the_plain_answer_is_sent(
    kind: str, far: FarWriter, article: Article, knowledge: Knowledge
) -> None:
    far.answer, reason = BROKEN[kind]
    patience = SOON_S if kind in ("silence", "drip") else 5.0
    writer = Writer(ChatEndpoint(far.url, model="m", api_key=None, timeout_s=patience), within_s=patience)
    async with asyncio.timeout(patience + 5):
        written = await writer.rewrite("q", article, channel=None, encoder=knowledge.encoder)
    assert (written.text, written.decision, written.reason) == (article.answer, "plain", reason)
    assert len(far.requests) == 1, "no redirect is followed, nothing is tried twice"
    await writer.close()


async def test_an_endpoint_that_is_not_there_is_no_error(article: Article, knowledge: Knowledge) -> None:
    writer = Writer(ChatEndpoint("http://127.0.0.1:9/v1", model="m", api_key=None, timeout_s=2), within_s=2)
    written = await writer.rewrite("q", article, channel=None, encoder=knowledge.encoder)
    assert (written.text, written.reason) == (article.answer, "ConnectError")
    await writer.close()


async def test_others_are_served_while_one_waits(far: FarWriter, article: Article, knowledge: Knowledge) -> None:
    far.answer = never
    endpoint = ChatEndpoint(far.url, model="m", api_key=None, timeout_s=SOON_S)
    writer = Writer(endpoint, within_s=SOON_S, at_once=1)
    slow = asyncio.create_task(writer.rewrite("q", article, channel=None, encoder=knowledge.encoder))
    while not far.requests:
        await asyncio.sleep(0.01)
    assert not slow.done()
    busy = await writer.rewrite("q", article, channel=None, encoder=knowledge.encoder)
    assert (busy.text, busy.reason) == (article.answer, "busy")
    assert (await slow).reason == "timeout"
    far.answer = completion(FAITHFUL[article.language])
    assert (await writer.rewrite("q", article, channel=None, encoder=knowledge.encoder)).decision == "written"
    await writer.close()


async def test_who_goes_away_gives_his_place_back(far: FarWriter, article: Article, knowledge: Knowledge) -> None:
    far.answer = never
    writer = Writer(ChatEndpoint(far.url, model="m", api_key=None, timeout_s=10), within_s=10, at_once=1)
    gone = asyncio.create_task(writer.rewrite("q", article, channel=None, encoder=knowledge.encoder))
    while not far.requests:
        await asyncio.sleep(0.01)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    far.answer = completion(FAITHFUL[article.language])
    assert (await writer.rewrite("q", article, channel=None, encoder=knowledge.encoder)).decision == "written"
    await writer.close()


async def test_an_endpoint_that_keeps_failing_is_left_alone(
    far: FarWriter, article: Article, knowledge: Knowledge
) -> None:
    now = [0.0]
    far.answer = raw(b"{}", 503)
    endpoint = ChatEndpoint(far.url, model="m", api_key=None, timeout_s=5)
    writer = Writer(endpoint, within_s=5, clock=lambda: now[0])

    async def reason() -> str | None:
        return (await writer.rewrite("q", article, channel=None, encoder=knowledge.encoder)).reason

    assert [await reason() for _ in range(FAILURES + 2)] == ["status 503"] * FAILURES + ["endpoint left alone"] * 2
    assert len(far.requests) == FAILURES
    now[0] += OPEN_S
    assert [await reason(), await reason()] == ["status 503", "endpoint left alone"]
    now[0] += OPEN_S
    far.answer = completion(FAITHFUL[article.language])
    assert [await reason(), await reason()] == [None, None]
    await writer.close()


def test_a_breaker_lets_one_try_and_another_when_that_one_went_away() -> None:
    now = [0.0]
    breaker = Breaker(lambda: now[0])
    for _ in range(FAILURES):
        breaker.failed()
    now[0] = OPEN_S
    assert [breaker.admits(), breaker.admits()] == [True, False]
    breaker.gave_up()
    assert breaker.admits()
    breaker.worked()
    assert [breaker.admits(), breaker.admits()] == [True, True]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"quote_only": True}, "quote only"),
        ({"answer": "短。"}, "length of the passage"),
        ({"answer": "退款。" * 1000}, "length of the passage"),
        ({"tenant": "other"}, "not for this tenant"),
    ],
)
async def test_what_must_stay_as_it_is_is_not_even_sent_to_the_endpoint(
    changes: dict[str, object], reason: str, far: FarWriter, knowledge: Knowledge
) -> None:
    article = article_with(**{"answer": PASSAGES["zh"], **changes})  # type: ignore[arg-type]
    endpoint = ChatEndpoint(far.url, model="m", api_key=None, timeout_s=5)
    writer = Writer(endpoint, within_s=5, tenants={"shop"})
    written = await writer.rewrite("q", article, channel=None, encoder=knowledge.encoder)
    assert (written.text, written.reason, far.requests) == (article.answer, reason, [])


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("退款需要 3 天。", None),
        ("", "empty"),
        ("退" * 200, "too long"),
        ("退款\u202e需要 3 天。", "unseen characters"),
        ("退款\x1b[31m需要 3 天。", "unseen characters"),
        ("<b>退款</b>需要 3 天。", "markup"),
        ("**退款**需要 3 天。", "markup"),
        ("# 退款需要 3 天。", "markup"),
        ("[退款](x)需要 3 天。", "markup"),
        ("退款需要 3 天，见 shop.example/x。", "address"),
        ("退款需要 3 天 😀", "symbol"),
        ("退款需要 3 天吗？", "question"),
        ("The refund takes 3 days.", "language"),
        ("参考号 C-4-N-A-R-Y。", "canary"),
        ("参考号 yran4c。", "canary"),
    ],
)
def test_the_form_of_a_written_answer(text: str, reason: str | None) -> None:
    passage = "退款申请通过后，退款一般需要 3 天到账。"
    assert flaw(text, passage, "zh", longest=100, canary="c4nary") == reason


def test_a_link_of_the_passage_may_stay() -> None:
    passage = "Open https://shop.example/help and choose Returns."
    assert flaw("Choose Returns on https://shop.example/help.", passage, "en", longest=100, canary="c4nary") is None


def test_a_cut_completion_is_not_used() -> None:
    choice = {"message": {"content": "退款需要"}, "finish_reason": "length"}
    assert read_reply(json.dumps({"choices": [choice]}).encode()).problem == "cut short"


GOOD = {"writer_url": "https://llm.example/v1", "writer_model": "m", "writer_api_key": SECRET}


@pytest.mark.parametrize(
    "changes",
    [
        {"writer_url": "ftp://llm.example/v1"},
        {"writer_url": "file:///etc/passwd"},
        {"writer_url": "https://user:word@llm.example/v1"},
        {"writer_url": "https://llm.example/v1?key=1"},
        {"writer_url": "http://llm.example/v1"},
        {"writer_model": ""},
        {"writer_timeout_s": 0},
        {"writer_timeout_s": 60},
    ],
)
def test_settings_that_would_leak_or_hang_are_refused_without_showing_the_key(changes: dict[str, object]) -> None:
    assert Writer.of(Settings.model_validate(GOOD)) is not None
    with pytest.raises(ValueError, match=r"writer|WRITER") as refusal:
        Settings.model_validate({**GOOD, **changes})
    assert SECRET not in str(refusal.value)


def test_it_is_off_unless_an_endpoint_is_set() -> None:
    assert Writer.of(Settings()) is None
    assert SECRET not in repr(Settings.model_validate(GOOD))
