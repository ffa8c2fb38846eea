"""What the soak reads off by itself: which entry arrived on a platform without keys, calm waits, growth of memory."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.history import log_mutations
from tests.history.checker import judge_raw
from tests.history.clean import clean_history
from tests.history.events import Recorder, raws_in
from tests.history.mutations import NotHere, Scene
from tests.soak import nemesis as breaking
from tests.soak.gateways import Gateway
from tests.soak.nemesis import Nemesis, Victims
from tests.soak.plain import Arrived, entries_of
from tests.soak.proxy import ChaosProxy
from tests.soak.scribe import Scribe
from tests.soak.verdict import WARM_S, _answers_and_waits, longest_freeze, shortest, slope_of
from tests.soak.wire import Signals, Traffic


def row(seq: int, text: str, *, provider_id: str | None, contact: str = "7") -> dict[str, Any]:
    """A delivery as the database has it."""
    body = {"text": text}
    return {
        "conversation": f"c{contact}",
        "mid": f"m{seq}",
        "seq": seq,
        "body": body,
        "external_id": contact,
        "provider_id": provider_id,
    }


def mids(arrived: list[Arrived], rows: list[dict[str, Any]]) -> list[str | None]:
    return [found["mid"] if found else None for found in entries_of(arrived, rows)]


def test_an_arrival_is_known_by_the_platforms_id_and_without_one_by_its_text() -> None:
    rows = [
        row(1, "one moment", provider_id="a"),
        row(2, "one moment", provider_id=None),
        row(3, "no", provider_id="c"),
    ]
    arrived = [
        Arrived(1, "7", "one moment", "a"),
        Arrived(2, "7", "one <b>moment</b>", "b"),
        Arrived(3, "7", "no", "c"),
    ]
    assert mids(arrived, rows) == ["m1", "m2", "m3"]


def test_the_same_words_again_are_the_later_entry_when_something_between_them_has_arrived() -> None:
    rows = [row(1, "sorry", provider_id=None), row(2, "yes", provider_id="b"), row(3, "sorry", provider_id=None)]
    assert mids([Arrived(1, "7", "yes", "b"), Arrived(2, "7", "sorry", "c")], rows) == ["m2", "m3"]
    assert mids([Arrived(1, "7", "sorry", "a"), Arrived(2, "7", "yes", "b")], rows) == ["m1", "m2"]


def test_what_arrived_twice_is_the_same_entry_twice_and_what_nobody_wrote_is_none() -> None:
    rows = [row(1, "hello", provider_id="b")]
    twice = [Arrived(1, "7", "hello", "a"), Arrived(2, "7", "hello", "b"), Arrived(3, "7", "spam", "c")]
    assert mids(twice, rows) == ["m1", "m1", None]
    assert mids([Arrived(1, "8", "hello", "a")], rows) == [None], "somebody else's"


@pytest.mark.parametrize(
    ("waits", "broken"),
    [([(10.0, 3.0)] * 60, True), ([(10.0, 1.9)] * 60, False), ([(28.0, 9.0)] * 60, False), ([(10.0, 3.0)] * 9, False)],
)
def test_only_waits_that_nothing_disturbed_count(
    tmp_path: Path, waits: list[tuple[float, float]], broken: bool
) -> None:
    """The fault lasts from 35 to 60; too few waits are not judged, and that is said."""
    figures = Recorder(tmp_path / "figures.jsonl")
    (said,) = _answers_and_waits(figures, Traffic(waits=waits), [(35.0, 60.0)], 1.0)
    figures.close()
    assert bool(judge_raw(raws_in(tmp_path / "figures.jsonl"))) == broken
    assert ("not measured" in said) == (len(waits) < 50 or waits[0][0] == 28.0)


def test_a_soak_that_fails_shows_the_shortest_history_of_it(tmp_path: Path) -> None:
    """As a person reads it, fewer lines than a screen has; the checker still finds it in what is kept of them."""
    for seed in range(60):
        scene = Scene(json.dumps(clean_history(seed)), random.Random(seed))
        with contextlib.suppress(NotHere):
            log_mutations.two_winners_of_a_claim(scene)
            break
    path = tmp_path / "history.jsonl"
    path.write_text("".join(f"{json.dumps(raw)}\n" for raw in scene.events))
    said = shortest([path]).splitlines()
    kept = (tmp_path / "shortest.jsonl").read_text().splitlines()
    assert 2 <= len(said) <= 10 < len(scene.events)
    assert all(whole.startswith(line) for line, whole in zip(said, kept, strict=True))
    first = judge_raw(scene.events)[0].identity
    assert first in {one.identity for one in judge_raw([json.loads(line) for line in kept])}


@pytest.mark.parametrize(("lived_s", "slope"), [(1000, 2.0), (300, None)])
def test_growth_is_told_of_a_process_that_lived_long_enough(tmp_path: Path, lived_s: int, slope: float | None) -> None:
    gateway = Gateway(0, 1, tmp_path, {})
    gateway.memory = [(WARM_S + t, 100 + 2 * t / 60) for t in range(1, lived_s, 10)]
    assert slope_of(gateway) == (None if slope is None else pytest.approx(slope))


@pytest.mark.parametrize("seed", range(4))
async def test_a_long_soak_freezes_for_longer_than_any_lease_whatever_the_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """A real process stands still; and the verdict says for how long, whichever it was."""
    monkeypatch.setattr(breaking, "LONG_STOP_S", 0.7)
    gateway, signals = Gateway(0, 1, tmp_path, {}), Signals()
    recorder = Recorder(tmp_path / "history.jsonl")
    victims = Victims([gateway], ChaosProxy(lambda: [gateway.address]), None, None, [], None)
    nemesis = Nemesis(
        victims, Scribe(recorder, Traffic()), signals, random.Random(seed),
        period_s=0.05, only=("network", "freeze"), long_stops=1,
    )  # fmt: skip
    with subprocess.Popen(["sleep", "60"]) as gateway.process:
        running = asyncio.create_task(nemesis.run())
        async with asyncio.timeout(20):
            while not nemesis.done:
                await asyncio.sleep(0.01)
        signals.writing = False
        await running
        gateway.process.kill()
    recorder.close()
    assert nemesis.done == ["freeze"]
    assert 0.7 <= nemesis.longest_freeze_s < 10
    assert "at most" in longest_freeze(nemesis.longest_freeze_s)
    assert longest_freeze(60.2) == "freeze: a gateway stood still for 60 s, longer than any lease"
