"""One tenant's broken file is nobody else's trouble: the others are published, it goes on with what it had."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from kb_index.__main__ import main
from kb_index.articles.findings import FindingKind
from kb_index.articles.stores import Stores
from kb_index.articles.tasks.store import TaskStore
from kb_index.errors import ArticlesRefused
from kb_index.index import keeper as keeping
from kb_index.index.build import Builder, build
from kb_index.index.generation import GenerationStore
from kb_index.index.keeper import Keeper
from kb_index.index.live import LiveKnowledge, withdraw
from kb_index.index.refused import Refusals
from kb_index.settings import Settings
from tests.kb_index.index.test_keeper import Started
from tests.kb_index.shop_articles import ask, quiet, write_article
from tests.kb_index.test_kb_api import running


@pytest.fixture(autouse=True)
def no_recalibration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping.subprocess, "Popen", Started)
    monkeypatch.setattr(keeping.os, "setpriority", lambda *_: None)


def broken(shop: Settings) -> Path:
    path = shop.tenants["shop"] / "zh" / "coupon.md"
    path.write_text(path.read_text("utf-8").replace("audience: public", "audience: all"), "utf-8")
    return path


def write(shop: Settings, tenant: str, name: str, title: str) -> Path:
    questions = [f"{title} {number}" for number in range(3)]
    return write_article(shop.tenants[tenant], name, "zh", title=title, questions=questions, answer="好。")


def served(shop: Settings) -> LiveKnowledge:
    live = LiveKnowledge(GenerationStore(shop.store))
    live.reload()
    return live


def first(live: LiveKnowledge, text: str, tenant: str = "shop") -> str:
    hits = ask(live.current(), text, tenant=tenant).hits
    return hits[0].article if hits else ""


def test_the_others_are_published_and_it_keeps_what_it_had(shop: Settings) -> None:
    keeper = Keeper(shop)
    keeper.step()
    path, good = broken(shop), (shop.tenants["shop"] / "zh" / "invoice.md").read_text("utf-8")
    write(shop, "other", "violin", "小提琴的弦断了")
    assert keeper.step() is not None
    live = served(shop)
    assert first(live, "小提琴的弦断了", "other") == "violin"
    assert first(live, "优惠券怎么用") == "coupon"
    told = Refusals(shop.store).all()
    assert list(told) == ["shop"]
    (problem,) = told["shop"].problems
    assert (problem.path, problem.line) == (str(path), 11)
    assert "audience" in problem.message
    path.write_text(good.replace("id: invoice", "id: coupon"), "utf-8")
    assert keeper.step() is not None
    assert Refusals(shop.store).all() == {}


def test_what_is_deleted_goes_although_another_file_is_broken(shop: Settings) -> None:
    builder = Builder(shop, quiet)
    broken(shop)
    (shop.tenants["shop"] / "zh" / "invoice.md").unlink()
    assert builder.publish_edits() is not None
    assert first(served(shop), "怎么开发票") != "invoice"
    assert builder.publish_edits() is None, "what goes on as it was is no edit"


def test_what_was_withdrawn_stays_hidden_while_the_articles_cannot_be_read(shop: Settings) -> None:
    builder = Builder(shop, quiet)
    broken(shop)
    withdraw(shop, "shop", "refund-method")
    write(shop, "other", "violin", "小提琴的弦断了")
    assert builder.publish_edits() is not None
    assert first(served(shop), "退款退到哪里") != "refund-method"
    write(shop, "other", "glacier", "冰川徒步要带什么鞋")
    assert builder.publish_edits() is not None
    assert first(served(shop), "退款退到哪里") != "refund-method", "it is remembered as long as it is needed"


def test_a_full_build_publishes_the_others_and_fails_when_nothing_else_is_new(shop: Settings) -> None:
    broken(shop)
    with pytest.raises(ArticlesRefused, match=r"coupon\.md:11"):
        build(shop, if_changed=False, progress=quiet)
    with pytest.raises(ArticlesRefused):
        build(shop, if_changed=True, progress=quiet)
    write(shop, "other", "violin", "小提琴的弦断了")
    report = build(shop, if_changed=True, progress=quiet)
    assert list(report.refused) == ["shop"]
    assert report.tenants["other"].calibrated
    assert first(served(shop), "小提琴的弦断了", "other") == "violin"
    assert first(served(shop), "优惠券怎么用") == "coupon"


def test_the_command_prints_what_is_refused_and_fails(
    shop: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("background", "mood"):
        monkeypatch.setenv(f"TANDEM_KB_{name.upper()}", str(getattr(shop, name)))
    monkeypatch.setenv("TANDEM_VAR", str(shop.var))
    tenants = ", ".join(f'"{tenant}": "{folder}"' for tenant, folder in shop.tenants.items())
    monkeypatch.setenv("TANDEM_KB_TENANTS", f"{{{tenants}}}")
    path = broken(shop)
    write(shop, "other", "violin", "小提琴的弦断了")
    assert main(["build", "--if-changed"]) == 1
    said = capsys.readouterr()
    assert f"{path}:11:" in said.err
    assert "Published" in said.out


def test_an_unreachable_database_costs_only_its_tenants_and_is_asked_again(shop: Settings) -> None:
    away = shop.model_copy(
        update={
            "tenants": {**shop.tenants, "brand": "database"},
            "database_url": "postgresql://nobody@127.0.0.1:9/nothing",
        }
    )
    now = 0.0
    keeper = Keeper(away, clock=lambda: now)
    keeper.step()
    assert first(served(shop), "优惠券怎么用") == "coupon"
    told = Refusals(shop.store).all()
    assert list(told) == ["brand"]
    assert "not available" in told["brand"].problems[0].message
    looked = keeper._builder.publish_edits
    calls: list[float] = []
    keeper._builder.publish_edits = lambda: (calls.append(now), looked())[1]  # type: ignore[method-assign]
    keeper.step()
    assert calls == []
    now = keeping.PATIENCE_S
    keeper.step()
    assert calls == [now]


def test_whoever_runs_it_and_the_owner_are_told(shop: Settings) -> None:
    keeper = Keeper(shop)
    keeper.step()
    path = broken(shop)
    keeper.step()
    (task,) = [
        each for each in TaskStore("shop", Stores.of(shop).database).tasks() if each.finding.kind is FindingKind.REFUSED
    ]
    assert (task.finding.article, task.finding.language, task.finding.owner) == ("coupon", "zh", "shop-team")
    assert task.finding.evidence["line"] == 11
    with running(shop.model_copy(update={"token": SecretStr("t")})) as client:
        state = client.get("/readyz").json()
        assert state["status"] == "ready"
        assert state["refused"]["shop"]["problems"][0].startswith(f"{path}:11:")
        answer = client.get("/tenants/shop/refused", headers={"Authorization": "Bearer t"}).json()
        assert (answer["problems"][0]["file"], answer["problems"][0]["line"]) == (str(path), 11)
        assert client.get("/tenants/other/refused", headers={"Authorization": "Bearer t"}).json() is None
        assert client.get("/tenants/shop/refused").status_code == 401
    path.write_text(path.read_text("utf-8").replace("audience: all", "audience: public"), "utf-8")
    keeper.step()
    tasks = TaskStore("shop", Stores.of(shop).database).tasks()
    assert not [each for each in tasks if each.finding.kind is FindingKind.REFUSED]
