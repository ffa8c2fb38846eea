"""Gaps, drafts and replays as JSON can hold them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from kb_index.learning.model import Draft
from kb_index.learning.replay import Changed, Replay
from kb_index.learning.workbench import Found


def gap_json(found: Found) -> dict[str, Any]:
    """A gap as JSON can hold it, with what is advised: a new article, or a similar question of one there is."""
    gap, nearest = found.gap, found.nearest
    values = asdict(gap)
    values |= {"trend": str(gap.trend), "first_at": gap.first_at.isoformat(), "last_at": gap.last_at.isoformat()}
    values["replies"] = [{"conversation": conversation, "question": seq} for conversation, seq in gap.replies]
    values["nearest"] = (
        None
        if nearest is None
        else {name: getattr(nearest, name) for name in ("article", "language", "title", "probability")}
    )
    values["extends"] = next(iter(gap.picked), None)
    return values


def draft_json(draft: Draft) -> dict[str, Any]:
    """A draft as JSON can hold it."""
    times = {"created_at": draft.created_at.isoformat()}
    return asdict(draft) | times | {"closed_at": draft.closed_at.isoformat() if draft.closed_at else None}


def replay_json(replay: Replay) -> dict[str, Any]:
    """A replay as JSON can hold it; `blocking` are the keys that publishing needs accepted."""
    return {
        "generation": replay.generation,
        "past": {
            "asked": replay.asked,
            "before": replay.before,
            "after": replay.after,
            "now_answered": replay.now_answered,
            "no_longer_answered": replay.no_longer_answered,
        },
        "golden": replay.golden,
        "blocking": [change.key for change in replay.worse],
        "changes": [_change_json(change) for change in replay.changes],
        "seconds": replay.seconds,
    }


def _change_json(change: Changed) -> dict[str, Any]:
    question = change.question
    return {
        "key": change.key,
        "worse": change.worse,
        "source": str(question.source),
        "text": question.text,
        "language": question.language,
        "conversation": question.conversation,
        "right": None if question.right is None else sorted(question.right),
        "before": asdict(change.before),
        "after": asdict(change.after),
    }
