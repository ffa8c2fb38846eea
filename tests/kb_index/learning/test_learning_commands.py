"""`gaps` and `replay` on the command line, as an editor or a pipeline runs them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kb_index.__main__ import main
from kb_index.database import Database
from kb_index.learning import store
from kb_index.learning.model import Feedback, Kind
from kb_index.settings import Settings
from tests.kb_index.shop_articles import write_article

ASKED = ["你们支持花呗分期付款吗", "能用花呗分期吗", "花呗可以分几期付款"]


@pytest.fixture
def environment(shop: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The shop as the process environment describes it, with three questions that nobody answered."""
    monkeypatch.setenv("TANDEM_VAR", str(shop.var))
    monkeypatch.setenv("TANDEM_KB_TENANTS", json.dumps({name: str(path) for name, path in shop.tenants.items()}))
    for name in ("background", "mood", "evaluation"):
        monkeypatch.setenv(f"TANDEM_KB_{name.upper()}", str(getattr(shop, name)))
    database = Database(shop.database)
    with database.write() as connection:
        for number, text in enumerate(ASKED):
            told = Feedback(
                tenant="shop",
                event=f"m_{number}",
                kind=Kind.ASKED,
                conversation=f"c_{number}",
                at=datetime.now(UTC),
                question=2,
                text=text,
                language="zh",
                action="abstain",
            )
            assert store.add(connection, told)
    database.close()
    return shop


def golden(settings: Settings, *lines: tuple[str, str | None]) -> None:
    path = settings.evaluation / "golden" / "shop.jsonl"
    path.parent.mkdir(parents=True)
    told = (json.dumps({"text": text, "article": article}, ensure_ascii=False) for text, article in lines)
    path.write_text("\n".join(told), "utf-8")


def huabei(folder: Path) -> Path:
    """A file that somebody would like to add."""
    write_article(
        folder, "huabei", "zh", title="花呗分期", questions=[*ASKED, "花呗分期怎么用"], answer="支持3、6、12期。"
    )
    return folder / "zh" / "huabei.md"


def test_gaps_are_listed(environment: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gaps", "--tenant", "shop", "--json"]) == 0
    (gap,) = json.loads(capsys.readouterr().out)
    assert (gap["count"], gap["trend"], gap["why"]) == (3, "new", {"abstained": 3})
    assert main(["gaps", "--tenant", "shop"]) == 0
    assert gap["title"] in capsys.readouterr().out
    assert main(["gaps", "--tenant", "other"]) == 0
    assert "No question" in capsys.readouterr().out
    assert environment.database.startswith("sqlite")


def test_a_file_is_replayed_before_it_is_committed(
    environment: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    golden(environment, ("优惠券在哪里选", "coupon"))
    assert main(["replay", "--tenant", "shop", "--draft", str(huabei(tmp_path)), "--json"]) == 0
    replay = json.loads(capsys.readouterr().out)
    assert (replay["golden"], replay["past"]["asked"], replay["past"]["now_answered"]) == (1, 3, 3)
    assert replay["blocking"] == []


def test_a_change_for_the_worse_fails_the_command(
    environment: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    golden(environment, ("花呗能分12期付款吗", None))
    assert main(["replay", "--tenant", "shop", "--draft", str(huabei(tmp_path))]) == 1
    assert "WORSE" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "wrong"),
    [('{"text": ""}', "text"), ('{"text": "x"}', "article"), ('{"text": "x", "article": 1}', "article"), ("x", "JSON")],
)
def test_a_golden_file_is_refused_with_its_line(
    environment: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, wrong: str
) -> None:
    golden(environment)
    path = environment.evaluation / "golden" / "shop.jsonl"
    path.write_text(f'{{"text": "x", "article": null}}\n{line}\n', "utf-8")
    assert main(["replay", "--tenant", "shop", "--draft", str(huabei(tmp_path))]) == 1
    told = capsys.readouterr().err
    assert f"{path}:2" in told
    assert wrong in told


def test_an_unknown_draft_is_said_to_be_unknown(environment: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", "--tenant", "shop", "--draft", "draft_0"]) == 1
    assert "has no draft 'draft_0'" in capsys.readouterr().err
    assert environment.database.startswith("sqlite")
