"""`evaluate --articles --questions`: the figures, what they mean, and what bad files are answered."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from kb_index.__main__ import main
from kb_index.articles.fields import MOST_QUESTIONS
from kb_index.errors import TextsRefused
from kb_index.evaluation.contract import measure
from kb_index.evaluation.measures import aurc, auroc, calibration_error, coverage_at, reliability, risk_coverage
from kb_index.evaluation.questions import JudgedQuestion, read_articles, read_asked
from kb_index.evaluation.report import ContractFigures, ContractReport
from tests.kb_index.evaluation.spelled_encoder import THINGS, WAYS, SpelledEncoder, topic_lines, topic_questions

PROMISED = [
    "questions", "answerable", "out_of_scope", "top1", "mrr10", "auroc", "aurc", "coverage", "wrong_answered",
    "oos_answered", "precision", "ece", "embed_ms", "search_ms_p50", "search_ms_p95", "build_s", "peak_mb",
]  # fmt: skip
BACKGROUND = ["will it rain tomorrow", "who won the match", "tell me a joke", "what is the capital of france"]


def write_lines(path: Path, lines: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")
    return path


def measured(
    folder: Path,
    lines: list[dict[str, object]],
    questions: list[JudgedQuestion],
    calibration: list[JudgedQuestion] | None = None,
) -> ContractReport:
    return measure(
        read_articles(write_lines(folder / "a.jsonl", lines)),
        questions,
        calibration,
        background=BACKGROUND,
        encoder=SpelledEncoder(),
        error_budget=0.05,
        progress=lambda _: None,
    )


def test_an_article_with_ten_thousand_questions_is_found_and_hides_no_other(tmp_path: Path) -> None:
    lines = topic_lines(THINGS[:8])
    numbered = [WAYS[number % 6].format(f"parcel {number}") for number in range(MOST_QUESTIONS)]
    lines[0] = {**lines[0], "questions": numbered}
    asked = [
        *(
            JudgedQuestion(f"what about the parcel {number} of my order", frozenset(["parcel"]))
            for number in (7, 9_999)
        ),
        *topic_questions(THINGS[1:8], (), WAYS[6:7]),
    ]
    figures = measured(tmp_path, lines, asked, topic_questions(THINGS[:8], THINGS[8:12])).figures
    assert (figures.answerable, figures.top1) == (9, 1.0)
    assert figures.coverage > 0.8


def test_the_figures_are_those_of_the_contract_in_its_order(tmp_path: Path) -> None:
    report = measured(tmp_path, topic_lines(THINGS[:14]), topic_questions(THINGS[:14], THINGS[14:]))
    figures = report.figures
    assert [field.name for field in fields(ContractFigures)][: len(PROMISED)] == PROMISED
    assert list(report.plain())[: len(PROMISED)] == PROMISED
    assert (figures.questions, figures.answerable, figures.out_of_scope) == (80, 56, 24)
    assert figures.top1 > 0.95
    assert figures.mrr10 >= figures.top1
    assert figures.auroc > 0.8
    assert figures.peak_mb > 20
    assert 0 < figures.search_ms_p50 <= figures.search_ms_p95
    assert {point["coverage"] for point in report.risk_coverage} >= {1.0}
    assert sum(each["count"] for each in report.reliability) == 80


def test_calibrating_on_judged_questions_learns_what_is_missing(tmp_path: Path) -> None:
    known, missing = THINGS[:14], THINGS[14:]
    asked = topic_questions(known, missing)
    random = np.random.default_rng(0).permutation(len(asked)).tolist()
    half = [asked[place] for place in random[:40]], [asked[place] for place in random[40:]]
    figures = measured(tmp_path, topic_lines(known), half[1], half[0]).figures
    assert figures.questions == 40
    assert figures.wrong_answered <= 0.05
    assert figures.oos_answered < 0.1


def test_what_cannot_be_measured_is_null(tmp_path: Path) -> None:
    figures = measured(tmp_path, topic_lines(THINGS[:3]), []).figures
    plain = figures.plain()
    assert plain["top1"] is None
    assert plain["auroc"] is None
    assert plain["questions"] == 0
    assert math.isnan(figures.ece)
    only_missing = measured(tmp_path, topic_lines(THINGS[:3]), topic_questions((), THINGS[10:12])).figures.plain()
    assert only_missing["top1"] is None
    assert only_missing["coverage"] is None
    assert only_missing["oos_answered"] is not None


@pytest.mark.parametrize("count", [0, 1, 2])
def test_tiny_knowledge_bases_are_measured_too(tmp_path: Path, count: int) -> None:
    figures = measured(tmp_path, topic_lines(THINGS[:count]), topic_questions(THINGS[:count], THINGS[5:7])).figures
    assert figures.answerable == 4 * count
    assert figures.questions == 4 * count + 8
    assert count == 0 or figures.top1 == 1.0


def test_articles_with_one_question_and_no_answer_and_any_language(tmp_path: Path) -> None:
    lines: list[dict[str, object]] = [
        {"id": "a", "questions": ["怎么申请退款"]},
        {"id": "b", "language": "fr", "questions": ["où est mon colis"]},
        {"id": 7, "title": "invoice", "answer": None},
        {"id": "d", "language": "zh", "answer": "发票在订单页下载。"},
    ]
    questions = [
        JudgedQuestion("申请退款怎么弄", frozenset("a")),
        JudgedQuestion("où est le colis", frozenset("b")),
        JudgedQuestion("invoice?", frozenset("7")),
        JudgedQuestion("👍👍", frozenset()),
        JudgedQuestion("", frozenset()),
        JudgedQuestion("x" * 100_000, frozenset()),
    ]
    figures = measured(tmp_path, lines, questions).figures
    assert figures.top1 == 1.0
    assert figures.oos_answered == 0.0


def test_an_article_whose_title_is_its_question_has_it_once(tmp_path: Path) -> None:
    line: dict[str, object] = {"id": "a", "title": "Where is my parcel?", "questions": ["where is my parcel?"]}
    (article,) = read_articles(write_lines(tmp_path / "a.jsonl", [line, {"id": "b", "title": "x"}]))[:1]
    from kb_index.search.assemble import different_passages

    assert [passage.text for passage in different_passages([article])] == ["Where is my parcel?"]


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{}", "an article's id must be a text"),
        ('{"id": "a"}', "neither title, questions nor answer"),
        ('{"id": "a", "questions": "how"}', "'questions' must be a list"),
        ('{"id": "a", "questions": [1]}', "'questions' must hold texts"),
        ('{"id": "a", "title": 3}', "'title' must be a text"),
        ("[1]", "not a JSON object"),
        ("{", "not JSON"),
    ],
)
def test_a_bad_article_is_named_with_its_line(tmp_path: Path, line: str, says: str) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"id": "first", "title": "t"}\n\n' + line + "\n", "utf-8")
    with pytest.raises(TextsRefused, match=r"a\.jsonl:3: ") as refused:
        read_articles(path)
    assert says in str(refused.value)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ('{"text": 1, "article": null}', "'text' must be given as a text"),
        ('{"text": "x"}', "'article' is missing"),
        ('{"text": "x", "article": "nobody"}', "'nobody' is not among the articles"),
        ('{"text": "x", "article": "a", "also": "a"}', "'also' must be a list"),
    ],
)
def test_a_bad_question_is_named_with_its_line(tmp_path: Path, line: str, says: str) -> None:
    articles = read_articles(write_lines(tmp_path / "a.jsonl", [{"id": "a", "title": "t"}]))
    path = tmp_path / "q.jsonl"
    path.write_text('\ufeff{"text": "x", "article": "a", "also": null}\n' + line + "\n", "utf-8")
    with pytest.raises(TextsRefused, match=r"q\.jsonl:2: ") as refused:
        read_asked(path, articles)
    assert says in str(refused.value)


def test_another_right_article_that_is_not_there_is_told_and_counts_for_nothing(tmp_path: Path) -> None:
    articles = read_articles(write_lines(tmp_path / "a.jsonl", [{"id": "a", "title": "t"}]))
    path = write_lines(tmp_path / "q.jsonl", [{"text": "x", "article": "a", "also": ["b"]}])
    told: list[str] = []
    assert read_asked(path, articles, told.append) == [JudgedQuestion("x", frozenset("a"))]
    assert told == [f"{path}:1: 'b' of 'also' is not among the articles and counts for nothing"]


def test_one_id_in_two_lines_is_refused(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [{"id": "a", "title": "this one"}, {"id": "a", "title": "the other"}])
    with pytest.raises(TextsRefused, match="already used in line 1"):
        read_articles(path)


def test_the_command_prints_every_figure_and_publishes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    articles = write_lines(tmp_path / "a.jsonl", topic_lines(THINGS[:4]))
    asked = write_lines(
        tmp_path / "q.jsonl",
        [{"text": "where can i see my parcel", "article": "parcel"}, {"text": "who won", "article": None}],
    )
    command = ["evaluate", "--articles", str(articles), "--questions", str(asked)]
    assert main([*command, "--json"]) == 0
    printed = capsys.readouterr()
    figures = json.loads(printed.out)
    assert list(figures)[: len(PROMISED)] == PROMISED
    assert figures["top1"] == 1.0
    assert "indexing 4 articles" in printed.err
    assert main(command) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()][: len(PROMISED)] == PROMISED
    assert not list(tmp_path.rglob("g-*")), "an index was published"


def test_the_command_wants_both_files_and_names_a_missing_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "--articles", "a.jsonl"]) == 2
    assert "belong together" in capsys.readouterr().err
    assert main(["evaluate", "--articles", str(tmp_path / "no.jsonl"), "--questions", "q.jsonl"]) == 1
    assert "no.jsonl" in capsys.readouterr().err


def test_the_measures_agree_with_a_count_by_hand() -> None:
    probabilities, right = [0.9, 0.8, 0.6, 0.3], [True, False, True, False]
    assert auroc(probabilities, right) == 0.75
    assert aurc(probabilities, right) == pytest.approx((0 + 1 / 2 + 1 / 3 + 1 / 2) / 4)
    assert coverage_at(0.6, probabilities, right) == 0.75
    assert coverage_at(1.0, probabilities, right) == 0.25
    assert calibration_error(probabilities, right) == pytest.approx((0.1 + 0.8 + 0.4 + 0.3) / 4)
    assert [each["count"] for each in reliability(probabilities, right)] == [1, 1, 1, 1]
    assert risk_coverage(probabilities, right)[-1] == {"coverage": 1.0, "risk": 0.5}


def test_equally_sure_answers_are_given_together() -> None:
    assert aurc([0.5, 0.5], [True, False]) == aurc([0.5, 0.5], [False, True]) == 0.5
    assert coverage_at(0.9, [0.5] * 10, [True] * 5 + [False] * 5) == 0.0
