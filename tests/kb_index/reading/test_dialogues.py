"""Own-written dialogues: follow-ups find the article that is meant, whole questions stay what they are.

Each line has the turns before ("@article" is the bot's answer with it), the message, and the articles that are right;
a stranger goes on with something that no article is about.
Lines with held_out were written after the weights had been chosen.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from kb_index.articles.model import Audience
from kb_index.confidence.decision import CHOICES, Action
from kb_index.index.contents import Tenant
from kb_index.index.embedding import DEFAULT_MODEL, load_encoder
from kb_index.reading.change import Kind
from kb_index.reading.follow_up import Said
from kb_index.search.attempts import Attempt, Search
from kb_index.text.folding import tokens
from kb_index.text.words import read_tokens
from tests.kb_index.reading.conftest import DAY, ROOT

DIALOGUES = [
    json.loads(line) for line in (ROOT / "tests/kb_index/reading/dialogues.jsonl").read_text("utf-8").splitlines()
]


def ask(demo: Tenant, dialogue: dict[str, Any], *, alone: bool = False) -> Attempt:
    language = dialogue["language"]
    answers = {article.id: article.answer for article in demo.index.articles if article.language == language}
    before = [
        Said("bot", answers[said[1:]]) if said.startswith("@") else Said("customer", said)
        for said in dialogue["before"]
    ]
    search = Search(demo, load_encoder(DEFAULT_MODEL).encode, Audience.PUBLIC, DAY, None, lambda _: language)
    return search.best(dialogue["text"], [] if alone else before)[0]


def first(demo: Tenant, attempt: Attempt) -> str:
    return demo.index.articles[attempt.ranking.candidates[0].version].id


def of(kind: str, language: str) -> list[dict[str, Any]]:
    return [each for each in DIALOGUES if (each["kind"], each["language"]) == (kind, language)]


def test_there_are_enough_dialogues_of_each_kind_and_language() -> None:
    assert all(len(of(kind, language)) >= 30 for kind in ("follow_up", "complete") for language in ("zh", "en"))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_follow_ups_find_what_is_meant_and_more_often_than_alone(demo: Tenant, language: str) -> None:
    dialogues = of("follow_up", language)
    resolved = sum(first(demo, ask(demo, each)) in each["articles"] for each in dialogues)
    alone = sum(first(demo, ask(demo, each, alone=True)) in each["articles"] for each in dialogues)
    assert resolved >= 0.85 * len(dialogues)
    assert resolved > alone


@pytest.mark.parametrize("language", ["zh", "en"])
def test_whole_questions_are_not_polluted_by_what_was_said_before(demo: Tenant, language: str) -> None:
    dialogues = of("complete", language)
    polluted = [
        each["text"] for each in dialogues if first(demo, ask(demo, each)) != first(demo, ask(demo, each, alone=True))
    ]
    assert len(polluted) <= 0.03 * len(dialogues), polluted


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_goes_on_with_something_strange_is_seldom_answered(demo: Tenant, language: str) -> None:
    strangers = of("stranger", language)
    answered = [each["text"] for each in strangers if ask(demo, each).decision.action is Action.ANSWER]
    assert len(strangers) >= 15
    assert len(answered) <= 0.15 * len(strangers), answered


@pytest.mark.parametrize("before", ["退款多久到账", "多久发货", "怎么换货"])
def test_a_topic_that_does_not_fit_what_was_asked_before_is_asked_back(demo: Tenant, before: str) -> None:
    attempt = ask(demo, {"language": "zh", "before": [before], "text": "那运费呢?"})
    choices = [demo.index.articles[each.version].id for each in attempt.ranking.candidates[:CHOICES]]
    assert attempt.decision.action is Action.CLARIFY
    assert {"shipping-fees", "return-shipping-cost"} & set(choices)
    assert sorted(attempt.probabilities, reverse=True)[0] == attempt.probabilities[0] == attempt.decision.probability


def test_what_both_readings_find_first_needs_one_that_is_sure(demo: Tenant) -> None:
    before = ["how can I become a seller", "@merchant-sign-up"]
    dialogue = {"language": "en", "before": before, "text": "how long does the review take?"}
    assert ask(demo, dialogue, alone=True).decision.action is Action.CLARIFY
    assert ask(demo, dialogue).decision.action is Action.ANSWER
    assert first(demo, ask(demo, dialogue)) == "merchant-verification"


@pytest.mark.parametrize("text", ["那比特币呢", "那奶茶呢"])
def test_what_only_the_conversation_before_finds_is_no_answer_to_something_strange(demo: Tenant, text: str) -> None:
    for before in (["怎么申请发票", "@request-invoice"], ["多久发货", "@delivery-time"]):
        assert ask(demo, {"language": "zh", "before": before, "text": text}).decision.action is Action.ABSTAIN


@pytest.mark.parametrize(
    ("language", "before", "text"),
    [
        ("zh", ["怎么申请退货", "@how-to-return"], "但是我不要换货"),
        ("en", ["how do I return a jacket", "@how-to-return"], "but i don't want to link wechat"),
        ("en", ["how do I return a jacket", "@how-to-return"], "but i don't need an invoice"),
    ],
)
def test_what_is_refused_is_not_answered(demo: Tenant, language: str, before: list[str], text: str) -> None:
    attempt = ask(demo, {"language": language, "before": before, "text": text})
    assert attempt.decision.action is not Action.ANSWER


@pytest.mark.parametrize("text", ["还有呢", "那去年的呢", "really?"])
def test_what_means_little_alone_is_not_asked_back_with_it(demo: Tenant, text: str) -> None:
    attempt = ask(demo, {"language": "zh", "before": ["退款多久到账", "@refund-timing"], "text": text})
    assert "other articles alone" not in attempt.decision.rule


def test_every_choice_is_another_article(demo: Tenant) -> None:
    asked = [ask(demo, each) for each in DIALOGUES]
    assert sum("other articles alone" in attempt.decision.rule for attempt in asked) >= 10
    for attempt in asked:
        versions = [candidate.version for candidate in attempt.ranking.candidates]
        assert len(versions) == len(set(versions)) == len(attempt.probabilities)


def test_an_article_that_is_likelier_alone_is_offered_first(demo: Tenant) -> None:
    dialogue = {
        "language": "en",
        "before": ["how long does a refund take", "@refund-timing"],
        "text": "and on weekends?",
    }
    assert first(demo, ask(demo, dialogue)) == "service-hours"


@pytest.mark.parametrize("word", ["does", "this", "days"])
def test_words_of_the_lists_are_met_as_they_are_cut(word: str) -> None:
    lists = read_tokens("asking") | read_tokens("pointing") | read_tokens("light")
    assert {word, *tokens(word)} <= lists


NOTHING_ASKED = [
    "谢谢",
    "好的",
    "thanks a lot",
    "ok",
    "👍",
    "LY20261103001",
    "yes",
    "嗯嗯",
    "...",
    "那你呢",
    "and you?",
]


@pytest.mark.parametrize("text", NOTHING_ASKED)
def test_what_asks_nothing_is_no_follow_up(demo: Tenant, text: str) -> None:
    attempt = ask(demo, {"language": "zh", "before": ["怎么申请退货", "@how-to-return"], "text": text})
    assert Kind.FOLLOW_UP not in [note.kind for note in attempt.reading.notes]


def test_the_article_may_be_named_instead_of_recognised(demo: Tenant) -> None:
    search = Search(demo, load_encoder(DEFAULT_MODEL).encode, Audience.PUBLIC, DAY, None, lambda _: "zh")
    before = [Said("customer", "我想退货"), Said("bot", "另一种说法", article="how-to-return")]
    attempt, itself = search.best("那运费呢", before)
    assert first(demo, attempt) == "return-shipping-cost"
    assert [note.kind for note in attempt.reading.notes] == [Kind.FOLLOW_UP]
    assert itself.folded == "那运费呢"
