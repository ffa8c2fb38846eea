"""Tasks after an edit: what was not looked at is not closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np

from kb_index.articles.editing import Desk
from kb_index.articles.findings import FindingKind
from kb_index.articles.lifecycle import Verb
from kb_index.articles.stores import Stores
from kb_index.articles.tasks.store import TaskStore
from kb_index.database import Database
from tests.kb_index.articles.labelled_pairs import article
from tests.kb_index.articles.stocked import NOW, change, create

DAY = date(2026, 6, 1)


def same(texts: Sequence[str]) -> np.ndarray:
    """A model for which all questions mean the same, but those about a lamp."""
    return np.array([[0.0, 1.0] if "灯" in text else [1.0, 0.0] for text in texts], dtype=np.float32)


def kinds(tasks: TaskStore) -> list[tuple[str, str]]:
    return sorted((str(each.finding.kind), each.finding.article) for each in tasks.tasks())


def test_an_edit_elsewhere_does_not_close_near_duplicates(tmp_path: Path) -> None:
    """Only letters were compared for the others, and what a model had found counted as repaired."""
    database = Database(f"sqlite:///{tmp_path / 'knowledge.db'}")
    desk = Desk(Stores({"shop": "database"}, database), day=lambda: DAY, withdraw=lambda *_: None, embed=lambda: same)
    store = desk.stores.tenant("shop")
    drafts = {
        name: create(store, article(name, "zh", text, title=title))
        for name, title, text in (
            ("refund", "退款多久到账", "三天。"), ("money", "钱什么时候回来", "请看[这里](article:gone)。"),
            ("lamp", "台灯怎么装", "拧上。"),
        )
    }  # fmt: skip
    for kept in drafts.values():
        step = change(Verb.PUBLISH, kept.article, revision=kept.revision)
        desk.carry_out(step, accept=True)
    tasks = TaskStore("shop", database)
    desk.review_all("shop", now=NOW)
    near = [(kind, name) for kind, name in kinds(tasks) if kind == FindingKind.NEAR_DUPLICATE]
    assert len(near) == 1
    ((_, holder),) = near
    lamp = store.one("lamp", "zh")
    edited = desk.carry_out(
        change(Verb.EDIT, lamp.article, revision=lamp.revision, article=replace(lamp.article, answer="拧紧。"))
    ).kept
    desk.carry_out(change(Verb.PUBLISH, edited.article, revision=edited.revision), accept=True)
    assert (str(FindingKind.NEAR_DUPLICATE), holder) in kinds(tasks)
    other = store.one("money" if holder == "refund" else "refund", "zh")
    apart = replace(other.article, title="灯泡", questions=("灯泡坏了", "换灯泡", "灯不亮"))
    edited = desk.carry_out(change(Verb.EDIT, other.article, revision=other.revision, article=apart)).kept
    desk.carry_out(change(Verb.PUBLISH, edited.article, revision=edited.revision), accept=True)
    assert (str(FindingKind.NEAR_DUPLICATE), holder) not in kinds(tasks), "worded apart by the other side"
    database.close()
