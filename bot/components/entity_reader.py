"""Rasa's view of bot/entities: the values in a message as entities, so that slots are filled from them."""

from datetime import datetime, timezone
from typing import Any

from rasa.engine.graph import ExecutionContext, GraphComponent
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.shared.nlu.constants import (
    ENTITIES,
    ENTITY_ATTRIBUTE_END,
    ENTITY_ATTRIBUTE_START,
    ENTITY_ATTRIBUTE_TYPE,
    ENTITY_ATTRIBUTE_VALUE,
    EXTRACTOR,
    TEXT,
)
from rasa.shared.nlu.training_data.message import Message

from bot.entities import read


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.ENTITY_EXTRACTOR, is_trainable=False)
class EntityReader(GraphComponent):
    """Adds what `read` finds; relative dates count from `now` of the message's metadata, ISO 8601, else the clock."""

    @classmethod
    def create(
        cls,
        config: dict[str, Any],  # noqa: ARG003 (Rasa calls by these names)
        model_storage: ModelStorage,  # noqa: ARG003
        resource: Resource,  # noqa: ARG003
        execution_context: ExecutionContext,  # noqa: ARG003
    ) -> "EntityReader":
        """There is nothing to set."""
        return cls()

    def process(self, messages: list[Message]) -> list[Message]:
        """Append the entities of each message."""
        for message in messages:
            now = now_of(message.get("metadata"))
            found = [
                {
                    ENTITY_ATTRIBUTE_TYPE: value.kind,
                    ENTITY_ATTRIBUTE_START: value.start,
                    ENTITY_ATTRIBUTE_END: value.end,
                    ENTITY_ATTRIBUTE_VALUE: value.value,
                    EXTRACTOR: type(self).__name__,
                }
                for value in read(message.get(TEXT) or "", now)
            ]
            message.set(ENTITIES, [*message.get(ENTITIES, []), *found], add_to_output=True)
        return messages


def now_of(metadata: Any) -> datetime:
    """The customer's present moment as the gateway sent it; the clock's when it sent none or nothing readable."""
    said = metadata.get("now") if isinstance(metadata, dict) else None
    try:
        return datetime.fromisoformat(said) if isinstance(said, str) else datetime.now(timezone.utc)
    except ValueError:
        return datetime.now(timezone.utc)
