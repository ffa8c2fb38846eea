"""Edits: any story of adding, changing, deleting and publishing ends with what the articles say."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from kb_index.articles.model import Audience
from kb_index.errors import UnknownArticle
from kb_index.index.build import Builder
from kb_index.index.live import LiveKnowledge, withdraw
from kb_index.settings import Settings
from tests.kb_index.shop_articles import DAY, ask, quiet, shop_settings, write_article, write_texts

TOPICS = {
    "dragon": "紫色的龙怎么喂养",
    "balloon": "热气球漏气了怎么补",
    "violin": "小提琴的弦断了换哪种",
    "glacier": "冰川徒步要带什么鞋",
}


class Edits(RuleBasedStateMachine):
    """The model: what the files say, and what of it was published last; `stays` keeps the index from being empty."""

    @initialize()
    def build(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tandem-edits-"))
        write_texts(self.folder)
        self.settings = shop_settings(self.folder, tenants={"shop": self.folder / "kb"})
        self.files: dict[str, int] = {}
        self.version = 0
        write_article(
            self.folder / "kb", "stays", "zh", title="门店几点开门", questions=["营业时间", "几点关门", "周末开吗"],
            answer="九点。",
        )  # fmt: skip
        self.builder = Builder(self.settings, quiet)
        self.builder.build(if_changed=False)
        self.live = LiveKnowledge(self.builder.store)
        self.live.reload()
        self.published: dict[str, int] = {}

    @rule(name=st.sampled_from(sorted(TOPICS)))
    def write(self, name: str) -> None:
        self.version += 1
        self.files[name] = self.version
        topic = TOPICS[name]
        write_article(
            self.folder / "kb", name, "zh", title=topic, questions=[f"请问{topic}", f"{topic}呢", f"想知道{topic}"],
            answer=f"第 {self.version} 版。",
        )  # fmt: skip

    @rule(name=st.sampled_from(sorted(TOPICS)))
    def delete(self, name: str) -> None:
        if name in self.files:
            (self.folder / "kb" / "zh" / f"{name}.md").unlink()
            del self.files[name]
            withdraw(self.settings, "shop", name)
            self.published.pop(name, None)

    @rule()
    def publish(self) -> None:
        self.builder.publish_edits()
        self.live.reload()
        self.published = dict(self.files)

    @rule()
    def restart(self) -> None:
        self.builder = Builder(self.settings, quiet)
        self.live = LiveKnowledge(self.builder.store)
        self.live.reload()

    @invariant()
    def what_is_found_and_read_is_what_was_published_and_not_deleted(self) -> None:
        if not hasattr(self, "live"):
            return
        knowledge = self.live.current()
        for name, topic in TOPICS.items():
            hits = {hit.article: hit.answer for hit in ask(knowledge, topic).hits}
            expected = {name: f"第 {self.published[name]} 版。"} if name in self.published else {}
            assert {each: answer for each, answer in hits.items() if each == name} == expected
            assert set(hits) <= {*self.published, "stays"}
            if name in self.published:
                assert next(iter(hits)) == name
                read = knowledge.article("shop", name, language="zh", audience=Audience.PUBLIC, day=DAY)
                assert read.answer == expected[name]
            else:
                with pytest.raises(UnknownArticle):
                    knowledge.article("shop", name, language="zh", audience=Audience.PUBLIC, day=DAY)

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)


TestEdits = Edits.TestCase
TestEdits.settings = settings(
    max_examples=12, stateful_step_count=12, deadline=None, suppress_health_check=list(HealthCheck)
)


def test_an_edit_embeds_its_own_texts_only_and_leaves_other_tenants_alone(shop: Settings) -> None:
    builder = Builder(shop, quiet)
    before = builder.store.manifest(builder.store.names()[0])
    write_article(
        shop.tenants["shop"], "violin", "zh", title="小提琴的弦断了", questions=["换哪种弦", "弦多少钱", "怎么换弦"],
        answer="换 E 弦。",
    )  # fmt: skip
    report = builder.publish_edits()
    assert report is not None
    assert report.embedded == 5
    assert not report.tenants["shop"].calibrated
    assert report.tenants["other"].calibrated
    after = builder.store.manifest(report.generation)
    same = {path for path, checksum in after["files"].items() if before["files"].get(path) == checksum}
    assert {"other/vectors.faiss", "other/models.npz", "mood.npz", "embedded.npz"} <= same
    shared = [(builder.store.folder / name / "mood.npz").stat().st_ino for name in builder.store.names()[:2]]
    assert shared[0] == shared[1]
    assert builder.publish_edits() is None
    assert builder.recalibration_due()
    full = builder.build(if_changed=True)
    assert full.tenants["shop"].calibrated
    assert not builder.recalibration_due()
    assert builder.build(if_changed=True).skipped


def test_an_edit_while_everything_is_fitted_again_is_not_lost(shop: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    slow, quick = Builder(shop, quiet), Builder(shop, quiet)
    folder = shop.tenants["shop"]

    def write(name: str, title: str) -> None:
        write_article(folder, name, "zh", title=title, questions=[f"{title} {n}" for n in range(3)], answer="好。")

    write("violin", "小提琴的弦断了")
    import kb_index.index.build as module

    fit = module.calibrate

    def fit_slowly(*given: object, **named: object) -> object:
        write("glacier", "冰川徒步要带什么鞋")
        quick.publish_edits()
        return fit(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "calibrate", fit_slowly)
    report = slow.build(if_changed=True)
    live = LiveKnowledge(slow.store)
    assert live.reload() == report.generation
    for title, name in (("小提琴的弦断了", "violin"), ("冰川徒步要带什么鞋", "glacier")):
        assert ask(live.current(), title).hits[0].article == name
    assert not report.tenants["shop"].calibrated, "its confidence was fitted before the last edit"
