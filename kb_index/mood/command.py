"""Command: measure the mood on messages that people judged."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from kb_index.commands import Subcommands
from kb_index.errors import TextsRefused
from kb_index.settings import Settings
from kb_index.text.collections import JudgedMessage, read_judged_messages

DESCRIPTION = """Measure how well unhappy customers are told from calm ones.

FILE has one {"text": "...", "unhappy": true|false} per line. The mood is trained for this measurement from the
files that a build trains it from (TANDEM_KB_MOOD, TANDEM_KB_BACKGROUND and the articles' questions), so the
figures are the same with and without an index. --train adds messages that you judged yourself and prints both.
"""


def register(commands: Subcommands) -> None:
    mood = commands.add_parser(
        "mood",
        help="measure the mood on judged messages",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    mood.add_argument("file", type=Path, metavar="FILE.jsonl")
    mood.add_argument("--train", type=Path, metavar="OWN.jsonl", help="own judged messages to train on as well")
    mood.add_argument("--json", action="store_true", help="print the figures as JSON")
    mood.set_defaults(run=_measure)


def _measure(settings: Settings, chosen: argparse.Namespace) -> int:
    messages = read_messages(chosen.file)
    own = _without(read_messages(chosen.train), messages, chosen.train) if chosen.train is not None else []

    from kb_index.articles.stores import Stores
    from kb_index.index.embedder import Embedder
    from kb_index.index.embedding import load_encoder
    from kb_index.index.inputs import read_inputs
    from kb_index.index.withdrawn import Withdrawals
    from kb_index.mood.figures import measure_mood
    from kb_index.mood.training import train_mood

    inputs = read_inputs(settings, Stores.of(settings), withdrawals=Withdrawals.of(settings))
    if inputs.refused:
        raise inputs.refusal
    calm = [question for source in inputs.sources for article in source.articles for question in article.questions]
    embed = Embedder(settings.model, {}, _say)
    reports = {}
    for name, more in (("shipped", []), ("trained on own data", own)):
        if name == "shipped" or chosen.train is not None:
            _say(f"training: {name}")
            heads = train_mood(inputs.mood, [*calm, *inputs.background], embed=embed, own=more)
            reports[name] = measure_mood(
                heads,
                messages,
                encoder=load_encoder(settings.model),
                threshold=settings.unhappy_threshold,
                default_language=settings.default_language,
            )
    if chosen.json:
        others = {"own": reports["trained on own data"].plain()} if chosen.train is not None else {}
        threshold = {"threshold": settings.unhappy_threshold}
        print(json.dumps({**threshold, **reports["shipped"].plain(), **others}, indent=1))
        return 0
    for name, report in reports.items():
        print(f"{name}, threshold {settings.unhappy_threshold}, {report.ms_per_text:.2f} ms per text")
        for language, quality in (*report.by_language.items(), ("all", report.total)):
            figures = (f"{key} {'-' if value is None else value}" for key, value in quality.plain().items())
            print(f"  {language:4}", "  ".join(figures))
    return 0


def read_messages(path: Path) -> list[JudgedMessage]:
    """The judged messages of a file; raises TextsRefused naming file and line, also when there is none."""
    messages = read_judged_messages(path)
    if not messages:
        raise TextsRefused(str(path), 1, 'holds no messages: write one {"text": "...", "unhappy": true} per line')
    return messages


def _without(own: list[JudgedMessage], measured: list[JudgedMessage], path: Path) -> list[JudgedMessage]:
    """Own messages that are not measured on: what was learned by heart proves nothing."""
    texts = {message.text.strip() for message in measured}
    kept = [message for message in own if message.text.strip() not in texts]
    if len(kept) < len(own):
        _say(f"{len(own) - len(kept)} messages of {path} are also measured on and not trained on")
    return kept


def _say(step: str) -> None:
    """Progress goes to standard error, so that figures can be piped."""
    print(step, file=sys.stderr, flush=True)
