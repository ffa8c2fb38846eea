"""Command: measure on the evaluation questions."""

from __future__ import annotations

import argparse
import json
import sys
from datetime import datetime
from zoneinfo import ZoneInfo

from kb_index.commands import EXIT_FAILED, Subcommands, load
from kb_index.settings import Settings


def register(commands: Subcommands) -> None:
    evaluate = commands.add_parser("evaluate", help="measure on the evaluation questions")
    evaluate.add_argument("--tenant", default="demo")
    evaluate.add_argument("--json", action="store_true", help="print the figures as JSON")
    evaluate.set_defaults(run=_evaluate)


def _evaluate(settings: Settings, chosen: argparse.Namespace) -> int:
    from kb_index.evaluation.figures import LEAST_TOP1, MOST_OUT_OF_SCOPE_ANSWERED, evaluate, read_evaluation

    questions, messages = read_evaluation(settings.evaluation)
    report = evaluate(
        load(settings),
        questions,
        messages,
        tenant=chosen.tenant,
        day=datetime.now(ZoneInfo(settings.timezone)).date(),
        unhappy_threshold=settings.unhappy_threshold,
    )
    if chosen.json:
        print(json.dumps(report.as_json(), indent=1))
    else:
        _print_table({name: vars(figures) for name, figures in report.by_group.items()})
        _print_table({f"mood {name}": vars(figures) for name, figures in report.mood.items()})
        print(f"understand p50 {report.p50_ms:.2f} ms, p95 {report.p95_ms:.2f} ms, {report.generation}")
    if not report.good_enough:
        wanted = f"top1 >= {LEAST_TOP1} and oos_answered <= {MOST_OUT_OF_SCOPE_ANSWERED}"
        print(f"Not good enough: wanted {wanted} over all questions.", file=sys.stderr)
        return EXIT_FAILED
    return 0


def _print_table(rows: dict[str, dict[str, float]]) -> None:
    """Rows under one line of names; counts as integers, shares with three digits."""
    if not rows:
        return
    names = list(next(iter(rows.values())))
    print(" ".join([f"{'':12}", *(f"{name:>{max(len(name), 6)}}" for name in names)]))
    for title, figures in rows.items():
        cells = (
            f"{value:>{max(len(name), 6)}}" if isinstance(value, int) else f"{value:>{max(len(name), 6)}.3f}"
            for name, value in figures.items()
        )
        print(" ".join([f"{title:12}", *cells]))
    print()
