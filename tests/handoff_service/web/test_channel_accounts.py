"""Channel accounts over HTTP, by those whose work it is: secrets go in and never out."""

from __future__ import annotations

from typing import Any

from handoff_service import tables
from handoff_service.agents.model import Role
from tests.handoff_service.web.visitors import accepted, fresh, refused

SECRET = "123456:AAH_a-token-of-a-bot-that-is-not-real"


async def change(who: Any, path: str, body: Any = None, key: str = "") -> Any:
    return await who.http.post(f"/v1/channels{path}", json=body, headers={"Idempotency-Key": key or fresh()})


async def test_an_account_is_added_changed_rotated_and_switched_off(house: Any, build_house: Any) -> None:
    boss = await house.agent("boss", role=Role.ADMIN)
    kinds = accepted(await boss.get("/v1/channels/kinds"))["kinds"]
    assert "token" in kinds["telegram"]["fields"]
    assert (kinds["telegram"]["servers"], kinds["api"]["servers"]) == ({"api": ["token"]}, {"url": ["secret"]})
    new, key = {"channel": "telegram", "name": "Shop bot", "fields": {"token": SECRET}}, fresh()
    made = accepted(await change(boss, "/accounts", new, key), 201)
    assert len(made["webhook_secret"]) > 20
    again = accepted(await change(boss, "/accounts", new, key), 201)
    assert (again["account"], again["webhook_secret"]) == (made["account"], None), "shown once"
    place = f"/accounts/{made['account']}"
    moved = await change(boss, place, {"fields": {"api": "https://tg.example"}})
    refused(moved, 422, "invalid")  # else `examine` would hand the bot's token to whoever is there
    assert "token" in moved.json()["error"]["message"]
    again = {"api": "https://tg.example", "token": SECRET}
    accepted(await change(boss, place, {"name": "New name", "fields": again}))
    accepted(await change(boss, place, {"fields": {"api": "https://tg.example"}}))  # as it was
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
    told = {"zh": "账号已停用，请先启用。", "words": "The account is switched off; `enable` it."}
    assert {"level": "wrong", "about": "account", **told} in found
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


async def test_messages_of_customers_go_to_another_address_only_with_the_secret(house: Any) -> None:
    boss = await house.agent("boss", role=Role.ADMIN)
    new = {"channel": "api", "name": "App", "fields": {"url": "https://app.example/in"}}
    made = accepted(await change(boss, "/accounts", new), 201)
    place = f"/accounts/{made['account']}"
    moved = await change(boss, place, {"fields": {"url": "https://evil.example/in"}})
    refused(moved, 422, "invalid")
    assert "give secret too" in moved.json()["error"]["message"]
    weak = {"url": "https://evil.example/in", "secret": "short"}
    refused(await change(boss, place, {"fields": weak}), 422, "invalid")
    again = {"url": "https://app2.example/in", "secret": made["secret"]}
    assert accepted(await change(boss, place, {"fields": again}))["options"] == {"url": "https://app2.example/in"}
    (shown,) = accepted(await boss.get("/v1/channels/accounts"))["accounts"]
    assert shown["secrets"] == {"secret": 1}


async def test_when_a_token_ends_is_told_and_shown(house: Any) -> None:
    boss = await house.agent("boss", role=Role.ADMIN)
    kinds = accepted(await boss.get("/v1/channels/kinds"))["kinds"]
    assert [name for name, one in kinds.items() if one["token_ends"]] == ["douyin", "weibo"]
    fields = {"client_key": "k" * 20, "client_secret": "s" * 20, "open_id": "o" * 20, "access_token": "act.1234567"}
    new = {"channel": "douyin", "name": "Shop", "fields": fields, "token_until": "2026-12-07T09:00:00+08:00"}
    place = f"/accounts/{accepted(await change(boss, '/accounts', new), 201)['account']}"

    async def until() -> str:
        (shown,) = accepted(await boss.get("/v1/channels/accounts"))["accounts"]
        return str(shown["health"]["token_until"])

    assert await until() == "2026-12-07T01:00:00.000Z"
    accepted(await change(boss, place, {"token_until": "2026-12-08T00:00:00Z"}))
    assert await until() == "2026-12-08T00:00:00.000Z"
    given = {"fields": {"access_token": "act.7654321"}, "token_until": "2026-12-22T00:00:00Z"}
    accepted(await change(boss, f"{place}/rotate", given))
    assert await until() == "2026-12-22T00:00:00.000Z"
    for wrong in ("2026-12-22", "soon"):  # a date is a day long
        refused(await change(boss, place, {"token_until": wrong}), 422, "invalid")


REFUSED: tuple[tuple[str, Any], ...] = (
    ("", {"channel": "pigeon", "name": "x"}),
    ("", {"channel": "telegram", "name": "x"}),
    ("", {"channel": "telegram", "name": "x", "fields": {"token": "no token"}}),
    ("", {"channel": "telegram", "name": "x", "fields": {"token": SECRET, "colour": "red"}}),
    ("", {"channel": "telegram", "name": "", "fields": {"token": SECRET}}),
    ("", {"channel": "api", "name": "x", "fields": {"url": "ftp://x"}}),
    ("", {"name": 5}),
    ("", []),
    ("/{account}", {"fields": {"token": SECRET}}),
    ("/{account}", {"fields": {"nothing": "x"}}),
    ("/{account}/rotate", {"fields": {"api": 5}}),
    ("/{account}/rotate", {"fields": {"colour": "red"}}),
)


async def test_what_no_account_can_be_is_refused_in_words(house: Any) -> None:
    boss = await house.agent("boss", role=Role.ADMIN)
    new = {"channel": "telegram", "name": "Shop bot", "fields": {"token": SECRET}}
    account = accepted(await change(boss, "/accounts", new), 201)["account"]
    for path, body in REFUSED:
        answer = await change(boss, f"/accounts{path.format(account=account)}", body)
        assert answer.status_code == 422, (path, body, answer.text)
        assert len(answer.json()["error"]["message"]) > 10
