"""The keeper: notices, publishes, recalibrates now and then, and outlives what is wrong with the articles."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from kb_index.errors import DatabaseUnavailable
from kb_index.index import keeper as module
from kb_index.index.build import Builder
from kb_index.index.changes import Changes
from kb_index.index.generation import GenerationStore
from kb_index.index.keeper import Keeper, KeeperProcess
from kb_index.index.live import LiveKnowledge
from kb_index.settings import Settings
from tests.kb_index.learning.test_taught import WORDINGS, teach
from tests.kb_index.shop_articles import ask, write_article

PATIENCE_S = 120


def write(shop: Settings, name: str, title: str) -> Path:
    questions = [f"{title} {number}" for number in range(3)]
    return write_article(shop.tenants["shop"], name, "zh", title=title, questions=questions, answer="好。")


class Started:
    """Stands for the process that recalibrates."""

    made: list[Started] = []  # noqa: RUF012 - every test begins with an empty list

    def __init__(self, *_: object, **__: object) -> None:
        self.pid, self.returncode = os.getpid(), 0
        self.ended = False
        self.made.append(self)

    def poll(self) -> int | None:
        return 0 if self.ended else None

    def terminate(self) -> None:
        self.ended = True

    def wait(self) -> int:
        return 0


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Started]:
    monkeypatch.setattr(Started, "made", [])
    monkeypatch.setattr(module.subprocess, "Popen", Started)
    monkeypatch.setattr(module.os, "setpriority", lambda *_: None)
    return Started.made


@pytest.mark.usefixtures("started")
def test_only_a_change_is_published(shop: Settings) -> None:
    keeper = Keeper(shop)
    assert keeper.step() is None
    write(shop, "violin", "小提琴的弦断了")
    name = keeper.step()
    assert name is not None
    assert GenerationStore(shop.store).names()[0] == name
    assert keeper.step() is None


@pytest.mark.usefixtures("started")
def test_a_broken_article_is_told_and_the_next_change_published(shop: Settings) -> None:
    keeper = Keeper(shop)
    keeper.step()
    path = write(shop, "violin", "小提琴的弦断了")
    good = path.read_text("utf-8")
    path.write_text("nothing", "utf-8")
    assert keeper.step() is None
    assert keeper.step() is None
    path.write_text(good, "utf-8")
    assert keeper.step() is not None


@pytest.mark.usefixtures("started")
def test_what_fails_for_a_moment_is_tried_again(shop: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that was away for a second cost the edit: nobody looked again until the next one."""
    now = 0.0
    keeper = Keeper(shop, clock=lambda: now)
    keeper.step()
    write(shop, "violin", "小提琴的弦断了")

    def away(_: object) -> None:
        raise DatabaseUnavailable("no answer")

    with monkeypatch.context() as patched:
        patched.setattr(Builder, "publish_edits", away)
        assert keeper.step() is None
    assert keeper.step() is None, "not at once"
    now = module.PATIENCE_S
    assert keeper.step() is not None


@pytest.mark.usefixtures("started")
def test_after_a_full_disk_it_waits_and_tries_again(shop: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    keeper = Keeper(shop, clock=lambda: now)
    keeper.step()
    write(shop, "violin", "小提琴的弦断了")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    assert keeper.step() is None
    monkeypatch.undo()
    monkeypatch.setattr(module.subprocess, "Popen", Started)
    monkeypatch.setattr(module.os, "setpriority", lambda *_: None)
    assert keeper.step() is None, "not at once"
    now = module.PATIENCE_S
    assert keeper.step() is not None


def test_the_confidence_is_fitted_again_but_not_all_the_time(shop: Settings, started: list[Started]) -> None:
    now = 0.0
    keeper = Keeper(shop.model_copy(update={"recalibrate_minutes": 10.0}), clock=lambda: now)
    keeper.step()
    assert started == []
    write(shop, "violin", "小提琴的弦断了")
    keeper.step()
    assert len(started) == 1
    keeper.step()
    assert len(started) == 1, "one at a time"
    started[0].ended = True
    write(shop, "glacier", "冰川徒步要带什么鞋")
    keeper.step()
    keeper.step()
    assert len(started) == 1, "not before ten minutes are over"
    now = 600.0
    keeper.step()
    assert len(started) == 2
    keeper.close()
    assert started[1].ended


def test_what_people_judged_is_counted_now_and_then_and_fitted(shop: Settings, started: list[Started]) -> None:
    now = 0.0
    keeper = Keeper(shop.model_copy(update={"recalibrate_minutes": 10.0}), clock=lambda: now)
    keeper.step()
    teach(shop, WORDINGS, right=False)
    keeper.step()
    assert started == [], "it has just looked"
    now = 600.0
    keeper.step()
    assert len(started) == 1
    keeper.close()


def test_the_token_changes_with_every_kind_of_change(shop: Settings) -> None:
    changes, seen = Changes(shop), []

    def look() -> None:
        seen.append(changes.token())
        assert changes.token() == seen[-1]

    look()
    path = write(shop, "violin", "小提琴的弦断了")
    look()
    path.write_text(path.read_text("utf-8").replace("好", "行"), "utf-8")
    look()
    path.rename(path.with_name("viola.md"))
    look()
    path.with_name("viola.md").unlink()
    look()
    (shop.tenants["shop"] / "categories.yml").write_text("x", "utf-8")
    look()
    assert len(set(seen)) == len(seen) - 1, "after removing what was added all is as it was"


def test_beside_a_service_an_edit_is_found_and_a_dead_keeper_replaced(
    shop: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("background", "mood"):
        monkeypatch.setenv(f"TANDEM_KB_{name.upper()}", str(getattr(shop, name)))
    monkeypatch.setenv("TANDEM_VAR", str(shop.var))
    tenants = ", ".join(f'"{tenant}": "{folder}"' for tenant, folder in shop.tenants.items())
    monkeypatch.setenv("TANDEM_KB_TENANTS", f"{{{tenants}}}")
    monkeypatch.setenv("TANDEM_KB_RECALIBRATE_MINUTES", "600")
    monkeypatch.setattr(module, "BORN_AGAIN_S", 0.1)
    live = LiveKnowledge(GenerationStore(shop.store))
    live.reload()

    def published(title: str, name: str) -> bool:
        if live.changed():
            live.reload()
        hits = ask(live.current(), title).hits
        return bool(hits) and hits[0].article == name

    def eventually(title: str, name: str) -> None:
        until = time.monotonic() + PATIENCE_S
        while not published(title, name):
            assert time.monotonic() < until, f"{name} was not published"
            time.sleep(0.05)

    with KeeperProcess() as process:
        write(shop, "violin", "小提琴的弦断了换哪种")
        eventually("小提琴的弦断了换哪种", "violin")
        first = process._child
        assert first is not None
        first.kill()
        write(shop, "glacier", "冰川徒步要带什么鞋")
        eventually("冰川徒步要带什么鞋", "glacier")
        second = process._child
    assert second is not None
    assert second is not first
    assert second.poll() == 0, "it ends with the service"
