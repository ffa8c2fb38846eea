"""Checks: what contradicts, what was left to fill in, what means the same; honest articles are left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from kb_index.articles.checks import doubts, review
from kb_index.articles.contradictions import contradictions
from kb_index.articles.files import read_tenant
from kb_index.articles.findings import FindingKind, Severity
from kb_index.articles.mentions import mentions_in
from kb_index.articles.model import Article, Fact, Variant
from kb_index.articles.placeholders import placeholders_in
from kb_index.articles.tasks.store import DUE, TaskStore
from kb_index.articles.values import FactKind
from kb_index.database import Database
from tests.kb_index.articles.labelled_pairs import DAY, article, read_pairs
from tests.kb_index.articles.stocked import BLANK

KB = Path(__file__).parents[3] / "data" / "kb"
NOW = datetime(2026, 6, 1, 8, tzinfo=UTC)


def fact(name: str, value: str, kind: FactKind = FactKind.PHONE, **days: date) -> Fact:
    return Fact(name=name, kind=kind, value=value, **days)


def kinds(articles: list[Article], day: date = DAY) -> dict[tuple[str, str], set[FindingKind]]:
    return {key: {each.kind for each in found} for key, found in doubts(articles, day).items()}


def test_precision_and_recall_on_the_labelled_pairs() -> None:
    """An accused article is not answered, so a false alarm costs more than a miss."""
    pairs = read_pairs()
    assert len(pairs) >= 60
    assert {len([p for p in pairs if p.tuned is tuned and p.contradict]) >= 20 for tuned in (True, False)} == {True}
    for tuned, least_recall in ((True, 0.95), (False, 0.85)):
        judged = [(bool(contradictions([p.one, p.other], DAY)), p.contradict) for p in pairs if p.tuned is tuned]
        hits = sum(found and true for found, true in judged)
        assert sum(found and not true for found, true in judged) == 0
        assert hits / sum(true for _, true in judged) >= least_recall


def test_the_shipped_articles_hold_no_doubt_and_no_error() -> None:
    articles = read_tenant("demo", KB).articles
    day = date(2026, 11, 22)
    assert len(articles) >= 198
    assert doubts(articles, day) == {}
    assert review(articles, day) == []


@pytest.mark.parametrize(
    ("name", "language", "old", "new"),
    [
        ("report-fraud", "zh", "400-820-6178", "400-820-6187"),
        ("report-fraud", "en", "400-820-6178", "400-820-6187"),
        ("transfer-to-friend", "en", "¥10,000", "¥15,000"),
        ("complaint-progress", "zh", "3–5 个工作日", "7–10 个工作日"),
        ("warranty", "zh", "保修 1 年", "保修 2 年"),
        ("points", "en", "12 months", "6 months"),
        ("shipping-fees", "en", "below that it's ¥8", "below that it's ¥10"),
        ("service-hours", "zh", "09:00–18:30", "08:00–22:00"),
        ("delivery-time", "zh", "5–8 天", "5–10 天"),
        ("wallet-fees", "en", "0.1 %", "0.2 %"),
    ],
)
def test_a_slip_in_one_shipped_article_is_noticed(name: str, language: str, old: str, new: str) -> None:
    articles = list(read_tenant("demo", KB).articles)
    place = next(place for place, each in enumerate(articles) if (each.id, each.language) == (name, language))
    assert old in articles[place].answer
    articles[place] = replace(articles[place], answer=articles[place].answer.replace(old, new))
    assert FindingKind.CONTRADICTION in kinds(articles, date(2026, 11, 22)).get((name, language), set())


def test_two_values_of_one_declared_fact_hold_both_articles_back() -> None:
    one = article("one", "zh", "甲", facts=(fact("hotline", "400-601-7788"),))
    other = article("other", "en", "B", facts=(fact("hotline", "400-601-7799"),))
    assert kinds([one, other]) == {key: {FindingKind.CONTRADICTION} for key in (("one", "zh"), ("other", "en"))}
    assert kinds([one, replace(other, facts=(fact("hotline", "400 601 7788"),))]) == {}
    assert kinds([one, replace(other, products=("vip",)), replace(one, id="third", products=("plus",))]) != {}
    apart = [replace(one, products=("plus",)), replace(other, products=("vip",))]
    assert kinds(apart) == {}, "each product has a hotline of its own"


def test_a_fact_has_one_value_at_a_time() -> None:
    spring = fact("hotline", "400-601-7788", valid_to=date(2026, 6, 30))
    summer = fact("hotline", "400-601-7799", valid_from=date(2026, 7, 1))
    both = article("one", "zh", "甲", facts=(spring, summer))
    later = article("other", "zh", "乙", facts=(summer,))
    assert kinds([both, later], date(2026, 6, 30)) == {("other", "zh"): {FindingKind.EXPIRED}}
    assert kinds([both, later], date(2026, 7, 1)) == {}
    assert kinds([replace(both, facts=(spring,))], date(2026, 7, 1)) == {("one", "zh"): {FindingKind.EXPIRED}}


def test_one_wrong_article_does_not_silence_those_that_agree() -> None:
    right = [article(f"right-{number}", "zh", "请拨打客服热线 400-601-7788。") for number in range(3)]
    wrong = article("wrong", "zh", "请致电客服热线 400-601-7799。")
    assert kinds([*right, wrong]) == {("wrong", "zh"): {FindingKind.CONTRADICTION}}
    assert set(kinds([right[0], right[1], wrong])) == {("right-0", "zh"), ("right-1", "zh"), ("wrong", "zh")}
    assert {each.article for each in review([*right, wrong], DAY)} == {"right-0", "right-1", "right-2", "wrong"}


def test_an_article_that_is_not_valid_contradicts_nobody() -> None:
    one = article("one", "zh", "请拨打客服热线 400-601-7788。", valid_to=date(2026, 5, 31))
    other = article("other", "zh", "请拨打客服热线 400-601-7799。")
    assert kinds([one, other], date(2026, 6, 1)) == {}
    assert kinds([one, other], date(2026, 5, 31)) != {}


def test_a_fact_and_a_short_answer_must_be_what_the_long_one_says() -> None:
    long = "退款 3–5 个工作日到账。"
    fits = article("a", "zh", long, short="3–5 个工作日。", facts=(fact("days", "3–5 个工作日", FactKind.DEADLINE),))
    assert kinds([fits]) == {}
    for changed in (
        replace(fits, short="7 个工作日。"),
        replace(fits, variants=(Variant("wechat", "7 个工作日到账"),)),
        replace(fits, facts=(fact("days", "7 个工作日", FactKind.DEADLINE),)),
    ):
        assert kinds([changed]) == {("a", "zh"): {FindingKind.CONTRADICTION}}


PLACEHOLDERS = f"""
请拨打 {BLANK}。
电话：400-xxx-xxxx
Call 400-000-0000.
{"TO"}DO: hours
退款 X 个工作日到账。
手续费 XX 元。
活动时间待定。
Lorem ipsum dolor
见 https://www.example.com/help
邮箱 a@example.com。
订单号 0000。
20XX年3月
Dear {{{{name}}}}
电话 [填写电话]
It costs ¥XX.
时间 TBD
XXXX 公司
"""
HONEST = """
请拨打 400-820-6178。
客服 7×24 小时在线。
7x24 小时
等待定时任务执行。
余额为 1,000,000 元。
¥10000
例如 name@example.com 这样的地址。
an address such as name@example.com
尺码 XXL 和 XXXL 有货。
iPhone X 一台
XX-100 型
service@lanyu.example
订单号 LY20261103001
密码不要用 123456。
第 100000 位顾客
X 光
0.0001%
点 [我的](article:my) 查看
2000 元
"""


@pytest.mark.parametrize("text", PLACEHOLDERS.strip().split("\n"))
def test_a_placeholder_is_found_once(text: str) -> None:
    assert len(placeholders_in(article("a", "zh", text))) == 1
    assert kinds([article("a", "zh", text)]) == {("a", "zh"): {FindingKind.PLACEHOLDER}}


@pytest.mark.parametrize("text", HONEST.strip().split("\n"))
def test_what_only_looks_like_one_is_left_alone(text: str) -> None:
    assert placeholders_in(article("a", "zh", text)) == ()


def test_the_owner_is_told_of_every_kind() -> None:
    old = article(
        "old", "zh", "见[退款](article:gone)和[条款](../zh/terms.md)。", review_by=date(2026, 5, 1), owner="li"
    )
    ended = article("ended", "zh", "乙", valid_to=date(2026, 5, 1))
    terms = article("terms", "zh", BLANK, questions=("四", "五", "六"), title="别的")
    found = {(each.article, each.kind): each for each in review([old, ended, terms], DAY)}
    assert set(found) == {
        ("old", FindingKind.REVIEW), ("old", FindingKind.BROKEN_LINK), ("ended", FindingKind.EXPIRED),
        ("terms", FindingKind.PLACEHOLDER), ("old", FindingKind.SAME_QUESTION), ("ended", FindingKind.SAME_QUESTION),
    }  # fmt: skip
    assert found["old", FindingKind.REVIEW].owner == "li"
    assert found["old", FindingKind.REVIEW].severity is Severity.WARNING
    assert "gone" in found["old", FindingKind.BROKEN_LINK].message


def test_the_same_question_twice_is_an_error_and_a_likeness_a_warning() -> None:
    one = article("one", "zh", "甲", title="退款", questions=("怎么申请退款", "退款流程", "如何退钱"))
    other = article("other", "zh", "乙", title="退货", questions=("怎么 申请退款？", "寄回商品", "想退掉"))
    near = article("near", "zh", "丙", title="钱", questions=("怎样申请退款呢", "钱款", "款项"))
    found = review([one, other], DAY)
    assert {(each.article, each.severity) for each in found if each.kind is FindingKind.SAME_QUESTION} == {
        ("one", Severity.ERROR),
        ("other", Severity.ERROR),
    }

    def embed(texts: list[str]) -> np.ndarray:
        """Two directions: asking for a refund, and everything else by itself."""
        rows = np.eye(len(texts) + 1, dtype=np.float32)[: len(texts)]
        rows[[place for place, text in enumerate(texts) if "申请退款" in text]] = np.eye(len(texts) + 1)[-1]
        return rows

    (warning,) = review([one, near], DAY, embed)
    assert (warning.kind, warning.severity) == (FindingKind.NEAR_DUPLICATE, Severity.WARNING)
    assert warning.evidence["pairs"][0]["similarity"] == pytest.approx(1.0, abs=1e-3)
    assert review([one, near], DAY, embed, only={("one", "zh")}) == [warning]
    assert review([one, near], DAY) == []


def test_no_article_and_one_article_are_fine() -> None:
    assert doubts([], DAY) == {}
    assert review([], DAY) == []
    assert review([article("a", "zh", "退款 3 天到账。")], DAY) == []


def test_the_order_of_the_articles_changes_nothing() -> None:
    pairs = [pair for pair in read_pairs() if pair.one.id != pair.other.id]
    for pair in pairs:
        assert set(doubts([pair.one, pair.other], DAY)) == set(doubts([pair.other, pair.one], DAY))


def test_a_mention_knows_what_it_is_about() -> None:
    (mention,) = mentions_in("储蓄卡退款 1–3 个工作日到账", "zh")
    assert mention.concepts == {"refund", "debit_card", "arrive"}
    (english,) = mentions_in("Debit card refunds arrive within three working days.", "en")
    assert english.concepts == mention.concepts
    assert str(english.value) == "3 working_day"


def test_a_task_is_opened_once_and_closes_when_its_cause_is_gone(database: Database) -> None:
    tasks = TaskStore("shop", database)
    bad = article("bad", "zh", BLANK, review_by=date(2026, 5, 1), owner="li")
    first = tasks.follow(review([bad], DAY), now=NOW)
    assert (first.opened, first.closed, first.open) == (2, 0, 2)
    again = tasks.follow(review([bad], DAY), now=NOW + timedelta(days=1))
    assert (again.opened, again.closed, again.open) == (0, 0, 2)
    placeholder, overdue = tasks.tasks(owner="li")
    assert (placeholder.finding.kind, overdue.finding.kind) == (FindingKind.PLACEHOLDER, FindingKind.REVIEW)
    assert placeholder.due == (NOW + DUE[Severity.ERROR]).date().isoformat()
    assert placeholder.opened == NOW
    assert tasks.tasks(owner="mei") == []

    mended = tasks.follow(review([replace(bad, answer="400-601-7788")], DAY), now=NOW + timedelta(days=2))
    assert (mended.opened, mended.closed, mended.open) == (0, 1, 1)
    (done,) = tasks.tasks(done=True)
    assert (done.id, done.done) == (placeholder.id, NOW + timedelta(days=2))
    back = tasks.follow(review([bad], DAY), now=NOW + timedelta(days=3))
    assert (back.opened, back.open) == (1, 2)


def test_a_look_at_some_articles_closes_no_task_of_others(database: Database) -> None:
    tasks = TaskStore("shop", database)
    one, other = (
        article("one", "zh", BLANK),
        article("other", "zh", "待定", questions=("x", "y", "z"), title="t"),
    )
    tasks.follow(review([one, other], DAY), now=NOW)
    assert tasks.follow([], now=NOW, of={("one", "zh")}).open == 1
    assert [task.finding.article for task in tasks.tasks()] == ["other"]
    assert TaskStore("else", database).tasks() == []


def test_a_task_moves_with_its_article_to_a_new_owner(database: Database) -> None:
    tasks = TaskStore("shop", database)
    bad = article("bad", "zh", BLANK, owner="li")
    tasks.follow(review([bad], DAY), now=NOW)
    moved = tasks.follow(review([replace(bad, owner="mei")], DAY), now=NOW)
    assert (moved.opened, moved.closed) == (0, 0)
    assert [task.finding.owner for task in tasks.tasks()] == ["mei"]
