"""What a customer does not want is not answered with how to get it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from kb_index.articles.model import Audience
from kb_index.confidence.calibration import uncalibrated
from kb_index.confidence.decision import Action, decide
from kb_index.confidence.vague import refuses
from kb_index.evaluation.contract import DAY
from kb_index.evaluation.questions import read_articles
from kb_index.index.remembering import Remembering
from kb_index.search.asking import questions_of
from kb_index.search.assemble import assemble
from kb_index.text.folding import fold, tokens
from tests.kb_index.evaluation.spelled_encoder import SpelledEncoder
from tests.kb_index.evaluation.test_evaluation_contract import write_lines


@pytest.mark.parametrize(
    "text",
    [
        "I do not want a refund",
        "please don't cancel my order",
        "no need for an invoice",
        "我不要退款",
        "别取消我的订单",
    ],
)
def test_a_refusal_is_told(text: str) -> None:
    assert refuses(tokens(fold(text)))


@pytest.mark.parametrize(
    "text", ["why don't you want my card", "退款", "这张卡不用了，怎么删掉", "I do want a refund", "I cannot sign in"]
)
def test_what_asks_or_reports_is_no_refusal(text: str) -> None:
    assert not refuses(tokens(fold(text)))


def test_a_refusal_leads_to_a_question_unless_the_article_is_about_it(tmp_path: Path) -> None:
    lines = [
        {"id": "refund", "language": "en", "questions": ["want a refund"], "answer": ""},
        {"id": "adverts", "language": "en", "questions": ["I do not want adverts"], "answer": ""},
    ]
    embed = Remembering(SpelledEncoder()).encode
    index = assemble(read_articles(write_lines(tmp_path / "a.jsonl", lines)), [], embed=embed)  # type: ignore[arg-type]
    bold = replace(uncalibrated(), threshold=0.0, close=2.0)
    actions = {}
    for text in ("want a refund", "i do not want a refund", "i do not want adverts"):
        question = questions_of([text], index, embed)[0]
        ranking = index.rank(question, language="en", audience=Audience.PUBLIC, day=DAY)
        actions[text] = decide(ranking, index, bold)[0].action
    assert list(actions.values()) == [Action.ANSWER, Action.CLARIFY, Action.ANSWER]
