"""Command: measure, on the product's evaluation questions or on anybody's articles and questions."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

from kb_index.commands import EXIT_FAILED, EXIT_MISUSED, Subcommands, load
from kb_index.evaluation.kept import told_against_the_last
from kb_index.evaluation.pictures import Points, reliability_diagram, risk_coverage_curve
from kb_index.settings import Settings

DESCRIPTION = """Measure how often the right article is found and answered.

Without --articles: the running tenant's index on the product's evaluation questions; fails when they miss their goals.
The figures, and those of --development, are kept in TANDEM_VAR/reports/evaluation.json; the next run ends with what has
moved against them.

With --articles A.jsonl --questions Q.jsonl: a scratch index of A, built in memory with the shipped default
settings and asked Q; nothing on disk changes. Each line of A is {"id", "language", "title", "questions": [...],
"answer"} (only the id and one text are required), each line of Q and C {"text", "article": id or null,
"also": [ids]}, where null means that no article answers. The probability of an answer is calibrated on C
(--calibration) and nothing else, or without C by splitting A's own questions.
"""


def register(commands: Subcommands) -> None:
    evaluate = commands.add_parser(
        "evaluate",
        help="measure on evaluation questions",
        description=f"{DESCRIPTION}\nFigures of --articles:\n{_definitions()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    evaluate.add_argument("--tenant", default="demo")
    evaluate.add_argument("--articles", type=Path, metavar="A.jsonl", help="articles to build a scratch index of")
    evaluate.add_argument("--questions", type=Path, metavar="Q.jsonl", help="questions to ask of --articles")
    evaluate.add_argument("--calibration", type=Path, metavar="C.jsonl", help="questions to calibrate on")
    evaluate.add_argument(
        "--development", type=Path, metavar="FOLDER", help="measure on the public development sets in this folder"
    )
    evaluate.add_argument("--only", metavar="NAME", help="of the development sets, those whose name contains this")
    evaluate.add_argument(
        "--pictures", type=Path, metavar="FOLDER", help="draw reliability.svg and risk-coverage.svg into this folder"
    )
    evaluate.add_argument("--json", action="store_true", help="print the figures as JSON")
    evaluate.set_defaults(run=_evaluate)


def _definitions() -> str:
    """The glossary of figures, as the class that holds them states it."""
    from kb_index.evaluation.report import ContractFigures

    _, _, definitions = (ContractFigures.__doc__ or "").partition("\n\n")
    return definitions.rstrip()


def _evaluate(settings: Settings, chosen: argparse.Namespace) -> int:
    if chosen.development is not None:
        from kb_index.evaluation.datasets import measure_development

        return measure_development(settings, chosen.development, only=chosen.only, as_json=chosen.json)
    if chosen.articles is None and chosen.questions is None and chosen.calibration is None:
        return _evaluate_product(settings, chosen)
    if chosen.articles is None or chosen.questions is None:
        print("--articles and --questions belong together; --calibration is for them only.", file=sys.stderr)
        return EXIT_MISUSED
    return _evaluate_files(settings, chosen)


def _evaluate_files(settings: Settings, chosen: argparse.Namespace) -> int:
    from kb_index.evaluation.contract import measure
    from kb_index.evaluation.questions import read_articles, read_asked
    from kb_index.index.embedding import load_encoder
    from kb_index.text.collections import read_background

    articles = read_articles(chosen.articles)
    questions = read_asked(chosen.questions, articles, say)
    report = measure(
        articles,
        questions,
        None if chosen.calibration is None else read_asked(chosen.calibration, articles, say),
        background=read_background(settings.background),
        encoder=load_encoder(settings.model),
        error_budget=settings.error_budget,
        progress=say,
    )
    if chosen.pictures is not None:
        _draw(report.reliability, report.risk_coverage, folder=chosen.pictures, budget=settings.error_budget)
    if chosen.json:
        print(json.dumps(report.plain(), indent=1))
    else:
        for name, value in report.figures.plain().items():
            print(f"{name:>16} {'-' if value is None else value}")
    return 0


def _draw(reliability: Points, risk_coverage: Points, *, folder: Path, budget: float) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "reliability.svg").write_text(reliability_diagram(reliability, title="Reliability of the probability"))
    curve = risk_coverage_curve(risk_coverage, budget=budget, title="Risk and coverage")
    (folder / "risk-coverage.svg").write_text(curve)


def say(step: str) -> None:
    """Progress goes to standard error, so that figures can be piped."""
    print(step, file=sys.stderr, flush=True)


def _evaluate_product(settings: Settings, chosen: argparse.Namespace) -> int:
    from kb_index.evaluation.figures import (
        LEAST_TOP1,
        MOST_FOREIGN_ANSWERED,
        MOST_OUT_OF_SCOPE_ANSWERED,
        evaluate,
        read_evaluation,
    )

    questions, messages = read_evaluation(settings.evaluation)
    report = evaluate(
        load(settings),
        questions,
        messages,
        tenant=chosen.tenant,
        day=settings.today(),
        unhappy_threshold=settings.unhappy_threshold,
    )
    if chosen.pictures is not None:
        _draw(
            report.reliability, report.risk_coverage, folder=chosen.pictures, budget=settings.budget_of(chosen.tenant)
        )
    if chosen.json:
        print(json.dumps(report.as_json(), indent=1))
    else:
        _print_table({name: vars(figures) for name, figures in report.by_group.items()})
        _print_table({f"mood {name}": vars(figures) for name, figures in report.mood.items()})
        print(f"understand p50 {report.p50_ms:.2f} ms, p95 {report.p95_ms:.2f} ms, {report.generation}")
        run = f"tenant {chosen.tenant}"
        print("\n".join(told_against_the_last(settings, run, report.groups(), now=datetime.now(UTC))))
    if not report.good_enough:
        wanted = f"top1 >= {LEAST_TOP1} and oos_answered <= {MOST_OUT_OF_SCOPE_ANSWERED} over all questions"
        print(f"Not good enough: wanted {wanted}, and <= {MOST_FOREIGN_ANSWERED} of the foreign.", file=sys.stderr)
        return EXIT_FAILED
    return 0


def _print_table(rows: dict[str, dict[str, float]]) -> None:
    """Rows under one line of names; counts as integers, shares with three digits."""
    if not rows:
        return
    names = list(next(iter(rows.values())))
    print(" ".join([f"{'':14}", *(f"{name:>{max(len(name), 6)}}" for name in names)]))
    for title, figures in rows.items():
        cells = (
            f"{value:>{max(len(name), 6)}}" if isinstance(value, int) else f"{value:>{max(len(name), 6)}.3f}"
            for name, value in figures.items()
        )
        print(" ".join([f"{title:14}", *cells]))
    print()
