"""Cross-validation of the whole language understanding: the pipeline of config.yml, as it would be trained and used."""

import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphSchema
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.local_model_storage import LocalModelStorage
from rasa.engine.storage.resource import Resource
from rasa.shared.importers.importer import TrainingDataImporter
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData
from rasa.shared.utils.common import class_from_module_path
from rasa.shared.utils.io import read_config_file

from bot.models.figures import Wanted
from bot.models.inputs import Sources
from bot.models.progress import Say
from bot.near_duplicates import deal, groups_of

FOLDS = 5
MACRO_F1 = Wanted(0.93, floor=0.865)


@dataclass
class Result:
    """Pairs (truth, guess) over all folds, and for each mistaken pair the texts."""

    pairs: Counter[tuple[str, str]] = field(default_factory=Counter)
    mistakes: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))

    def note(self, text: str, truth: str, guess: str) -> None:
        """One held-out line."""
        self.pairs[truth, guess] += 1
        if truth != guess:
            self.mistakes[truth, guess].append(text)


def cross_validated(sources: Sources, say: Say = lambda _: None, *, only: Sequence[int] = range(FOLDS)) -> Result:
    """Trains the pipeline once for each fold, on the others, and reads the fold with it; what falls back counts so.

    Nearly the same sentences are in one fold, or a fold would be asked what the others have told. With `only`, these
    folds (0..FOLDS-1) of the same deal.
    """
    importer = TrainingDataImporter.load_from_dict(training_data_paths=[str(sources.training)])
    data = importer.get_nlu_data()
    examples = [example for example in data.intent_examples if example.get(TEXT)]
    labels = [example.get(INTENT) for example in examples]
    folds = deal(groups_of([example.get(TEXT) for example in examples], labels), labels, folds=FOLDS)
    result = Result()
    for fold in only:
        say(f"fold {fold + 1} of {FOLDS}")
        held_in = [example for example, at in zip(examples, folds, strict=True) if at != fold]
        held_out = [example for example, at in zip(examples, folds, strict=True) if at == fold]
        material = TrainingData(
            training_examples=held_in,
            entity_synonyms=data.entity_synonyms,
            regex_features=data.regex_features,
            lookup_tables=data.lookup_tables,
        )
        for example, guess in zip(held_out, _read(sources.config, material, held_out), strict=True):
            result.note(example.get(TEXT), example.get(INTENT), guess)
    return result


def _read(config: Path, material: TrainingData, held_out: Sequence[Message]) -> list[str]:
    """The intents that a pipeline trained on the material reads in the held-out lines."""
    with tempfile.TemporaryDirectory() as folder:
        components = list(_components(read_config_file(config)["pipeline"], Path(folder)))
        for component in components:
            if hasattr(component, "train"):
                component.train(material)
            if hasattr(component, "process_training_data"):
                material = component.process_training_data(material)
        messages = [Message(data={TEXT: example.get(TEXT)}) for example in held_out]
        for component in components:
            messages = component.process(messages)
    return [message.get(INTENT)["name"] or "nlu_fallback" for message in messages]


def _components(pipeline: Sequence[dict[str, Any]], folder: Path) -> Iterator[Any]:
    storage = LocalModelStorage.create(folder)
    context = ExecutionContext(GraphSchema({}), "cross-validation")
    for number, item in enumerate(pipeline):
        name = item["name"]
        cls = class_from_module_path(name) if "." in name else DefaultV1Recipe._from_registry(name).clazz
        config = {**cls.get_default_config(), **{key: value for key, value in item.items() if key != "name"}}
        yield cls.create(config, storage, Resource(f"{number}"), context)
