"""API keys and what they open: shown once, two at a time, never more than their permissions; lists page by page."""

from __future__ import annotations

import asyncio

import jsonschema
import pytest
import sqlalchemy as sa

from handoff_service import tables
from handoff_service.access import CallerDoor
from handoff_service.agents.model import Role
from handoff_service.conversations import store as conversations
from handoff_service.conversations.model import SYSTEM, Audience, Draft, Kind
from handoff_service.errors import Invalid
from handoff_service.integrators import examples
from handoff_service.integrators.api import from_cursor
from handoff_service.integrators.keys import NEVER
from handoff_service.integrators.openapi import takes_keys
from handoff_service.permissions import Permission
from handoff_service.tickets.tell import HIDDEN_FROM
from handoff_service.webhooks.model import EventType
from tests.handoff_service.stage import MONDAY
from tests.handoff_service.web.policy import POLICY
from tests.handoff_service.web.visitors import Client, accepted, fresh, refused
from tests.handoff_service.webhooks.receiver import Receiver

READS = ["conversations.read"]


async def change(client, path, body=None, *, key=None):
    client.http.headers["Idempotency-Key"] = key or fresh()
    return await client.post(f"/v1/{path}", body)


async def key_of(house, owner, *permissions: str, name: str = "crm") -> tuple[Client, dict]:
    """An integrator's client, and what the answer said of its key."""
    given = {"name": name, "permissions": list(permissions)}
    made = accepted(await change(owner, "admin/api-keys", given), 201)
    return with_key(house, made["key"]), made


def with_key(house, key: str) -> Client:
    client = Client(house.gateway.url)
    client.http.headers["Authorization"] = f"Bearer {key}"
    house.people.append(client)
    client.leave = client.http.aclose
    return client


async def test_a_key_opens_what_its_permissions_name_and_nothing_else(house):
    owner = await house.agent("owner", role=Role.OWNER)
    crm, _ = await key_of(house, owner, "conversations.read", "settings.read")
    accepted(await crm.get("/v1/api/conversations"))
    accepted(await crm.get("/v1/admin/config"))
    refused(await crm.get("/v1/admin/agents"), 403, "forbidden")
    refused(await change(crm, "api/conversations/c_1/notes", {"text": "hi"}), 403, "forbidden")
    refused(await crm.get("/v1/conversations"), 401, "unauthorized")  # the desk's routes take no keys
    for route, rule in POLICY.items():
        if rule in (Permission.AGENTS_MANAGE, Permission.INTEGRATIONS):
            method, path = route.split(" ")
            answer = await (crm.get(path) if method == "GET" else change(crm, path.removeprefix("/v1/")))
            assert answer.status_code in (401, 403), route
    for never in ("agents.manage", "integrations.manage"):
        error = refused(await change(owner, "admin/api-keys", {"name": "x", "permissions": [never]}), 422, "invalid")
        assert "for people" in error["message"]
    error = refused(
        await change(owner, "admin/api-keys", {"name": "x", "permissions": ["ticket.read"]}), 422, "invalid"
    )
    assert "did you mean tickets.read?" in error["message"]


async def test_a_key_is_shown_once_kept_as_a_hash_rotated_and_revoked(house):
    owner = await house.agent("owner", role=Role.OWNER)
    op = fresh()
    given = {"name": "crm", "permissions": READS}
    made = accepted(await change(owner, "admin/api-keys", given, key=op), 201)
    assert accepted(await change(owner, "admin/api-keys", given, key=op), 201)["key"] is None
    older = with_key(house, made["key"])
    follower = accepted(await change(owner, f"admin/api-keys/{made['id']}/rotate"), 201)
    newer = with_key(house, follower["key"])
    accepted(await older.get("/v1/api/conversations"))
    accepted(await newer.get("/v1/api/conversations"))
    error = refused(await change(owner, f"admin/api-keys/{made['id']}/rotate"), 409, "conflict")
    assert made["id"] in error["message"]
    accepted(await change(owner, f"admin/api-keys/{made['id']}/revoke"))
    refused(await older.get("/v1/api/conversations"), 401, "unauthorized")
    accepted(await newer.get("/v1/api/conversations"))
    listed = accepted(await owner.get("/v1/admin/api-keys"))["keys"]
    assert [one["revoked_at"] is None for one in listed] == [False, True]
    assert listed[1]["last_used_at"] is not None

    def everything(connection):
        return [str(connection.execute(sa.select(table)).all()) for table in tables.metadata.sorted_tables]

    kept = "".join(await house.database.read(everything))
    assert made["key"].rpartition(".")[2] not in kept


async def test_the_list_names_what_opens_something_for_a_key_and_nothing_else(house):
    admin = await house.agent("admin", role=Role.ADMIN)
    told = accepted(await admin.get("/v1/admin/api-keys"))["permissions"]
    taking = [route for route in house.gateway.app.routes if takes_keys(route)]
    doors = [one.call for route in taking for one in route.dependant.dependencies]
    asked = {one.permission for one in doors if isinstance(one, CallerDoor)}
    assert len(asked) > 6
    inside = {Permission.SETTINGS_WRITE, Permission.CONVERSATIONS_SUPERVISE, Permission.COMPLAINTS_DECIDE}
    assert set(told) == asked - NEVER | inside
    made = accepted(await change(admin, "admin/api-keys", {"name": "all", "permissions": told}), 201)
    assert sorted(made["permissions"]) == sorted(told)


async def test_every_deed_at_a_webhook_or_key_is_in_the_audit_without_a_secret(house):
    owner = await house.agent("owner", role=Role.OWNER)
    async with Receiver() as receiver:
        address = receiver.url + "/a-path-with-a-token"
        hook = accepted(await change(owner, "admin/webhooks", {"url": address, "description": "CRM"}), 201)
        at = f"admin/webhooks/{hook['id']}"
        newer = accepted(await change(owner, f"{at}/rotate"))
        for deed in ("finish-rotation", "test", "replay"):
            accepted(await change(owner, f"{at}/{deed}"))
        accepted(await change(owner, at, {"disabled": True}))
        accepted(await change(owner, f"{at}/remove"))
    made = accepted(await change(owner, "admin/api-keys", {"name": "crm", "permissions": READS}), 201)
    accepted(await change(owner, f"admin/api-keys/{made['id']}/revoke"))

    rows = accepted(await owner.get("/v1/admin/audit", limit=9))["rows"][::-1]
    deeds = ["added", "rotated", "rotated", "tested", "replayed", "changed", "removed"]
    wanted = [*(f"webhook_{deed}" for deed in deeds), "api_key_added", "api_key_revoked"]
    assert [one["action"] for one in rows] == wanted
    assert {one["actor"] for one in rows} == {f"agent:{owner.id}"}
    assert [one["subject"] for one in rows] == [hook["id"]] * 7 + [made["id"]] * 2
    for secret in (hook["secret"], newer["secret"], made["key"], address):
        assert secret not in str(rows)


async def test_a_key_is_worth_nothing_at_another_tenant(house, build_house):
    owner = await house.agent("owner", role=Role.OWNER)
    _, made = await key_of(house, owner, *READS)
    elsewhere = await build_house(house.gateway)
    customer, _ = await elsewhere.waiting("canary")
    crm = with_key(house, made["key"])
    refused(await crm.get(f"/v1/api/conversations/{customer.conversation}"), 404, "not_found")
    assert customer.conversation not in (await crm.get("/v1/api/conversations")).text
    stolen = with_key(house, made["key"].replace(house.tenant.id, elsewhere.tenant.id))
    refused(await stolen.get("/v1/api/conversations"), 401, "unauthorized")


async def test_conversations_are_read_page_by_page_and_then_what_has_changed_since(house):
    owner = await house.agent("owner", role=Role.OWNER)
    crm, _ = await key_of(house, owner, *READS)
    customers = [(await house.waiting(f"question {number}"))[0] for number in range(3)]
    first = accepted(await crm.get("/v1/api/conversations", limit=2))
    second = accepted(await crm.get("/v1/api/conversations", limit=2, cursor=first["cursor"]))
    seen = [one["id"] for page in (first, second) for one in page["conversations"]]
    assert sorted(seen) == sorted(one.conversation for one in customers)
    assert (first["more"], second["more"]) == (True, False)
    await customers[0].write("one more thing")
    news = accepted(await crm.get("/v1/api/conversations", cursor=second["cursor"]))["conversations"]
    assert news[-1]["id"] == customers[0].conversation
    assert news[-1]["last_seq"] > first["conversations"][0]["last_seq"]
    path = f"/v1/api/conversations/{customers[0].conversation}"
    entries = accepted(await crm.get(f"{path}/entries", limit=1))
    assert [one["seq"] for one in entries["entries"]] == [1]
    assert (entries["cursor"], entries["more"]) == (1, True)
    refused(await crm.get("/v1/api/conversations", cursor="WzEsIDJd"), 422, "invalid")


async def test_whispers_and_accounts_need_permissions_of_their_own(house):
    owner = await house.agent("owner", role=Role.OWNER)
    await house.hire("lin")
    customer, _ = await house.waiting()
    crm, _ = await key_of(house, owner, "conversations.read", "settings.read")
    chief = ("conversations.read", "conversations.supervise", "complaints.decide", "settings.read", "agents.read")
    above, _ = await key_of(house, owner, *chief, name="above")

    def written(tx):
        for audience, part in ((Audience.INTERNAL, {"whisper": "a_lin"}), (Audience.PUBLIC, {HIDDEN_FROM: "a_lin"})):
            found = conversations.find(tx.connection, house.tenant.id, customer.conversation, lock=True)
            body = {"text": f"entrusted {audience}", **part}
            draft = Draft(kind=Kind.MESSAGE, author=SYSTEM, body=body, audience=audience)
            conversations.append(tx, found, draft, MONDAY)

    await house.database.write(written)
    path = f"/v1/api/conversations/{customer.conversation}/entries"
    for client, kinds in ((crm, ["hidden", "hidden"]), (above, ["message", "message"])):
        entries = accepted(await client.get(path))["entries"]
        assert [one["kind"] for one in entries[-2:]] == kinds
        assert ("entrusted" in client.heard) == (client is above)
    configuration = accepted(await crm.get("/v1/admin/config"))
    assert "lin@lanyu.example" not in str(configuration)
    own = configuration["yaml"]
    assert "lin@lanyu.example" in accepted(await above.get("/v1/admin/config"))["yaml"]
    assert accepted(await crm.post("/v1/admin/config/check", {"yaml": own}))["changes"] == []
    refused(await crm.post("/v1/admin/config/check", {"yaml": "agents: []"}), 403, "forbidden")


async def test_a_note_is_written_once_and_no_customer_sees_it(house):
    owner = await house.agent("owner", role=Role.OWNER)
    crm, made = await key_of(house, owner, "conversations.read", "conversations.answer")
    customer, _ = await house.waiting()
    path, op = f"api/conversations/{customer.conversation}/notes", fresh()
    noted = accepted(await change(crm, path, examples.NOTE, key=op), 201)
    assert accepted(await change(crm, path, examples.NOTE, key=op), 201) == noted
    refused(await change(crm, path, {"text": "other"}, key=op), 409, "mismatch")
    [entry] = [one for one in await house.entries(customer.conversation) if one.seq == noted["seq"]]
    assert entry.body["text"] == examples.NOTE["text"]
    assert entry.author.id == f"key:{made['id']}"
    await customer.get(customer.path("entries"))
    assert "CRM" not in customer.heard


@pytest.mark.parametrize("cursor", ["", "x", "e30=", "WzEsIDJd", "W10=", "WzFlOTksICJjIl0="])
def test_no_cursor_but_our_own_is_taken(cursor):
    with pytest.raises(Invalid):
        from_cursor(cursor)


async def test_openapi_shows_the_public_routes_with_examples_that_are_true(house):
    owner = await house.agent("owner", role=Role.OWNER)
    document = accepted(await owner.get("/openapi.json"))
    described = {f"{method.upper()} {path}" for path, item in document["paths"].items() for method in item}
    assert described <= set(POLICY)
    assert described >= {route for route in POLICY if "/v1/api/" in route or "/v1/admin/config" in route}
    assert set(document["webhooks"]) == set(EventType) == set(examples.EVENTS)
    for path, item in document["paths"].items():
        for operation in item.values() if path.startswith("/v1/api/") else ():
            [answer] = [one for status, one in operation["responses"].items() if status.startswith("2")]
            assert answer["content"]["application/json"]["example"]
    note = document["components"]["schemas"]["Note"]
    jsonschema.validate(examples.NOTE, note)
    crm, _ = await key_of(house, owner, *READS)
    customer, _ = await house.waiting()
    page = accepted(await crm.get("/v1/api/conversations"))
    assert set(page) == set(examples.CONVERSATIONS)
    assert [set(one) for one in page["conversations"]] == [set(examples.CONVERSATION)]
    entries = accepted(await crm.get(f"/v1/api/conversations/{customer.conversation}/entries"))
    assert set(entries) == set(examples.ENTRIES)
    assert set(examples.ENTRIES["entries"][0]) <= set(entries["entries"][0])


async def test_a_whole_conversation_reaches_a_webhook_in_order_without_a_word_of_it(house):
    async with Receiver() as receiver:
        owner = await house.agent("owner", role=Role.OWNER)
        lin = await house.agent("lin")
        await lin.socket()
        accepted(await change(owner, "admin/webhooks", {"url": receiver.url}), 201)
        customer, handoff = await house.waiting("canary")
        epoch = accepted(await lin.accept(handoff))["epoch"]
        accepted(await lin.do(customer.conversation, "close", epoch=epoch, wrap_up="solved"))
        async with asyncio.timeout(10):
            while not any(one.body["type"] == EventType.CONVERSATION_CLOSED for one in receiver.got):
                await asyncio.sleep(0.01)
    told = [one.body for one in receiver.got]
    seqs = [one["data"]["seq"] for one in told]
    assert seqs == sorted(seqs)
    kinds = [one["type"] for one in told if one["type"] != EventType.MESSAGE]
    assert kinds == ["conversation.opened", "handoff.requested", "handoff.accepted", "conversation.closed"]
    assert all(set(one["data"]) >= set(examples.EVENTS[EventType(one["type"])]) for one in told)
    assert all(b"canary" not in one.raw for one in receiver.got)
