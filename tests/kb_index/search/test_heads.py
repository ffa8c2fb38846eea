"""The article head's own arithmetic."""

from __future__ import annotations

import numpy as np

from kb_index.search.heads import floats


def test_every_finite_half_becomes_the_same_float() -> None:
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    finite = halves[np.isfinite(halves)]
    assert len(finite) == (1 << 16) - 2 * (1 << 10)
    found, wanted = floats(finite), finite.astype(np.float32)
    assert found.dtype == np.float32
    assert np.array_equal(found.view(np.uint32), wanted.view(np.uint32))  # minus zero is another zero
