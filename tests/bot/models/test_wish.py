"""What the gateway hears wishes for a person by while the bot is away: learnt from the lines of today, and enough."""

from pathlib import Path

import pytest

from bot.hearing import wish
from bot.models import wish as learning
from bot.models.inputs import Sources


@pytest.fixture(scope="module")
def lines() -> tuple[list[str], list[str]]:
    return learning.lines(Sources.of(Path("var") / "bot" / "models"))


def test_the_file_is_of_the_present_training_lines(lines: tuple[list[str], list[str]]) -> None:
    """Else: `python -m bot wish`."""
    assert learning.kept()["of"] == learning.digest(*lines)


def test_it_hears_wishes_that_it_was_not_taught_and_little_else(lines: tuple[list[str], list[str]]) -> None:
    """Without any rule; measured: .76 of them, and .009 of the rest."""
    texts, intents = lines
    heard = [found >= wish.LIKELY for found in learning.cross_validated(texts, intents)]
    wishes = [each for each, intent in zip(heard, intents, strict=True) if intent == learning.WISH]
    others = [each for each, intent in zip(heard, intents, strict=True) if intent != learning.WISH]
    assert sum(wishes) >= 0.7 * len(wishes)
    assert sum(others) <= 0.015 * len(others)


def test_the_same_lines_give_the_same_weights() -> None:
    texts = ["get me a person", "a person please", "i want a person", "where is my order", "a refund please"] * 2
    intents = ["ask_human", "ask_human", "ask_human", "order_status", "refund_request"] * 2
    learnt = learning.learn(texts, intents)
    assert learnt == learning.learn(texts, intents)
    assert learnt.probability("a person") > 0.5 > learnt.probability("my order is one refund")


def test_where_nobody_is_spoken_of_and_in_a_story_there_is_no_wish() -> None:
    learnt = ({"please": 100.0}, 0.0)
    assert wish.probability("eta please", learnt=learnt) == 0.0
    assert wish.probability("somebody please", learnt=learnt) > 0.9
    assert wish.probability("somebody please " * 30, learnt=learnt) == 0.0
