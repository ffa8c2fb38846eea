"""Commands: python -m kb_index build [--if-changed] | search TEXT | evaluate [--json] | serve."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from kb_index.articles.model import Audience
from kb_index.errors import KnowledgeError
from kb_index.index.generation import GenerationStore
from kb_index.index.live import LiveKnowledge
from kb_index.logs import configure_logs
from kb_index.search.understand import Asked, Knowledge
from kb_index.settings import Settings

EXIT_FAILED = 1
EXIT_MISUSED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code, 1 with a sentence on standard error when it failed."""
    chosen = _parser().parse_args(arguments)
    try:
        settings = Settings()
    except ValidationError as error:
        for each in error.errors():
            print(f"setting {'.'.join(map(str, each['loc']))}: {each['msg']}", file=sys.stderr)
        return EXIT_MISUSED
    configure_logs(settings.log_level)
    commands: dict[str, Callable[[Settings, argparse.Namespace], int]] = {
        "build": _build,
        "search": _search,
        "evaluate": _evaluate,
        "serve": _serve,
    }
    try:
        return commands[chosen.command](settings, chosen)
    except (KnowledgeError, OSError) as error:
        print(error, file=sys.stderr)
        return EXIT_FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kb_index", description="The knowledge base of Tandem.")
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build", help="check the articles and publish a new generation")
    build.add_argument("--if-changed", action="store_true", help="do nothing when nothing changed")
    search = commands.add_parser("search", help="show what a customer's text finds")
    search.add_argument("text")
    search.add_argument("--tenant", default="demo")
    search.add_argument("--language", choices=("zh", "en"))
    search.add_argument("--audience", choices=[str(audience) for audience in Audience], default="public")
    evaluate = commands.add_parser("evaluate", help="measure on the evaluation questions")
    evaluate.add_argument("--tenant", default="demo")
    evaluate.add_argument("--json", action="store_true", help="print the figures as JSON")
    commands.add_parser("serve", help="answer over HTTP")
    return parser


def _build(settings: Settings, chosen: argparse.Namespace) -> int:
    from kb_index.index.build import build

    report = build(settings, if_changed=chosen.if_changed, progress=lambda step: print(step, flush=True))
    if report.skipped:
        print(f"Nothing changed: {report.generation} stays.")
        return 0
    print(
        f"Published {report.generation}: {report.articles} articles, {report.passages} passages, "
        f"{report.embedded} texts embedded, {report.reused} reused, {report.seconds:.1f} s."
    )
    return 0


def _load(settings: Settings) -> Knowledge:
    live = LiveKnowledge(GenerationStore(settings.store))
    live.reload()
    if live.warning is not None:
        print(live.warning, file=sys.stderr)
    return live.current()


def _search(settings: Settings, chosen: argparse.Namespace) -> int:
    asked = Asked(
        text=chosen.text,
        tenant=chosen.tenant,
        audience=Audience(chosen.audience),
        language=chosen.language,
        earlier=(),
        limit=5,
    )
    found = _load(settings).understand(
        asked,
        day=datetime.now(ZoneInfo(settings.timezone)).date(),
        default_language=settings.default_language,
        unhappy_threshold=settings.unhappy_threshold,
    )
    decision, mood = found.decision, found.mood
    print(f"{decision.action} ({decision.rule}), probability {decision.probability:.2f}, {found.took_ms:.1f} ms")
    print(f"language {found.language}, {mood.label} {mood.unhappy:.2f} {' '.join(mood.evidence)}")
    for hit in found.hits:
        print(f"{hit.probability:6.3f} {hit.score:6.3f}  {hit.article} [{hit.language}] {hit.title} <- {hit.passage}")
    return 0


def _evaluate(settings: Settings, chosen: argparse.Namespace) -> int:
    from kb_index.evaluation.figures import LEAST_TOP1, MOST_OUT_OF_SCOPE_ANSWERED, evaluate, read_evaluation

    questions, messages = read_evaluation(settings.evaluation)
    report = evaluate(
        _load(settings),
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


def _serve(settings: Settings, _: argparse.Namespace) -> int:
    import uvicorn

    from kb_index.api import create_app

    host, port = settings.index_url.host or "127.0.0.1", settings.index_url.port or 80
    uvicorn.run(create_app(settings), host=host, port=port, workers=1, access_log=False, log_level="warning")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
