"""What a desk lists, and in which order."""

from __future__ import annotations

from typing import Any

from handoff_service.handoffs.view import most_urgent_first


def card(name: str, priority: int | None, at: str) -> dict[str, Any]:
    handoff = None if priority is None else {"priority": priority, "requested_at": at}
    return {"conversation": name, "handoff": handoff, "updated_at": at}


def test_an_emergency_does_not_lie_under_what_came_later() -> None:
    listed = [
        card("later", 3, "2026-11-22T10:13:00Z"),
        card("no handoff", None, "2026-11-22T10:14:00Z"),
        card("emergency", 9, "2026-11-22T10:12:00Z"),
        card("first", 3, "2026-11-22T10:11:00Z"),
    ]
    assert [one["conversation"] for one in most_urgent_first(listed)] == ["emergency", "first", "later", "no handoff"]
