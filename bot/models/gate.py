"""The gate: what a candidate must show before it goes live. Pure, but for reading the files of the checks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bot.models.figures import Pairs, accuracy, macro_f1, scores
from bot.models.stories import Outcome, Story, read_stories

MARGIN = 0.02
"""So much lower than the live model's the held-out macro-F1 may be: with some 300 lines less is chance."""

LEAST = 0.80
"""Below this no model goes live, whatever the live one has."""

SHOWN = 5


class BadChecks(Exception):
    """The files that a candidate is checked with are missing or not as they must be."""


@dataclass(frozen=True)
class Checks:
    """What a candidate is checked with: (text, intent), (text, language) and stories, none of them trained on."""

    held_out: Sequence[tuple[str, ...]]
    asking: Sequence[tuple[str, ...]]
    stories: Sequence[Story]

    @classmethod
    def read(cls, folder: Path) -> "Checks":
        """The checks of a folder. Raises BadChecks, BadStory."""
        return cls(
            read_jsonl(folder / "intents.jsonl", "text", "intent"),
            read_jsonl(folder / "asking.jsonl", "text", "language"),
            read_stories(folder / "stories"),
        )


@dataclass(frozen=True)
class Measured:
    """What a model made of the held-out lines: pairs (truth, guess), and the intents that it can tell at all."""

    pairs: Pairs
    known: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Findings:
    """All that the gate looks at. `live` is None where there is no live model that this code can run."""

    candidate: Measured
    live: Measured | None
    live_version: str | None
    asked: int
    not_handed_over: Sequence[str]
    stories: Outcome


def verdict(found: Findings) -> dict[str, Any]:
    """{"passed", "reasons", figures…} as it stands in the manifest; reasons are sentences, none when it passed."""
    mine = scores(found.candidate.pairs)
    compared = _compared(found)
    reasons = [*_too_low(macro_f1(mine), compared), *_denied(found), *_broken(found.stories)]
    return {
        "passed": not reasons,
        "reasons": reasons,
        "macro_f1": round(macro_f1(mine), 4),
        "accuracy": round(accuracy(found.candidate.pairs), 4),
        "held_out": sum(found.candidate.pairs.values()),
        "margin": MARGIN,
        "compared": compared,
        "asking": {"asked": found.asked, "missed": list(found.not_handed_over)},
        "stories": {
            "played": found.stories.played,
            "passed": len(found.stories.passed),
            "skipped": len(found.stories.skipped),
            "failed": found.stories.failed,
        },
        "intents": {
            name: {key: round(value, 4) for key, value in asdict(score).items()} for name, score in mine.items()
        },
    }


def _compared(found: Findings) -> dict[str, Any] | None:
    """Both models on the same lines, over the intents that both know; a new intent is no fault of the old model."""
    if found.live is None:
        return None
    shared = found.candidate.known & found.live.known
    new, live = (
        macro_f1(scores({pair: n for pair, n in one.pairs.items() if pair[0] in shared}))
        for one in (found.candidate, found.live)
    )
    return {"version": found.live_version, "intents": len(shared), "macro_f1": round(new, 4), "live": round(live, 4)}


def _too_low(mine: float, compared: Mapping[str, Any] | None) -> list[str]:
    reasons = []
    if mine < LEAST:
        reasons.append(f"macro-F1 on the held-out lines is {mine:.3f}; {LEAST:.2f} is the least")
    if compared is not None and compared["macro_f1"] < compared["live"] - MARGIN:
        reasons.append(
            f"macro-F1 is {compared['macro_f1']:.3f}, that of {compared['version']} on the same lines "
            f"{compared['live']:.3f}; it may be {MARGIN:.2f} lower"
        )
    return reasons


def _denied(found: Findings) -> list[str]:
    missed = found.not_handed_over
    return [
        f"{len(missed)} of {found.asked} ways to ask for a person do not get one, e.g. {list(missed[:SHOWN])}"
    ] * bool(missed)


def _broken(stories: Outcome) -> list[str]:
    told = [f"{name}: {wrong}" for name, wrong in list(stories.failed.items())[:SHOWN]]
    return [f"{len(stories.failed)} of {stories.played} stories fail: {'; '.join(told)}"] * bool(stories.failed)


def read_jsonl(path: Path, *names: str) -> list[tuple[str, ...]]:
    """These fields of every line of a JSONL file, all texts. Raises BadChecks with file and line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise BadChecks(
            f"{path} cannot be read ({error.strerror}); a candidate cannot be checked without it"
        ) from error
    rows = []
    for number, line in enumerate(lines, 1):
        try:
            told = json.loads(line)
            row = tuple(told[name] for name in names)
        except (ValueError, KeyError, TypeError) as error:
            raise BadChecks(f"{path}:{number}: not an object with {', '.join(names)} ({error!r})") from error
        if not all(isinstance(value, str) and value for value in row):
            raise BadChecks(f"{path}:{number}: {', '.join(names)} must be texts")
        rows.append(row)
    return rows
