"""The shop's memory of what it did: the same key answers the same, and what can be undone says until when."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from data.demo_shop.model import Refused, iso


@dataclass(frozen=True, kw_only=True)
class Deed:
    """One thing done: `before` is what its undoing restores, `after` the order's status it left."""

    id: str
    kind: str
    customer: str
    target: str
    before: dict[str, Any]
    after: str
    undo_until: datetime | None
    undone: bool


def new_id(prefix: str) -> str:
    """An id that nobody guesses, such as RF3A91C04D2B."""
    return f"{prefix}{secrets.token_hex(5).upper()}"


def fingerprint(kind: str, target: str, wanted: dict[str, Any]) -> str:
    """What was asked for; a key that comes again has to come with the same."""
    return json.dumps([kind, target, wanted], sort_keys=True, ensure_ascii=False)


def with_undo(answer: dict[str, Any], *, action: str, until: datetime | None) -> dict[str, Any]:
    """The answer together with its way back."""
    return {**answer, "action": action, "undo_until": iso(until) if until else None}


def check_undoable(deed: Deed, *, status: str, now: datetime) -> None:
    """Refused when it is too late, done already, or something else happened to the order since."""
    if deed.undone:
        raise Refused("already_undone", "That has been undone already.")
    if deed.undo_until is None or now > deed.undo_until:
        raise Refused("too_late", "It is too late to undo that.")
    if deed.after and status != deed.after:
        raise Refused("changed_since", "The order has changed since.")
