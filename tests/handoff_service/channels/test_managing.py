"""Accounts over HTTP, by those whose work it is: secrets go in and never out, and the doctor says what is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from handoff_service import tables
from handoff_service.agents.model import Role
from handoff_service.channels import doctor
from handoff_service.channels.accounts import new_account
from handoff_service.channels.commands import channel as command
from handoff_service.channels.doctor import examine, of_fields, of_history
from handoff_service.channels.registry import CHANNELS
from tests.handoff_service.channels.platforms import PLATFORMS
from tests.handoff_service.channels.platforms.fake import Platform
from tests.handoff_service.stage import trial_settings
from tests.handoff_service.web.conftest import build_house, gateway, house  # noqa: F401
from tests.handoff_service.web.visitors import accepted, fresh, refused

SECRET = "123456:AAH_a-token-of-a-bot-that-is-not-real"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
# What the doctor can try without sending anything.
PROBED = sorted(name for name in PLATFORMS if isinstance(CHANNELS[name], doctor.Probes))


async def change(who: Any, path: str, body: Any = None, key: str = "") -> Any:
    return await who.http.post(f"/v1/channels{path}", json=body, headers={"Idempotency-Key": key or fresh()})


async def test_an_account_is_added_changed_rotated_and_switched_off(house: Any, build_house: Any) -> None:
    boss = await house.agent("boss", role=Role.ADMIN)
    kinds = accepted(await boss.get("/v1/channels/kinds"))["kinds"]
    assert "token" in kinds["telegram"]["fields"]
    new, key = {"channel": "telegram", "name": "Shop bot", "fields": {"token": SECRET}}, fresh()
    made = accepted(await change(boss, "/accounts", new, key), 201)
    assert len(made["webhook_secret"]) > 20
    again = accepted(await change(boss, "/accounts", new, key), 201)
    assert (again["account"], again["webhook_secret"]) == (made["account"], None), "shown once"
    place = f"/accounts/{made['account']}"
    accepted(await change(boss, place, {"name": "New name", "fields": {"api": "https://tg.example"}}))
    rotated = accepted(await change(boss, f"{place}/rotate", {}))
    assert rotated["webhook_secret"] != made["webhook_secret"]
    (shown,) = accepted(await boss.get("/v1/channels/accounts"))["accounts"]
    assert (shown["name"], shown["options"]) == ("New name", {"api": "https://tg.example"})
    assert shown["secrets"] == {"token": 1, "webhook_secret": 2}
    assert shown["webhook"].endswith(f"/v1/channels/{house.tenant.id}/{made['account']}/webhook")
    accepted(await change(boss, f"{place}/finish-rotation"))
    accepted(await change(boss, place, {"disabled": True, "fields": {"api": ""}}))
    (shown,) = accepted(await boss.get("/v1/channels/accounts"))["accounts"]
    assert (shown["disabled"], shown["options"], shown["secrets"]["webhook_secret"]) == (True, {}, 1)
    assert SECRET not in boss.heard
    assert made["webhook_secret"] not in str(accepted(await boss.get("/v1/channels/accounts")))
    found = accepted(await change(boss, f"{place}/examine"))["findings"]
    assert {"level": "wrong", "about": "account", "words": "The account is switched off; `enable` it."} in found
    (shown,) = accepted(await boss.get("/v1/channels/accounts"))["accounts"]
    assert shown["health"]["findings"] == found
    audit = await house.database.read(lambda c: [row.action for row in c.execute(tables.audit.select())])
    assert {"channel_account_added", "channel_account_changed", "channel_secret_rotated"} <= set(audit)
    elsewhere = await build_house(house.gateway)
    foreign = await elsewhere.agent("foreigner", role=Role.OWNER)
    assert accepted(await foreign.get("/v1/channels/accounts")) == {"accounts": []}
    for path, body in ((place, {}), (f"{place}/rotate", {}), (f"{place}/finish-rotation", None)):
        refused(await change(foreign, path, body), 404, "not_found")
    refused(await change(foreign, f"{place}/examine"), 404, "not_found")


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("", {"channel": "pigeon", "name": "x"}), ("", {"channel": "telegram", "name": "x"}),
        ("", {"channel": "telegram", "name": "x", "fields": {"token": "no token"}}),
        ("", {"channel": "telegram", "name": "x", "fields": {"token": SECRET, "colour": "red"}}),
        ("", {"channel": "telegram", "name": "", "fields": {"token": SECRET}}),
        ("", {"channel": "api", "name": "x", "fields": {"url": "ftp://x"}}), ("", {"name": 5}), ("", []),
        ("/{account}", {"fields": {"token": SECRET}}), ("/{account}", {"fields": {"nothing": "x"}}),
        ("/{account}/rotate", {"fields": {"api": 5}}), ("/{account}/rotate", {"fields": {"colour": "red"}}),
    ],
)  # fmt: skip
async def test_what_no_account_can_be_is_refused_in_words(house: Any, path: str, body: Any) -> None:
    boss = await house.agent(fresh("boss"), role=Role.ADMIN)
    new = {"channel": "telegram", "name": "Shop bot", "fields": {"token": SECRET}}
    account = accepted(await change(boss, "/accounts", new), 201)["account"]
    answer = await change(boss, f"/accounts{path.format(account=account)}", body)
    assert answer.status_code == 422, answer.text
    assert len(answer.json()["error"]["message"]) > 10


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
    for days, level in ((-1, "wrong"), (3, "warning"), (30, None)):
        token = replace(account, last_event_at=NOW, token_until=NOW + timedelta(days=days))
        assert [one.level for one in of_history(token, channel, NOW)][1:] == ([level] if level else [])


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
