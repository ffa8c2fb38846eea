"""What each channel can do, as the table of docs/channels.md; a test compares the two."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta

from handoff_service.channels.model import Abilities, Brings, Channel
from handoff_service.channels.wording import characters, octets, units

HEAD = (
    "name",
    "platform",
    "longest message",
    "buttons",
    "files of customers",
    "files of agents",
    "may be written to",
    "a repeat is",
    "checked against",
)
COUNTED: Mapping[Callable[[str], int], str] = {characters: "characters", octets: "bytes", units: "UTF-16 units"}


def table(channels: Mapping[str, Channel]) -> str:
    """A Markdown table, one line for each channel, in the order of their names."""
    rows = [HEAD, ("---",) * len(HEAD), *(_row(name, one) for name, one in sorted(channels.items()))]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _row(name: str, channel: Channel) -> tuple[str, ...]:
    can = channel.abilities
    title = f"{can.title} (experimental)" if can.experimental else can.title
    length = f"{can.form.limit} {COUNTED[can.form.measure]}, {can.form.markup}"
    buttons = f"{can.buttons}, else numbers" if can.buttons else "as numbers"
    repeat = "dropped by the platform" if can.dedupes else "not made; the agent is told"
    if can.dedupes_for is not None:
        repeat = f"{repeat} for {_time(can.dedupes_for)}, then not made"
    brought = "fetched and kept" if isinstance(channel, Brings) else "stay in its app"
    return f"`{name}`", title, length, buttons, brought, _taken(can), _window(can), repeat, can.checked


def _taken(can: Abilities) -> str:
    """What goes out as a file; everything else is a link."""
    if can.files is None:
        return "not heard; the agent is told" if can.calls_back else "as a link"
    kinds = [kind.removeprefix("application/").removeprefix("image/") or kind for kind in can.files.types]
    shown = ", ".join(one.rstrip("/") or "any" for one in kinds)
    return f"{shown} to {can.files.most // (1024 * 1024)} MB" if can.files.most < 1 << 30 else shown


def _window(can: Abilities) -> str:
    if not can.rules.allowances:
        return "at any time"
    told = []
    for deed, one in can.rules.allowances.items():
        count = "" if one.messages is None else f", {one.messages} messages"
        told.append(f"{_time(one.lasts)} after he {deed}{count}")
    if can.rules.people_lasts is not None:
        told.append(f"by people {_time(can.rules.people_lasts)}")
    return "; ".join(told)


def _time(lasts: timedelta) -> str:
    minutes = int(lasts.total_seconds() // 60)
    if minutes % 1440 == 0 and minutes > 2880:
        return f"{minutes // 1440} days"
    return f"{minutes // 60} h" if minutes >= 60 else f"{minutes} min"
