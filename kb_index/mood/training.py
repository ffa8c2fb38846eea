"""Training the mood heads: the shipped messages, calm questions, and what a tenant judged himself."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kb_index.index.embedding import Matrix
from kb_index.mood.judge import MoodHeads
from kb_index.text.collections import JudgedMessage
from kb_index.text.folding import fold

MOST_FOR_OWN = 10.0
"""One own message counts at most like so many shipped ones."""


def train_mood(
    judged: Sequence[JudgedMessage],
    calm: Sequence[str],
    *,
    embed: Callable[[Sequence[str]], Matrix],
    own: Sequence[JudgedMessage] = (),
) -> MoodHeads:
    """Heads from judged messages and from calm questions, which are neutral whatever they ask.

    own are a tenant's messages: together they count as much as the shipped ones, for his customers speak like
    them, but none more than MOST_FOR_OWN times a shipped one.
    """
    messages = [*judged, *own]
    texts = [fold(text) for text in [*(message.text for message in messages), *calm]]
    others = [False] * len(calm)
    shipped = sum(message.weight for message in judged)
    each_own = min(MOST_FOR_OWN, max(1.0, shipped / len(own))) if own else 1.0
    return MoodHeads.train(
        texts,
        embed(texts),
        [message.unhappy for message in messages] + others,
        neutral=[False] * len(messages) + [True] * len(calm),
        happy=[message.happy for message in messages] + others,
        weight=[message.weight for message in judged] + [each_own] * len(own) + [1.0] * len(calm),
    )
