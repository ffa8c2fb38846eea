"""What a trained model reads out of texts, without a server: for figures."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rasa.core.agent import Agent
from rasa.core.channels.channel import UserMessage

from bot.models.gate import Measured


def measured(archive: Path, lines: Sequence[tuple[str, ...]], *, known: frozenset[str]) -> Measured:
    """Pairs of held-out lines, (text, intent), under a model; lines whose intent the model cannot know are left out.

    What goes to the fallback counts as read as nlu_fallback: that is what a customer would get. Raises whatever Rasa
    raises for an archive that this code cannot run.
    """
    agent = Agent.load(archive)
    return Measured(asyncio.run(_pairs(agent, [line for line in lines if line[1] in known])), known)


async def _pairs(agent: Agent, lines: Sequence[tuple[str, ...]]) -> Counter[tuple[str, str]]:
    pairs: Counter[tuple[str, str]] = Counter()
    processor = agent.processor
    assert processor is not None
    for text, intent in lines:
        parsed = await processor.parse_message(UserMessage(text, sender_id="held-out"))
        pairs[intent, parsed["intent"]["name"] or "nlu_fallback"] += 1
    return pairs
