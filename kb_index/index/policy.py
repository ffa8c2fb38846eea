"""Which index a tenant's vectors get: a stated choice by size and memory, then by the recall that was measured.

| vectors | index | why (512 floats, one thread) |
|---|---|---|
| below 10,000 | flat | exact, up to 1 ms |
| up to 2,000,000 | ivf-fp16 | .4 to 1.2 ms, halves of floats: exact but for the lists that are not looked into |
| more, or memory below three times the vectors | ivf-sq8 | half of that memory, recall .99 |

Inverted lists have 4 * sqrt(n) clusters. How many of them a query looks into is found at the build: starting
with 32 and doubling up to 128, until recall@10 against exact search is at least .99 on 500 held-out queries.
Where bytes cannot reach that, halves of floats are taken; where no inverted list can, an exact search is served
up to 200,000 vectors, and beyond it the widest lists, with their measured recall in the manifest.
`ivf-flat`, `hnsw` and `ivf-pq` are built when the setting names them (TANDEM_KB_INDEX); they pass the measurement or
fall back to ivf-fp16: at a million vectors in tight clusters HNSW reached .76 after three
times the building time, and product codes of 64 bytes beat bytes on nothing.
"""

from __future__ import annotations

import math
from typing import Literal

Kind = Literal["flat", "ivf-flat", "ivf-fp16", "ivf-sq8", "ivf-pq", "hnsw"]
Wanted = Literal["auto", "flat", "ivf-flat", "ivf-fp16", "ivf-sq8", "ivf-pq", "hnsw"]

FLAT_BELOW = 10_000
HALVES_UP_TO = 2_000_000
MEMORY_TIMES = 3
"""Memory that must be free, as a multiple of the vectors in halves of floats, for keeping them so."""

EXACT_AT_MOST = 200_000
"""Up to here an exact search takes at most some forty milliseconds: slow, but right."""

LEAST_RECALL = 0.99
QUERIES = 500
NEIGHBOURS = 10
PROBES = (32, 64, 128)
CANDIDATES = (64, 128, 256, 512)
"""Sizes of HNSW's candidate list that are tried, like PROBES for the lists."""


def first_choice(rows: int, *, dimension: int, free_bytes: int, wanted: Wanted = "auto") -> Kind:
    """The kind to build first; a wish for inverted lists or a graph counts from 1,000 vectors on."""
    if wanted != "auto":
        return wanted if rows >= 1_000 else "flat"
    if rows < FLAT_BELOW:
        return "flat"
    ample = free_bytes >= MEMORY_TIMES * rows * dimension * 2
    return "ivf-fp16" if ample and rows <= HALVES_UP_TO else "ivf-sq8"


def next_choice(kind: Kind, *, rows: int) -> Kind | None:
    """What to build when the kind missed the least recall; None: nothing better is left."""
    if kind in ("ivf-sq8", "ivf-pq", "hnsw"):
        return "ivf-fp16"
    if kind in ("ivf-flat", "ivf-fp16") and rows <= EXACT_AT_MOST:
        return "flat"
    return None


def clusters(rows: int) -> int:
    """The number of inverted lists for so many vectors."""
    return max(1, round(4 * math.sqrt(rows)))
