"""Understanding with what is known about the contact, the channel, and articles that must not be answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from kb_index.articles.model import Article, Audience, Variant
from kb_index.confidence.calibration import uncalibrated
from kb_index.confidence.decision import Action
from kb_index.index.contents import Tenant
from kb_index.index.embedding import DEFAULT_MODEL, load_encoder
from kb_index.search.assemble import assemble
from kb_index.search.personal import Contact, FormerQuestion
from kb_index.search.understand import Asked, Knowledge, Understanding

DAY = date(2026, 6, 1)
LAST_WEEK = datetime(2026, 5, 25, 8, 0, tzinfo=UTC)


def article(name: str, title: str, *questions: str, language: str = "en", **more: object) -> Article:
    values: dict[str, object] = {
        "tenant": "shop",
        "id": name,
        "language": language,
        "category": "devices",
        "title": title,
        "questions": questions,
        "audience": Audience.PUBLIC,
        "owner": "team",
        "valid_from": date(2026, 1, 1),
        "review_by": date(2027, 1, 1),
        "answer": f"All about it: {title}",
        **more,
    }
    return Article(**values)  # type: ignore[arg-type]


ARTICLES = (
    article("reset-kettle", "How do I reset the kettle?", "kettle reset", "reset my kettle", products=("Kettle",)),
    article("reset-lamp", "How do I reset the lamp?", "lamp reset", "reset my lamp", products=("Lamp",)),
    article("invoice", "How do I get an invoice?", "where is my invoice", "invoice please", category="invoices"),
    article(
        "hours",
        "What are your opening hours?",
        "when are you open",
        "opening hours",
        category="service",
        answer="We are open from nine to five, every day of the week, holidays included.",
        short="Nine to five, every day.",
        variants=(Variant("wechat", "9-5 every day :)"),),
    ),
    article(
        "terms",
        "What are the terms of the lottery?",
        "lottery terms",
        "rules of the lottery",
        category="legal",
        quote_only=True,
    ),
    article(
        "hotline",
        "What is the phone number of the hotline?",
        "hotline phone number",
        "which number do I call",
        category="contact",
        answer="Call 400-XXXX-XXXX.",
    ),
)


@pytest.fixture(scope="module")
def knowledge(knowledge: Knowledge) -> Knowledge:
    """The articles above, served with the mood heads of a built generation."""
    return serving(knowledge, ARTICLES)


def serving(knowledge: Knowledge, articles: Sequence[Article]) -> Knowledge:
    background = ["what is the weather like", "tell me a joke", "who won the match", "recommend a film"]
    index = assemble(articles, background, embed=load_encoder(DEFAULT_MODEL).encode)
    return replace(knowledge, generation=replace(knowledge.generation, tenants={"shop": Tenant(index, uncalibrated())}))


def ask(knowledge: Knowledge, text: str, **more: object) -> Understanding:
    values: dict[str, object] = {
        "text": text,
        "tenant": "shop",
        "audience": Audience.PUBLIC,
        "language": "en",
        "limit": 10,
        **more,
    }
    return knowledge.understand(
        Asked(**values),  # type: ignore[arg-type]
        day=DAY,
        default_language="en",
        unhappy_threshold=0.55,
    )


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        ("chat", "Nine to five, every day."),
        ("telegram", "Nine to five, every day."),
        ("wechat", "9-5 every day :)"),
        ("page", "We are open from nine to five, every day of the week, holidays included."),
    ],
)
def test_the_channel_chooses_the_wording(knowledge: Knowledge, channel: str, said: str) -> None:
    assert ask(knowledge, "when are you open", channel=channel).hits[0].answer == said


def test_exact_wording_is_marked(knowledge: Knowledge) -> None:
    hits = {hit.article: hit for hit in ask(knowledge, "lottery terms").hits}
    assert [name for name, hit in hits.items() if hit.quote] == ["terms"]


def test_a_fact_in_doubt_is_found_but_not_answered(knowledge: Knowledge) -> None:
    found = ask(knowledge, "What is the phone number of the hotline?")
    assert found.hits[0].article == "hotline"
    assert "placeholder" in (found.hits[0].doubt or "")
    assert (found.decision.action, found.decision.rule) == (Action.ABSTAIN, "fact in doubt")
    assert found.decision.probability > found.decision.threshold
    assert [hit.article for hit in found.hits if hit.doubt] == ["hotline"]


@pytest.mark.parametrize(("owned", "other"), [("kettle", "lamp"), ("lamp", "kettle")])
def test_the_contacts_product_settles_what_is_near_equal(knowledge: Knowledge, owned: str, other: str) -> None:
    contact = Contact(products=(owned.title(),))
    assert ask(knowledge, "how do I reset it", contact=contact).hits[0].article == f"reset-{owned}"
    named = ask(knowledge, f"how do I reset the {other}", contact=contact)
    assert named.hits[0].article == f"reset-{other}"


@pytest.mark.parametrize("products", [("Kettle",), ("Lamp",), ("Something else",), ()])
def test_a_clear_match_is_never_overruled(knowledge: Knowledge, products: tuple[str, ...]) -> None:
    asked = tuple(FormerQuestion(each.id, LAST_WEEK, None) for each in ARTICLES[:2])
    found = ask(knowledge, "how do I get an invoice", contact=Contact(products, asked))
    assert found.hits[0].article == "invoice"
    assert found.decision == ask(knowledge, "how do I get an invoice").decision


def test_an_open_question_on_the_same_topic_is_reminded_of(knowledge: Knowledge) -> None:
    contact = Contact(asked=(FormerQuestion("reset-lamp", LAST_WEEK, None), FormerQuestion("invoice", LAST_WEEK, True)))
    same = ask(knowledge, "How do I reset the kettle?", contact=contact).reminder
    assert same is not None
    assert (same.article, same.title, same.asked_at) == ("reset-lamp", "How do I reset the lamp?", LAST_WEEK)
    assert ask(knowledge, "How do I get an invoice?", contact=contact).reminder is None
    greeted = ask(knowledge, "hello", contact=contact).reminder
    assert greeted is not None
    assert greeted.article == "reset-lamp"


@pytest.mark.parametrize("solved", [True, None])
def test_no_reminder_of_what_is_solved_or_gone(knowledge: Knowledge, solved: bool | None) -> None:
    name = "reset-lamp" if solved else "gone"
    contact = Contact(asked=(FormerQuestion(name, LAST_WEEK, solved),))
    assert ask(knowledge, "hello", contact=contact).reminder is None


def test_a_slip_is_noted_and_the_mood_is_that_of_what_was_written(knowledge: Knowledge) -> None:
    found = ask(knowledge, "how do i get an invioce")
    assert found.hits[0].article == "invoice"
    assert found.reading is not None
    assert [(note.before, note.after) for note in found.reading.notes] == [("invioce", "invoice")]
    assert ask(knowledge, "how do i get an invoice").reading is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Comment puis-je avoir ma facture pour la commande ?", "fr"),
        ("営業時間は何時ですか", "ja"),
        ("영업 시간이 어떻게 되나요", "ko"),
        ("ما هي ساعات العمل", "ar"),
        ("Wie lange habt ihr geöffnet und wann nicht?", "de"),
    ],
)
def test_another_language_is_said_and_not_answered(knowledge: Knowledge, text: str, language: str) -> None:
    decision = ask(knowledge, text).decision
    assert decision.action is Action.ABSTAIN
    if decision.probability >= decision.threshold:
        assert decision.rule.endswith(language)


def test_where_nothing_may_be_shown_nothing_is_answered(knowledge: Knowledge) -> None:
    tenant = knowledge.tenant("shop")
    hidden = replace(tenant, index=tenant.index.without(range(len(ARTICLES))))
    empty = replace(knowledge, generation=replace(knowledge.generation, tenants={"shop": hidden}))
    found = ask(empty, "when are you open", contact=Contact(("Kettle",), (FormerQuestion("hours", LAST_WEEK),)))
    assert (found.hits, found.decision.action, found.reminder) == ((), Action.ABSTAIN, None)
