"""What of a generation still holds for the inputs of now."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

from kb_index.articles.model import Source
from kb_index.index.inputs import Inputs


def same_articles(before: Mapping[str, Any], source: Source) -> bool:
    entry = before["tenants"].get(source.tenant)
    return entry is not None and entry["source"] == source.digest


def nothing_new(before: Mapping[str, Any] | None, inputs: Inputs) -> bool:
    """Whether all tenants that were not refused are as the current generation has them."""
    if before is None or before["base"] != inputs.base:
        return not inputs.sources
    return all(same_articles(before, source) for source in inputs.sources if source.tenant not in inputs.refused)


def standing(before: Mapping[str, Any] | None, inputs: Inputs, *, taught: Container[str] = ()) -> list[str]:
    """Tenants of which nothing has changed, but for those who were `taught`, and whose confidence fits the articles."""
    if before is None or before["base"] != inputs.base:
        return []
    entries = before["tenants"]
    return [
        source.tenant
        for source in inputs.sources
        if same_articles(before, source)
        and entries[source.tenant]["calibrated_on"] == source.digest
        and source.tenant not in taught
    ]
