"""Versions on disk: the pointer moves wholly or not at all, what is damaged does not go live, old ones stay a while."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from bot.models import versions as module
from bot.models.versions import KEPT, GateRefused, ModelError, NoSuchVersion, Versions, file_hash

AT = "2026-11-22T08:00:00+00:00"
GATE = {
    "macro_f1": 0.9, "reasons": ["too low"], "asking": {"asked": 2, "missed": []},
    "stories": {"played": 1, "passed": 1},
}  # fmt: skip


def add(versions: Versions, *, passed: bool = True, weights: str = "w") -> str:
    """A version of made-up weights."""
    versions.folder.mkdir(parents=True, exist_ok=True)
    archive = versions.folder / "made.tar.gz"
    archive.write_text(weights)
    number = versions.next_number()
    manifest: dict[str, Any] = {
        "version": f"v{number:04}-{file_hash(archive)[:8]}", "number": number, "archive": file_hash(archive),
        "inputs": weights, "trained_at": AT, "by": "operator", "intents": {"greet": 2}, "reviewed": 0,
        "gate": {**GATE, "passed": passed},
    }  # fmt: skip
    return versions.add(archive, manifest)


@pytest.fixture
def versions(tmp_path: Path) -> Versions:
    return Versions(tmp_path / "models")


def put(versions: Versions, version: str, **options: Any) -> str:
    return versions.put_live(version, by="ann", at=AT, how="chosen", **options).version


def test_nothing_is_live_before_the_first(versions: Versions) -> None:
    assert (versions.live(), versions.all(), versions.stamp(), versions.next_number()) == (None, [], None, 1)


def test_the_pointer_moves_and_goes_back_and_tells_who_moved_it(versions: Versions) -> None:
    first, second, third = add(versions), add(versions, weights="x"), add(versions, weights="y")
    stamps = [put(versions, name) and versions.stamp() for name in (first, second, third)]
    assert len(set(stamps)) == 3
    assert [one["version"] for one in versions.all()] == [third, second, first]
    assert versions.roll_back(by="bob", at=AT).version == second
    assert versions.roll_back(second, by="bob", at=AT).version == first
    live = versions.live()
    assert live is not None
    assert (live.before, live.moves[-1].by, live.moves[-1].how) == (None, "bob", "rollback")
    with pytest.raises(ModelError, match="no version to go back to"):
        versions.roll_back(by="bob", at=AT)


def test_a_second_click_does_not_go_back_twice(versions: Versions) -> None:
    names = [add(versions, weights=letter) for letter in "abc"]
    for name in names:
        put(versions, name)
    versions.roll_back(names[2], by="bob", at=AT)
    with pytest.raises(ModelError, match="is live, not"):
        versions.roll_back(names[2], by="bob", at=AT)


def test_what_the_gate_refused_goes_live_only_on_purpose(versions: Versions) -> None:
    good, bad = add(versions), add(versions, passed=False, weights="x")
    put(versions, good)
    with pytest.raises(GateRefused, match="too low"):
        put(versions, bad)
    assert put(versions, bad, although_refused=True) == bad


@pytest.mark.parametrize("name", ["v0009-aaaa", "../v1", "v../../x", "", "live.json"])
def test_a_name_that_is_none_is_refused(versions: Versions, name: str) -> None:
    add(versions)
    with pytest.raises(NoSuchVersion):
        put(versions, name)


def test_a_damaged_archive_does_not_go_live(versions: Versions) -> None:
    """F-80."""
    good, bad = add(versions), add(versions, weights="x")
    put(versions, good)
    (versions.folder / bad / module.ARCHIVE).write_text("half of i")
    with pytest.raises(ModelError, match="damaged"):
        put(versions, bad)
    live = versions.live()
    assert live is not None
    assert live.version == good


@pytest.mark.parametrize("dies_at", range(1, 5))
def test_whenever_it_dies_a_whole_version_is_live(
    versions: Versions, monkeypatch: pytest.MonkeyPatch, dies_at: int
) -> None:
    """Every rename and sync of keeping and putting live a version, one after the other, is the last thing it does."""
    first = add(versions)
    put(versions, first)
    steps = iter(range(1, 100))

    class Died(BaseException):
        pass

    def dying(act: Any) -> Any:
        def step(*given: Any) -> None:
            if next(steps) == dies_at:
                raise Died
            act(*given)

        return step

    monkeypatch.setattr(module.os, "replace", dying(os.replace))
    with pytest.raises(Died):
        put(versions, add(versions, weights="x"))
    monkeypatch.undo()
    live = versions.live()
    assert live is not None
    versions.archive(live.version)
    assert live.version == first
    versions.prune()
    assert put(versions, add(versions, weights="z")).startswith("v000")


def test_an_unreadable_pointer_is_said_and_can_be_written_anew(versions: Versions) -> None:
    name = add(versions)
    put(versions, name)
    (versions.folder / module.LIVE).write_text("{ broken")
    with pytest.raises(ModelError, match="python -m bot live"):
        versions.live()
    assert put(versions, name) == name


def test_old_versions_go_but_the_live_one_and_the_one_before_it_stay(versions: Versions) -> None:
    names = [add(versions, weights=str(number)) for number in range(KEPT + 5)]
    put(versions, names[0])
    put(versions, names[1])
    (versions.folder / ".training-killed").mkdir()
    gone = versions.prune()
    left = {one["version"] for one in versions.all()}
    assert {names[0], names[1]} <= left
    assert len(left) == KEPT + 2
    assert not left & set(gone)
    assert not list(versions.folder.glob(".training-*"))


def test_a_number_is_never_given_twice(versions: Versions) -> None:
    names = [add(versions, weights=letter) for letter in "ab"]
    put(versions, names[1])
    manifest = json.loads((versions.folder / names[1] / module.MANIFEST).read_text())
    assert manifest["number"] == 2
    assert versions.next_number() == 3
