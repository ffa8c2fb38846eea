"""The commands: exit codes, and sentences that say what to do."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kb_index.__main__ import main
from kb_index.settings import Settings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def environment(shop: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The shop as the process environment describes it."""
    monkeypatch.setenv("TANDEM_VAR", str(shop.var))
    monkeypatch.setenv("TANDEM_KB_TENANTS", json.dumps({name: str(path) for name, path in shop.tenants.items()}))
    for name in ("background", "mood", "evaluation"):
        monkeypatch.setenv(f"TANDEM_KB_{name.upper()}", str(getattr(shop, name)))
    return shop


def write_questions(settings: Settings, lines: list[tuple[str, str | None]]) -> None:
    settings.evaluation.mkdir(exist_ok=True)
    (settings.evaluation / "questions.jsonl").write_text(
        "\n".join(
            json.dumps({"text": text, "article": article, "also": [], "language": "zh", "kind": "direct"})
            for text, article in lines
        ),
        "utf-8",
    )


def test_build_builds_and_skips_what_is_unchanged(environment: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["build", "--if-changed"]) == 0
    assert "Nothing changed" in capsys.readouterr().out
    path = environment.tenants["shop"] / "zh" / "coupon.md"
    path.write_text(path.read_text("utf-8").replace("每单一张", "每单两张"), "utf-8")
    assert main(["build", "--if-changed"]) == 0
    assert "Published g-" in capsys.readouterr().out


def test_build_lists_the_problems_and_fails(environment: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    path = environment.tenants["shop"] / "zh" / "coupon.md"
    path.write_text(path.read_text("utf-8").replace("owner:", "ownr:"), "utf-8")
    assert main(["build"]) == 1
    error = capsys.readouterr().err
    assert f"{path}:" in error
    assert "did you mean 'owner'" in error


@pytest.mark.usefixtures("environment")
def test_search_shows_decision_mood_and_hits(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["search", "多久能退款", "--tenant", "shop"]) == 0
    output = capsys.readouterr().out
    assert output.startswith("answer (")
    assert "refund-timing [zh]" in output


def test_evaluate_passes_or_fails_by_the_figures(environment: Settings, capsys: pytest.CaptureFixture[str]) -> None:
    write_questions(environment, [("多久能退款呀", "refund-timing"), ("怎么开发票呢", "invoice"), ("明天下雨吗", None)])
    assert main(["evaluate", "--tenant", "shop"]) == 0
    assert "top1" in capsys.readouterr().out
    assert main(["evaluate", "--tenant", "shop", "--json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["questions"]["all"]["top1"] == 1.0
    assert figures["questions"]["en"]["top1"] is None
    write_questions(environment, [("多久能退款呀", "invoice"), ("怎么开发票呢", "invoice")])
    assert main(["evaluate", "--tenant", "shop"]) == 1
    assert "Not good enough" in capsys.readouterr().err


def test_evaluate_tells_what_has_moved_since_the_last_run(
    environment: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    def told() -> list[str]:
        main(["evaluate", "--tenant", "shop"])
        lines = capsys.readouterr().out.splitlines()
        return lines[1 + next(place for place, line in enumerate(lines) if line.startswith("understand p50")) :]

    asked: list[tuple[str, str | None]] = [("多久能退款呀", "refund-timing"), ("怎么开发票呢", "invoice")]
    write_questions(environment, asked)
    path = environment.var / "reports" / "evaluation.json"
    assert told() == [f"Kept in {path}; the next run tells what it has changed."]
    (same,) = told()
    assert same.endswith("nothing moved.")
    write_questions(environment, [asked[0], ("怎么开发票呢", "coupon")])
    _, *moved = told()
    assert "  all top1 1.000 -> 0.500" in moved
    assert not any("questions" in line for line in moved), "as many as before"
    assert "  all top1 0.500 -> 1.000" not in told(), "against the last run, not the first"
    path.write_text("broken", "utf-8")
    assert told() == [f"Kept in {path}; the next run tells what it has changed."]


def test_evaluate_tells_how_many_of_the_given_answers_are_wrong(
    environment: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    right: list[tuple[str, str | None]] = [("多久能退款", "refund-timing"), ("怎么开发票", "invoice")]
    write_questions(environment, [*right, ("优惠券怎么用", None)])
    (environment.evaluation / "mood.jsonl").write_text(
        '{"text": "你们太让人失望了，骗人的吧", "unhappy": true}\n{"text": "请问什么时候发货", "unhappy": true}\n',
        "utf-8",
    )
    main(["evaluate", "--tenant", "shop", "--json"])
    figures = json.loads(capsys.readouterr().out)
    of_all = figures["questions"]["all"]
    assert (of_all["given"], of_all["wrong_of_given"], of_all["wrong_answered"]) == (3, 0.3333, 0.0)
    assert of_all["wrong_upper95"] == 0.8646, "one failure in three, Clopper and Pearson"
    assert figures["mood"]["all"]["accuracy"] == 0.5


def test_evaluate_fails_when_other_peoples_things_are_answered(
    environment: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    write_questions(environment, [("多久能退款呀", "refund-timing"), ("怎么开发票呢", "invoice")])
    foreign = {"text": "怎么开发票", "article": None, "also": [], "language": "zh", "kind": "foreign"}
    (environment.evaluation / "foreign.jsonl").write_text(json.dumps(foreign), "utf-8")
    (environment.evaluation / "of_another_part.jsonl").write_text('{"text": "hi", "intent": "greet"}', "utf-8")
    assert main(["evaluate", "--tenant", "shop", "--json"]) == 1
    figures = json.loads(capsys.readouterr().out)["questions"]
    assert figures["foreign"]["oos_answered"] == 1.0
    assert (figures["all"]["questions"], figures["all"]["out_of_scope"]) == (2, 0)


def test_evaluate_without_questions_or_with_a_broken_line_says_where(
    environment: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.evaluation.mkdir()
    assert main(["evaluate", "--tenant", "shop"]) == 1
    assert "no evaluation questions" in capsys.readouterr().err
    (environment.evaluation / "broken.jsonl").write_text('{"text": 1, "article": null}\n', "utf-8")
    assert main(["evaluate", "--tenant", "shop"]) == 1
    assert "broken.jsonl:1: 'text'" in capsys.readouterr().err


def test_a_bad_setting_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("TANDEM_KB_ERROR_BUDGET", "2")
    assert main(["search", "x"]) == 2
    assert "error_budget" in capsys.readouterr().err


def test_searching_before_building_says_what_to_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TANDEM_VAR", str(tmp_path))
    assert main(["search", "x"]) == 1
    assert "python -m kb_index build" in capsys.readouterr().err


def test_serving_needs_neither_torch_nor_scikit_learn(environment: Settings) -> None:
    """Both take seconds and hundreds of megabytes to import; only building needs them."""
    program = (
        "import sys; from kb_index.api import create_app; from kb_index.__main__ import main; "
        "assert main(['search', '多久能退款', '--tenant', 'shop']) == 0; "
        "print([name for name in ('torch', 'sklearn', 'sentence_transformers') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
    assert environment.store.is_dir()
