"""The administration over HTTP: accounts, lists, the configuration as a file; who may, and what the audit says."""

from __future__ import annotations

import json
import re

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.agents.model import Role
from handoff_service.audit import verify
from handoff_service.permissions import Permission
from tests.handoff_service.web.policy import POLICY
from tests.handoff_service.web.visitors import accepted, fresh, refused

NEW = {"email": "Ming@lanyu.example", "name": "小明", "queues": ["support"]}


async def change(client, path, body=None, *, key=None):
    """A change with a new Idempotency-Key."""
    client.http.headers["Idempotency-Key"] = key or fresh()
    return await client.post(f"/v1/admin/{path}", body)


async def audited(house) -> list[tuple[str, str]]:
    """(actor, action) of everything that the tenant's audit holds but sign-ins, in order."""
    A = tables.audit.c
    query = sa.select(A.actor, A.action).where(A.tenant == house.tenant.id, A.action != "sign_in").order_by(A.n)
    return [tuple(row) for row in await house.database.read(lambda c: c.execute(query).all())]


async def exported(client) -> str:
    return accepted(await client.get("/v1/admin/config"))["yaml"]


async def test_a_new_agent_signs_in_with_the_password_that_is_shown_once(house):
    boss = await house.agent("boss", role=Role.ADMIN)
    key = fresh()
    made = accepted(await change(boss, "agents", NEW, key=key), 201)
    assert made["email"] == "ming@lanyu.example"
    again = accepted(await change(boss, "agents", NEW, key=key), 201)
    assert again == {**made, "password": None}
    ming = house.desk(await house.hire("stand-in"))
    ming.email = made["email"]
    accepted(await ming.sign_in(made["password"]))
    refused(await change(boss, "agents", NEW), 409, "conflict")
    assert await audited(house) == [(f"agent:{boss.id}", "agent_added")]
    stored = await house.database.read(lambda c: c.execute(sa.select(tables.operations.c.result)).scalars().all())
    assert made["password"] not in str(stored)


async def test_disabled_reset_and_signed_out_people_are_out(house):
    boss, lin = await house.agent("boss", role=Role.ADMIN), await house.agent("lin")
    assert accepted(await change(boss, f"agents/{lin.id}/sign-out"))["ended"] == 1
    refused(await lin.get("/v1/agents/me"), 401, "unauthorized")
    password = accepted(await change(boss, f"agents/{lin.id}/reset-password"))["password"]
    refused(await lin.sign_in(), 401, "unauthorized")
    accepted(await lin.sign_in(password))
    assert accepted(await change(boss, f"agents/{lin.id}/disable"))["disabled"]
    refused(await lin.get("/v1/agents/me"), 401, "unauthorized")
    refused(await lin.sign_in(password), 401, "unauthorized")
    assert not accepted(await change(boss, f"agents/{lin.id}/enable"))["disabled"]
    accepted(await lin.sign_in(password))
    refused(await change(boss, f"agents/{boss.id}/disable"), 403, "forbidden")  # admins are the owner's
    actions = [action for _, action in await audited(house)]
    assert actions == ["signed_out_everywhere", "password_reset", "agent_disabled", "agent_enabled"]
    assert not [one.broken for one in await house.database.read(verify) if one.broken]


async def test_another_role_holds_at_once_and_admins_are_made_by_owners_only(house):
    boss, owner = await house.agent("boss", role=Role.ADMIN), await house.agent("owner", role=Role.OWNER)
    lin = await house.agent("lin")
    refused(await lin.get("/v1/wall"), 403, "forbidden")
    accepted(await change(boss, f"agents/{lin.id}", {"role": "supervisor"}))
    refused(await lin.get("/v1/wall"), 401, "unauthorized")  # every sign-in ended with the old role
    accepted(await lin.sign_in())
    accepted(await lin.get("/v1/wall"))
    refused(await change(boss, f"agents/{lin.id}", {"role": "admin"}), 403, "forbidden")
    accepted(await change(owner, f"agents/{lin.id}", {"role": "admin"}))
    refused(await change(owner, f"agents/{owner.id}", {"role": "agent"}), 409, "conflict")  # the last owner


async def test_what_does_not_exist_is_named_with_what_was_meant(house):
    boss = await house.agent("boss", role=Role.ADMIN)
    lin = await house.hire("lin")
    error = refused(await change(boss, f"agents/{lin.id}", {"queues": ["suport"]}), 422, "invalid")
    assert error["message"] == "queues.0: There is no queue 'suport'; did you mean support?"
    error = refused(await change(boss, "lists/queues/senior", {"name": "S", "mod": "offer"}), 422, "invalid")
    assert error["message"] == "queue senior: mod: there is no such field; did you mean mode?"
    error = refused(await boss.get("/v1/admin/lists/queue"), 404, "not_found")
    assert error["message"].endswith("did you mean queues?")
    error = refused(await change(boss, "lists/queues/senior/remove"), 422, "invalid")
    assert "still has it" in error["message"]
    assert await audited(house) == []


async def test_lists_are_changed_one_thing_at_a_time(house):
    boss = await house.agent("boss", role=Role.ADMIN)
    accepted(await change(boss, "lists/tags/vip", {"zh": "贵宾", "en": "VIP"}))
    accepted(await change(boss, "lists/tags/vip", {"zh": "贵宾客户", "en": "VIP"}))
    assert accepted(await boss.get("/v1/admin/lists/tags"))["items"] == [{"id": "vip", "zh": "贵宾客户", "en": "VIP"}]
    accepted(await change(boss, "lists/tags/vip/remove"))
    refused(await change(boss, "lists/tags/vip/remove"), 404, "not_found")
    expert = await house.agent("expert", role=Role.EXPERT)
    accepted(await change(expert, "lists/tags/vip", {"zh": "贵宾", "en": "VIP"}))
    refused(await change(expert, "lists/queues/vip", {"name": "VIP"}), 403, "forbidden")
    read = accepted(await expert.get("/v1/admin/config"))["document"]
    assert read["tags"], "what he may write he may read"
    assert "agents" not in read


async def test_canned_replies_come_filled_in_for_the_queue_and_language(house):
    boss = await house.agent("boss", role=Role.ADMIN)
    hello = {"title": "Hello", "zh": "您好{customer}，我是{agent}。", "en": "Dear {customer}, {agent} of {shop} here."}
    accepted(await change(boss, "lists/canned-replies/hello", hello))
    accepted(await change(boss, "lists/canned-replies/vip", {"title": "VIP", "en": "Sir!", "queues": ["senior"]}))
    accepted(await change(boss, "lists/canned-replies/sms", {"title": "Short", "en": "Hi!", "channels": ["sms"]}))
    error = refused(await change(boss, "lists/canned-replies/x", {"title": "x", "en": "{agnet}"}), 422, "invalid")
    assert "there is no variable {agnet}; did you mean agent?" in error["message"]
    customer = await house.customer(language="en")
    await customer.write("hello")
    found = accepted(await boss.get(customer.path("canned-replies")))
    [reply] = found["canned_replies"]
    assert reply["id"] == "hello"
    assert re.fullmatch(r"Dear .+, Boss of Lanyu Mall here\.", reply["text"])
    short = {"title": "Short", "en": "Hi!", "channels": ["web", "sms"]}
    accepted(await change(boss, "lists/canned-replies/sms", short))
    found = accepted(await boss.get(customer.path("canned-replies")))["canned_replies"]
    assert [one["id"] for one in found] == ["hello", "sms"], "each channel has its own tone"


async def test_a_file_is_applied_as_a_whole_or_not_at_all(house):
    owner = await house.agent("owner", role=Role.OWNER)
    await house.hire("lin")
    before = await exported(owner)
    wrong = (
        before.replace("name: Lin", "name: 林").replace("mode: offer", "mode: ofer").replace("greeting:", "greting:")
    )
    error = refused(await change(owner, "config/apply", {"yaml": wrong}), 422, "bad_configuration")
    lines = wrong.splitlines()
    told = {lines[one["line"] - 1].strip(): one["message"] for one in error["problems"]}
    assert told == {
        "mode: ofer": "'ofer' is not possible; did you mean offer?",
        "greting:": "there is no such section; did you mean greeting?",
    }
    assert await exported(owner) == before
    good = before.replace("name: Lin", "name: 林").replace("mode: offer", "mode: claim")
    plan = accepted(await owner.post("/v1/admin/config/check", {"yaml": good}))
    assert [(one["sign"], one["where"]) for one in plan["changes"]] == [
        ("~", "queues.senior.mode"),
        ("~", "agents.lin@lanyu.example.name"),
    ]
    body = {"yaml": good, "version": plan["version"]}
    assert accepted(await change(owner, "config/apply", body))["changes"] == plan["changes"]
    assert await exported(owner) == good
    kept = await house.database.read(lambda c: str(c.execute(sa.select(tables.audit.c.detail)).scalars().all()))
    assert "queues.senior.mode" in kept
    assert "agents.a_lin.name" in kept
    assert "lin@lanyu.example" not in kept
    assert accepted(await change(owner, "config/apply", {"yaml": good}))["changes"] == []
    refused(await change(owner, "config/apply", {"yaml": before, "version": plan["version"]}), 409, "conflict")


async def test_a_form_sends_a_piece_of_the_file_as_json_and_is_told_where_it_is_wrong(house):
    owner = await house.agent("owner", role=Role.OWNER)
    read = accepted(await owner.get("/v1/admin/config"))
    assert [one["email"] for one in read["document"]["agents"]] == ["owner@lanyu.example"]
    first, *others = read["document"]["queues"]

    def piece(**given):
        return {"yaml": json.dumps({"queues": [{**first, **given}, *others]}), "version": read["version"]}

    for wrong, where in (
        ({"alert_mail": ["lin@x.example", "长@x@y"]}, "queues.0.alert_mail.1"),
        ({"calendar": "office"}, "queues.0.calendar"),
        ({"skills": [{"skill": "billing", "level": 9}]}, "queues.0.skills.0.level"),
    ):
        error = refused(await change(owner, "config/apply", piece(**wrong)), 422, "bad_configuration")
        assert [one["where"] for one in error["problems"]] == [where]
    body = piece(accept_s=20, name="客服 \x7f: “#1”")
    told = accepted(await change(owner, "config/apply", body))["changes"]
    assert {one["where"].rpartition(".")[2] for one in told} == {"accept_s", "name"}
    assert accepted(await owner.get("/v1/admin/config"))["document"]["queues"][0]["name"] == "客服 \x7f: “#1”"
    refused(await change(owner, "config/apply", {**body, "yaml": '{"retention_days": 9}'}), 409, "conflict")


async def test_what_nobody_has_set_is_told_beside_the_file_and_can_be_stored_as_it_is_told(house):
    owner = await house.agent("owner", role=Role.OWNER)
    read = accepted(await owner.get("/v1/admin/config"))
    assert read["document"]["complaints"] == {}
    usual = read["usual"]["complaints"]
    assert usual["limits"]["agent"] == 5_000
    changed = {**usual, "limits": {**usual["limits"], "agent": 1_999}}
    body = {"yaml": json.dumps({"complaints": changed, "bot": {"unhappy": 0.35}}), "version": read["version"]}
    accepted(await change(owner, "config/apply", body))
    assert accepted(await owner.get("/v1/admin/config"))["document"]["complaints"] == changed
    read = accepted(await owner.get("/v1/admin/config"))
    too_long = json.dumps({"bot": {"emergency": {"en": {"medical": "1" * 41}}}})
    error = refused(await change(owner, "config/check", {"yaml": too_long}), 422, "bad_configuration")
    assert [one["where"] for one in error["problems"]] == ["bot.emergency.en.medical"]
    says = {"given_back": read["usual"]["tone"]["says"]["given_back"]}
    body = {"yaml": json.dumps({"tone": {"says": says}}), "version": read["version"]}
    accepted(await change(owner, "config/apply", body))


async def test_a_file_needs_the_permission_for_what_it_changes(house):
    owner, boss = await house.agent("owner", role=Role.OWNER), await house.agent("boss", role=Role.ADMIN)
    expert = await house.agent("expert", role=Role.EXPERT)
    text = await exported(owner)
    tagged = text.replace("tags: []", "tags: [{id: vip, zh: 贵宾, en: VIP}]")
    other = text.replace("retention_days: null", "retention_days: 400")
    refused(await change(expert, "config/apply", {"yaml": other}), 403, "forbidden")
    accepted(await change(expert, "config/apply", {"yaml": tagged}))
    raised = text.replace("role: expert", "role: owner")
    refused(await change(boss, "config/apply", {"yaml": raised}), 403, "forbidden")
    assert "role: expert" in await exported(owner)


async def test_a_queue_in_which_somebody_waits_does_not_go(house):
    owner = await house.agent("owner", role=Role.OWNER, queues=("senior",))
    lin = await house.agent("lin", queues=("support",))
    await lin.socket()
    await house.waiting()
    text = (await exported(owner)).replace("- support", "- senior")
    text = re.sub(r"  - id: support\n(    .*\n)+", "", text)
    error = refused(await change(owner, "config/apply", {"yaml": text}), 409, "conflict")
    assert "waits in the queue support" in error["message"]


WITH_IDS = [one for one in POLICY if one.split(" ")[1].startswith("/v1/admin") and "{" in one]
BODIES = {
    "POST /v1/admin/lists/{name}/{item}": {"zh": "x", "en": "x"},
    "POST /v1/admin/webhooks/{webhook_id}": {"description": "mine now"},
}


async def test_admins_read_who_did_what_page_by_page_and_nobody_elses(house, build_house):
    boss, lin = await house.agent("boss", role=Role.ADMIN), await house.agent("lin")
    for verb in ("sign-out", "disable", "enable"):
        accepted(await change(boss, f"agents/{lin.id}/{verb}"))
    first = accepted(await boss.get("/v1/admin/audit?limit=2"))["rows"]
    assert [(one["actor"], one["action"], one["subject"]) for one in first] == [
        (f"agent:{boss.id}", "agent_enabled", lin.id),
        (f"agent:{boss.id}", "agent_disabled", lin.id),
    ]
    rest = accepted(await boss.get(f"/v1/admin/audit?before={first[-1]['n']}"))["rows"]
    assert [one["n"] for one in rest] == list(range(first[-1]["n"] - 1, 0, -1))
    assert rest[0]["action"] == "signed_out_everywhere"
    elsewhere = await (await build_house(house.gateway)).agent("their-boss", role=Role.OWNER)
    assert lin.id not in str(accepted(await elsewhere.get("/v1/admin/audit"))["rows"])


async def test_another_tenants_owner_reaches_nothing(house, build_house):
    owner = await house.agent("owner", role=Role.OWNER)
    lin = await house.hire("lin")
    accepted(await change(owner, "lists/tags/canary", {"zh": "x", "en": "x"}))
    hook = accepted(await change(owner, "webhooks", {"url": "http://127.0.0.1:9/canary"}), 201)["id"]
    message = accepted(await change(owner, f"webhooks/{hook}/test"))["message"]
    given = {"name": "canary", "permissions": ["tickets.read"]}
    key = accepted(await change(owner, "api-keys", given), 201)["id"]
    foreign = await (await build_house(house.gateway)).agent("foreigner", role=Role.OWNER)
    before = await exported(owner), await audited(house)
    names = {"agent_id": lin.id, "name": "tags", "item": "canary", "webhook_id": hook}
    for route in WITH_IDS:
        method, path = route.split(" ")
        path = path.format(**names, message_id=message, key_id=key)
        foreign.http.headers["Idempotency-Key"] = fresh()
        answer = await (foreign.get(path) if method == "GET" else foreign.post(path, BODIES.get(route)))
        # Names of lists and ids in them are chosen by people, and everybody has his own.
        own = route in ("GET /v1/admin/lists/{name}", "POST /v1/admin/lists/{name}/{item}")
        assert answer.status_code == (200 if own else 404) or route.endswith("{item}/remove"), f"{route}: {answer.text}"
    assert (await exported(owner), await audited(house)) == before
    assert "127.0.0.1:9" not in foreign.heard


async def test_every_change_needs_an_idempotency_key(house):
    owner = await house.agent("owner", role=Role.OWNER)
    changing = [one.split(" ")[1] for one in POLICY if one.startswith("POST /v1/admin") and not one.endswith("check")]
    for path in changing:
        body = {"yaml": "x", "name": "x", "permissions": ["x"], "url": "http://x.example", "agent": "a"}
        answer = await owner.post(re.sub(r"\{\w+\}", "x", path), body)
        assert answer.status_code == 422, path
        assert "idempotency-key" in answer.text, path


def test_roles_are_the_same_for_everybody_and_the_table_is_complete():
    asked = {rule for rule in POLICY.values() if isinstance(rule, Permission)}
    unused = set(Permission) - asked
    # Asked inside a use case rather than at a door.
    inside = {Permission.ADMINS_MANAGE, Permission.SETTINGS_WRITE, Permission.COMPLAINTS_DECIDE}
    assert unused <= inside
