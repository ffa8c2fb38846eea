"""The soak as a test: both databases under seeded faults, and the proof that it would notice a broken product.

Both are played at the same time: each sees its whole three minutes of faults, and together they take little more.
What breaks breaks as often as in `make soak`; people do things at a quarter of its pace, so that a machine with two
cores has something left for the other tests.

TANDEM_SOAK_SECONDS: how long each of the two databases is used (180); TANDEM_SOAK_SEED: another course of events.
"""

from __future__ import annotations

import asyncio
import os
import tarfile
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.soak.run import Options, run
from tests.soak.verdict import Verdict

SECONDS = float(os.environ.get("TANDEM_SOAK_SECONDS", "180"))
SEED = int(os.environ.get("TANDEM_SOAK_SEED", "20261122"))
PACE = 4.0
# These show within the first messages, so the soak with them is short and does not wait for a quiesce. On a machine so
# busy that somebody has not come to write a note by then, it is played again, longer.
PLANTED = {"posts_without_epoch": "I11", "acknowledges_too_early": "I1", "shows_notes": "I18", "forgets_tenants": "I17"}
MIXED_S = 20.0
RELEASE = Path(__file__).resolve().parents[1] / "many_machines" / "release-0.1.0.tar.xz"
PLANTED_S, PATIENCE_S = (10.0, 40.0, 120.0), 3.0


async def soak(folder: Path, **asked: object) -> Verdict:
    """A soak with its history and logs in the test's folder; what it says comes out when the test fails."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    return await run(Options(keep=folder, **asked), print)  # type: ignore[arg-type]


def soaked(folder: Path, **asked: object) -> Verdict:
    """The same on a loop of its own, for a thread."""
    return asyncio.run(soak(folder, seconds=SECONDS, pace=PACE, **asked))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Future[Verdict]]:
    """What each database comes to, played side by side."""
    with ThreadPoolExecutor(2) as threads:
        return {
            "sqlite": threads.submit(soaked, tmp_path_factory.mktemp("sqlite"), seed=SEED),
            "postgresql": threads.submit(
                soaked,
                tmp_path_factory.mktemp("postgresql"),
                seed=SEED + 1,
                database="postgresql",
                replicas=2,
                valkey=True,
            ),
        }


@pytest.mark.stack
def test_sqlite_survives_faults(both: dict[str, Future[Verdict]]) -> None:
    verdict = both["sqlite"].result()
    assert verdict.ok, verdict.report


@pytest.mark.stack
def test_two_gateways_on_postgresql_survive_faults(both: dict[str, Future[Verdict]]) -> None:
    verdict = both["postgresql"].result()
    assert verdict.ok, verdict.report


@pytest.mark.stack
async def test_two_releases_beside_each_other_survive_faults(tmp_path: Path) -> None:
    """F-45, judged by the checker: the first replica is release 0.1.0, as in the middle of an upgrade.

    No channel accounts and nothing that 0.1.0 does not know, as docs/scaling.md asks of who upgrades.
    """
    with tarfile.open(RELEASE) as archive:
        archive.extractall(tmp_path / "release", filter="data")
    verdict = await soak(
        tmp_path / "soak", seconds=MIXED_S, seed=SEED, database="postgresql", replicas=2, contacts=0, strangers=0,
        old_release=tmp_path / "release", only=("kill", "freeze", "restart", "network", "bot mood"), pace=PACE / 2,
    )  # fmt: skip
    assert verdict.ok, verdict.report


@pytest.mark.stack
async def test_planted_bugs_are_found(tmp_path: Path) -> None:
    """A soak that cannot fail proves nothing: this gateway posts late answers, acknowledges too early, and shows notes
    and other tenants' conversations."""
    for seconds in PLANTED_S:
        verdict = await soak(
            tmp_path / f"{seconds:.0f}", seconds=seconds, planted=",".join(PLANTED), only=("bot mood",), contacts=0,
            patience_s=PATIENCE_S, shrink=False,
        )  # fmt: skip
        if verdict.broken >= set(PLANTED.values()):
            break
    assert not verdict.ok
    assert verdict.broken >= set(PLANTED.values()), verdict.report
