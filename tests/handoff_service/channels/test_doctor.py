"""The doctor says in words what is wrong with an account, and what is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from handoff_service import metrics
from handoff_service.channels import doctor
from handoff_service.channels.accounts import new_account
from handoff_service.channels.commands import channel as command
from handoff_service.channels.doctor import examine, of_fields, of_history
from handoff_service.channels.registry import CHANNELS
from tests.handoff_service.channels.platforms import PLATFORMS
from tests.handoff_service.channels.platforms.fake import Platform
from tests.handoff_service.stage import trial_settings

SECRET = "123456:AAH_a-token-of-a-bot-that-is-not-real"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
# What the doctor can try without sending anything.
PROBED = sorted(name for name in PLATFORMS if isinstance(CHANNELS[name], doctor.Probes))


@pytest.fixture(params=PROBED)
def far(request: pytest.FixtureRequest) -> Iterator[Platform]:
    one = PLATFORMS[request.param]()
    yield one
    one.close()


async def test_the_doctor_tells_good_keys_from_bad_ones(far: Platform, tmp_path: Any) -> None:
    settings = trial_settings(var=tmp_path)
    account, channel = new_account("shop", far.channel, "x", far.fields(), settings), CHANNELS[far.channel]
    good = {one.about: one for one in await examine(account, channel, settings, lambda: NOW)}
    assert good["keys"].level == "ok", good["keys"].words
    if "clock" in good:
        assert good["clock"].level == "wrong", "the test's clock stands still"
    broken = dict.fromkeys(account.secrets[0], "x" * 40)
    bad = replace(account, secrets=(broken,))
    found = {one.about: one for one in await examine(bad, channel, settings, lambda: NOW)}
    if far.channel != "email":  # this mail server asks for no password
        assert found["keys"].level == "wrong", found
        assert channel.abilities.title in found["keys"].words
    assert all("x" * 40 not in one.words for one in found.values()), "no secret in what it says"


def test_the_doctor_reads_fields_history_and_tokens() -> None:
    channel, settings = CHANNELS["telegram"], trial_settings()
    account = new_account("shop", "telegram", "x", {"token": SECRET}, settings)
    assert list(of_fields(account, channel)) == []
    worse = replace(account, secrets=({"token": "no"}, {"token": SECRET}), disabled=True)
    assert [one.about for one in of_fields(worse, channel)] == ["account", "token", "webhook_secret", "rotation"]
    assert [one.level for one in of_history(account, channel, NOW)] == ["warning"]
    failing = replace(account, last_event_at=NOW, last_error="the window closed", last_error_at=NOW)
    assert "the window closed" in [*of_history(failing, channel, NOW)][1].words
    for days, level in ((-1, "wrong"), (3, "warning"), (30, "ok")):
        token = replace(account, last_event_at=NOW, token_until=NOW + timedelta(days=days))
        assert [one.level for one in of_history(token, channel, NOW)][1:] == [level]


async def test_the_doctor_reaches_for_our_own_address(monkeypatch: pytest.MonkeyPatch) -> None:
    channel = CHANNELS["api"]
    settings = trial_settings(gateway_url="https://support.shop.example")
    account = new_account("shop", "api", "x", {"url": "https://shop.example/in"}, settings)
    client = httpx2.AsyncClient
    for status, level in ((401, "ok"), (404, "wrong"), (502, "wrong")):
        transport = httpx2.MockTransport(lambda _, status=status: httpx2.Response(status))
        monkeypatch.setattr(doctor.httpx2, "AsyncClient", lambda **_: client(transport=transport))  # noqa: B023
        monkeypatch.setattr(doctor, "client_for_platforms", lambda _: client(transport=transport))  # noqa: B023
        found = {one.about: one for one in await examine(account, channel, settings, lambda: NOW)}
        assert found["webhook"].level == level
    local = trial_settings()
    found = {one.about: one for one in await examine(account, channel, local, lambda: NOW)}
    assert (found["webhook"].level, "TANDEM_GATEWAY_URL" in found["webhook"].words) == ("warning", True)


def test_the_doctor_on_the_command_line_ends_with_1_when_something_is_wrong(settings: Any, capsys: Any) -> None:
    from tests.handoff_service.channels.test_accounts import _store_demo

    _store_demo(settings)
    assert command(["add", "api", "--name", "x", "--url", "http://127.0.0.1:9/"], settings) == 0
    account = next(one for one in capsys.readouterr().out.split('"') if one.startswith("acc_"))
    assert command(["doctor", account], settings) == 0
    assert "! events: Nothing has come yet." in capsys.readouterr().out
    assert command(["disable", account], settings) == 0
    capsys.readouterr()
    assert command(["doctor", account], settings) == 1
    assert "✗ account: The account is switched off" in capsys.readouterr().out


def test_the_metrics_count_accounts_by_channel_and_state() -> None:
    metrics.set_accounts([{"channel": "telegram", "accounts": 3, "failing": 1, "disabled": None}])
    page = metrics.page().decode()
    assert 'tandem_channel_accounts{channel="telegram",state="failing"} 1.0' in page
    assert 'tandem_channel_accounts{channel="telegram",state="disabled"} 0.0' in page
    metrics.set_accounts([])
    assert "tandem_channel_accounts{" not in metrics.page().decode()
