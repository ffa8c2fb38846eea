"""The days of the command: repeatable, everybody's fate known, the rules of routing kept all day."""

from __future__ import annotations

import sys

import pytest

from handoff_service.__main__ import main
from handoff_service.simulation.days import PLANS, build
from handoff_service.simulation.model import Outcome
from handoff_service.simulation.report import clock, guesses, percentile, report
from handoff_service.simulation.run import Run


@pytest.fixture(scope="module")
def night() -> Outcome:
    return Run(build("night", seed=7), seed=7).play()


def test_everybody_has_one_fate_and_no_agent_more_than_his_room(night: Outcome) -> None:
    assert {one.ended for one in night.fates} <= {"served", "gave_up", "message", "callback", "mailbox"}
    assert len({one.customer.id for one in night.fates}) == len(night.fates) == len(night.day.customers)
    served = [one for one in night.fates if one.ended == "served"]
    assert sum(work.conversations for work in night.work) == len(served) > 100
    by_id = {shift.agent.id: shift for shift in night.day.shifts}
    for one in served:
        shift = by_id[str(one.agent)]
        assert one.queue in shift.agent.queues
        assert one.customer.language in shift.agent.languages
        assert shift.from_s <= one.customer.at_s + one.wait_s <= shift.to_s + 60
        assert one.wait_s <= one.customer.patience_s
    assert all(0 <= work.used_s <= work.there_s for work in night.work)
    assert night.late == 0


def test_the_same_seed_is_the_same_day_and_another_is_another(night: Outcome) -> None:
    again, other = Run(build("night", seed=7), seed=7).play(), Run(build("night", seed=8), seed=8).play()
    assert again.fates == night.fates
    assert other.fates != night.fates


def test_the_report_adds_up(night: Outcome) -> None:
    text = report(night)
    line = next(line.split() for line in text.splitlines() if line.startswith("all "))
    came, served, gave_up, message, callback = map(int, line[1:6])
    assert came == served + gave_up + message + callback == len(night.fates)
    guess = guesses(night.fates)
    assert f"shown to {guess.shown} of {guess.known} who then waited and were served: too few to tell" in text
    assert "0 were overtaken" in text
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert clock(72.4) == "1:12"


def test_the_command_names_its_days(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["handoff_service", "simulate", "--day", "noon"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert all(name in told for name in PLANS)


def test_the_command_plays_a_day(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["handoff_service", "simulate", "--day", "night", "--seed", "7"])
    assert main() == 0
    assert capsys.readouterr().out.startswith("A night day: ")
