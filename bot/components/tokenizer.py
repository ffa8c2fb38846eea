"""Tokens of mixed Chinese and English text: one per Han character, one per Latin word or number."""

import re
from collections.abc import Iterator
from typing import Any

from rasa.engine.graph import ExecutionContext
from rasa.engine.recipes.default_recipe import DefaultV1Recipe
from rasa.engine.storage.resource import Resource
from rasa.engine.storage.storage import ModelStorage
from rasa.nlu.tokenizers.tokenizer import Token, Tokenizer
from rasa.shared.nlu.training_data.message import Message

TOKEN = re.compile(r"[A-Za-z0-9_']+|[\u3400-\u9fff]|[^\sA-Za-z0-9_'\u3400-\u9fff]")


def split(text: str) -> Iterator[tuple[str, int, int]]:
    """Lower-case token, start and end of each token of a text."""
    for match in TOKEN.finditer(text):
        yield match.group().lower(), match.start(), match.end()


@DefaultV1Recipe.register(DefaultV1Recipe.ComponentType.MESSAGE_TOKENIZER, is_trainable=False)
class ChineseEnglishTokenizer(Tokenizer):
    """Rasa's view of `split`."""

    @staticmethod
    def get_default_config() -> dict[str, Any]:
        """Nothing to set; the keys are what Rasa's base class reads."""
        return {
            "intent_tokenization_flag": False,
            "intent_split_symbol": "_",
            "token_pattern": None,
            "prefix_separator_symbol": None,
        }

    @classmethod
    def create(
        cls,
        config: dict[str, Any],
        model_storage: ModelStorage,  # noqa: ARG003 (Rasa calls by these names)
        resource: Resource,  # noqa: ARG003
        execution_context: ExecutionContext,  # noqa: ARG003
    ) -> "ChineseEnglishTokenizer":
        """Built from its entry in config.yml."""
        return cls(config)

    def tokenize(self, message: Message, attribute: str) -> list[Token]:
        """The tokens of one text; one empty-looking token where there is nothing but space."""
        text = message.get(attribute)
        return [Token(*token) for token in split(text)] or [Token(text, 0)]
