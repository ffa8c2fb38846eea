"""`make soak`: every set-up gets its turn, and one that fails is told and fails it all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from handoff_service.launch.run import Run
from handoff_service.launch.settings import Settings, read_settings
from handoff_service.launch.soak import CUTS, RACES, SOAKS, STORIES, soak, soak_runs


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return read_settings({"TANDEM_VAR": str(tmp_path)})


def test_a_long_soak_plays_every_set_up_pair_way_to_ask_and_byte_and_more_races_and_stories(settings: Settings) -> None:
    *soaks, pairs, asking, cuts, swaps, stories = soak_runs(settings, 60, "7")
    words = [" ".join(map(str, run.command)) for run in soaks]
    assert all("--minutes 15 " in each and each.endswith("--seed 7") for each in words)
    assert [("sqlite" in each, "--replicas 2" in each, "--valkey" in each, "--calm" in each) for each in words] == [
        (True, False, False, False),
        (False, True, False, False),
        (False, True, True, False),
        (False, True, False, True),
    ]
    assert swaps.environment["TANDEM_EVERY_SWAP"] == "1"
    assert pairs.environment["TANDEM_EVERY_FAILPOINT_PAIR"] == "1"
    assert asking.environment["TANDEM_EVERY_WAY"] == "1"
    assert asking.command[-1] == "tests/bot/crawl"
    assert (cuts.environment["TANDEM_EVERY_BYTE"], cuts.environment["TANDEM_EVERY_STATEMENT"]) == ("1", "1")
    assert {"TANDEM_INTERLEAVINGS", "TANDEM_STORIES"} <= set(stories.environment)
    assert set(RACES) <= set(pairs.command)
    assert set(STORIES) <= set(stories.command)
    assert all((settings.root / name.partition("::")[0]).is_file() for name in (*CUTS, *RACES, *STORIES))


@pytest.mark.parametrize("fails", [None, *SOAKS])
def test_one_that_fails_stops_nobody_and_fails_the_soak(
    settings: Settings, fails: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    shown: list[str] = []

    def show(run: Run) -> int:
        shown.append(run.title)
        return int(run.title == fails)

    assert soak(settings, 3, show=show) == int(fails is not None)
    assert shown == list(SOAKS)
    summary = capsys.readouterr().out
    assert ("FAILED" in summary) == (fails is not None)
    assert "skipped the real bot, pairs" in summary


@pytest.mark.parametrize("code", [0, 1])
def test_a_long_soak_asks_the_real_bot_too(settings: Settings, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    asked: list[str] = []

    def with_bot(own: Settings, command: Callable[[Settings], Sequence[str]]) -> int:
        asked.extend(command(own))
        return code

    assert soak(settings, 20, "7", show=lambda _: 0, with_bot=with_bot) == code
    assert " ".join(asked).endswith(f"--real-bot {settings.bot_url} --seed 7")
    assert "SQLite with the real bot" in capsys.readouterr().out
