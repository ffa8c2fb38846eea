"""Development sets: public question sets in a folder of their own, turned into articles and questions.

They are read where they are and never copied. Intents become articles with example questions; whole intents that are
held out become questions out of scope (close ones: they are siblings of the rest). Of pairs with the same meaning one
side becomes an article with a single question and no answer, the other side is asked.
"""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np

from kb_index.articles.model import Article, Audience
from kb_index.errors import TextsRefused
from kb_index.evaluation.questions import TENANT, JudgedQuestion
from kb_index.settings import Settings

Texts = Mapping[str, Sequence[str]]
"""Example questions by intent."""

Pairs = Sequence[tuple[str, str]]
"""Questions with the same meaning."""


@dataclass(frozen=True)
class Trial:
    """Articles, the questions asked of them, and judged questions to calibrate on, if there are any."""

    articles: list[Article]
    questions: list[JudgedQuestion]
    calibration: list[JudgedQuestion] | None


@dataclass(frozen=True)
class Development:
    """One line of the table: the files it needs, how it is made of them, and the goals of its figures."""

    name: str
    files: tuple[str, ...]
    trial: Callable[[Path], Trial]
    goals: Mapping[str, float]


CALIBRATING = 1500
MOST_PAIRS = 12_000
MOST_ASKED = 3000


def _article(name: str, language: str, title: str, questions: Iterable[str]) -> Article:
    return Article(
        tenant=TENANT,
        id=name,
        language=language,
        category="",
        title=title,
        questions=tuple(dict.fromkeys(questions)),
        audience=Audience.PUBLIC,
        owner="",
        valid_from=date.min,
        review_by=date.max,
        answer="",
    )


def intent_trial(train: Texts, test: Texts, *, shots: int | None, held_out: float, calibrated: bool) -> Trial:
    """Articles of `shots` examples per intent (None: all); a share of the intents is held out, the same each time."""
    random = np.random.default_rng(5)
    names = sorted(train)
    out = set(random.permutation(np.array(names))[: round(held_out * len(names))].tolist())
    articles: list[Article] = []
    spare: list[JudgedQuestion] = []
    for name in names:
        order = random.permutation(len(train[name]))
        examples = [train[name][place] for place in order.tolist()]
        kept = 0 if name in out else len(examples) if shots is None else shots
        right = frozenset[str]() if name in out else frozenset([name])
        if kept:
            articles.append(_article(name, "en", name.replace("_", " "), examples[:kept]))
        spare += [JudgedQuestion(text, right) for text in examples[kept:]]
    questions = [
        JudgedQuestion(text, frozenset() if name in out else frozenset([name]))
        for name, texts in test.items()
        for text in texts
    ]
    chosen = random.permutation(len(spare))[:CALIBRATING].tolist()
    return Trial(articles, questions, [spare[place] for place in chosen] if calibrated and spare else None)


def pair_trial(pairs: Pairs, *, missing: float, calibrated: bool) -> Trial:
    """Left sides become articles, but for a missing share; right sides are asked, half of them to calibrate on."""
    random = np.random.default_rng(3)
    asked_of: dict[str, list[str]] = {}
    for left, right in pairs:
        if left != right and (left in asked_of or len(asked_of) < MOST_PAIRS):
            asked_of.setdefault(left, []).append(right)
    names = {left: f"q{number}" for number, left in enumerate(asked_of)}
    gone = set(random.permutation(np.array(list(asked_of)))[: round(missing * len(names))].tolist())
    answers: dict[str, set[str]] = {}
    for left, rights in asked_of.items():
        for text in rights:
            if text not in names:
                answers.setdefault(text, set()).update([] if left in gone else [names[left]])
    judged = [JudgedQuestion(text, frozenset(right)) for text, right in answers.items()]
    judged = [judged[place] for place in random.permutation(len(judged)).tolist()]
    half = len(judged) // 2 if calibrated else 0
    articles = [_article(names[left], "zh", left, [left]) for left in asked_of if left not in gone]
    return Trial(articles, judged[half:][:MOST_ASKED], judged[:half] if calibrated else None)


def read_intents(path: Path, text: str, intent: str) -> dict[str, list[str]]:
    """Example texts by intent from a CSV file with these two columns."""
    found: dict[str, list[str]] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if not {text, intent} <= set(rows.fieldnames or ()):
            raise TextsRefused(str(path), 1, f"needs the columns {text!r} and {intent!r}, not {rows.fieldnames}")
        for row in rows:
            found.setdefault(row[intent], []).append(row[text])
    return found


def read_pairs(path: Path) -> list[tuple[str, str]]:
    """Pairs labelled 1 from a file with two sentences and a label per line, tabs or (CSV) commas between."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file)) if path.suffix == ".csv" else [line.rstrip("\n").split("\t") for line in file]
    return [(row[0], row[1]) for row in rows if len(row) == 3 and row[2] == "1"]


def _banking(shots: int | None, *, held_out: float = 0.0, calibrated: bool = False) -> Callable[[Path], Trial]:
    return lambda folder: intent_trial(
        read_intents(folder / "banking77_train.csv", "text", "category"),
        read_intents(folder / "banking77_test.csv", "text", "category"),
        shots=shots,
        held_out=held_out,
        calibrated=calibrated,
    )


def _bitext(shots: int) -> Callable[[Path], Trial]:
    return lambda folder: intent_trial(
        read_intents(folder / "bitext_train.csv", "utterance", "intent"),
        read_intents(folder / "bitext_test.csv", "utterance", "intent"),
        shots=shots,
        held_out=1 / 3,
        calibrated=True,
    )


def _pairs(name: str, *, missing: float) -> Callable[[Path], Trial]:
    return lambda folder: pair_trial(read_pairs(folder / name), missing=missing, calibrated=missing > 0)


_BANKING = ("banking77_train.csv", "banking77_test.csv")
_BITEXT = ("bitext_train.csv", "bitext_test.csv")
_BUDGET = {"coverage": 0.80, "wrong_upper95": 0.03}

DEVELOPMENT = (
    Development("banking77, all", _BANKING, _banking(None), {"top1": 0.94}),
    Development("banking77, 15", _BANKING, _banking(15), {"top1": 0.88}),
    Development("banking77, 15, calibrated", _BANKING, _banking(15, calibrated=True), {"top1": 0.88, **_BUDGET}),
    Development(
        "banking77, 50, siblings", _BANKING, _banking(50, held_out=1 / 3, calibrated=True), {"auroc": 0.87, **_BUDGET}
    ),
    Development(
        "banking77, 15, siblings", _BANKING, _banking(15, held_out=1 / 3, calibrated=True), {"auroc": 0.87, **_BUDGET}
    ),
    Development("bitext, 15, siblings", _BITEXT, _bitext(15), {"top1": 0.925, "auroc": 0.97, **_BUDGET}),
    Development("bitext, 100, siblings", _BITEXT, _bitext(100), {"top1": 0.962, "auroc": 0.98, **_BUDGET}),
    Development("zh payment pairs", ("afqmc_train.txt",), _pairs("afqmc_train.txt", missing=0.0), {"top1": 0.895}),
    Development(
        "zh payment, third missing",
        ("afqmc_train.txt",),
        _pairs("afqmc_train.txt", missing=1 / 3),
        {"answered_at_90": 0.65, **_BUDGET},
    ),
    Development(
        "zh bank, third missing",
        ("bq_dev.csv",),
        _pairs("bq_dev.csv", missing=1 / 3),
        {"answered_at_90": 0.65, **_BUDGET},
    ),
)

SHOWN = (
    "top1", "mrr10", "auroc", "auroc_right", "coverage", "wrong_answered", "wrong_upper95", "oos_answered",
    "answered_at_90", "ece",
)  # fmt: skip


def measure_development(settings: Settings, folder: Path, *, only: str | None, as_json: bool) -> int:
    """Print every set that the folder has the files of, with its goals; says so when there is none."""
    from kb_index.evaluation.command import say
    from kb_index.evaluation.contract import measure
    from kb_index.evaluation.kept import told_against_the_last
    from kb_index.evaluation.public_moods import measure_public_moods
    from kb_index.index.embedding import load_encoder
    from kb_index.text.collections import read_background

    wanted = [each for each in DEVELOPMENT if only is None or only in each.name]
    there = [each for each in wanted if all((folder / name).is_file() for name in each.files)]
    results: dict[str, dict[str, object]] = {}
    figures: dict[str, dict[str, float | None]] = {}
    for each in there:
        say(each.name)
        trial = each.trial(folder)
        report = measure(
            trial.articles,
            trial.questions,
            trial.calibration,
            background=read_background(settings.background),
            encoder=load_encoder(settings.model),
            error_budget=settings.error_budget,
            progress=lambda _: None,
        )
        figures[each.name] = report.figures.plain()
        results[each.name] = {**report.plain(), "goals": dict(each.goals)}
        if not as_json:
            sys.stdout.write(_line(each, report.figures.plain(), heading=each is there[0]))
            sys.stdout.flush()
    moods = measure_public_moods(settings, folder, say) if only is None or only in "mood" else []
    if not there and not moods:
        say(f"No development sets in {folder}: {', '.join(sorted({name for each in wanted for name in each.files}))}")
    if as_json:
        sys.stdout.write(json.dumps({**results, "mood": [asdict(row) for row in moods]}, indent=1) + "\n")
        return 0
    for row in moods:
        cells = "  ".join(
            f"{name} {value:.3f}" if isinstance(value, float) else f"{name} {value}"
            for name, value in asdict(row).items()
            if name != "name" and value is not None
        )
        sys.stdout.write(f"mood: {row.name:28}{cells}\n")
    figures |= {f"mood: {row.name}": {"accuracy": row.accuracy, "flagged": row.flagged} for row in moods}
    if figures:
        lines = told_against_the_last(settings, "development sets", figures, now=datetime.now(UTC))
        sys.stdout.write("\n".join([*lines, ""]))
    return 0


def _line(each: Development, figures: Mapping[str, float | None], *, heading: bool) -> str:
    """One set's figures, each with its goal behind a slash."""
    cells = []
    for name in SHOWN:
        value, goal = figures[name], each.goals.get(name)
        shown = "-" if value is None else f"{value:.3f}"
        cells.append(f"{shown if goal is None else f'{shown}/{goal:g}':>{max(len(name), 11)}}")
    titles = f"{'set (figure/goal)':28}" + " ".join(f"{name:>{max(len(name), 11)}}" for name in SHOWN) + "\n"
    return (titles if heading else "") + f"{each.name:28}" + " ".join(cells) + "\n"
