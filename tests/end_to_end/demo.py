"""`make demo`: plays the story as a customer and an agent would and prints it; exits 1 where it is not as told."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time
from pathlib import Path

from tests.end_to_end.clients import NotAsTold
from tests.end_to_end.stage import open_stage
from tests.end_to_end.story import CHAPTERS, DISRUPTIVE, EN, ZH


async def play(var: Path) -> int:
    """The number of chapters that were not as told."""
    stage = open_stage(var, tell=print)
    failures = 0
    plan = [(chapter, lines) for lines in (ZH, EN) for chapter in CHAPTERS] + [
        (chapter, lines) for lines in (ZH, EN) for chapter in DISRUPTIVE
    ]
    for chapter, lines in plan:
        summary = (chapter.__doc__ or "").splitlines()[0]
        print(f"\n[{lines.language}] {chapter.__name__}: {summary}")
        begun = time.perf_counter()
        try:
            await stage.play(chapter, lines)
        except NotAsTold as error:
            failures += 1
            print(f"  NOT AS TOLD: {error}")
        else:
            print(f"  as told, {time.perf_counter() - begun:.1f} s")
    answers = sorted(stage.answers_ms)
    p95 = answers[int(len(answers) * 0.95)]
    print(f"\n{len(answers)} answers of the bot: median {statistics.median(answers):.0f} ms, p95 {p95:.0f} ms")
    print(f"{len(plan) - failures} of {len(plan)} chapters as told")
    return failures


def main() -> int:
    return 1 if asyncio.run(play(Path(os.environ.get("TANDEM_VAR", "var")))) else 0


if __name__ == "__main__":
    sys.exit(main())
