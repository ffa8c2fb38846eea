"""A customer has changed what he had said: agents read the new words, and it is no new question to the bot."""

from __future__ import annotations

from dataclasses import replace

from handoff_service.channels.model import Inbound

SIGN = "✎"


def edit_of(said: Inbound) -> Inbound | None:
    """The new words as those of a change; None for a change of something else than words."""
    words = said.body.get("text")
    return replace(said, body={"text": f"{SIGN} {words}"}, media=(), quiet=True) if words else None
