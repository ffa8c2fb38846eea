"""What an article may hold: typed facts, wordings, states; hostile and oversized files are refused with a reason."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kb_index.articles.fields import MOST_QUESTIONS, read_fields
from kb_index.articles.files import LARGEST_FILE, parse_article, read_tenant
from kb_index.articles.model import Article, State, article_of, plain
from kb_index.articles.numbers import arabic
from kb_index.articles.values import FactKind, Value, agree, normalise
from kb_index.errors import ArticlesRefused
from tests.kb_index.articles.stocked import ARTICLES, DRAFT, FULL, fields, write_all, write_file
from tests.kb_index.test_kb_articles import GOOD, problems_of

K = FactKind


def span(kind: FactKind, unit: str, high: str, low: str | None = None) -> Value:
    return Value(kind, low=Decimal(low) if low else None, high=Decimal(high), unit=unit)


@pytest.mark.parametrize(
    ("kind", "written", "value"),
    [
        (K.PHONE, "400-820-6178", Value(K.PHONE, "4008206178")),
        (K.PHONE, "+86 (21) 6178-1234 转 5", Value(K.PHONE, "2161781234#5")),
        (K.PHONE, "96110", Value(K.PHONE, "96110")),
        (K.AMOUNT, "¥2,000–20,000", span(K.AMOUNT, "CNY", "20000", "2000")),
        (K.AMOUNT, "2 万元", span(K.AMOUNT, "CNY", "20000")),
        (K.AMOUNT, "2–3万元", span(K.AMOUNT, "CNY", "30000", "20000")),
        (K.AMOUNT, "HK$5", span(K.AMOUNT, "HKD", "5")),
        (K.AMOUNT, "三十元", span(K.AMOUNT, "CNY", "30")),
        (K.AMOUNT, "USD 1.5k", span(K.AMOUNT, "USD", "1500")),
        (K.PERCENT, "2–8%", span(K.PERCENT, "%", "8", "2")),
        (K.PERCENT, "百分之五", span(K.PERCENT, "%", "5")),
        (K.DEADLINE, "3–5 个工作日", span(K.DEADLINE, "working_day", "5", "3")),
        (K.DEADLINE, "within 7 business days", span(K.DEADLINE, "working_day", "7")),
        (K.DEADLINE, "三到五天", span(K.DEADLINE, "hour", "120", "72")),
        (K.DEADLINE, "三五天", span(K.DEADLINE, "hour", "120", "72")),
        (K.DEADLINE, "半小时", span(K.DEADLINE, "hour", "0.5")),
        (K.DEADLINE, "two weeks", span(K.DEADLINE, "hour", "336")),
        (K.DEADLINE, "1 年", span(K.DEADLINE, "month", "12")),
        (K.DATE, "2026年3月1日", Value(K.DATE, "2026-03-01")),
        (K.DATE, "March 1, 2026", Value(K.DATE, "2026-03-01")),
        (K.HOURS, "每天 09:00–18:30", Value(K.HOURS, "1-7 09:00-18:30")),
        (K.HOURS, "Mon–Fri 9am–6pm", Value(K.HOURS, "1-5 09:00-18:00")),
        (K.HOURS, "周一至周五 9点到6点", Value(K.HOURS, "1-5 09:00-18:00")),
        (K.HOURS, "7×24", Value(K.HOURS, "1-7 00:00-24:00")),
        (K.URL, "https://Shop.example/Help/", Value(K.URL, "shop.example/Help")),
        (K.EMAIL, "Help@Shop.example", Value(K.EMAIL, "help@shop.example")),
        (K.TEXT, " Two  words ", Value(K.TEXT, "two words")),
    ],
)
def test_a_written_value_is_normalised(kind: FactKind, written: str, value: Value) -> None:
    found = normalise(kind, written)
    if kind is K.DEADLINE and found.high is not None:
        found = Value(found.kind, found.text, found.low, round(found.high, 6), found.unit)
        assert found.high == value.high
    assert found == value


@pytest.mark.parametrize(
    ("kind", "written"),
    [(K.PHONE, "soon"), (K.PHONE, "12"), (K.AMOUNT, "8"), (K.AMOUNT, "¥"), (K.PERCENT, "much"), (K.DEADLINE, "soon"),
     (K.DEADLINE, "5–3 days"), (K.DATE, "2026-02-30"), (K.DATE, "spring"), (K.HOURS, "mornings"), (K.URL, "not a url"),
     (K.EMAIL, "a@b"), (K.NUMBER, "many")],
)  # fmt: skip
def test_what_cannot_be_read_says_what_could(kind: FactKind, written: str) -> None:
    with pytest.raises(ValueError, match=r"such as|looks like|is one number|before it begins"):
        normalise(kind, written)


@pytest.mark.parametrize(
    ("kind", "one", "other", "same"),
    [
        (K.DEADLINE, "3–5 个工作日", "7 business days", False),
        (K.DEADLINE, "3–7 days", "7 天内", True),
        (K.DEADLINE, "24 hours", "1 day", True),
        (K.DEADLINE, "5 working days", "one week", True),
        (K.DEADLINE, "30 天", "1 month", True),
        (K.DEADLINE, "3 working days", "3 days", False),
        (K.DEADLINE, "1 year", "12 个月", True),
        (K.AMOUNT, "¥20,000", "2 万元", True),
        (K.AMOUNT, "USD 5", "5 元", False),
        (K.PHONE, "400 820 6178", "+86 400-820-6178", True),
        (K.HOURS, "9:00-18:00", "09:00–18:00 every day", True),
        (K.HOURS, "9:00-18:00", "Mon-Fri 9:00-18:00", False),
    ],
)
def test_values_agree_when_both_can_be_true(kind: FactKind, one: str, other: str, same: bool) -> None:
    assert agree(normalise(kind, one), normalise(kind, other)) is same
    assert agree(normalise(kind, other), normalise(kind, one)) is same


@given(st.sampled_from(list(FactKind)), st.text(max_size=40))
def test_no_text_breaks_the_reading_of_values(kind: FactKind, written: str) -> None:
    try:
        value = normalise(kind, written)
    except ValueError:
        return
    assert agree(value, value)


@given(st.text(alphabet="半一二两三十百千零个天小时工作日 1,.-~到 half two weeks", max_size=30))
def test_number_words_never_break(text: str) -> None:
    assert isinstance(arabic(text), str)


@pytest.mark.parametrize("subject", [*ARTICLES, DRAFT])
def test_an_article_survives_json_and_its_own_file(subject: Article, tmp_path: Path) -> None:
    assert article_of(plain(subject)) == subject
    path = write_file(tmp_path, subject)
    read, problems = parse_article(path.read_bytes(), path=path, tenant="shop", language=subject.language)
    assert problems == []
    assert read == subject


def test_each_channel_has_its_wording_and_exact_words_have_no_other() -> None:
    assert FULL.answer_for("wechat") == "退款 3–5 个工作日到账哦。"
    assert FULL.answer_for("telegram") == "3–5 个工作日到账。"
    assert FULL.answer_for(None) == FULL.answer
    terms = next(each for each in ARTICLES if each.quote_only)
    assert terms.answer_for("wechat") == terms.answer


def wrong_with(**changes: Any) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    read_fields(fields(FULL, **changes), tenant="shop", report=lambda field, message: found.append((field, message)))
    return found


FACT = {"name": "hotline", "kind": "phone", "value": "400-601-7788"}


@pytest.mark.parametrize(
    ("changes", "field", "part"),
    [
        ({"facts": [FACT | {"kind": "telephone"}]}, "facts.0.kind", "use one of phone"),
        ({"facts": [FACT, FACT | {"value": "soon"}]}, "facts.1.value", "3 to 15 digits"),
        ({"facts": [FACT | {"name": "Hot Line"}]}, "facts.0.name", "lower-case"),
        ({"facts": [FACT | {"valid_to": "soon"}]}, "facts.0.valid_to", "must be a date"),
        ({"facts": [FACT | {"valid_from": "2026-02-01", "valid_to": "2026-01-01"}]}, "facts.0.valid_to", "before"),
        ({"facts": [FACT | {"valu": "1"}]}, "facts.0", "did you mean 'value'"),
        ({"facts": ["400"]}, "facts.0", "a name, a kind and a value"),
        ({"facts": {}}, "facts", "must be a list"),
        ({"variants": ["wechat"]}, "variants", "channel: text"),
        ({"variants": {"We Chat": "x"}}, "variants", "kind of channel"),
        ({"quote_only": True}, "quote_only", "remove short and variants"),
        ({"quote_only": "yes"}, "quote_only", "true or false"),
        ({"products": ["My Wallet"]}, "products", "lower-case"),
        ({"category": "Returns/Refund"}, "category", "returns/refund"),
        ({"language": "fr"}, "language", "only zh and en"),
        ({"questions": [f"问题 {number}" for number in range(MOST_QUESTIONS + 1)]}, "questions", "at most 10000"),
        ({"answer": "长" * 20_001}, "answer", "at most 20000"),
        ({"answer": "长" * 6001, "short": "短", "variants": {}, "facts": []}, "", ""),
    ],
)
def test_a_bad_field_is_named(changes: dict[str, Any], field: str, part: str) -> None:
    found = wrong_with(**changes)
    if not field:
        assert found == []
    else:
        assert any(where == field and part in message for where, message in found), found


def test_all_bad_fields_are_reported_at_once() -> None:
    assert len(wrong_with(language="fr", quote_only="x", category="X", audience="all", products=["A B"])) == 5


def test_a_bad_fact_of_a_file_names_its_line() -> None:
    text = GOOD.replace("owner: team", "owner: team\nfacts:\n  - name: hotline\n    kind: phone\n    value: soon")
    assert [(line, "3 to 15 digits" in message) for line, message in problems_of(text)] == [(15, True)]


BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\n"


@pytest.mark.parametrize(
    ("header", "part"),
    [
        (BOMB, "references"),
        ("!!python/object/apply:os.system [ls]", "must be a list of"),
        ("a: !!python/name:os.system x", "could not determine a constructor"),
        ("a: " + "[" * 50_000, "nested deeper"),
        ("- " * 5_000 + "x", "nested deeper"),
        ("\n".join(" " * depth + "-" for depth in range(300)), "nested deeper"),
        ("? [a, b]\n: 1", "plain word"),
        ("a: 1\n--- \nb: 2", "front matter"),
        ("a: " + "9" * 10_000, "impossible value"),
        ("a: \x01", "control characters"),
        ("", "must be a list of"),
    ],
)
def test_hostile_front_matter_is_refused_quickly(header: str, part: str) -> None:
    found = problems_of(f"---\n{header}\n---\nanswer\n")
    assert any(part in message for _, message in found), found


def test_an_oversized_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    write_all(tmp_path)
    path = tmp_path / "zh" / "huge.md"
    path.write_bytes(GOOD.encode() + b"x" * 10 * 1024 * 1024)
    with pytest.raises(ArticlesRefused) as refused:
        read_tenant("shop", tmp_path)
    (problem,) = refused.value.problems
    assert f"at most {LARGEST_FILE}; split the article" in problem.message


def test_ten_thousand_questions_are_accepted(tmp_path: Path) -> None:
    questions = "\n".join(f'  - "问题 {number}"' for number in range(MOST_QUESTIONS))
    (tmp_path / "zh").mkdir()
    text = GOOD.replace('  - "问题一"\n  - "问题二"\n  - "问题三"', questions)
    (tmp_path / "zh" / "good.md").write_text(text, "utf-8")
    (article,) = read_tenant("shop", tmp_path).articles
    assert len(article.questions) == MOST_QUESTIONS


def test_drafts_and_retired_files_are_not_served(tmp_path: Path) -> None:
    write_all(tmp_path)
    path = tmp_path / "zh" / "limits.md"
    path.write_text(path.read_text("utf-8").replace("state: published", f"state: {State.RETIRED}"), "utf-8")
    assert {article.id for article in read_tenant("shop", tmp_path).articles} == {"refund-timing", "terms"}


def test_a_category_that_is_not_in_the_list_names_file_and_line(tmp_path: Path) -> None:
    write_all(tmp_path)
    path = tmp_path / "zh" / "limits.md"
    path.write_text(path.read_text("utf-8").replace("category: orders", "category: order"), "utf-8")
    with pytest.raises(ArticlesRefused, match="did you mean 'orders'") as refused:
        read_tenant("shop", tmp_path)
    (problem,) = refused.value.problems
    assert path.read_text("utf-8").split("\n")[problem.line - 1] == "category: order"


def test_a_broken_list_of_categories_names_its_lines(tmp_path: Path) -> None:
    write_all(tmp_path)
    (tmp_path / "categories.yml").write_text(
        "orders: {zh: 订单, en: Orders}\nReturns: {zh: 退}\nreturns: {zh: 退}\n", "utf-8"
    )
    with pytest.raises(ArticlesRefused) as refused:
        read_tenant("shop", tmp_path)
    named = [(problem.line, problem.message) for problem in refused.value.problems if "categories" in problem.path]
    assert [line for line, _ in named] == [2, 3]


def test_the_day_of_a_fact_ends_with_its_last_day() -> None:
    fact = FULL.facts[1]
    assert not fact.valid_on(date(2025, 12, 31))
    assert fact.valid_on(date(2026, 1, 1))
