"""Precision, recall and F1 of intents, from pairs (truth, guess), and what is wanted of a figure. Pure."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass

Pairs = Mapping[tuple[str, str], int]
"""How often an intent (first) was read as another one or as itself (second)."""


@dataclass(frozen=True)
class Wanted:
    """goal: what a figure is to reach; floor: a little below what was measured last, under which something was lost."""

    goal: float
    floor: float

    def held(self, figure: float) -> bool:
        """Whether nothing was lost, be the goal reached or not."""
        return figure >= self.floor

    def verdict(self, figure: float) -> str:
        """In words, such as "goal 0.93: NOT reached"."""
        words = f"goal {self.goal:.2f}: {'reached' if figure >= self.goal else 'NOT reached'}"
        return words if self.held(figure) else f"{words}, WORSE than the {self.floor:g} that it held before"


@dataclass(frozen=True)
class Score:
    """Of one intent: precision, recall and F1, 0..1, and how many lines mean it."""

    precision: float
    recall: float
    f1: float
    lines: int


def scores(pairs: Pairs) -> dict[str, Score]:
    """The score of every intent that some line means, by name."""
    meant: Counter[str] = Counter()
    guessed: Counter[str] = Counter()
    for (truth, guess), count in pairs.items():
        meant[truth] += count
        guessed[guess] += count
    return {intent: _score(pairs.get((intent, intent), 0), meant[intent], guessed[intent]) for intent in sorted(meant)}


def _score(right: int, meant: int, guessed: int) -> Score:
    return Score(
        precision=right / guessed if guessed else 0.0,
        recall=right / meant,
        f1=2 * right / (meant + guessed),
        lines=meant,
    )


def macro_f1(found: Mapping[str, Score], among: Collection[str] | None = None) -> float:
    """The mean F1 of the intents, of these when some are named; 0 when there is none."""
    counted = [score.f1 for intent, score in found.items() if among is None or intent in among]
    return sum(counted) / len(counted) if counted else 0.0


def accuracy(pairs: Pairs) -> float:
    """The share of lines that were read as they were meant."""
    total = sum(pairs.values())
    return sum(count for (truth, guess), count in pairs.items() if truth == guess) / total if total else 0.0


def table(found: Mapping[str, Score]) -> str:
    """The scores as lines of text, the worst F1 first."""
    width = max((len(intent) for intent in found), default=0)
    rows = sorted(found.items(), key=lambda item: (item[1].f1, item[0]))
    return "\n".join(
        f"  {intent:<{width}}  {score.lines:>4} lines  P {score.precision:.3f}  R {score.recall:.3f}  F1 {score.f1:.3f}"
        for intent, score in rows
    )
