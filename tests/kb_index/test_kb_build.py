"""Builds: reuse what is unchanged, refuse what is broken, replace the pointer and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from kb_index.errors import ArticlesRefused, TextsRefused
from kb_index.index.build import build
from kb_index.index.generation import GenerationStore
from kb_index.index.live import LiveKnowledge
from kb_index.settings import Settings
from tests.kb_index.shop_articles import quiet, shop_settings, write_article


def kb_folder(settings: Settings) -> Path:
    return settings.tenants["shop"]


def test_nothing_changed_is_noticed_and_nothing_is_written(shop: Settings) -> None:
    store = GenerationStore(shop.store)
    before = store.names()
    report = build(shop, if_changed=True, progress=quiet)
    assert report.skipped
    assert report.generation == before[0]
    assert store.names() == before


def test_unchanged_articles_are_not_embedded_again(shop: Settings) -> None:
    write_article(
        kb_folder(shop),
        "gift-wrap",
        "zh",
        title="能包装成礼物吗",
        questions=["可以礼品包装吗", "送人的，能包好看点吗", "礼盒包装怎么选"],
        answer="结算页可以选择礼品包装。",
    )
    report = build(shop, if_changed=True, progress=quiet)
    assert not report.skipped
    # Its five passages, and what the calibration types a little differently; never the whole shop.
    assert 5 <= report.embedded < report.reused / 2
    again = build(shop, if_changed=False, progress=quiet)
    assert again.embedded == 0
    assert again.reused == report.embedded + report.reused


def test_one_bad_article_keeps_the_old_generation_and_lists_every_problem(shop: Settings) -> None:
    store = GenerationStore(shop.store)
    live = LiveKnowledge(store)
    serving = live.reload()
    bad = kb_folder(shop) / "zh" / "coupon.md"
    bad.write_text(bad.read_text("utf-8").replace("audience: public", "audience: all\nodd: 1"), "utf-8")
    other = kb_folder(shop) / "en" / "invoice.md"
    other.write_text("nothing", "utf-8")
    with pytest.raises(ArticlesRefused) as refused:
        build(shop, if_changed=False, progress=quiet)
    assert {problem.path for problem in refused.value.problems} == {str(bad), str(other)}
    assert len(refused.value.problems) == 3
    assert store.names()[0] == serving
    assert not live.changed()
    assert live.reload() == serving
    assert live.warning is None


def test_a_broken_text_file_names_its_line(shop: Settings) -> None:
    (shop.mood / "more.jsonl").write_text('{"text": "好", "unhappy": false}\n{"text": "好"}\n', "utf-8")
    with pytest.raises(TextsRefused, match=r"more\.jsonl:2: 'unhappy' must be given as bool"):
        build(shop, if_changed=False, progress=quiet)


def test_three_generations_are_kept(shop: Settings) -> None:
    store = GenerationStore(shop.store)
    made = [build(shop, if_changed=False, progress=quiet).generation for _ in range(3)]
    assert store.names() == [made[2], made[1], made[0]]
    assert sorted(path.name for path in shop.store.glob("g-*")) == sorted(made)


def test_an_interrupted_build_leaves_nothing_that_could_be_served(
    shop: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = GenerationStore(shop.store)
    before = store.names()
    written = 0

    def disk_full(_: int) -> None:
        nonlocal written
        written += 1
        if written == 3:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", disk_full)
    with pytest.raises(OSError, match="No space left"):
        build(shop, if_changed=False, progress=quiet)
    monkeypatch.undo()
    assert store.names() == before
    assert not list(shop.store.glob(".building-*"))
    (shop.store / ".building-killed").mkdir()
    assert LiveKnowledge(store).reload() == before[0]
    name = build(shop, if_changed=False, progress=quiet).generation
    assert store.names()[0] == name
    assert not list(shop.store.glob(".building-*"))


def test_a_shop_without_background_or_mood_still_builds(shop: Settings, tmp_path: Path) -> None:
    bare = shop.model_copy(update={"background": tmp_path / "none", "mood": tmp_path / "none"})
    name = build(bare, if_changed=False, progress=quiet).generation
    live = LiveKnowledge(GenerationStore(bare.store))
    assert live.reload() == name


def test_few_articles_that_are_all_over_still_build(shop: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "past"
    for number in range(5):
        questions = [
            f"{number} 号活动什么时候开始",
            f"{number} 号活动到几号",
            f"{number} 号活动怎么参加",
            f"第 {number} 场",
        ]
        write_article(
            folder, f"sale-{number}", "zh", title=f"活动 {number}", questions=questions, answer="已结束。",
            valid_from=f"2020-0{number + 1}-01", more=f"valid_to: 2020-0{number + 1}-20\n",
        )  # fmt: skip
    past = shop.model_copy(update={"tenants": {"past": folder}})
    assert build(past, if_changed=False, progress=quiet).articles == 5


def test_a_tenant_may_have_an_error_budget_of_its_own(shop: Settings) -> None:
    """A bolder shop answers from a lower probability, and nobody else does."""
    before = LiveKnowledge(GenerationStore(shop.store))
    before.reload()
    bolder = shop.model_copy(update={"error_budgets": {"shop": 0.2}})
    report = build(bolder, if_changed=True, progress=quiet)
    assert not report.skipped, "another budget is another confidence"
    after = LiveKnowledge(GenerationStore(shop.store))
    after.reload()
    limits = [
        {name: tenant.calibration.threshold for name, tenant in live.current().generation.tenants.items()}
        for live in (before, after)
    ]
    assert limits[1]["shop"] < limits[0]["shop"]
    assert limits[1]["other"] == limits[0]["other"]
    assert build(bolder, if_changed=True, progress=quiet).skipped


@pytest.mark.parametrize("budgets", [{"shpo": 0.05}, {"shop": 0.0}, {"shop": 1.5}])
def test_a_budget_of_nobody_or_of_no_share_is_refused(shop: Settings, budgets: dict[str, float]) -> None:
    with pytest.raises(ValidationError, match=r"shpo|error_budgets"):
        shop_settings(shop.var.parent, error_budgets=budgets)
