"""/openapi.json: every route that takes an API key, each with an example that looks like a real answer."""

from __future__ import annotations

from typing import Any

import jsonschema

from handoff_service.agents.model import Role
from handoff_service.integrators.openapi import takes_keys
from handoff_service.integrators.route_examples import EXAMPLES
from tests.handoff_service.web.visitors import accepted, fresh

MENTION = {"platform": "weibo", "id": "5012", "author": "2489518277", "author_name": "小王"}
MENTION |= {"text": "@蓝鱼 三天没发货", "url": "https://m.weibo.cn/status/5012", "time": "2026-11-22T09:30:00+08:00"}
HOOK = {"url": "https://crm.shop.example/tandem", "events": ["conversation.closed"], "description": "CRM"}
BOT = {"channel": "telegram", "name": "Shop bot", "fields": {"token": "123456:AAH_not-a-real-token-at-all"}}
AGENT = {"email": "ming@shop.example", "name": "小明", "role": "agent", "queues": ["support"], "capacity": 5}


class Play:
    """Asks every route once as an owner; what was sent and answered, by the route."""

    def __init__(self, owner: Any) -> None:
        self.owner, self.heard = owner, {}

    async def ask(self, route: str, body: Any = None, **names: str) -> Any:
        method, path = route.split(" ")
        if method == "GET":
            answer = await self.owner.http.get(path.format(**names))
        else:
            headers = {"Idempotency-Key": fresh()}
            answer = await self.owner.http.post(path.format(**names), json=body, headers=headers)
        assert answer.is_success, f"{route}: {answer.text}"
        self.heard[route] = body, answer.status_code, answer.json()
        return answer.json()


async def played(house: Any) -> dict[str, tuple[Any, int, Any]]:
    owner = await house.agent("owner", role=Role.OWNER)
    play = Play(owner)
    ask = play.ask
    await ask("GET /v1/admin/roles")
    ming = (await ask("POST /v1/admin/agents", AGENT))["id"]
    await ask("POST /v1/admin/agents/{agent_id}", {"capacity": 8}, agent_id=ming)
    for verb in ("disable", "enable", "reset-password", "sign-out"):
        await ask(f"POST /v1/admin/agents/{{agent_id}}/{verb}", agent_id=ming)
    await ask("GET /v1/admin/agents")
    await ask("GET /v1/admin/audit")
    await ask("POST /v1/admin/lists/{name}/{item}", {"zh": "重要客户", "en": "VIP"}, name="tags", item="vip")
    await ask("GET /v1/admin/lists/{name}", name="tags")
    await ask("POST /v1/admin/lists/{name}/{item}/remove", name="tags", item="vip")
    await ask("GET /v1/admin/config")
    file = {"yaml": "tickets:\n  reopen_days: 7\n"}
    await ask("POST /v1/admin/config/check", file)
    await ask("POST /v1/admin/config/apply", file)
    hook = (await ask("POST /v1/admin/webhooks", HOOK))["id"]
    await ask("POST /v1/admin/webhooks/{webhook_id}", {"disabled": True}, webhook_id=hook)
    message = (await ask("POST /v1/admin/webhooks/{webhook_id}/test", webhook_id=hook))["message"]
    for verb in ("rotate", "finish-rotation", "replay"):
        await ask(f"POST /v1/admin/webhooks/{{webhook_id}}/{verb}", webhook_id=hook)
    await ask("GET /v1/admin/webhooks")
    await ask("GET /v1/admin/webhooks/messages")
    await ask("GET /v1/admin/webhooks/messages/{message_id}", message_id=message)
    await ask("POST /v1/admin/webhooks/messages/{message_id}/replay", message_id=message)
    await ask("POST /v1/admin/webhooks/{webhook_id}/remove", webhook_id=hook)
    key = (await ask("POST /v1/admin/api-keys", {"name": "crm", "permissions": ["tickets.read"]}))["id"]
    await ask("POST /v1/admin/api-keys/{key_id}/rotate", key_id=key)
    await ask("POST /v1/admin/api-keys/{key_id}/revoke", key_id=key)
    await ask("GET /v1/admin/api-keys")
    account = (await ask("POST /v1/channels/accounts", BOT))["account"]
    await ask("POST /v1/channels/accounts/{account_id}", {"name": "Bot", "disabled": True}, account_id=account)
    await ask("POST /v1/channels/accounts/{account_id}/rotate", {}, account_id=account)
    for verb in ("finish-rotation", "examine"):
        await ask(f"POST /v1/channels/accounts/{{account_id}}/{verb}", account_id=account)
    await ask("GET /v1/channels/accounts")
    await ask("GET /v1/admin/channels")
    await ask("GET /v1/channels/kinds")
    await ask("POST /v1/public-mentions", {"mentions": [MENTION]})
    customer, _ = await house.waiting()
    opened = {"op_id": fresh(), "type": "refund", "subject": "退款没有到账", "conversation": customer.conversation}
    ticket = accepted(await owner.post("/v1/tickets", opened))["ticket"]
    await ask("GET /v1/tickets")
    await ask("GET /v1/tickets/{ticket_id}", ticket_id=ticket)
    return play.heard


def shape(value: Any) -> Any:
    """The names in an answer, at every depth; of a list those of its first element."""
    if isinstance(value, dict):
        return {name: shape(part) for name, part in value.items()}
    if isinstance(value, list) and value:
        return [shape(value[0])]
    return None


def fits(example: Any, answer: Any) -> bool:
    """Whether an example has the same names; what is empty in one of them may be anything in the other."""
    if isinstance(example, dict) and isinstance(answer, dict):
        return set(example) == set(answer) and all(fits(example[name], answer[name]) for name in example)
    if isinstance(example, list) and isinstance(answer, list) and example and answer:
        return fits(example[0], answer[0])
    return not (isinstance(example, dict) and isinstance(answer, dict))


async def test_every_route_that_takes_a_key_is_described_with_a_true_example(house: Any) -> None:
    heard = await played(house)
    document = accepted(await (await house.agent("boss", role=Role.OWNER)).get("/openapi.json"))
    paths = document["paths"].items()
    described = {f"{method.upper()} {path}": one for path, item in paths for method, one in item.items()}
    taking = {f"{next(iter(one.methods))} {one.path}" for one in house.gateway.app.routes if takes_keys(one)}
    assert set(described) == taking, "no more and no fewer"
    lent = "POST /v1/admin/lent-agents"  # only for a pool's people
    apart = {lent} | {route for route in described if "/v1/api/" in route}  # those of /v1/api/: test_integrators.py
    assert set(heard) == set(described) - apart
    assert set(EXAMPLES) == set(heard) | {lent}
    for route, operation in described.items():
        [(_, answer)] = [one for one in operation["responses"].items() if one[0].startswith("2")]
        example = answer["content"]["application/json"]["example"]
        assert example, route
        if route in apart:
            continue
        sent, _, told = heard[route]
        if route not in ("GET /v1/admin/roles", "GET /v1/channels/kinds", "GET /v1/admin/config"):
            assert fits(example, told), f"{route}: {shape(example)} is not {shape(told)}"
        else:
            assert set(example) == set(told)
        if sent is not None:
            body = operation["requestBody"]["content"]["application/json"]
            jsonschema.validate(body["example"], {**body["schema"], "components": document["components"]})
