"""What would be different: two configurations as plain values, compared piece by piece, for people to read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

SHOWN = 100  # characters of a value


@dataclass(frozen=True)
class Change:
    """`sign` is + for what is new, - for what goes, ~ for what is otherwise; `where` names it."""

    sign: str
    where: str
    before: Any = None
    after: Any = None

    def as_text(self) -> str:
        if self.sign == "~":
            return f"~ {self.where}: {shown(self.before)} -> {shown(self.after)}"
        return f"{self.sign} {self.where}: {shown(self.after if self.sign == '+' else self.before)}"

    def as_json(self) -> dict[str, Any]:
        return {"sign": self.sign, "where": self.where, "before": self.before, "after": self.after}


def shown(value: Any) -> str:
    """A value on one line, cut when it is long."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """From one configuration to another, in the order of the file."""
    return list(_mapping("", before, after))


def _compare(where: str, before: Any, after: Any) -> Iterator[Change]:
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        yield from _mapping(where, before, after)
    elif (old := _by_name(before)) is not None and (new := _by_name(after)) is not None:
        yield from _mapping(where, old, new)
        if set(old) == set(new) and list(old) != list(new):
            yield Change("~", f"{where} (order)", list(old), list(new))
    else:
        yield Change("~", where, before, after)


def _mapping(where: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for name in [*before, *(name for name in after if name not in before)]:
        inner = f"{where}.{name}" if where else name
        if name not in after:
            yield Change("-", inner, before=before[name])
        elif name not in before:
            yield Change("+", inner, after=after[name])
        else:
            yield from _compare(inner, before[name], after[name])


def _by_name(listed: Any) -> dict[str, Any] | None:
    """A list of things with names, by name; None for any other list."""
    if not isinstance(listed, list) or not all(isinstance(one, Mapping) for one in listed):
        return None
    named = {str(one.get("id") or one.get("email") or ""): one for one in listed}
    return named if len(named) == len(listed) and "" not in named else None
