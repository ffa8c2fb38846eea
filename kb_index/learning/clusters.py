"""Clusters of texts that ask the same: average linkage, cut where the mean cosine falls below a threshold.

Pairs of clusters that are each other's nearest are merged at once, all of them, again and again (reciprocal nearest
neighbours, Murtagh 1983). For average linkage this gives the clusters of the textbook's algorithm, which merges one
pair at a time and needs all pairs: a merged cluster is never nearer to a third than the nearer of its two parts, so
whoever's nearest was not merged keeps it, and whoever has none above the threshold is finished. The mean cosine of
two clusters is the product of their mean vectors, so that the nearest is found by an inner-product search.
"""

from __future__ import annotations

from collections.abc import Sequence

import faiss
import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Places = npt.NDArray[np.int64]

EXACT_UPTO = 4000
"""Up to so many clusters are compared each with each; above, an inverted file finds nearly all neighbours."""

DIRECTIONS = 96
"""Principal directions in which neighbours are looked for; the found ones are compared in full."""

NEIGHBOURS = 8
"""So many are found and compared in full; the first of them is the cluster itself."""

LOOKED_AT = 12
"""Lists of the inverted file that each query reads."""


def clusters(vectors: Vectors, weights: Sequence[float], *, closeness: float) -> list[Places]:
    """Rows of unit `vectors` (n x d) that belong together, the heaviest cluster first; deterministic.

    `closeness` is the least mean cosine between two clusters that are merged.
    """
    members = [[row] for row in range(len(vectors))]
    weight = np.asarray(weights, dtype=np.float64)
    means = vectors.astype(np.float32)
    search = _Search(means)
    nearest, cosine = np.zeros(len(vectors), np.int64), np.full(len(vectors), -1.0, np.float32)
    active = stale = np.arange(len(vectors))
    while len(active) > 1:
        nearest[stale], cosine[stale] = search.nearest(means, stale, active)
        _tell_neighbours(nearest, cosine, stale)
        active = active[cosine[active] >= closeness]
        pairs = _pairs(nearest, cosine, active)
        for kept, gone in pairs:
            total = weight[kept] + weight[gone]
            means[kept] = (means[kept] * weight[kept] + means[gone] * weight[gone]) / total
            weight[kept] = total
            members[kept] += members[gone]
            members[gone] = []
        merged = np.array(pairs, np.int64).reshape(-1, 2)
        active = active[~np.isin(active, merged[:, 1])]
        stale = active[np.isin(active, merged[:, 0]) | np.isin(nearest[active], merged)]
    heads = [row for row, rows in enumerate(members) if rows]
    heads.sort(key=lambda row: (-weight[row], min(members[row])))
    return [np.sort(np.array(members[row], dtype=np.int64)) for row in heads]


def _tell_neighbours(nearest: Places, cosine: npt.NDArray[np.float32], stale: Places) -> None:
    """Nearness is mutual: who is found by another one that is nearer than what he found himself takes it."""
    order = stale[np.argsort(cosine[stale], kind="stable")]  # where several found the same one, the nearest is last
    found = nearest[order]
    better = cosine[order] > cosine[found]
    nearest[found[better]] = order[better]
    cosine[found[better]] = cosine[order[better]]


def _pairs(nearest: Places, cosine: npt.NDArray[np.float32], active: Places) -> list[tuple[int, int]]:
    """Pairs of active clusters that are each other's nearest; at least one when any is active."""
    mutual = active[(nearest[nearest[active]] == active) & (active < nearest[active])]
    if not len(mutual) and len(active):  # equal cosines can go round in a circle
        mutual = active[[int(cosine[active].argmax())]]
    return [(min(row, int(nearest[row])), max(row, int(nearest[row]))) for row in mutual.tolist()]


class _Search:
    """Finds the nearest cluster; what is learned from the first means serves for those that come of them."""

    def __init__(self, means: Vectors) -> None:
        sample = means[:: max(1, len(means) // 5000)].astype(np.float64)
        _, directions = np.linalg.eigh(sample.T @ sample)
        self._directions = np.ascontiguousarray(directions[:, ::-1][:, :DIRECTIONS], dtype=np.float32)
        self._coarse = faiss.IndexFlatIP(self._directions.shape[1])
        self._lists = int(2 * np.sqrt(len(means)))
        if len(means) > EXACT_UPTO:
            index = self._inverted()
            index.cp.niter, index.cp.seed, index.cp.spherical = 4, 1, True
            step = max(1, len(means) // (39 * self._lists))  # the fewest that faiss trains on without a warning
            index.train(np.ascontiguousarray(means[::step] @ self._directions))

    def _inverted(self) -> faiss.IndexIVFFlat:
        return faiss.IndexIVFFlat(self._coarse, self._directions.shape[1], self._lists, faiss.METRIC_INNER_PRODUCT)

    def nearest(self, means: Vectors, asking: Places, among: Places) -> tuple[Places, npt.NDArray[np.float32]]:
        """For each asking row the nearest other row of `among`, the first of equals, and the mean cosine; else -1."""
        short = np.ascontiguousarray(means[among] @ self._directions)
        index: faiss.Index
        if len(among) <= EXACT_UPTO:
            index = faiss.IndexFlatIP(short.shape[1])
        else:
            index = self._inverted()
            index.nprobe = LOOKED_AT
        index.add(short)
        own = means[asking]
        _, places = index.search(np.ascontiguousarray(own @ self._directions), min(NEIGHBOURS, len(among)))
        rows = among[places]
        cosines = np.empty(rows.shape, np.float32)
        for column in range(rows.shape[1]):  # a column at a time: all at once would be NEIGHBOURS times the memory
            cosines[:, column] = np.einsum("nd,nd->n", own, means[rows[:, column]])
        cosines = np.where((rows == asking[:, None]) | (places < 0), -1.0, np.round(cosines, 5)).astype(np.float32)
        best = cosines.max(axis=1)
        return np.where(cosines == best[:, None], rows, len(means) - 1).min(axis=1), best


def counterparts(left: Vectors, right: Vectors, *, closeness: float) -> list[tuple[int, int]]:
    """Pairs (row of `left`, row of `right`) that are each other's nearest across the two, and close enough."""
    if not len(left) or not len(right):
        return []
    to_right, cosines = _across(left, right)
    to_left, _ = _across(right, left)
    return [
        (place, int(found))
        for place, found in enumerate(to_right)
        if cosines[place] >= closeness and int(to_left[found]) == place
    ]


def _across(asking: Vectors, others: Vectors) -> tuple[Places, npt.NDArray[np.float32]]:
    """For each asking row the nearest of the others, and the cosine."""
    index = faiss.IndexFlatIP(others.shape[1])
    index.add(np.ascontiguousarray(others))
    cosines, rows = index.search(np.ascontiguousarray(asking), 1)
    return rows[:, 0], cosines[:, 0]
