"""What one machine withdraws every other hides, although each has an index and a list of its own."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kb_index.database import Database
from kb_index.errors import DatabaseUnavailable
from kb_index.index.store import SHARED_FOR, share_withdrawals, shared_withdrawals
from kb_index.index.withdrawn import Withdrawals

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def names(withdrawals: Withdrawals) -> list[str]:
    return [each.article for each in withdrawals.all()]


def test_the_others_hide_it_at_their_next_look(tmp_path: Path, database: Database) -> None:
    here, there = (Withdrawals(tmp_path / name, database) for name in ("here", "there"))
    there.add("brand", "before")
    here.share("brand", "coupon", "zh")
    assert names(here) == ["coupon"], "at once"
    assert there.pull() == 1
    assert names(there) == ["before", "coupon"]
    assert there.all()[-1].language == "zh"
    assert there.pull() == 0
    there.share("brand", "invoice")
    here.pull()
    assert set(names(here)) == {"coupon", "invoice"}


def test_a_line_is_copied_once_by_all_processes_of_a_machine(tmp_path: Path, database: Database) -> None:
    """The slower of two would have hidden again what the keeper had just put back."""
    share_withdrawals(database, [("brand", "coupon", None)], now=NOW)
    found = shared_withdrawals(database, 0)
    one, other = (Withdrawals(tmp_path, database) for _ in range(2))
    assert len(one._append(found)) == 1
    assert other._append(found) == []
    assert names(other) == ["coupon"]


def test_how_far_it_was_read_is_not_forgotten(tmp_path: Path, database: Database) -> None:
    withdrawals = Withdrawals(tmp_path, database)
    share_withdrawals(database, [("brand", f"a{number}", None) for number in range(3)], now=NOW)
    withdrawals.pull()
    withdrawals.add("brand", "own")
    withdrawals.forget(4)
    assert names(withdrawals) == ["own"]
    assert withdrawals.pull() == 0


def test_old_ones_go_and_numbers_do_not_come_back(database: Database) -> None:
    share_withdrawals(database, [("brand", "old", None)], now=NOW)
    share_withdrawals(database, [("brand", "new", None)], now=NOW + SHARED_FOR + timedelta(days=1))
    assert shared_withdrawals(database, 0) == [(2, ("brand", "new", None))]


def test_without_the_database_it_is_hidden_here_and_said(tmp_path: Path) -> None:
    away = Database("postgresql://nobody@127.0.0.1:9/nothing")
    withdrawals = Withdrawals(tmp_path, away)
    with pytest.raises(DatabaseUnavailable):
        withdrawals.share("brand", "coupon")
    assert names(withdrawals) == ["coupon"]
    assert withdrawals.pull() == 0
