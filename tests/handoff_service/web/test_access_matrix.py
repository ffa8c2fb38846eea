"""Every route and everybody who might call it. A route without a line in policy.py fails the first test."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.routing import iter_route_contexts

from handoff_service.agents.model import Role
from handoff_service.clock import iso, utc_now
from handoff_service.permissions import GRANTED, PERMISSIONS, Permission
from tests.handoff_service.web.policy import CUSTOMER, EITHER, POLICY, PUBLIC, SIGNED, SIGNED_IN
from tests.handoff_service.web.visitors import PASSWORD, accepted, fresh, refused

# Who calls, in this order; the last ones may change something, so those who may not come first.
WHO = ("anonymous", "other customer", "foreign agent", "customer", "supervisor", "agent")


@dataclass(frozen=True)
class Case:
    """A route in a situation: the owner of customer A's conversation, and the status that each of WHO gets."""

    route: str
    owner: str
    expected: tuple[int, int, int, int, int, int]
    body: Any = None
    query: str = ""


OP = {"op_id": "…"}
EPOCH = {**OP, "epoch": "…"}
# What agents may look at and prepare, and what only supervisors decide.
ONE = "articles/{article}/{language}"
READ = ("gaps", "drafts", "drafts/{draft}", "golden", "tasks", "articles", "categories", ONE, f"{ONE}/history")
DRAFTED: dict[str, Any] = {
    "drafts": {"conversation": "c_1", "question": 2},
    "drafts/{draft}": {"title": "Parking"},
    "drafts/{draft}/replay": {},
    "articles": {**OP, "article": {}},
    ONE: {**OP, "article": {}, "revision": 1},
    "preview": {**OP, "article": {}},
    "try-draft": {"text": "Is there parking?", "article": {}},
    "try": {"text": "Is there parking?"},
}
DECIDED: dict[str, Any] = {
    "drafts/{draft}/accept": {"changes": ["abc"]},
    "drafts/{draft}/publish": {},
    "drafts/{draft}/discard": {},
    "golden": {"text": "Is there parking?", "article": None, "language": "en"},
    "golden/{key}/drop": {},
    f"{ONE}/publish": {**OP, "revision": 1},
    f"{ONE}/retire": {**OP, "revision": 1},
    f"{ONE}/roll-back": {**OP, "revision": 2, "to": 1},
    f"{ONE}/delete": {**OP, "revision": 1},
    "review": {},
}
# Of a message that does not exist, and of models whose bot does not answer: who may not ask does not get that far.
LABELLED: dict[str, Any] = {
    "label": {"op_id": "…", "intent": "greet", "text": "hello"},
    "review": {"op_id": "…", "accept": True},
    "drop": {"op_id": "…"},
}
MODELS: dict[str, Any] = {
    "train": {"op_id": "…"},
    "live": {"op_id": "…", "version": "v0001-00000000"},
    "rollback": {"op_id": "…", "version": "v0001-00000000"},
}
MATRIX = [
    Case("GET /healthz", "bot", (200,) * 6),
    Case("GET /readyz", "bot", (200,) * 6),
    Case("POST /v1/widget/sessions", "bot", (201,) * 6, {"tenant": "…"}),
    Case("POST /v1/agents/sign-in", "bot", (200,) * 6, {"tenant": "…", "email": "…", "password": PASSWORD}),
    Case("POST /v1/ws-ticket", "bot", (401, 200, 200, 200, 200, 200), {}),
    Case("GET /v1/agents/me", "bot", (401, 401, 200, 401, 200, 200)),
    Case("POST /v1/agents/me/presence", "bot", (401, 401, 200, 401, 200, 200), {"status": "away"}),
    Case("POST /v1/agents/sign-out", "bot", (401, 401, 200, 401, 200, 200)),
    Case("GET /v1/conversations", "queue", (401, 401, 200, 401, 200, 200), query="?box=all"),
    Case("GET /v1/conversations/{conversation_id}", "queue", (401, 401, 404, 401, 200, 200)),
    Case("GET /v1/conversations/{conversation_id}/entries", "agent", (401, 404, 404, 200, 200, 200)),
    Case(
        "POST /v1/conversations/{conversation_id}/messages",
        "agent",
        (401, 404, 404, 200, 409, 200),
        {"client_id": "…", "body": {"text": "hi"}, "epoch": "…"},
    ),
    Case(
        "POST /v1/conversations/{conversation_id}/feedback",
        "bot",
        (401, 404, 401, 200, 401, 401),
        {**OP, "seq": 3, "value": "up"},
    ),
    Case(
        "POST /v1/conversations/{conversation_id}/rating", "closed", (401, 404, 401, 200, 401, 401), {**OP, "score": 5}
    ),
    Case("POST /v1/conversations/{conversation_id}/ask-human", "bot", (401, 404, 401, 200, 401, 401), OP),
    Case("POST /v1/conversations/{conversation_id}/solved", "queue", (401, 404, 401, 200, 401, 401), OP),
    Case(
        "POST /v1/conversations/{conversation_id}/leave-message",
        "queue",
        (401, 404, 401, 200, 401, 401),
        {**OP, "text": "call me", "reply_to": "a@b.example"},
    ),
    Case("POST /v1/conversations/{conversation_id}/leave-queue", "queue", (401, 404, 401, 200, 401, 401), OP),
    Case("POST /v1/conversations/{conversation_id}/ask-senior", "queue", (401, 404, 401, 200, 401, 401), OP),
    # 409: this tenant has no mail account.
    Case("POST /v1/conversations/{conversation_id}/transcript", "bot", (401, 404, 401, 409, 401, 401), {"to": "a@b.c"}),
    Case(
        "POST /v1/conversations/{conversation_id}/callback",
        "queue",
        (401, 404, 401, 200, 401, 401),
        {**OP, "number": "+86 138 0013 8000"},
    ),
    Case("GET /v1/conversations/{conversation_id}/receipt", "agent", (401, 404, 404, 200, 200, 200)),
    Case("GET /v1/mentions", "bot", (401, 401, 200, 401, 200, 200)),
    Case("POST /v1/mentions/seen", "agent", (401, 401, 404, 401, 200, 200), {**OP, "conversation": "…"}),
    Case("POST /v1/agents/me/sign-off", "bot", (401, 401, 200, 401, 200, 200), OP),
    Case("POST /v1/conversations/{conversation_id}/join", "agent", (401, 401, 404, 401, 200, 403), EPOCH),
    Case(
        "POST /v1/conversations/{conversation_id}/escalate",
        "agent",
        (401, 401, 404, 401, 409, 200),
        {**EPOCH, "reason": "a refund above my limit"},
    ),
    Case("GET /v1/handoffs/{handoff_id}", "queue", (401, 401, 404, 401, 200, 200)),
    Case("POST /v1/handoffs/{handoff_id}/accept", "queue", (401, 401, 404, 401, 200, 409), OP),
    Case("POST /v1/handoffs/{handoff_id}/decline", "offer", (401, 401, 404, 401, 409, 200), OP),
    Case("POST /v1/conversations/{conversation_id}/take-over", "bot", (401, 401, 404, 401, 200, 409), EPOCH),
    Case("POST /v1/conversations/{conversation_id}/take-over", "agent", (401, 401, 404, 401, 200, 409), EPOCH),
    Case(
        "POST /v1/conversations/{conversation_id}/transfer",
        "agent",
        (401, 401, 404, 401, 409, 200),
        {**EPOCH, "to_queue": "support"},
    ),
    Case("POST /v1/conversations/{conversation_id}/give-back", "agent", (401, 401, 404, 401, 409, 200), EPOCH),
    Case(
        "POST /v1/conversations/{conversation_id}/close",
        "agent",
        (401, 401, 404, 401, 409, 200),
        {**EPOCH, "wrap_up": "solved"},
    ),
    Case(
        "POST /v1/conversations/{conversation_id}/hold",
        "bot",
        (401, 401, 404, 401, 200, 403),
        {**OP, "hold": True, "reference": "case-17"},
    ),
    Case("POST /v1/contacts/{contact_id}/erase", "agent", (401, 401, 404, 401, 200, 403), OP),
    Case("GET /v1/jobs/{job_id}", "bot", (401, 401, 404, 401, 404, 403)),
    Case("GET /v1/widget/export", "bot", (401, 200, 401, 200, 401, 401)),
    Case("POST /v1/widget/erase", "bot", (401, 200, 401, 200, 401, 401), {}),
    # Nobody answers behind these in this test; who may not ask does not get that far.
    Case("GET /v1/knowledge/search", "bot", (401, 401, 503, 401, 503, 503), query="?q=refund"),
    *(Case(f"GET /v1/knowledge/{each}", "bot", (401, 401, 503, 401, 503, 503)) for each in READ),
    *(
        Case(f"POST /v1/knowledge/{each}", "bot", (401, 401, 503, 401, 503, 503), body)
        for each, body in DRAFTED.items()
    ),
    *(
        Case(f"POST /v1/knowledge/{each}", "bot", (401, 401, 503, 401, 503, 403), body)
        for each, body in DECIDED.items()
    ),
    Case(
        "POST /v1/conversations/{conversation_id}/files",
        "agent",
        (401, 404, 404, 201, 201, 201),
        {},
        query="?name=a.txt",
    ),
    *(Case(f"GET /v1/training/{each}", "bot", (401, 401, 200, 401, 200, 403)) for each in ("messages", "lines")),
    Case("POST /v1/training/messages/collect", "bot", (401, 401, 200, 401, 200, 403), OP),
    *(
        Case(f"POST /v1/training/messages/{{message}}/{each}", "bot", (401, 401, 404, 401, 404, 403), body)
        for each, body in LABELLED.items()
    ),
    Case("GET /v1/training/models", "bot", (401, 401, 503, 401, 503, 403)),
    *(
        Case(f"POST /v1/training/models/{each}", "bot", (401, 401, 503, 401, 503, 403), body)
        for each, body in MODELS.items()
    ),
    Case(
        "POST /v1/conversations/{conversation_id}/tags",
        "agent",
        (401, 401, 404, 401, 200, 200),
        {**OP, "tags": ["vip"]},
    ),
    Case(
        "POST /v1/conversations/{conversation_id}/put-aside",
        "agent",
        (401, 401, 404, 401, 409, 200),
        {**EPOCH, "until": "…"},
    ),
    Case("POST /v1/conversations/{conversation_id}/bring-back", "agent", (401, 401, 404, 401, 409, 200), EPOCH),
    Case(
        "POST /v1/conversations/{conversation_id}/call",
        "agent",
        (401, 401, 404, 401, 409, 200),
        {**EPOCH, "media": "video"},
    ),
    Case(
        "POST /v1/conversations/{conversation_id}/call/respond",
        "agent",
        (401, 404, 401, 409, 401, 401),
        {**OP, "call": "v_unknown", "accept": True},
    ),
    Case(
        "POST /v1/conversations/{conversation_id}/call/end",
        "agent",
        (401, 404, 404, 200, 409, 200),
        {**OP, "call": "v_unknown"},
    ),
    Case("GET /v1/contacts/{contact_id}/conversations", "bot", (401, 401, 404, 401, 200, 200)),
    Case("GET /v1/contacts/{contact_id}/care", "bot", (401, 401, 404, 401, 200, 200)),
    Case("POST /v1/contacts/{contact_id}/care", "bot", (401, 401, 404, 401, 200, 403), {**OP, "classes": 1}),
    Case("POST /v1/contacts/{contact_id}/block", "bot", (401, 401, 404, 401, 200, 200), OP),
    Case("POST /v1/contacts/{contact_id}/unblock", "bot", (401, 401, 404, 401, 200, 200), OP),
    Case("GET /v1/conversations/{conversation_id}/orders", "queue", (401, 401, 404, 401, 200, 200)),
    Case("GET /v1/conversations/{conversation_id}/export", "queue", (401, 401, 404, 401, 200, 200)),
    Case(
        "POST /v1/conversations/{conversation_id}/translate",
        "queue",
        (401, 401, 404, 401, 422, 422),  # 422: this tenant has nobody who translates
        {"text": "hello", "to": "zh"},
    ),
    Case(
        "POST /v1/conversations/{conversation_id}/playbook",
        "queue",
        (401, 401, 404, 401, 200, 200),
        {**OP, "playbook": "refund", "step": "order", "done": True},
    ),
    Case("GET /v1/tickets", "mailbox", (401, 401, 200, 401, 200, 200)),
    Case("POST /v1/tickets/{ticket_id}/done", "bot", (401, 401, 404, 401, 404, 404), OP),
    Case("GET /v1/conversations/{conversation_id}/canned-replies", "queue", (401, 401, 404, 401, 200, 200)),
    Case("GET /v1/api/conversations/{conversation_id}", "queue", (401, 401, 404, 401, 200, 200)),
    Case("GET /v1/api/conversations/{conversation_id}/entries", "queue", (401, 401, 404, 401, 200, 200)),
    Case("POST /v1/api/conversations/{conversation_id}/notes", "queue", (401, 401, 404, 401, 201, 201), {"text": "hi"}),
    Case("GET /v1/staffing", "bot", (401, 401, 200, 401, 200, 403), query="?queue=support&weeks=2"),
    Case("GET /api/reports/signals", "bot", (401, 401, 200, 401, 200, 403), query="?days=7"),
]
# Beside these the door of the sockets, which is no route: test_socket_hello.py.
ELSEWHERE = {
    "GET /v1/files/{file_id}": "tests/handoff_service/web/torture/test_attachments.py",
    "GET /metrics": "tests/handoff_service/web/test_metrics.py",
    "POST /v1/promises/{promise_id}/done": "tests/handoff_service/web/test_deadlines.py",
    "POST /v1/promises/{promise_id}/cancel": "tests/handoff_service/web/test_deadlines.py",
    "GET /v1/channels/{tenant}/{account}/webhook": "tests/handoff_service/channels: how platforms check the address",
    "POST /v1/channels/{tenant}/{account}/webhook": "tests/handoff_service/channels: signed, not signed in",
    "POST /v1/channels/{tenant}/{account}/webhook/mime": "tests/handoff_service/channels: signed, not signed in",
    "GET /v1/shared/{tenant}/{file_id}": "tests/handoff_service/channels/platforms/test_files.py: whoever has the link",
    "POST /v1/contacts/{contact_id}/merge": "tests/handoff_service/web/test_persons.py",
    "POST /v1/contacts/{contact_id}/part": "tests/handoff_service/web/test_persons.py",
    "POST /v1/contacts/{contact_id}/preferred-channel": "tests/handoff_service/web/test_persons.py",
    "POST /v1/contacts/{contact_id}/name": "tests/handoff_service/web/test_persons.py",
    "POST /v1/channels/accounts/{account_id}": "tests/handoff_service/web/test_channel_accounts.py",
    "POST /v1/channels/accounts/{account_id}/examine": "tests/handoff_service/web/test_channel_accounts.py",
    "POST /v1/channels/accounts/{account_id}/rotate": "tests/handoff_service/web/test_channel_accounts.py",
    "POST /v1/channels/accounts/{account_id}/finish-rotation": "tests/handoff_service/web/test_channel_accounts.py",
    "GET /v1/widget/export": "tests/handoff_service/retention",
    "POST /v1/widget/erase": "tests/handoff_service/retention",
    "POST /v1/contacts/{contact_id}/erase": "tests/handoff_service/retention",
    "POST /v1/conversations/{conversation_id}/hold": "tests/handoff_service/retention",
    "GET /v1/contacts/{contact_id}/kept": "test_customers_data.py",
    "GET /v1/contacts/{contact_id}/export": "test_customers_data.py",
    "GET /v1/jobs/{job_id}": "tests/handoff_service/retention",
    "GET /v1/pictures/{tenant}/{picture}": "tests/handoff_service/web/test_customers_pages.py: public",
    "GET /v1/widget/articles/{article}": "tests/handoff_service/web/test_customers_pages.py: public",
    "POST /v1/widget/articles/{article}/helped": "tests/handoff_service/web/test_widget_extras.py: public",
    "POST /help/{tenant}/{language}/articles/{article}": "tests/handoff_service/web/test_widget_extras.py: public",
    "GET /help/{tenant}": "tests/handoff_service/web/test_customers_pages.py: public",
    "GET /help/{tenant}/style.css": "tests/handoff_service/web/test_customers_pages.py: public",
    "GET /help/{tenant}/sitemap.xml": "tests/handoff_service/web/test_customers_pages.py: public",
    "GET /help/{tenant}/{language}/": "tests/handoff_service/web/test_customers_pages.py: public",
    "GET /help/{tenant}/{language}/topics/{category:path}": "tests/handoff_service/web/test_customers_pages.py: public",
    "GET /help/{tenant}/{language}/articles/{article}": "tests/handoff_service/web/test_customers_pages.py: public",
    **{route: "tests/handoff_service/web/test_tickets_over_http.py" for route in POLICY if "/{ticket_id}" in route},
    **{route: "test_admin.py: another tenant's owner" for route in POLICY if "/v1/admin/" in route and "{" in route},
    "MOUNT /widget": "public pages",
    "MOUNT /console": "public pages",
    "MOUNT /chat": "public pages",
}


def routes_of(app) -> set[str]:
    found = set()
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        if getattr(route, "methods", None):
            found |= {f"{method} {route.path}" for method in route.methods - {"HEAD"}}
        elif type(route).__name__ == "Mount":
            found.add(f"MOUNT {route.path}")
        else:
            found.add(f"WEBSOCKET {route.path}")
    return found


async def test_every_route_has_a_line(house):
    """In the policy; and one for what another tenant gets, if its path or its answer names something of a tenant."""
    assert routes_of(house.gateway.app) == set(POLICY)
    shown = {case.route for case in MATRIX} | set(ELSEWHERE)
    assert shown <= set(POLICY)
    assert {route for route in POLICY if "{" in route} - shown == set()
    here = Path(__file__).parent
    named = [one.partition(":")[0] for one in ELSEWHERE.values()]
    assert [one for one in named if not (one == "public pages" or Path(one).exists() or (here / one).exists())] == []


def test_every_role_and_permission_is_used_and_nobody_gets_more_than_the_owner():
    assert set(GRANTED) == set(Permission)
    assert all(PERMISSIONS[role] < PERMISSIONS[Role.OWNER] for role in Role if role is not Role.OWNER)
    assert PERMISSIONS[Role.AGENT] < PERMISSIONS[Role.EXPERT]
    assert PERMISSIONS[Role.SUPERVISOR] < PERMISSIONS[Role.ADMIN]
    assert not {one for one in PERMISSIONS[Role.ANALYST] if not one.endswith(".read")}
    assert Permission.CONVERSATIONS_READ not in PERMISSIONS[Role.ANALYST]


def asked_of(role: Role, rule: Permission | str) -> bool:
    """Whether somebody with this role gets past the door."""
    if isinstance(rule, Permission):
        return role in GRANTED[rule]
    return rule in (SIGNED_IN, PUBLIC) or (rule == EITHER and role in GRANTED[Permission.CONVERSATIONS_READ])


async def knock(client, route: str) -> int:
    """The status of a call with nothing in it, of things that do not exist: who may not call is told so first."""
    method, path = route.split(" ")
    path = re.sub(r"\{\w+\}", "unknown_1", path)
    return (await (client.get(path) if method == "GET" else client.post(path, {}))).status_code


def test_every_door_asks_for_the_permission_of_its_line(sqlite_gateway):
    """So that what the table says of each role holds for each route; the next test knocks at all of them."""
    for context in iter_route_contexts(sqlite_gateway.app.routes):
        route = context.original_route
        for method in (getattr(route, "methods", None) or set()) - {"HEAD"}:
            rule = POLICY[f"{method} {route.path}"]
            waiting, asked = [getattr(route, "dependant", None)], set()
            while waiting:
                if (one := waiting.pop()) is not None:
                    asked.add(getattr(one.call, "permission", None))
                    waiting += one.dependencies
            assert asked - {None} == ({rule} if isinstance(rule, Permission) else set()), f"{method} {route.path}"


async def test_every_route_lets_in_the_roles_of_the_table_and_nobody_else(house):
    """By knocking: every role at every route, and both strangers."""
    roles = {role: await house.agent(f"{role}-1", role=role) for role in Role}
    customer, nobody = await house.customer(), house.desk(await house.hire("nobody"))
    nobody.http.headers["X-Requested-By"] = customer.http.headers["X-Requested-By"] = "console"
    # Signing out and flooding the sign-in would end the roles of the others; both have their cases in MATRIX.
    apart = ("POST /v1/agents/sign-out", "POST /v1/agents/sign-in", "POST /v1/widget/erase")
    for route, rule in POLICY.items():
        if rule == SIGNED or route in apart:
            continue
        for role, who in roles.items():
            status = await knock(who, route)
            if asked_of(role, rule):
                assert status not in (401, 403), f"{route} by {role}: {status}"
            else:
                assert status == (401 if rule == CUSTOMER else 403), f"{route} by {role}: {status}"
        assert (await knock(nobody, route) == 401) == (rule != PUBLIC), f"{route} by nobody"
        assert (await knock(customer, route) == 401) == (rule not in (PUBLIC, CUSTOMER, EITHER)), f"{route} by customer"


async def test_no_list_shows_anything_of_another_tenant(house, build_house):
    customer, _ = await house.waiting("canary-of-the-first-tenant")
    await house.agent("canary-colleague", role=Role.OWNER)
    elsewhere = await build_house(house.gateway)
    foreign = await elsewhere.agent("foreigner", role=Role.OWNER)
    for route in (one for one in POLICY if one.startswith("GET /") and "{" not in one):
        await foreign.get(route.split(" ")[1])
    for secret in ("canary", customer.contact, customer.conversation, house.tenant.id):
        assert secret not in foreign.heard


async def scene(house, owner):
    """Customer A's conversation with this owner (agent: Lin) and its handoff, if it has one."""
    lin = await house.agent("lin")
    at_desk = owner != "mailbox"
    if at_desk:
        await lin.socket()
    customer = await house.customer()
    await customer.write("my order LY20261103001")
    await customer.answered()
    if owner == "bot":
        return lin, customer, "h_none", (await lin.look(customer.conversation))["card"]["epoch"]
    await customer.ask_human()
    handoff = await house.handoff_of(customer)
    if owner in ("agent", "closed", "offer"):
        epoch = accepted(await lin.accept(handoff))["epoch"]
        if owner == "closed":
            accepted(await lin.do(customer.conversation, "close", epoch=epoch, wrap_up="solved"))
        if owner == "offer":
            accepted(await lin.do(customer.conversation, "transfer", epoch=epoch, to_queue="senior"))
            socket = lin.sockets[0]
            await socket.until(lambda frame: frame["t"] == "desk" and len(frame["offers"]) == 1)
    card = (await lin.look(customer.conversation))["card"]
    assert card["owner"]["kind"] == owner
    return lin, customer, handoff, card["epoch"]


def filled(body, **values):
    if not isinstance(body, dict):
        return body
    values |= {"op_id": fresh(), "client_id": fresh("msg"), "until": iso(utc_now() + timedelta(hours=1))}
    return {key: values[key] if value == "…" else value for key, value in body.items()}


@pytest.mark.parametrize("case", MATRIX, ids=[f"{case.route} ({case.owner})" for case in MATRIX])
async def test_who_may_do_what(house, build_house, case):
    lin, customer, handoff, epoch = await scene(house, case.owner)
    elsewhere = await build_house(house.gateway)
    foreign = await elsewhere.agent("foreigner", role=Role.SUPERVISOR)
    everyone = {
        "anonymous": house.desk(await house.hire("nobody")),
        "other customer": await house.customer(),
        "foreign agent": foreign,
        "customer": customer,
        "supervisor": await house.agent("chen", role=Role.SUPERVISOR),
        "agent": lin,
    }
    method, path = case.route.split(" ")
    names = {"conversation_id": customer.conversation, "handoff_id": handoff, "ticket_id": "t_unknown"}
    address = path.format(
        **names,
        contact_id=customer.contact,
        job_id="j_unknown",
        draft="d",
        key="k",
        message="tm_1",
        article="parking",
        language="en",
    )
    address += case.query
    for who, expected in zip(WHO, case.expected, strict=True):
        client = everyone[who]
        client.http.headers |= {"Idempotency-Key": fresh()}
        client.http.headers["X-Requested-By"] = "console"  # whoever may not ask is not saved by a missing header
        before = await house.entries(customer.conversation)
        body = filled(
            case.body, tenant=house.tenant.id, email=lin.email, epoch=epoch, conversation=customer.conversation
        )
        answer = await (client.get(address) if method == "GET" else client.post(address, body))
        assert answer.status_code == expected, f"{who}: {answer.status_code} {answer.text}"
        if answer.status_code >= 400:
            assert set(answer.json()) == {"error"}
        if expected in (401, 404):
            assert await house.entries(customer.conversation) == before, f"{who} changed something"
        if who == "foreign agent":
            assert customer.conversation not in answer.text or expected == 404
            assert customer.contact not in answer.text or expected == 404


async def test_an_unknown_conversation_and_somebody_elses_look_the_same(house):
    owner, thief = await house.customer(), await house.customer()
    await owner.write("mine")
    mine = owner.conversation
    for method, verb, body in [
        ("get", "entries", None),
        ("post", "messages", {"client_id": fresh("msg"), "body": {"text": "let me in"}}),
        ("post", "feedback", {"op_id": fresh(), "seq": 1, "value": "up"}),
        ("post", "rating", {"op_id": fresh(), "score": 1}),
        ("post", "ask-human", OP),
        ("post", "solved", OP),
        ("post", "leave-message", {"op_id": fresh(), "text": "x"}),
    ]:
        answers = []
        for conversation in (mine, "c_00000000000000000000000000"):
            path = f"/v1/conversations/{conversation}/{verb}"
            answer = await (thief.get(path) if method == "get" else thief.post(path, filled(body)))
            refused(answer, 404, "not_found")
            answers.append(answer.text.replace(conversation, "ID"))
        assert answers[0] == answers[1], verb
    assert [entry["kind"] for entry in await owner.timeline()][:2] == ["state", "message"]
    assert "let me in" not in str(await owner.timeline())


async def test_a_change_by_cookie_needs_the_header_that_other_sites_cannot_send(house):
    lin = await house.agent("lin")
    del lin.http.headers["X-Requested-By"]
    for header in ({}, {"X-Requested-By": "other"}, {"X-Requested-With": "console"}):
        for path in ("/v1/agents/me/presence", "/v1/agents/sign-out", "/v1/ws-ticket", "/v1/handoffs/h_1/accept"):
            refused(await lin.http.post(path, json={}, headers=header), 403, "forbidden")
    accepted(await lin.get("/v1/agents/me"))


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""])
async def test_a_form_of_another_site_is_not_read_as_json(house, kind):
    lin = await house.agent("lin")
    for path, body in [
        ("/v1/agents/me/presence", '{"status":"away"}'),
        ("/v1/agents/sign-in", f'{{"tenant":"{house.tenant.id}","email":"{lin.email}","password":"{PASSWORD}"}}'),
    ]:
        answer = await lin.http.post(path, content=body, headers={"Content-Type": kind} if kind else {})
        assert answer.status_code in (400, 415, 422), answer.text
    assert accepted(await lin.get("/v1/agents/me"))["agent"]["status"] == "online"


@pytest.mark.parametrize("authorization", ["", "Bearer", "Bearer x", "Basic dTpw", "bearer x y", "Bearer \xff"])
async def test_what_is_no_visitor_token_opens_nothing(house, authorization):
    customer = await house.customer()
    await customer.write("hello")
    headers = {"Authorization": authorization.encode("latin-1")}
    async with httpx2.AsyncClient(base_url=customer.url, trust_env=False) as stranger:
        refused(await stranger.get(customer.path("entries"), headers=headers), 401, "unauthorized")


async def test_a_visitor_token_is_worth_nothing_at_another_tenant(house, build_house):
    customer = await house.customer()
    await customer.write("hello")
    elsewhere = await build_house(house.gateway)
    stranger = await elsewhere.customer(token=customer.token)
    assert stranger.token != customer.token
    assert stranger.contact != customer.contact
    refused(await stranger.get(customer.path("entries")), 404, "not_found")


async def test_agents_of_another_tenant_see_no_colleague_conversation_or_ticket(house, build_house):
    customer, _ = await house.waiting("canary-of-the-first-tenant")
    elsewhere = await build_house(house.gateway)
    foreign = await elsewhere.agent("foreigner", role=Role.SUPERVISOR)
    socket = await foreign.socket((customer.conversation, 0))
    await socket.until(lambda frame: frame["t"] == "err" and frame["code"] == "not_found")
    await foreign.get("/v1/conversations", box="all")
    await foreign.get("/v1/tickets")
    await foreign.get("/v1/agents/me")
    await socket.say(t="sub", conv=customer.conversation, after=0)
    await customer.write("another canary-of-the-first-tenant")
    await socket.pong()
    assert "canary-of-the-first-tenant" not in foreign.heard
    assert customer.contact not in foreign.heard
