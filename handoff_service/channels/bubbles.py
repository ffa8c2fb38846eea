"""Several bubbles of the bot as one message, where the platform counts and few messages are left. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from handoff_service.channels.model import Outbound
from handoff_service.channels.window import Window
from handoff_service.conversations.model import AuthorKind

FEW = 2


def few_left(window: Window | None) -> bool:
    """Whether the bubbles that wait are better sent as one."""
    return window is not None and window.remaining is not None and window.remaining <= FEW


def merged(first: Outbound, following: Sequence[Outbound], *, fits: Callable[[Outbound], bool]) -> Outbound:
    """The bot's bubble together with those that it said at the same moment, as far as these `fit` into one message.

    It is the last of them then, whose buttons it shows. Nothing with buttons or a file in it is followed by more.
    """
    whole = first
    for one in following:
        same = one.author_kind == AuthorKind.BOT == first.author_kind and one.at == first.at
        if not same or not one.text or one.file is not None or whole.file is not None or whole.buttons:
            break
        both = replace(one, text=f"{whole.text}\n\n{one.text}")
        if not fits(both):
            break
        whole = both
    return whole
