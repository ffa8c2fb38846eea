"""The soak as a test: both databases under seeded faults, and the proof that it would notice a broken product.

TANDEM_SOAK_SECONDS: how long each of the two databases is used (90); TANDEM_SOAK_SEED: another course of events.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.soak.run import Options, run
from tests.soak.verdict import Verdict

SECONDS = float(os.environ.get("TANDEM_SOAK_SECONDS", "90"))
SEED = int(os.environ.get("TANDEM_SOAK_SEED", "20261122"))
# A bug shows within the first messages; this is how long the soak with one runs.
PLANTED_S = 12.0


async def soak(folder: Path, **asked: object) -> Verdict:
    """A soak with its history and logs in the test's folder; what it says comes out when the test fails."""
    folder.chmod(0o755)
    return await run(Options(keep=folder, **asked), print)  # type: ignore[arg-type]  # noqa: T203


@pytest.mark.stack
async def test_sqlite_survives_faults(tmp_path: Path) -> None:
    verdict = await soak(tmp_path, seconds=SECONDS, seed=SEED)
    assert verdict.ok, verdict.report


@pytest.mark.stack
async def test_two_gateways_on_postgresql_survive_faults(tmp_path: Path) -> None:
    verdict = await soak(tmp_path, seconds=SECONDS, seed=SEED + 1, database="postgresql", replicas=2)
    assert verdict.ok, verdict.report


@pytest.mark.stack
@pytest.mark.parametrize(
    ("bug", "invariant"),
    [("posts_without_epoch", "I11"), ("acknowledges_too_early", "I1"), ("shows_notes", "I18")],
)
async def test_a_planted_bug_is_found(tmp_path: Path, bug: str, invariant: str) -> None:
    """A soak that cannot fail proves nothing."""
    verdict = await soak(tmp_path, seconds=PLANTED_S, planted=bug, faults=False, contacts=0)
    assert not verdict.ok
    assert any(line.startswith(f"{invariant} ") for line in verdict.violations), verdict.report
