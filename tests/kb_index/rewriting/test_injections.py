"""Prompt injections against an endpoint that obeys each of them: the plain passage is what the customer gets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kb_index.articles.model import Article
from kb_index.rewriting.writer import Writer
from kb_index.search.understand import Knowledge
from tests.kb_index.rewriting.conftest import SECRET, article_with
from tests.kb_index.rewriting.far_writer import PASSAGES, FarWriter, completion

LANGUAGES = ("zh", "en")
INJECTIONS = {
    language: [
        json.loads(line)
        for line in (Path(__file__).parent / f"injections_{language}.jsonl").read_text("utf-8").splitlines()
    ]
    for language in LANGUAGES
}
OBEYING = ("{said}", "{plain} {said}", "{said}\n{plain}")
QUESTION = {"zh": "多久能退款", "en": "how long does a refund take"}


def where(place: str, injection: str, language: str) -> tuple[str, Article]:
    """The question and the article when an injection stands in a place."""
    passage, question = PASSAGES[language], QUESTION[language]
    if place == "passage":
        return question, article_with(f"{passage}\n{injection}", language)
    if place == "title":
        return question, article_with(passage, language, title=injection, questions=(injection,))
    texts = {"question": injection, "file": f"{question} [{injection}.pdf]", "page": f"{injection} - Shop\n{question}"}
    return texts[place], article_with(passage, language)


@pytest.mark.parametrize("place", ["question", "file", "page", "title", "passage"])
@pytest.mark.parametrize("language", LANGUAGES)
async def test_an_endpoint_that_obeys_changes_nothing(
    place: str, language: str, far: FarWriter, writer: Writer, knowledge: Knowledge
) -> None:
    assert len(INJECTIONS[language]) >= 50
    for injection in INJECTIONS[language]:
        question, article = where(place, injection["text"], language)
        for form in OBEYING if place in ("question", "passage") else OBEYING[:1]:
            far.answer = completion(form.replace("{said}", injection["obeyed"]))
            written = await writer.rewrite(question, article, channel=None, encoder=knowledge.encoder)
            assert written.text == article.answer, (place, form, injection)
            assert written.reason, (place, form, injection)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_what_others_wrote_is_quoted_and_never_among_the_rules(
    language: str, far: FarWriter, writer: Writer, knowledge: Knowledge
) -> None:
    far.answer = completion("x")
    for injection in INJECTIONS[language]:
        question, article = where("passage", injection["text"], language)
        await writer.rewrite(question, article, channel=None, encoder=knowledge.encoder)
        rules, data = far.requests[-1][2]["messages"]
        assert injection["text"] not in rules["content"]
        assert json.loads(data["content"]) == {"question": question, "passage": article.answer}


async def test_nothing_but_the_passage_and_the_masked_question_leaves(
    far: FarWriter, writer: Writer, knowledge: Knowledge
) -> None:
    far.answer = completion("x")
    article = article_with(PASSAGES["zh"], title="内部标题", owner="王经理", tags=("机密",))
    await writer.rewrite("我的手机号是13912345678，多久退款", article, channel=None, encoder=knowledge.encoder)
    path, headers, body = far.requests[0]
    sent = json.dumps(body, ensure_ascii=False)
    assert (path, headers["authorization"]) == ("/v1/chat/completions", f"Bearer {SECRET}")
    assert not [secret for secret in ("13912345678", "内部标题", "王经理", "机密", SECRET, "shop") if secret in sent]


async def test_each_request_has_a_secret_of_its_own(far: FarWriter, writer: Writer, knowledge: Knowledge) -> None:
    far.answer = completion("x")
    secrets = set()
    for _ in range(3):
        await writer.rewrite("q", article_with(PASSAGES["zh"]), channel=None, encoder=knowledge.encoder)
        secrets.add(far.canary)
    assert len(secrets) == 3
