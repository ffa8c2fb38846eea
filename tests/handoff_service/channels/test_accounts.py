"""Accounts: made and rotated on the command line, sealed at rest, never pointing into our own network."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from handoff_service import tables
from handoff_service.channels.accounts import check_address
from handoff_service.channels.commands import channel
from handoff_service.channels.http_delivery import exchange
from handoff_service.channels.public_only import PublicOnly, client_for_platforms, is_public
from handoff_service.channels.sealing import Seal
from handoff_service.errors import Invalid, NotDelivered, Unavailable
from handoff_service.settings import Settings
from handoff_service.tenants import store as tenants
from tests.handoff_service.channels.conftest import KEY
from tests.handoff_service.channels.fake_platform import FakePlatform
from tests.handoff_service.channels.far_network import FarNetwork
from tests.handoff_service.stage import shop, trial_settings
from tests.handoff_service.web.serving import ROOT, free_port, on_both

GUIDE = ROOT / "docs" / "signed-api.md"


@on_both
def test_the_command_line_keeps_accounts(settings: Settings, capsys: Any) -> None:
    def run(*arguments: str, expect: int = 0) -> Any:
        assert channel(arguments, settings) == expect
        printed = capsys.readouterr()
        return json.loads(printed.out) if expect == 0 else printed.err

    add = ("add", "api", "--name", "Shop app", "--url", "http://127.0.0.1:9/in", "--tenant", "demo")
    assert run(*add, expect=1) == "channel: There is no tenant demo.\n"
    _store_demo(settings)
    made = run(*add)
    assert made["webhook"] == f"{settings.gateway_url}/v1/channels/demo/{made['account']}/webhook"
    (listed,) = run("list")
    assert (listed["id"], listed["name"], listed["disabled"]) == (made["account"], "Shop app", False)
    assert "secret" not in json.dumps(listed)
    secrets = [made["secret"], run("rotate", made["account"])["secret"], run("rotate", made["account"])["secret"]]
    assert len(set(secrets)) == 3
    stored = _stored(settings)
    assert not any(secret in json.dumps(stored) for secret in secrets), "sealed"
    seal = Seal(settings.encryption_key.get_secret_value())
    assert [seal.open(one) for one in stored] == [secrets[2], secrets[0]], "the newest, and what the platform may have"
    run("rotate", made["account"], "--finish")
    assert [seal.open(one) for one in _stored(settings)] == [secrets[2]]
    assert run("disable", made["account"])["disabled"] is True
    assert run("list")[0]["disabled"] is True
    assert "no channel account" in run("enable", "acc_none", expect=1)


def _with_database(settings: Settings, work: Any) -> Any:
    from handoff_service.bell import Bell
    from handoff_service.database import open_database

    async def run() -> Any:
        database = open_database(settings.database, Bell())
        try:
            return await database.write(work)
        finally:
            await database.close()

    return asyncio.run(run())


def _store_demo(settings: Settings) -> None:
    _with_database(settings, lambda tx: tenants.save(tx.connection, shop("demo")))


def _stored(settings: Settings) -> list[str]:
    query = sa.select(tables.channel_accounts.c.secrets)
    return list(_with_database(settings, lambda tx: tx.connection.execute(query).scalar_one()))


def test_a_seal_opens_with_the_old_key_too_and_with_no_other() -> None:
    sealed = Seal("a" * 32).seal("the secret")
    assert "the secret" not in sealed
    assert Seal(f"{'b' * 32},{'a' * 32}").open(sealed) == "the secret"
    with pytest.raises(Unavailable):
        Seal("b" * 32).open(sealed)


@pytest.mark.parametrize("key", ["", "short", f"{KEY},short"])
def test_production_refuses_to_start_without_a_key(key: str) -> None:
    good = {"environment": "production", "identity_secret": "i" * 40}
    assert trial_settings(**good, encryption_key=KEY).encryption_key.get_secret_value() == KEY
    with pytest.raises(ValidationError, match="TANDEM_ENCRYPTION_KEY"):
        trial_settings(**good, **({"encryption_key": key} if key else {}))


@pytest.mark.parametrize(
    "url",
    ["ftp://shop.example", "https://", "https://user:pass@shop.example/", "http://shop.example/", "https://localhost/",
     "https://127.0.0.1/", "https://[::1]/", "https://169.254.169.254/latest", "https://shop.example:99999/",
     "https://exa mple.com/x", "https://ex%zz.example/x", "https://shop..example/", "https://256.1.1.1/", "https://a^b.example/",
     "https://shop.example/a b"],
)  # fmt: skip
def test_addresses_that_production_refuses(url: str) -> None:
    settings = trial_settings(environment="production", identity_secret="i" * 40, encryption_key=KEY)
    for good in ("https://shop.example/tandem", "https://店铺.example/x", "https://my_shop.example.:8443/a%20b?c=1"):
        check_address(good, settings)
    check_address("https://[2606:4700:4700::1111]/", settings)
    with pytest.raises(Invalid):
        check_address(url, settings)


@pytest.mark.parametrize(
    ("address", "public"),
    [("8.8.8.8", True), ("2606:4700::1111", True), ("127.0.0.1", False), ("10.1.2.3", False), ("100.64.0.1", False),
     ("169.254.169.254", False), ("0.0.0.0", False), ("224.0.0.1", False), ("::1", False), ("fe80::1%eth0", False),
     ("fd00::1", False), ("::ffff:127.0.0.1", False), ("64:ff9b::7f00:1", False), ("2002:7f00:1::", False),
     ("shop.example", False), ("fec0::1", False)],
)  # fmt: skip
def test_which_addresses_are_public(address: str, public: bool) -> None:
    """F-87."""
    assert is_public(address) is public


async def test_in_production_a_name_of_our_own_network_is_not_reached(platform: FakePlatform) -> None:
    """F-87: whatever the name looks like, what it resolves to counts."""
    settings = trial_settings(environment="production", identity_secret="i" * 40, encryption_key=KEY)
    async with client_for_platforms(settings) as client:
        for url in (platform.url, platform.url.replace("http:", "https:"), "https://localhost:1/"):
            with pytest.raises(NotDelivered) as refused:
                await exchange(client, "POST", url, {}, {"content": b"{}"})
            assert refused.value.final
    assert platform.arrivals == []


async def test_the_address_that_was_checked_is_the_one_that_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that resolves to another address the second time does not get by (DNS rebinding)."""

    async def resolve(*_: Any, **__: Any) -> list[Any]:
        return [(0, 0, 0, "", ("8.8.8.8", 443))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    far = FarNetwork()
    async with httpx2.AsyncClient(transport=PublicOnly(far)) as client:
        assert await exchange(client, "POST", "https://shop.example/in", {}, {"content": b"{}"}) == (200, b"")
        assert (far.called, far.names) == (["8.8.8.8"], ["shop.example"])
        assert b"host: shop.example\r\n" in far.told[0][1].lower()
        await exchange(client, "POST", "https://shop.example/in", {}, {"content": b"{}"})
        assert far.called == ["8.8.8.8"], "the line is used again"
        await exchange(client, "POST", "https://mall.example/in", {}, {"content": b"{}"})
        assert far.names == ["shop.example", "mall.example"], "its certificate is asked for, at the same address too"


async def test_the_example_of_the_guide_works_in_both_directions(open_office: Any, tmp_path: Path) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert len(code.splitlines()) <= 40
    file = tmp_path / "example.py"
    file.write_text(code, "utf-8")
    port = free_port()
    office = await open_office(account={"options": {"url": f"http://127.0.0.1:{port}/"}})
    secret = office.platform.secrets[0]
    command = [sys.executable, str(file), office.platform.webhook, secret, str(port), "Where is my order?"]
    output = tmp_path / "output.txt"
    with output.open("wb") as sink, subprocess.Popen(command, stdout=sink, stderr=sink) as process:
        try:
            until = time.monotonic() + 20
            while "bot to ann: Three days." not in output.read_text("utf-8"):
                assert process.poll() is None, output.read_text("utf-8")
                assert time.monotonic() < until, output.read_text("utf-8")
                await asyncio.sleep(0.05)
        finally:
            process.kill()
    assert "'duplicate': False" in output.read_text("utf-8")
