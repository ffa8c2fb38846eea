"""An import that is run again changes what has changed, and nothing that a person has written."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kb_index.__main__ import main
from kb_index.articles.lifecycle import Change, Verb
from kb_index.articles.store import DatabaseStore
from kb_index.articles.stores import Stores
from kb_index.articles.tasks.store import TaskStore
from kb_index.articles.wanted import Wanted
from kb_index.database import Database
from kb_index.importing.ledger import Ledger
from kb_index.settings import Settings
from tests.kb_index.importing.importing_desk import Desk, whys

HEADER = "问题,相似问,答案\n"
RETURNS = "怎么退货,如何退货|退货流程|想把东西退掉,{days}天之内可以在订单页申请退货\n"
INVOICE = "怎么开发票,发票怎么开|电子发票在哪里|需要开票,在订单详情页申请电子发票\n"


def snapshot(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in folder.rglob("*.md")}


def test_only_what_changed_is_written(desk: Desk) -> None:
    path = desk.write("faq.csv", HEADER + RETURNS.format(days=7) + INVOICE)
    assert desk.run(path)["counts"]["created"] == 2
    before = snapshot(desk.kb)
    desk.write("faq.csv", HEADER + INVOICE + RETURNS.format(days=7))
    assert desk.run(path)["counts"]["unchanged"] == 2, "rows that moved are the same rows"
    assert snapshot(desk.kb) == before
    desk.write("faq.csv", HEADER + INVOICE + RETURNS.format(days=15))
    report = desk.run(path)
    assert (report["counts"]["updated"], report["counts"]["unchanged"]) == (1, 1)
    assert desk.articles()["怎么退货"].answer.startswith("15天")
    assert len(snapshot(desk.kb)) == 2


def test_a_dry_run_writes_nothing_at_all(desk: Desk) -> None:
    path = desk.write("faq.csv", HEADER + INVOICE)
    report = desk.run(path, options="--dry-run")
    assert report["dry_run"]
    assert report["counts"]["created"] == 1
    assert not desk.kb.exists()


def test_what_a_person_edited_is_kept_and_the_new_version_waits_beside_it(desk: Desk) -> None:
    path = desk.write("faq.csv", HEADER + RETURNS.format(days=7))
    desk.run(path)
    mine = desk.file_of("怎么退货")
    mine.write_text(mine.read_text().replace("申请退货", "申请退货，运费我们出"))
    edited = mine.read_bytes()
    assert desk.run(path)["counts"]["unchanged"] == 1, "the source has not changed, so there is nothing to say"
    desk.write("faq.csv", HEADER + RETURNS.format(days=30))
    report = desk.run(path, code=1, options="--publish")
    assert "it was edited by a person since it was imported; the new version is the draft" in whys(report, "conflict")
    assert mine.read_bytes() == edited
    beside = mine.with_name(f"{mine.stem}-imported.md")
    assert "30天" in beside.read_text()
    assert "state: draft" in beside.read_text()
    assert desk.run(path)["counts"]["conflict"] == 0, "told once"
    beside.write_text(beside.read_text().replace("30天", "三十天"))
    desk.write("faq.csv", HEADER + RETURNS.format(days=60))
    report = desk.run(path, code=1)
    assert "was edited too: merge them" in whys(report, "conflict")
    assert mine.read_bytes() == edited
    assert "三十天" in beside.read_text()


def test_publishing_takes_what_the_checks_find_nothing_against(desk: Desk) -> None:
    placeholder = "客服电话是多少,怎么联系你们|人工电话|打电话找谁,请拨打 400-xxx-xxxx 联系我们\n"
    few = "积分怎么用,,付款时可以抵扣\n"
    path = desk.write("faq.csv", HEADER + RETURNS.format(days=7) + placeholder + few)
    report = desk.run(path, options="--publish")
    states = {title: str(article.state) for title, article in desk.articles().items()}
    assert states == {"怎么退货": "published", "客服电话是多少": "draft", "积分怎么用": "draft"}
    told = whys(report, "created")
    assert "holds a placeholder" in told
    assert "1 question(s) of its own, 3 are needed" in told
    assert [finding["kind"] for finding in report["findings"]] == ["placeholder"]


def test_twins_and_contradictions_with_what_is_there_are_told_and_stay_drafts(desk: Desk) -> None:
    first = desk.write("first.csv", HEADER + RETURNS.format(days=7))
    desk.run(first, options="--publish")
    other = "退货政策说明,如何退货|多少天可以退,收货后10天之内可以在订单页申请退货\n"
    report = desk.run(desk.write("second.csv", HEADER + other), options="--publish")
    assert str(desk.articles()["退货政策说明"].state) == "draft"
    kinds = {finding["kind"] for finding in report["findings"]}
    assert "same-question" in kinds
    desk.write("third.csv", HEADER + other)
    report = desk.run(desk.folder / "sources" / "second.csv", desk.folder / "sources" / "third.csv")
    assert "says exactly what second.csv (row 2) says" in whys(report, "skipped")


def test_drafts_are_published_by_a_later_import_and_a_published_one_is_not_taken_away(desk: Desk) -> None:
    path = desk.write("faq.csv", HEADER + RETURNS.format(days=7))
    desk.run(path)
    assert desk.run(path, options="--publish")["published"] == 1
    desk.write("faq.csv", HEADER + RETURNS.format(days=15))
    report = desk.run(path)
    assert "the published version stays until it is published" in whys(report, "updated")
    main = next(article for article in desk.articles().values() if not article.id.endswith("-imported"))
    assert (str(main.state), main.answer[:2]) == ("published", "7天")
    report = desk.run(path, options="--publish")
    assert report["published"] == 1
    published, waiting = sorted(desk.kb.rglob("*.md"), key=lambda path: len(path.name))
    assert "state: published" in published.read_text()
    assert "15天" in published.read_text()
    assert "state: retired" in waiting.read_text()


def test_what_the_source_lost_is_reported_and_retired_only_when_asked(desk: Desk) -> None:
    path = desk.write("faq.csv", HEADER + RETURNS.format(days=7) + INVOICE)
    desk.run(path)
    desk.write("faq.csv", HEADER + INVOICE)
    assert "--retire-missing retires it" in whys(desk.run(path), "missing")
    assert str(desk.articles()["怎么退货"].state) == "draft"
    desk.write("faq.csv", HEADER + INVOICE + '坏行,"没有结束\n')
    report = desk.run(path, code=1, options="--retire-missing")
    assert "parts of the source could not be read" in whys(report, "missing")
    desk.write("faq.csv", HEADER + INVOICE)
    assert desk.run(path, options="--retire-missing")["counts"]["retired"] == 1
    assert str(desk.articles()["怎么退货"].state) == "retired"
    desk.write("faq.csv", HEADER + INVOICE + RETURNS.format(days=7))
    assert desk.run(path)["counts"]["updated"] == 1, "it came back"
    assert str(desk.articles()["怎么退货"].state) == "draft"


def test_an_import_that_was_cut_off_is_continued(desk: Desk) -> None:
    path = desk.write("faq.csv", HEADER + RETURNS.format(days=7) + INVOICE)
    desk.run(path)
    ledger = desk.kb / ".imported.jsonl"
    lines = ledger.read_text().splitlines()
    ledger.write_text(lines[0] + "\n" + lines[1][:40])
    before = snapshot(desk.kb)
    assert desk.run(path)["counts"]["unchanged"] == 2, "the article without a record is known by what it says"
    assert snapshot(desk.kb) == before
    assert len(Ledger(ledger).records) == 2
    assert all(json.loads(line) for line in ledger.read_text().splitlines())


def test_a_second_file_of_the_same_name_does_not_take_over(desk: Desk) -> None:
    desk.run(desk.write("a/faq.csv", HEADER + RETURNS.format(days=7)))
    report = desk.run(desk.write("b/faq.csv", HEADER + INVOICE), code=1)
    assert "another source of this name was imported from" in whys(report, "failed")
    report = desk.run(desk.folder / "sources")
    assert report["counts"]["created"] == 2, "in a folder they have different names"
    assert {finding["kind"] for finding in report["findings"]} == {"same-question"}, "and the twin is told"


def test_an_id_that_is_taken_is_not_overwritten(desk: Desk) -> None:
    row = "refund-timing,When is my refund paid?,refund date|money back,Within 5 working days"
    sheet = f"id,question,similar,answer\n{row}\n"
    desk.run(desk.write("one.csv", sheet))
    report = desk.run(desk.write("two.csv", sheet.replace("5 working", "9 working")), code=1)
    assert "an article with this id was not imported from here" in whys(report, "conflict")
    assert "5 working" in (desk.kb / "en" / "imported" / "refund-timing.md").read_text()


@pytest.mark.parametrize("publish", [True, False])
def test_the_database_keeps_the_published_version_and_the_history(desk: Desk, publish: bool) -> None:
    path = desk.write("faq.csv", HEADER + RETURNS.format(days=7) + INVOICE)
    desk.run(path, into="database", options="--publish")
    store = DatabaseStore("demo", Database(Settings().database))
    assert len(store.read().articles) == 2
    desk.write("faq.csv", HEADER + RETURNS.format(days=15))
    report = desk.run(path, into="database", options="--retire-missing" + " --publish" * publish)
    assert (report["counts"]["updated"], report["counts"]["retired"]) == (1, 1)
    (served,) = store.read().articles
    assert served.answer.startswith("15天" if publish else "7天")
    newest = {kept.article.title: kept for kept in store.page(Wanted()).articles}["怎么退货"]
    assert newest.article.answer.startswith("15天")
    steps = store.history(served.id, "zh")
    assert all(step.actor == "import" and "faq.csv (row 2)" in step.why for step in steps)
    edited = replace(newest.article, answer="找我们办理退货")
    person = Change(
        verb=Verb.EDIT, tenant="demo", id=served.id, language="zh", actor="mei", at=datetime.now(UTC),
        revision=newest.revision, article=edited,
    )  # fmt: skip
    store.apply(person)
    desk.write("faq.csv", HEADER + RETURNS.format(days=60))
    report = desk.run(path, into="database", code=1)
    assert "it was edited by a person" in whys(report, "conflict")
    assert store.one(served.id, "zh").article.answer == "找我们办理退货"
    assert store.one(f"{served.id}-imported", "zh").article.answer.startswith("60天")


def test_what_is_held_back_is_a_task_of_its_owner_until_it_is_mended(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TANDEM_VAR", str(tmp_path / "var"))
    monkeypatch.setenv("TANDEM_KB_TENANTS", json.dumps({"demo": str(desk.kb)}))
    settings = Settings()

    def tasks() -> list[tuple[str, str]]:
        found = TaskStore("demo", Stores.of(settings).database).tasks()
        return [(task.finding.kind, task.finding.owner) for task in found]

    sheet = desk.write("sheet.csv", HEADER + RETURNS.format(days=7))
    assert desk.run(sheet, options="--publish")["published"] == 1
    source = desk.write("hotline.md", f"# Hotline\n\nCall us on 400-{'X' * 7} at any time of the day.\n")
    desk.run(source, options="--dry-run --owner li")
    assert tasks() == []
    desk.run(source, options="--publish --owner li")
    desk.run(source, options="--publish --owner li")
    assert main(["check", "--lexical"]) == 0
    assert tasks() == [("held-back", "li")]
    desk.write("hotline.md", "# Hotline\n\nCall us on 400-820-1234 at any time of the day.\n")
    desk.run(source, options="--publish --owner li")
    assert tasks() == []
