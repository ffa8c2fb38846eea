"""When access tokens end: told or reckoned when they are given, asked where the platform tells, shown and measured."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from handoff_service import metrics
from handoff_service.bell import Bell
from handoff_service.channels import doctor, doctor_words, store
from handoff_service.channels.accounts import new_account
from handoff_service.channels.commands import channel as command
from handoff_service.channels.registry import CHANNELS
from handoff_service.channels.sealing import Seal
from handoff_service.database import Database, open_database
from handoff_service.errors import Invalid
from handoff_service.tenants import store as tenants
from tests.handoff_service.channels.platforms.chinese import FakeDouyin, FakeWeibo
from tests.handoff_service.channels.test_accounts import _store_demo
from tests.handoff_service.stage import shop, trial_settings

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
BLANK = re.compile(r"{(\w+)}")


@pytest.fixture
def douyin() -> Any:
    far = FakeDouyin()
    yield {name: value for name, value in far.fields().items() if name != "refresh_token"}
    far.close()


def test_a_token_of_douyin_ends_after_fifteen_days_unless_somebody_says_otherwise(douyin: dict[str, str]) -> None:
    settings, told = trial_settings(), datetime(2026, 12, 1, tzinfo=UTC)
    made = new_account("shop", "douyin", "x", douyin, settings, lambda: NOW)
    assert made.token_until == NOW + timedelta(days=15)
    assert new_account("shop", "douyin", "x", douyin, settings, lambda: NOW, token_until=told).token_until == told
    bot = {"token": "123456:AAH_a-token-of-a-bot-that-is-not-real"}
    assert new_account("shop", "telegram", "x", bot, settings, lambda: NOW).token_until is None
    levels = {one.about: one.level for one in doctor.of_history(made, CHANNELS["douyin"], NOW + timedelta(days=11))}
    assert levels["token"] == "warning", "five days before the end"


def test_the_command_line_knows_when_a_token_ends(settings: Any, capsys: Any, douyin: dict[str, str]) -> None:
    def run(*arguments: str, expect: int = 0) -> Any:
        assert command(arguments, settings) == expect
        printed = capsys.readouterr()
        return json.loads(printed.out) if expect == 0 and arguments[0] != "doctor" else printed.out + printed.err

    def until() -> str:
        return str(run("list")[0]["token_until"])

    _store_demo(settings)
    given = [part for name, value in douyin.items() for part in ("--set", f"{name}={value}")]
    account = run("add", "douyin", "--name", "x", *given)["account"]
    reckoned = until()
    assert datetime.fromisoformat(reckoned) - datetime.now(UTC) > timedelta(days=14, hours=23)
    run("rotate", account, "--set", "client_secret=anothersecret0123")
    assert until() == reckoned, "the token is the same"
    run("set", account, "--token-until", "2026-12-07")
    assert until() == "2026-12-07T00:00:00.000Z"
    run("rotate", account, "--set", "access_token=act.another", "--token-until", "2027-01-02T09:00+08:00")
    assert until() == "2027-01-02T01:00:00.000Z"
    run("rotate", account, "--set", "access_token=act.a-third")
    assert until() not in ("2027-01-02T01:00:00.000Z", "None"), "the end of the one before says nothing"
    assert "write a date" in run("set", account, "--token-until", "soon", expect=1)
    run("set", account, "--token-until", "2020-01-01")
    assert "✗ token: The access token ended at 2020-01-01" in run("doctor", account, expect=1)


@pytest.fixture
async def database(settings: Any) -> Any:
    opened = open_database(settings.database, Bell())
    await opened.write(lambda tx: tenants.save(tx.connection, shop("shop")))
    yield opened
    await opened.close()


async def test_weibo_is_asked_how_long_its_token_lasts(settings: Any, database: Database) -> None:
    far, seal = FakeWeibo(), Seal(settings.encryption_key.get_secret_value())
    account = new_account("shop", "weibo", "x", far.fields(), settings)
    await database.write(lambda tx: store.add(tx.connection, account, seal))

    async def seen() -> tuple[datetime | None, dict[str, str]]:
        known = await database.read(lambda c: store.find(c, "shop", account.id, seal))
        found = await doctor.look_at(database, known, CHANNELS["weibo"], settings, lambda: NOW)
        after = await database.read(lambda c: store.find(c, "shop", account.id, seal))
        assert list(after.findings or ()) == found
        return after.token_until, {one["about"]: one["level"] for one in found}

    try:
        before = doctor.of_history(account, CHANNELS["weibo"], NOW)
        assert [one.level for one in before if one.about == "token"] == ["warning"], "nobody knows its end"
        far.lasts_s = 3 * 24 * 3600
        until, levels = await seen()
        assert (until, levels["token"], levels["keys"]) == (NOW + timedelta(days=3), "warning", "ok")
        far.token = "2.00another-token-by-now"
        assert (await seen())[1]["keys"] == "wrong"
    finally:
        far.close()


async def test_the_first_end_and_the_longest_silence_of_a_channel_are_measured(
    settings: Any, database: Database, douyin: dict[str, str]
) -> None:
    seal = Seal(settings.encryption_key.get_secret_value())
    ends = [NOW + timedelta(days=days) for days in (9, 3, 1)]
    made = [new_account("shop", "douyin", "x", douyin, settings, lambda: NOW, token_until=end) for end in ends]

    def keep(tx: Any) -> None:
        for number, one in enumerate(made):
            store.add(tx.connection, one, seal)
            store.seen(tx.connection, one, NOW - timedelta(hours=number))
        store.set_disabled(tx.connection, "shop", made[2].id, disabled=True)

    await database.write(keep)
    metrics.set_accounts(await database.read(store.standing))
    page = metrics.page().decode()
    told = dict(re.findall(r'tandem_channel_(\w+)_timestamp_seconds\{channel="douyin"\} (\S+)', page))
    assert {name: float(value) for name, value in told.items()} == {
        "token_end": ends[1].timestamp(),
        "last_event": (NOW - timedelta(hours=1)).timestamp(),
    }, "of the accounts that are in use"
    metrics.set_accounts([])
    assert "_timestamp_seconds{" not in metrics.page().decode()


@pytest.mark.parametrize("key", doctor_words.WORDS)
def test_the_doctor_speaks_both_languages(key: str) -> None:
    versions = doctor_words.WORDS[key]
    blanks = {language: set(BLANK.findall(text)) - {"explain"} for language, text in versions.items()}
    assert blanks["zh"] <= blanks["en"] | {"platform"}
    assert (set(versions), blanks["en"] <= blanks["zh"]) == ({"zh", "en"}, True)
    assert re.search(r"[\u4e00-\u9fff]", versions["zh"])
    assert not re.search(r"[\u4e00-\u9fff]", versions["en"])


def test_a_time_that_is_none_is_refused() -> None:
    from handoff_service.channels.commands import read_moment

    assert read_moment(None) is None
    assert read_moment("2026-12-07T09:00") == datetime(2026, 12, 7, 9, tzinfo=UTC)
    with pytest.raises(Invalid):
        read_moment("07.12.2026")
