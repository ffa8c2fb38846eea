"""Stored settings without what an earlier release let in and this one refuses: a tenant must be served in any case."""

from __future__ import annotations

from typing import Any

import structlog

from handoff_service.tenants.model import NUMBER_CHARS
from handoff_service.tenants.tone import still_said

log = structlog.get_logger()


def usable(settings: dict[str, Any]) -> dict[str, Any]:
    """Without emergency numbers that no bot takes, and sentences whose blanks are others now; the log says so."""
    found = dict(settings)
    bot, tone = found.get("bot") or {}, found.get("tone") or {}
    if bot.get("emergency"):
        numbers = {
            language: {kind: number for kind, number in kinds.items() if 1 <= len(number) <= NUMBER_CHARS}
            for language, kinds in bot["emergency"].items()
        }
        if numbers != bot["emergency"]:
            log.warning("emergency numbers left out: they are empty or too long; set them anew")
            found["bot"] = {**bot, "emergency": numbers}
    if tone.get("says"):
        says = still_said(tone["says"])
        if says != tone["says"]:
            log.warning("sentences of the tone left out: their blanks are others in this release; set them anew")
            found["tone"] = {**tone, "says": says}
    return found
