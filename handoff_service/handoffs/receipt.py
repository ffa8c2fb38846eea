"""The receipt of a handoff: each stage it reached, when, and by whom. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handoff_service.clock import iso
from handoff_service.handoffs.model import Handoff


def build_receipt(handoff: Handoff, names: Mapping[str, str]) -> list[dict[str, Any]]:
    """Stages in order of time; `names` are those of agents by id."""
    accepted_by = names.get(handoff.accepted_by or "", "")
    stages = [
        ("requested", handoff.requested_at, handoff.reason),
        ("queued", handoff.queued_at, ""),
        ("offered", handoff.offered_at, names.get(handoff.offered_to or "", "")),
        ("accepted", handoff.accepted_at, accepted_by),
        ("first_reply", handoff.first_reply_at, accepted_by),
        ("closed", handoff.closed_at, handoff.wrap_up or ""),
    ]
    reached = [(stage, at, by) for stage, at, by in stages if at is not None]
    reached.sort(key=lambda item: item[1])
    return [{"stage": stage, "at": iso(at), "by": by} for stage, at, by in reached]
