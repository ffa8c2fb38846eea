"""One pool of agents for several client companies: the wall between these, and who speaks as whom."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher

from handoff_service import tables
from handoff_service.admin import pool
from handoff_service.admin.people import Account
from handoff_service.agents import store as agents
from handoff_service.agents.model import Role
from handoff_service.callers import operator
from handoff_service.conversations.change import Context
from handoff_service.knowledge import store as knowledge
from handoff_service.knowledge.matching import Copy
from handoff_service.tenants import store as tenants
from handoff_service.tenants.wording import CannedReply
from tests.handoff_service.stage import MONDAY
from tests.handoff_service.web.policy import POLICY
from tests.handoff_service.web.visitors import PASSWORD, accepted, fresh, refused

# Not even a password that somebody knows would let him in there.
KNOWN = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(PASSWORD)
TEA = "茶叶自收到之日起七天内可以无理由退货。{customer}，请保留外包装。"
BOOTS = "Boots can be returned within thirty days, {customer}, if they were not worn outside."


async def lend(house, pooled, client, *, role=Role.AGENT, capacity=5):
    """Lets an agent of the pool work for a client; returns his id there."""
    context = Context(house.gateway.settings, MONDAY)

    def work(tx):
        home = agents.find(tx.connection, house.tenant.id, pooled.id)
        terms = Account(email=home.email, name=home.name, role=role, queues=("support", "senior"), capacity=capacity)
        return pool.lend(tx, operator(client.tenant.id), home, terms, KNOWN, context)

    return (await house.database.write(work)).id


async def configure(client, **changes):
    """Changes the settings of a client company."""

    def work(tx):
        tenant = tenants.find(tx.connection, client.tenant.id)
        settings = tenant.settings.model_copy(update=changes)
        tenants.save(tx.connection, tenant.model_copy(update={"settings": settings}))

    await client.database.write(work)


def speak_as(desk, client):
    desk.http.headers["X-Speaking-As"] = client.tenant.id


@pytest.fixture
async def clients(house, build_house):
    """The pool `house`, its agent Lin who works for the tea shop and the boot shop, and these two."""
    tea, boots = await build_house(house.gateway), await build_house(house.gateway)
    tea_reply = CannedReply(id="returns", title="Returns", zh=TEA)
    boots_reply = CannedReply(id="boots", title="Returns", en=BOOTS)
    await configure(tea, canned_replies=(tea_reply,))
    await configure(boots, canned_replies=(boots_reply,))
    lin = await house.agent("lin", capacity=2)
    for one in (tea, boots):
        await lend(house, lin, one)
    return lin, tea, boots


async def held(lin, client, text):
    """A customer of this client whom Lin serves now; and the epoch."""
    speak_as(lin, client)
    await lin.socket()
    customer, handoff = await client.waiting(text)
    return customer, accepted(await lin.accept(handoff))["epoch"]


async def say(lin, customer, epoch, **body):
    message = {"client_id": fresh("msg"), "body": body, "epoch": epoch}
    return await lin.post(f"/v1/conversations/{customer.conversation}/messages", message)


async def test_he_sees_one_client_at_a_time_and_names_it(clients, house):
    lin, tea, boots = clients
    about_tea, _ = await held(lin, tea, "canary-tea")
    about_boots, _ = await held(lin, boots, "canary-boots")
    me = accepted(await lin.get("/v1/agents/me"))
    assert me["tenant"]["id"] == boots.tenant.id
    assert {one["tenant"] for one in me["clients"]} == {house.tenant.id, tea.tenant.id, boots.tenant.id}
    lin._answers.clear()
    for route in (one for one in POLICY if one.startswith("GET /") and "{" not in one):
        await lin.get(route.split(" ")[1])
    answers = "\n".join(lin._answers)
    assert "canary-boots" in answers
    assert "canary-tea" not in answers
    assert about_tea.conversation not in answers
    refused(await lin.get(f"/v1/conversations/{about_tea.conversation}"), 404, "not_found")
    speak_as(lin, tea)
    accepted(await lin.get(f"/v1/conversations/{about_tea.conversation}"))
    refused(await lin.get(f"/v1/conversations/{about_boots.conversation}"), 404, "not_found")
    del lin.http.headers["X-Speaking-As"]  # without a name he is in his own company, where no customer is
    assert accepted(await lin.get("/v1/conversations", box="all"))["conversations"] == []


async def test_a_link_names_the_company_in_its_address(clients, house):
    """A browser that opens a file sends no header; only what is read may be asked for so."""
    lin, tea, _ = clients
    lin.http.headers.pop("X-Speaking-As", None)
    assert accepted(await lin.get("/v1/agents/me", speaking_as=tea.tenant.id))["tenant"]["id"] == tea.tenant.id
    refused(await lin.get("/v1/agents/me", speaking_as="nobody"), 403, "forbidden")
    accepted(await lin.post(f"/v1/agents/me/presence?speaking_as={tea.tenant.id}", {"status": "away", "reason": "tea"}))
    assert accepted(await lin.get("/v1/agents/me"))["agent"]["status"] == "away"
    assert accepted(await lin.get("/v1/agents/me"))["tenant"]["id"] == house.tenant.id


async def test_nobody_speaks_for_a_company_that_he_does_not_serve(clients, house, build_house):
    lin, tea, _ = clients
    stranger = await build_house(house.gateway)
    speak_as(lin, stranger)
    refused(await lin.get("/v1/agents/me"), 403, "forbidden")
    lin.http.headers["X-Speaking-As"] = "no-such-tenant"
    error = refused(await lin.get("/v1/agents/me"), 403, "forbidden")
    assert error["message"] == "You do not serve no-such-tenant."
    other = await tea.agent("own")  # somebody of the client's own
    speak_as(other, house)
    refused(await other.get("/v1/agents/me"), 403, "forbidden")


async def test_he_signs_in_at_home_only_and_what_ends_there_ends_everywhere(clients, house):
    lin, tea, _ = clients
    guest = house.desk(await house.hire("x"))
    guest.tenant, guest.email = tea.tenant.id, lin.email
    refused(await guest.sign_in(), 401, "unauthorized")
    owner = await house.agent("owner", role=Role.OWNER)
    owner.http.headers["Idempotency-Key"] = fresh()
    accepted(await owner.post(f"/v1/admin/agents/{lin.id}/disable"))
    speak_as(lin, tea)
    refused(await lin.get("/v1/agents/me"), 401, "unauthorized")


async def test_a_client_ends_the_lending_for_itself(clients, house):
    lin, tea, boots = clients
    boss = await tea.agent("boss", role=Role.ADMIN)
    [lent] = [one for one in accepted(await boss.get("/v1/admin/agents"))["agents"] if one["lent_by"]]
    assert lent["lent_by"] == house.tenant.id
    for verb in ("reset-password", "disable"):
        boss.http.headers["Idempotency-Key"] = fresh()
        answer = await boss.post(f"/v1/admin/agents/{lent['id']}/{verb}")
        assert answer.status_code == (409 if verb == "reset-password" else 200)
    speak_as(lin, tea)
    refused(await lin.get("/v1/agents/me"), 403, "forbidden")
    speak_as(lin, boots)
    accepted(await lin.get("/v1/agents/me"))


async def test_a_manager_of_the_pool_who_was_let_in_brings_colleagues(clients, house):
    _, tea, _ = clients
    chief = await house.agent("chief", role=Role.ADMIN)
    maya = await house.hire("maya")
    speak_as(chief, tea)
    chief.http.headers["Idempotency-Key"] = fresh()
    given = {"agent": maya.id, "queues": ["support"]}
    refused(await chief.post("/v1/admin/lent-agents", given), 403, "forbidden")
    await lend(house, chief, tea, role=Role.ADMIN)
    lent = accepted(await chief.post("/v1/admin/lent-agents", given), 201)
    assert (lent["email"], lent["queues"], lent["lent_by"]) == (maya.email, ["support"], house.tenant.id)
    chief.http.headers["Idempotency-Key"] = fresh()
    refused(await chief.post("/v1/admin/lent-agents", given), 409, "conflict")
    own = await tea.agent("boss", role=Role.ADMIN)  # the client's own admin reaches nobody of the pool
    own.http.headers["Idempotency-Key"] = fresh()
    refused(await own.post("/v1/admin/lent-agents", given), 403, "forbidden")
    rows = await house.database.read(
        lambda c: (
            c.execute(sa.select(tables.audit.c.tenant).where(tables.audit.c.action == "agent_lent")).scalars().all()
        )
    )
    assert rows.count(tea.tenant.id) == 3
    assert rows.count(house.tenant.id) >= 3


async def test_his_capacity_is_one_over_all_clients(clients):
    lin, tea, boots = clients
    await held(lin, tea, "one")
    customer, epoch = await held(lin, boots, "two")
    speak_as(lin, tea)
    _, handoff = await tea.waiting("three")
    error = refused(await lin.accept(handoff), 409, "capacity_full")
    assert "2 conversations over all clients" in error["message"]
    speak_as(lin, boots)
    accepted(await lin.do(customer.conversation, "close", epoch=epoch, wrap_up="solved"))
    speak_as(lin, tea)
    accepted(await lin.accept(handoff))


async def test_the_words_of_another_client_are_refused_where_they_are_sent(clients):
    lin, tea, boots = clients
    await boots.database.write(
        lambda tx: knowledge.replace(
            tx.connection,
            boots.tenant.id,
            [Copy("boot-care", "en", "Care", (), "Brush your boots weekly and never dry them on a heater.")],
            MONDAY,
        )
    )
    customer, epoch = await held(lin, tea, "hello")
    article = {"id": "boot-care", "language": "en", "title": "Care"}
    wrong = [
        ({"text": "x", "canned": "boots"}, "the canned reply boots"),
        (
            {"text": BOOTS.replace("{customer}", "dear Ms Wang").replace(" within", "\n within")},
            "the canned reply boots",
        ),
        ({"text": "Care", "article": article}, "the article boot-care"),
        ({"text": "Hi! Brush your boots weekly and never dry them on a heater."}, "the article boot-care"),
    ]
    for body, what in wrong:
        error = refused(await say(lin, customer, epoch, **body), 422, "invalid")
        assert error["message"] == f"You are speaking as {tea.tenant.name}; {what} is one of {boots.tenant.name}."
        assert (error["speaking_as"], error["belongs_to"]) == (tea.tenant.id, boots.tenant.id)
    error = refused(await say(lin, customer, epoch, text="x", canned="retruns"), 404, "not_found")
    assert "did you mean returns?" in error["message"]
    ready = accepted(await lin.get(customer.path("canned-replies")))
    assert ready["speaking_as"] == {"tenant": tea.tenant.id, "name": tea.tenant.name}
    accepted(await say(lin, customer, epoch, text=TEA.format(customer="王女士"), canned="returns"))
    accepted(await say(lin, customer, epoch, text="My boots and your tea are fine."))


async def test_what_both_clients_say_is_nobodys_secret(clients):
    lin, tea, _ = clients
    await configure(
        tea, canned_replies=(CannedReply(id="r", title="R", en=BOOTS), CannedReply(id="t", title="T", zh=TEA))
    )
    customer, epoch = await held(lin, tea, "hello")
    accepted(await say(lin, customer, epoch, text=BOOTS.format(customer="Ms Wang")))
