"""The proof that the checker sees: it flags no clean history, and every planted fault by the check it belongs to."""

from __future__ import annotations

import json
import random
from functools import cache

import pytest

from tests.history import log_mutations, outer_mutations
from tests.history.case import CHECKS
from tests.history.checker import judge_raw
from tests.history.clean import clean_history
from tests.history.mutations import MUTATIONS, NotHere, Scene

CLEAN = 200
HISTORIES = 60  # in which faults are planted
TIMES = 5  # each fault is planted into so many of them
INVARIANTS = {f"I{number}" for number in range(1, 29)}


@cache
def clean(seed: int) -> str:
    return json.dumps(clean_history(seed))


def test_clean_histories_are_never_flagged() -> None:
    flagged = {seed: found for seed in range(CLEAN) if (found := judge_raw(clean_history(seed)))}
    assert {seed: [str(one) for one in found[:3]] for seed, found in flagged.items()} == {}


def test_clean_histories_are_rich() -> None:
    """A check that never has anything to judge would pass for the wrong reason."""
    kinds = {raw["f"] for seed in range(20) for raw in json.loads(clean(seed))}
    assert len(kinds) >= 24, sorted(kinds)
    logs = [raw for seed in range(20) for raw in json.loads(clean(seed)) if raw["f"] == "final_log"]
    events = {entry.get("event") for log in logs for entry in log["entries"]}
    assert events >= {"opened", "asked", "offer", "accept", "decline", "offer_timeout", "agent_lost", "claim"}
    assert events >= {"take_over", "transfer", "give_back", "leave_message", "close", "idle", "reopen"}


@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_every_planted_fault_is_seen(name: str) -> None:
    check, plant = MUTATIONS[name]
    assert plant.__module__ in (log_mutations.__name__, outer_mutations.__name__)
    planted = 0
    for seed in range(HISTORIES):
        scene = Scene(clean(seed), random.Random(f"{name} {seed}"))
        try:
            plant(scene)
        except NotHere:
            continue
        planted += 1
        found = [one for one in judge_raw(scene.events) if one.check == check]
        assert found, f"seed {seed}: {check} does not see it"
        assert all(one.lines for one in found)
        if planted == TIMES:
            return
    pytest.fail(f"only {planted} of {HISTORIES} histories have a place for it")


def test_every_check_has_a_fault_that_it_must_see() -> None:
    """A new check without a planted fault might be blind, and nobody would know."""
    assert set(CHECKS) == {check for check, _ in MUTATIONS.values()}


def test_every_invariant_is_judged() -> None:
    assert {invariant for invariant, _ in CHECKS.values()} == INVARIANTS


def test_a_check_that_sees_nothing_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The proof of the proof: blind one check, and its faults are no longer seen."""
    monkeypatch.setitem(CHECKS, "seqs_are_dense", ("I4", lambda _: iter(())))
    with pytest.raises(AssertionError, match="does not see it"):
        test_every_planted_fault_is_seen("gap_in_the_log")
