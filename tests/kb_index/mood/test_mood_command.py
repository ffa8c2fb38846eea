"""The command that measures the mood on somebody's judged messages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kb_index.__main__ import main
from kb_index.settings import Settings

pytestmark = pytest.mark.usefixtures("environment")


@pytest.fixture
def environment(shop: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("TANDEM_VAR", str(shop.var))
    monkeypatch.setenv("TANDEM_KB_TENANTS", json.dumps({name: str(path) for name, path in shop.tenants.items()}))
    for name in ("background", "mood"):
        monkeypatch.setenv(f"TANDEM_KB_{name.upper()}", str(getattr(shop, name)))
    return shop


def write(path: Path, lines: list[tuple[str, bool]]) -> Path:
    path.write_text("".join(json.dumps({"text": text, "unhappy": bad}) + "\n" for text, bad in lines), "utf-8")
    return path


MESSAGES = [
    ("你们就是骗子公司，还我钱", True),
    ("what a bunch of useless idiots", True),
    ("怎么开发票", False),
    ("how do I use a coupon", False),
]


def test_figures_are_printed_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mood", str(write(tmp_path / "judged.jsonl", MESSAGES)), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert (figures["messages"], figures["unhappy"]) == (4, 2)
    assert figures["accuracy"] == figures["auroc"] == 1.0
    assert figures["ms_per_text"] > 0
    assert set(figures["by_language"]) == {"zh", "en"}
    assert figures["by_language"]["en"]["messages"] == 2
    assert "own" not in figures


def test_figures_need_no_index_and_leave_none(environment: Settings, tmp_path: Path) -> None:
    store = environment.store
    before = sorted(path.name for path in store.iterdir())
    assert main(["mood", str(write(tmp_path / "judged.jsonl", MESSAGES)), "--json"]) == 0
    assert sorted(path.name for path in store.iterdir()) == before


def test_own_data_is_reported_beside_the_shipped(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    judged = write(tmp_path / "judged.jsonl", [*MESSAGES, ("flurb flurb grey", True), ("flurb flurb green", False)])
    own = write(tmp_path / "own.jsonl", [(f"flurb {n} grey", True) for n in range(9)])
    assert main(["mood", str(judged), "--train", str(own), "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["recall"] < 1.0
    assert figures["own"]["recall"] == 1.0
    assert main(["mood", str(judged), "--train", str(own)]) == 0
    assert {"shipped,", "trained"} <= {line.split()[0] for line in capsys.readouterr().out.splitlines()}


def test_what_is_measured_on_is_not_trained_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    judged = write(tmp_path / "judged.jsonl", [*MESSAGES, ("flurb flurb grey", True)])
    assert main(["mood", str(judged), "--train", str(judged), "--json"]) == 0
    captured = capsys.readouterr()
    assert "5 messages" in captured.err
    figures = json.loads(captured.out)
    assert figures["own"]["recall"] == figures["recall"]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ('{"text": "a", "unhappy": false}\n{"text": "a"}\n', ":2: 'unhappy' must be given as bool"),
        ('{"text": 3, "unhappy": true}\n', ":1: 'text' must be given as str"),
        ("\n\nnot json\n", ":3: not JSON"),
        ('{"text": "a", "unhappy": 1}\n', ":1: 'unhappy'"),
        ("", "holds no messages"),
    ],
)
def test_a_broken_file_is_named_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, complaint: str
) -> None:
    path = tmp_path / "judged.jsonl"
    path.write_text(content, "utf-8")
    assert main(["mood", str(path)]) == 1
    assert f"{path}:" in (message := capsys.readouterr().err)
    assert complaint in message


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mood", str(tmp_path / "absent.jsonl")]) == 1
    assert "absent.jsonl" in capsys.readouterr().err


def test_public_sets_show_reviews_with_and_without_own_lines_and_calm_questions(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reviews = [f"0,骗子公司，还我钱{n}" if n % 2 else f"1,flurb 很好{n}" for n in range(20)]
    (tmp_path / "waimai_10k.csv").write_text("\n".join(["label,review", *reviews]) + "\n", "utf-8")
    calm = ["text,category", "how do I use a coupon,coupon", "what a bunch of useless idiots,insult"]
    (tmp_path / "banking77_test.csv").write_text("\n".join(calm) + "\n", "utf-8")
    assert main(["evaluate", "--development", str(tmp_path), "--only", "mood", "--json"]) == 0
    liked, questions = json.loads(capsys.readouterr().out)["mood"]
    assert (liked["messages"], liked["goal"], questions["messages"]) == (10, 0.9, 2)
    assert liked["accuracy"] >= 0.5
    assert liked["accuracy_with_own"] == 1.0
    assert (questions["accuracy"], questions["flagged"]) == (None, 0.5)
    assert main(["evaluate", "--development", str(tmp_path), "--only", "mood"]) == 0
    assert "flagged 0.500" in capsys.readouterr().out
