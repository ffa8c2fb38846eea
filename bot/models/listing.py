"""The versions as text for a terminal."""

from collections.abc import Mapping
from typing import Any

from bot.models.versions import Versions


def listing(versions: Versions) -> str:
    """One line for each version, the newest first; the live one is marked and who put it live is said."""
    live = versions.live()
    put = {move.version: move for move in (live.moves if live else ())}
    lines = []
    for manifest in versions.all():
        name = manifest["version"]
        mark = "*" if live is not None and live.version == name else " "
        who = f", {put[name].how} {put[name].at} by {put[name].by}" if name in put else ""
        lines.append(f"{mark} {name}  {manifest['trained_at']}  {figures(manifest)}{who}")
    return "\n".join(lines) or "There is no version yet: python -m bot train"


def figures(manifest: Mapping[str, Any]) -> str:
    """What the gate found, in a few words."""
    gate = manifest["gate"]
    asking, stories = gate["asking"], gate["stories"]
    verdict = "passed" if gate["passed"] else "REFUSED"
    lines = sum(manifest["intents"].values())
    return (
        f"{verdict}  F1 {gate['macro_f1']:.3f}  asking {asking['asked'] - len(asking['missed'])}/{asking['asked']}  "
        f"stories {stories['passed']}/{stories['played']}  {lines} lines, {manifest['reviewed']} reviewed"
    )
