"""Which intent is read, cross-validated: our classifier beside DIET as Rasa sets it up, on the same folds.

DIET learns a fold in ten to forty minutes, so what it read is kept in var/bench until the training lines change.
"""

from __future__ import annotations

import json
from pathlib import Path

from bot.models.figures import Pairs, accuracy, macro_f1, scores
from handoff_service.launch.steps import Step, run_steps
from tests.bench.default_model import RASA, SOURCES, DefaultModel, timed
from tests.bench.figures import show_table
from tests.bench.setting import Bench

FOLDS = 5
GOAL = 0.93


async def intents(bench: Bench) -> None:
    """Prints macro-F1 and accuracy over all folds; ours alone when the default one is skipped."""
    settings = bench.settings
    ours = bench.folder / "ours.json"
    reading = [settings.bot_python, "-W", "ignore", "-m", "tests.bench.folds"]
    environment = {**bench.environment, "OMP_NUM_THREADS": "1", "RASA_TELEMETRY_ENABLED": "false"}
    timed(
        [*reading, "config.yml", str(ours), *map(str, range(FOLDS))],
        doing="cross-validating the bot",
        settings=settings,
        environment=environment,
    )
    columns = {"ours": read_pairs(ours)}
    if bench.with_default:
        columns["DIET"] = read_pairs(diet(DefaultModel(settings)))
    found = {name: scores(pairs) for name, pairs in columns.items()}
    own = macro_f1(found["ours"])
    theirs = macro_f1(found["DIET"]) if "DIET" in found else None
    goal = f"≥ {GOAL} {_is(own >= GOAL)}" + ("" if theirs is None else f", ≥ DIET {_is(own >= theirs)}")
    rows = [
        ["lines", *(str(sum(pairs.values())) for pairs in columns.values()), ""],
        ["macro-F1", *(f"{macro_f1(one):.3f}" for one in found.values()), goal],
        ["accuracy", *(f"{accuracy(pairs):.3f}" for pairs in columns.values()), ""],
    ]
    show_table(f"14. Intents, {FOLDS} folds, nearly the same lines in one fold", ("", *columns, "goal"), rows)


def _is(reached: bool) -> str:
    return "reached" if reached else "NOT reached"


def diet(model: DefaultModel) -> Path:
    """What Rasa's default pipeline reads in the folds, learnt anew when lines, pipeline or the deal have changed."""
    settings = model.settings
    target = settings.var / "bench" / "diet-folds.json"

    def learn() -> None:
        model.install()
        command = [model.python, "-W", "ignore", "-m", "tests.bench.folds", str(SOURCES / "config.yml"), str(target)]
        timed(
            [*command, *map(str, range(FOLDS))],
            doing="cross-validating the default pipeline",
            settings=settings,
            environment=model.environment,
        )

    root = settings.root
    run_steps(
        [
            Step(
                title="cross-validation of the default pipeline (takes an hour)",
                stamp=target.with_name("diet-folds.stamp"),
                output=target,
                inputs=(
                    root / SOURCES,
                    root / "data" / "training" / "nlu",
                    root / "bot" / "near_duplicates.py",
                    root / "bot" / "models" / "cross_validation.py",
                ),
                versions=(RASA,),
                act=learn,
            )
        ]
    )
    return target


def read_pairs(path: Path) -> Pairs:
    """(truth, guess) → how often, as `tests.bench.folds` wrote it."""
    raw = json.loads(path.read_text(encoding="utf-8"))["pairs"]
    return {(truth, guess): count for truth, guess, count in raw}
