"""Rasa's view of the linear model: trains it, keeps it in the model archive, ranks intents."""

import re
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.classifiers.classifier import IntentClassifier
from rasa.shared.nlu.constants import INTENT, TEXT
from rasa.shared.nlu.training_data.message import Message
from rasa.shared.nlu.training_data.training_data import TrainingData

from bot.components.features import ends
from bot.components.linear_model import LinearModel

BETWEEN = re.compile(r"(?:[^\w\s'\u2019-]|(?<!\w)-|-(?!\w)|\n)+")
WORD = re.compile(r"[^\W_]")
MOST_CLAUSES = 8
HEARD_IN = "heard_in"
"""The part of the text that decided the intent."""


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.INTENT_CLASSIFIER, is_trainable=True)
class LinearIntentClassifier(IntentClassifier, GraphComponent):
    """Gives `intent` and `intent_ranking`; reads the text itself and needs no other component."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """`strength`: inverse of the regularisation; more follows the examples more closely.

        `anywhere`: intents that count wherever they stand, as "… forget it, get me a person" does, the foremost
        first: one clause of which the model is `anywhere_sure` decides for the whole text.
        """
        return {"strength": 40.0, "anywhere": [], "anywhere_sure": 0.75}

    def __init__(
        self, config: dict[str, Any], storage: ModelStorage, resource: Resource, model: LinearModel | None = None
    ) -> None:
        self._config = config
        self._storage = storage
        self._resource = resource
        self._model = model

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,  # noqa: ARG003 (Rasa calls by these names)
    ) -> "LinearIntentClassifier":
        """An untrained classifier."""
        return cls(config, model_storage, resource)

    def train(self, training_data: TrainingData) -> Resource:
        """Fit on the intent examples and keep the model."""
        examples = [e for e in training_data.intent_examples if e.get(TEXT)]
        labels = [example.get(INTENT) for example in examples]
        self._model = LinearModel.fit([e.get(TEXT) for e in examples], labels, strength=self._config["strength"])
        with self._storage.write_to(self._resource) as folder:
            self._model.save(folder)
        return self._resource

    @classmethod
    def load(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,
        resource: Resource,
        execution_context: ExecutionContext,  # noqa: ARG003
        **_options: Any,
    ) -> "LinearIntentClassifier":
        """The classifier out of the model archive."""
        with model_storage.read_from(resource) as folder:
            return cls(config, model_storage, resource, LinearModel.load(folder))

    def process(self, messages: list[Message]) -> list[Message]:
        """Rank the intents of each message."""
        for message in messages:
            text, ranked = self._rank(message.get(TEXT) or "")
            ranking = [{"name": n, "confidence": p} for n, p in ranked]
            message.set(HEARD_IN, text, add_to_output=True)
            message.set(INTENT, dict(ranking[0]), add_to_output=True)
            message.set("intent_ranking", ranking, add_to_output=True)
        return messages

    def _rank(self, text: str) -> tuple[str, list[tuple[str, float]]]:
        """What was decisive, one clause or the whole text, and how it ranks the intents."""
        assert self._model is not None, "train or load comes first"
        whole = self._model.rank(text)
        parts = [(each, self._model.rank(each)) for each in clauses(text)] if self._config["anywhere"] else []
        for intent in self._config["anywhere"]:
            sure = self._config["anywhere_sure"]
            found = [(each, rank) for each, rank in parts if rank[0][0] == intent and rank[0][1] >= sure]
            if whole[0][0] == intent:
                found.append((text, whole))
            if found:
                return max(found, key=lambda each: each[1][0][1])
        return text, whole

    def process_training_data(self, training_data: TrainingData) -> TrainingData:
        """Adds nothing for later components."""
        return training_data


def clauses(text: str) -> list[str]:
    """The parts between punctuation marks, the first and the last MOST_CLAUSES of them; none for a text of one part."""
    parts = [part.strip() for end in ends(text) for part in BETWEEN.split(end) if WORD.search(part)]
    if len(parts) > 2 * MOST_CLAUSES:
        parts = parts[:MOST_CLAUSES] + parts[-MOST_CLAUSES:]
    return parts if len(parts) > 1 else []
