"""Cross-validation of the intent classifier on the training examples."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from rasa.shared.importers.importer import TrainingDataImporter
from rasa.shared.nlu.constants import INTENT, TEXT

from bot.components.linear_model import LinearModel
from bot.components.tokenizer import split
from bot.settings import ROOT

FOLDS = 5
STRENGTH = 20.0
SHOWN_CONFUSIONS = 15


def examples() -> list[tuple[str, str]]:
    """Text and intent of every training example, in the order of the files."""
    importer = TrainingDataImporter.load_from_dict(training_data_paths=[str(ROOT / "data" / "training")])
    return [(e.get(TEXT), e.get(INTENT)) for e in importer.get_nlu_data().intent_examples]


def folds_of(labels: Sequence[str]) -> list[int]:
    """A fold for each example: every intent is dealt round, so that each fold has its share; no chance involved."""
    dealt: Counter[str] = Counter()
    folds = []
    for label in labels:
        folds.append(dealt[label] % FOLDS)
        dealt[label] += 1
    return folds


def cross_validate() -> str:
    """Accuracy, F1 per intent and the commonest confusions, as text."""
    data = examples()
    folds = folds_of([label for _, label in data])
    pairs: Counter[tuple[str, str]] = Counter()
    wrong: dict[tuple[str, str], list[str]] = defaultdict(list)
    for fold in range(FOLDS):
        held_in = [example for example, f in zip(data, folds, strict=True) if f != fold]
        model = LinearModel.fit([tokens(t) for t, _ in held_in], [label for _, label in held_in], strength=STRENGTH)
        for text, label in (example for example, f in zip(data, folds, strict=True) if f == fold):
            guess = model.rank(tokens(text))[0][0]
            pairs[label, guess] += 1
            if guess != label:
                wrong[label, guess].append(text)
    return report(pairs, wrong, total=len(data))


def report(pairs: Counter[tuple[str, str]], wrong: dict[tuple[str, str], list[str]], *, total: int) -> str:
    """The figures as lines of text."""
    labels = sorted({label for label, _ in pairs})
    lines, scores = [], []
    for label in labels:
        right = pairs[label, label]
        meant = sum(n for (truth, _), n in pairs.items() if truth == label)
        guessed = sum(n for (_, guess), n in pairs.items() if guess == label)
        scores.append(2 * right / (meant + guessed))
        lines.append(f"  {label:<16} {meant:>4} examples  recall {right / meant:.3f}  F1 {scores[-1]:.3f}")
    accuracy = sum(pairs[label, label] for label in labels) / total
    macro = sum(scores) / len(scores)
    head = f"{FOLDS}-fold cross-validation, {total} examples: accuracy {accuracy:.3f}, macro F1 {macro:.3f}"
    confused = sorted(wrong.items(), key=lambda item: -len(item[1]))[:SHOWN_CONFUSIONS]
    tail = [f"  {truth} read as {guess}: {len(texts)}, e.g. {texts[0]!r}" for (truth, guess), texts in confused]
    return "\n".join([head, *lines, "Commonest confusions:", *tail])


def tokens(text: str) -> list[str]:
    """The tokens that the model sees."""
    return [token for token, _, _ in split(text)]
