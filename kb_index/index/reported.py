"""What a build tells about itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kb_index.articles.stores import Refusal
from kb_index.index.embedder import Embedder


@dataclass(frozen=True)
class TenantReport:
    """One tenant of a published generation."""

    articles: int
    passages: int
    kind: str
    recall: float
    calibrated: bool
    megabytes: float


@dataclass(frozen=True)
class BuildReport:
    """What a build did; skipped means that the current generation already has exactly these inputs.

    refused are tenants whose articles could not be read, and that go on with their earlier ones.
    """

    generation: str
    skipped: bool
    articles: int = 0
    passages: int = 0
    embedded: int = 0
    reused: int = 0
    seconds: float = 0.0
    tenants: Mapping[str, TenantReport] = field(default_factory=dict)
    refused: Mapping[str, Refusal] = field(default_factory=dict)


def report_of(manifest: Mapping[str, Any], embed: Embedder, seconds: float) -> BuildReport:
    tenants = {
        tenant: TenantReport(
            articles=entry["articles"],
            passages=entry["passages"],
            kind=entry["vectors"]["kind"],
            recall=entry["vectors"]["recall"],
            calibrated=entry["calibrated_on"] == entry["source"],
            megabytes=sum(
                file["size"] for path, file in manifest["files"].items() if path.startswith(f"{tenant}/")
            ) / 1e6,
        )
        for tenant, entry in manifest["tenants"].items()
    }  # fmt: skip
    return BuildReport(
        generation=manifest["generation"],
        skipped=False,
        articles=sum(tenant.articles for tenant in tenants.values()),
        passages=sum(tenant.passages for tenant in tenants.values()),
        embedded=embed.embedded,
        reused=len(embed.used) - embed.embedded,
        seconds=seconds,
        tenants=tenants,
    )
