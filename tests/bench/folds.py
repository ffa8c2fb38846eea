"""`python -m tests.bench.folds CONFIG TARGET FOLD …`: how a Rasa pipeline reads held-out folds of the training lines.

Runs in whichever Python has that pipeline's packages, and imports nothing but the bot; the deal of lines to folds is
the one of `make evaluate`, so what two pipelines read can be set beside each other. Writes JSON.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

os.environ.setdefault("RASA_TELEMETRY_ENABLED", "false")

from bot.without_tensorflow import stand_in

stand_in()  # where TensorFlow is installed it is used

from bot.models.cross_validation import cross_validated  # noqa: E402
from bot.models.inputs import Sources  # noqa: E402


def main(config: str, target: str, *folds: str) -> None:
    """`TARGET`: {"pairs": [[truth, guess, count]], "cpu_s": float}."""
    sources = Sources.of(Path(target).parent / "models").moved(config=Path(config))
    result = cross_validated(sources, only=[int(fold) for fold in folds])
    pairs = [[truth, guess, count] for (truth, guess), count in sorted(result.pairs.items())]
    Path(target).write_text(json.dumps({"pairs": pairs, "cpu_s": time.process_time()}), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
