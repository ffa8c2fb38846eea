"""Settings as they are stored, beside a newer release: what it added is neither read here nor lost. Pure.

A file that somebody applies is read strictly (admin/document.py); this is only for what a release has stored.
"""

from __future__ import annotations

import collections.abc
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple, get_args, get_origin

from pydantic import BaseModel

Json = Mapping[str, Any]


class Part(NamedTuple):
    """What a field holds: settings objects of this kind, one `by_name` each where it is a mapping; None: values."""

    model: type[BaseModel] | None
    by_name: bool


def known(model: type[BaseModel], stored: Json) -> dict[str, Any]:
    """What this release knows of stored settings, at every depth."""
    parts = _parts(model)
    return {name: _known_in(parts[name], value) for name, value in stored.items() if name in parts}


def _known_in(part: Part, value: Any) -> Any:
    model = part.model
    if model is None:
        return value
    if isinstance(value, list):
        return [_known_in(Part(model, False), one) for one in value]
    if not isinstance(value, Mapping):
        return value
    return (
        {name: _known_in(Part(model, False), one) for name, one in value.items()}
        if part.by_name
        else known(model, value)
    )


def kept(model: type[BaseModel], new: Json, stored: Json) -> dict[str, Any]:
    """New settings, and beside them what `stored` has and this release does not know.

    An element of a list is the same if it has the same `id`, or is otherwise unchanged; what was taken away, or changed
    without a name, takes its unknown parts with it.
    """
    parts = _parts(model)
    both = {name: value for name, value in stored.items() if name not in parts}
    return both | {name: _kept_in(parts[name], value, stored.get(name)) for name, value in new.items()}


def _kept_in(part: Part, new: Any, stored: Any) -> Any:
    model = part.model
    if model is None:
        return new
    if isinstance(new, list):
        among = stored if isinstance(stored, Sequence) else ()
        return [kept(model, one, _same(model, one, among)) for one in new]
    if not isinstance(new, Mapping):
        return new
    before = stored if isinstance(stored, Mapping) else {}
    if part.by_name:
        return {name: kept(model, one, before.get(name, {})) for name, one in new.items()}
    return kept(model, new, before)


def _same(model: type[BaseModel], one: Json, stored: Sequence[Json]) -> Json:
    if "id" in one:
        return next((other for other in stored if other.get("id") == one["id"]), {})
    return next((other for other in stored if _as_we_write(model, other) == one), {})


def _as_we_write(model: type[BaseModel], stored: Json) -> Json:
    return model.model_validate(known(model, stored)).model_dump(mode="json", exclude_none=True)


@cache
def _parts(model: type[BaseModel]) -> dict[str, Part]:
    """By the name under which a field is stored, what it holds."""
    return {
        name: Part(next(_models(field.annotation), None), get_origin(field.annotation) is collections.abc.Mapping)
        for plain, field in model.model_fields.items()
        for name in {plain, field.alias or plain}
    }


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and get_origin(annotation) is None:
        if issubclass(annotation, BaseModel):
            yield annotation
        return
    for one in get_args(annotation):
        yield from _models(one)
