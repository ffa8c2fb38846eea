"""What time brings without anybody editing: tasks of owners, and the end of what is kept."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from kb_index.articles.findings import FindingKind
from kb_index.articles.stores import Stores
from kb_index.articles.tasks.store import TaskStore
from kb_index.index import keeper as keeping
from kb_index.index.build import Builder
from kb_index.index.keeper import Upkeep
from kb_index.learning.model import Feedback, Kind
from kb_index.learning.store import add, events
from kb_index.settings import Settings
from tests.kb_index.shop_articles import quiet, write_article

KINDS = (FindingKind.EXPIRED, FindingKind.REVIEW)


def open_of(shop: Settings) -> set[tuple[str, str]]:
    tasks = TaskStore("shop", Stores.of(shop).database).tasks()
    return {(str(each.finding.kind), each.finding.article) for each in tasks if each.finding.kind in KINDS}


class Calendar(Settings):
    """Settings on a day of the test's choice."""

    day: date = date(2026, 6, 1)

    def today(self) -> date:
        return self.day


@pytest.fixture
def calendar(shop: Settings) -> Calendar:
    write_article(
        shop.tenants["shop"], "sale", "zh", title="夏季活动", questions=["活动到几号", "夏天打折吗", "有活动吗"],
        answer="打八折。", valid_from="2026-01-01", more="valid_to: 2026-06-30\n",
    )  # fmt: skip
    return Calendar.model_construct(**{**dict(shop), "day": date(2026, 6, 1)})


def test_a_day_that_passes_makes_a_task_by_itself(calendar: Calendar) -> None:
    builder, now = Builder(calendar, quiet), 0.0
    upkeep = Upkeep(calendar, clock=lambda: now)
    upkeep.step(builder, published=False)
    assert ("expired", "sale") not in open_of(calendar)
    object.__setattr__(calendar, "day", date(2026, 7, 1))
    upkeep.step(builder, published=False)
    assert ("expired", "sale") in open_of(calendar)
    assert not [each for each in open_of(calendar) if each[0] == "review"]
    object.__setattr__(calendar, "day", date(2030, 1, 2))
    upkeep.step(builder, published=False)
    assert ("review", "coupon") in open_of(calendar)


def test_what_an_edit_repairs_is_done_a_while_later(calendar: Calendar) -> None:
    builder, now = Builder(calendar, quiet), 0.0
    object.__setattr__(calendar, "day", date(2026, 7, 1))
    upkeep = Upkeep(calendar, clock=lambda: now)
    upkeep.step(builder, published=False)
    path = calendar.tenants["shop"] / "zh" / "sale.md"
    path.write_text(path.read_text("utf-8").replace("2026-06-30", "2026-12-31"), "utf-8")
    upkeep.step(builder, published=True)
    assert ("expired", "sale") in open_of(calendar), "others may follow it"
    now = keeping.TASKS_AFTER_S
    upkeep.step(builder, published=False)
    assert ("expired", "sale") not in open_of(calendar)


def test_tasks_of_other_kinds_stay(calendar: Calendar) -> None:
    """Questions are not compared here, so that nothing is known about duplicates."""
    from kb_index.articles.findings import Finding, Severity

    tasks = TaskStore("shop", Stores.of(calendar).database)
    twin = Finding(FindingKind.NEAR_DUPLICATE, Severity.WARNING, "coupon", "zh", "mei", "invoice", "asks the same")
    tasks.follow([twin], now=datetime.now(UTC))
    Upkeep(calendar, clock=lambda: 0.0).step(Builder(calendar, quiet), published=False)
    assert FindingKind.NEAR_DUPLICATE in {each.finding.kind for each in tasks.tasks()}


def test_feedback_expires_although_nobody_gives_any_more(shop: Settings) -> None:
    """The days of TANDEM_KB_FEEDBACK_DAYS counted only while new feedback came in."""
    database, now = Stores.of(shop).database, datetime.now(UTC)
    for number, age in enumerate((1, shop.feedback_days + 1)):
        given = Feedback(
            tenant="shop", event=f"e{number}", kind=Kind.ASKED, conversation=f"c{number}", at=now - timedelta(days=age),
            question=1, text="能开发票吗", language="zh",
        )  # fmt: skip
        with database.write() as connection:
            add(connection, given)
    Upkeep(shop, clock=lambda: 0.0).step(Builder(shop, quiet), published=False)
    with database.read() as connection:
        kept = [feedback.event for feedback, _ in events(connection, "shop", since=now - timedelta(days=4000))]
    assert kept == ["e0"]
    database.close()
