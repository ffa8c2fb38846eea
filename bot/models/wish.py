"""Learns `bot/hearing/wish.json`: by which words a wish for a person is told from everything else.

The gateway reads it while the bot is down. Not part of a version of the model: the file is kept with the sources.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from bot.hearing.asking import plain
from bot.hearing.script import simplified
from bot.hearing.wish import LIKELY, WEIGHTS, features, probability
from bot.models.inputs import Sources
from bot.models.versions import write_whole
from bot.near_duplicates import deal, groups_of

WISH = "ask_human"
FOLDS = 5
STRENGTH = 30.0
SEEN_AT_LEAST = 2
SMALLEST = 0.2
"""A weight below this says nothing and is left out."""


@dataclass(frozen=True)
class Learnt:
    """A weight for each feature, and what speaks for the wish before anything was read."""

    weights: dict[str, float]
    bias: float

    def probability(self, text: str) -> float:
        """As `bot.hearing.wish` reads it."""
        return probability(as_read(text), learnt=(self.weights, self.bias))


def as_read(text: str) -> str:
    """The text as the gateway has it before it."""
    return plain(simplified(text))


def lines(sources: Sources) -> tuple[list[str], list[str]]:
    """The training lines and their intents."""
    from rasa.shared.importers.importer import TrainingDataImporter
    from rasa.shared.nlu.constants import INTENT, TEXT

    importer = TrainingDataImporter.load_from_dict(training_data_paths=[str(sources.training)])
    examples = [one for one in importer.get_nlu_data().intent_examples if one.get(TEXT)]
    return [one.get(TEXT) for one in examples], [one.get(INTENT) for one in examples]


def learn(texts: Sequence[str], intents: Sequence[str]) -> Learnt:
    """Fits on these lines; the same lines give the same weights."""
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    documents = [features(as_read(text)) for text in texts]
    seen = Counter(each for document in documents for each in document)
    kept = {each: at for at, each in enumerate(sorted(f for f, count in seen.items() if count >= SEEN_AT_LEAST))}
    rows, columns, values = [], [], []
    for row, document in enumerate(documents):
        for each in sorted(document & kept.keys()):
            rows.append(row)
            columns.append(kept[each])
            values.append(1 / sqrt(len(document)))
    matrix = csr_matrix((values, (rows, columns)), shape=(len(documents), len(kept)))
    model = LogisticRegression(C=STRENGTH, solver="liblinear", tol=1e-4, class_weight="balanced")
    fitted = model.fit(matrix, [intent == WISH for intent in intents])
    weights = {each: round(float(fitted.coef_[0, at]), 2) for each, at in kept.items()}
    return Learnt({each: w for each, w in weights.items() if abs(w) >= SMALLEST}, round(float(fitted.intercept_[0]), 2))


def cross_validated(texts: Sequence[str], intents: Sequence[str]) -> list[float]:
    """For each line how likely it is a wish, by weights that have seen nothing like it."""
    folds = deal(groups_of(texts, intents), intents, folds=FOLDS)
    found = [0.0] * len(texts)
    for fold in range(FOLDS):
        inside = [at for at in range(len(texts)) if folds[at] != fold]
        learnt = learn([texts[at] for at in inside], [intents[at] for at in inside])
        for at in range(len(texts)):
            if folds[at] == fold:
                found[at] = learnt.probability(texts[at])
    return found


def digest(texts: Sequence[str], intents: Sequence[str]) -> str:
    """By which a test knows whether the file is of the present lines."""
    pairs = sorted((text, intent == WISH) for text, intent in zip(texts, intents, strict=True))
    return hashlib.sha256(json.dumps(pairs, ensure_ascii=False).encode()).hexdigest()[:16]


def kept() -> dict[str, Any]:
    """What the file says."""
    told: dict[str, Any] = json.loads(WEIGHTS.read_text(encoding="utf-8"))
    return told


def write(sources: Sources) -> str:
    """Learns from all lines and writes the file; what came of it."""
    texts, intents = lines(sources)
    learnt = learn(texts, intents)
    told = {"of": digest(texts, intents), "bias": learnt.bias, "weights": dict(sorted(learnt.weights.items()))}
    write_whole(WEIGHTS, told, indent=None)  # a gateway may be reading it
    judged = list(zip(intents, cross_validated(texts, intents), strict=True))
    heard = sum(found >= LIKELY for intent, found in judged if intent == WISH)
    alarms = sum(found >= LIKELY for intent, found in judged if intent != WISH)
    others = len(texts) - intents.count(WISH)
    return (
        f"{WEIGHTS.name}: {len(learnt.weights)} weights. Of lines that they were not learnt from ({FOLDS} folds) such "
        f"weights alone hear {heard} of {intents.count(WISH)} wishes, and {alarms} of {others} others."
    )
