"""Tickets and complaints as agents and integrators use them: over HTTP, with a customer who reads and answers."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from typing import Any

import pytest

from handoff_service.agents.model import Role
from handoff_service.clock import utc_now
from handoff_service.conversations import store as conversations
from handoff_service.files import store as files
from handoff_service.tickets.forget import forget_conversation
from tests.handoff_service.web.policy import POLICY
from tests.handoff_service.web.visitors import accepted, fresh, refused

EVIL = "<script>alert('x')</script><img src=x onerror=alert(1)>"


async def opened(desk: Any, **parts: Any) -> dict[str, Any]:
    body = {"op_id": fresh(), "subject": "find the parcel", "type": "order", **parts}
    return accepted(await desk.post("/v1/tickets", body))


async def on(desk: Any, ticket: str, verb: str, **parts: Any) -> dict[str, Any]:
    return accepted(await desk.post(f"/v1/tickets/{ticket}/{verb}", {"op_id": fresh(), **parts}))


async def filed(desk: Any, **parts: Any) -> dict[str, Any]:
    return accepted(await desk.post("/v1/complaints", {"op_id": fresh(), "subject": "the courier was rude", **parts}))


async def test_the_life_of_a_ticket(house: Any) -> None:
    lin = await house.agent("lin")
    desk = await lin.socket()
    customer = await house.customer()
    await customer.write("my parcel is late")
    await customer.answered()
    command = {"op_id": fresh(), "subject": "find the parcel", "type": "order", "conversation": customer.conversation}
    first = accepted(await lin.post("/v1/tickets", command))
    assert accepted(await lin.post("/v1/tickets", command)) == first, "a repeat is the same ticket"
    refused(await lin.post("/v1/tickets", {**command, "subject": "another"}), 409, "mismatch")
    name = first["ticket"]
    await desk.until(lambda frame: frame["t"] == "desk" and frame.get("tickets", {}).get("free") == 1)

    assert (await on(lin, name, "take"))["agent"] == lin.id
    told = await on(lin, name, "update", text="Which colour is the box?", audience="public", wait=True)
    assert told["state"] == "waiting"
    await on(lin, name, "update", text="internal: the carrier is slow")
    said = [entry["body"].get("text") for entry in await customer.timeline() if entry["kind"] == "message"]
    assert said[-1] == f"Your case {first['number']}: Which colour is the box?"
    assert "carrier is slow" not in str(await customer.timeline())
    await customer.write("blue")
    whole = accepted(await lin.get(f"/v1/tickets/{first['number']}"))
    assert whole["ticket"]["state"] == "in_progress"
    assert [line["n"] for line in whole["log"]] == list(range(1, len(whole["log"]) + 1))
    kinds = [line["kind"] for line in whole["log"]]
    assert kinds == ["opened", "taken", "updated", "awaited", "updated", "answered"]
    assert whole["log"][1]["actor"] == {"kind": "agent", "id": lin.id, "name": "Lin"}

    await on(lin, name, "resolve", tell="It is on its way.", note="carrier called")
    await on(lin, name, "follow-up", in_days=3)
    await on(lin, name, "outcome", outcome="satisfied")
    closed = accepted(await lin.get("/v1/tickets", state="resolved"))
    assert [one["id"] for one in closed["tickets"]] == [name]
    assert closed["tickets"][0]["follow_up"]["kind"] == "message"

    mine = accepted(await customer.get("/v1/widget/export"))
    (seen,) = [ticket for one in mine["conversations"] for ticket in one["tickets"]]
    assert (seen["number"], seen["state"]) == (first["number"], "resolved")
    assert [update["text"] for update in seen["updates"]] == ["Which colour is the box?", "It is on its way."]
    assert "carrier" not in str(mine)
    assert seen["subject"] == "", "an agent has worded it"


async def test_nobody_of_another_tenant_gets_to_any_of_it(house: Any, build_house: Any) -> None:
    chen = await house.agent("chen", role=Role.SUPERVISOR)
    customer = await house.customer()
    await customer.write("my parcel is late")
    complaint = await filed(chen, conversation=customer.conversation)
    proposed = await on_complaint(chen, complaint["ticket"], "remedies", kind="refund", amount=100)
    elsewhere = await build_house(house.gateway)
    foreign = await elsewhere.agent("foreigner", role=Role.OWNER)
    own = await opened(foreign)
    bodies: dict[str, dict[str, Any]] = {
        "assign": {"to_queue": "support"}, "change": {"priority": 9}, "link": {"conversation": customer.conversation},
        "unlink": {"conversation": customer.conversation}, "files": {"file": "f_1"}, "follow-up": {"in_days": 1},
        "outcome": {"outcome": "satisfied"}, "update": {"text": "x", "audience": "public"},
        "merge": {"into": own["ticket"]}, "split": {"subject": "x"}, "classify": {"category": "other"},
        "evidence": {"kind": "statement", "value": "x"}, "remedies": {"kind": "refund"},
    }  # fmt: skip
    before = accepted(await chen.get(f"/v1/tickets/{complaint['ticket']}"))
    routes = [route for route in POLICY if "/{ticket_id}" in route]
    assert len(routes) > 25
    for route in routes:
        method, path = route.split(" ")
        address = path.format(ticket_id=complaint["ticket"], remedy_id=proposed["remedy"]["id"])
        body = {"op_id": fresh(), **bodies.get(path.rpartition("/")[2], {})}
        answer = await (foreign.get(address) if method == "GET" else foreign.post(address, body))
        refused(answer, 404, "not_found")
    into = {"op_id": fresh(), "into": complaint["ticket"]}
    refused(await foreign.post(f"/v1/tickets/{own['ticket']}/merge", into), 404, "not_found")
    link = {"op_id": fresh(), "conversation": customer.conversation}
    refused(await foreign.post(f"/v1/tickets/{own['ticket']}/link", link), 404, "not_found")
    assert accepted(await chen.get(f"/v1/tickets/{complaint['ticket']}")) == before
    for listed in ("/v1/tickets?state=open", "/v1/complaints", "/v1/complaints/export", "/v1/tickets?text=courier"):
        answer = await foreign.get(listed)
        assert answer.status_code == 200
        assert complaint["ticket"] not in answer.text


async def on_complaint(desk: Any, ticket: str, verb: str, **parts: Any) -> dict[str, Any]:
    return accepted(await desk.post(f"/v1/complaints/{ticket}/{verb}", {"op_id": fresh(), **parts}))


async def test_a_case_file_shows_everything_and_runs_nothing(house: Any) -> None:
    lin = await house.agent("lin")
    customer = await house.customer()
    await customer.write(f"LY20261103001 {EVIL}")
    await customer.answered()
    case = await filed(lin, subject=f"broken {EVIL}", conversation=customer.conversation, wanted=EVIL)
    await on_complaint(lin, case["ticket"], "remedies", kind="refund", amount=1250, note=EVIL)
    await on(lin, case["ticket"], "update", text=f"we think he lies {EVIL}")
    await on(lin, case["ticket"], "update", text="We are sorry.", audience="public")
    await on(lin, case["ticket"], "follow-up", in_days=3, kind="task", text="look whether he lies")
    await on(lin, case["ticket"], "resolve", note="I say he lies")

    page = await lin.get(f"/v1/complaints/{case['ticket']}/case.html", language="en")
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    policy = page.headers["content-security-policy"]
    style = page.text.partition("<style>")[2].partition("</style>")[0]
    assert b64encode(sha256(style.encode()).digest()).decode() in policy, "its own style is allowed, and only that"
    assert "script-src" not in policy
    assert "sandbox" in policy
    assert "<script" not in page.text
    assert "<img" not in page.text
    for part in ("LY20261103001", "&lt;script&gt;", "12.50 CNY", "We are sorry.", case["number"]):
        assert part in page.text, part
    assert "he lies" not in page.text, "a note is for colleagues"
    plain = await lin.get(f"/v1/complaints/{case['ticket']}/case.json")
    assert "he lies" not in plain.text, "nor what was planned or said at the end"
    noted = await lin.get(f"/v1/complaints/{case['ticket']}/case.html?notes=true&language=zh")
    for words in ("we think he lies", "look whether he lies", "I say he lies"):
        assert words in noted.text
    assert "投诉案卷" in noted.text
    whole = accepted(await lin.get(f"/v1/complaints/{case['ticket']}/case.json"))
    assert whole["complaint"]["checklist"]
    assert any(EVIL in entry["body"]["text"] for entry in whole["transcript"])
    refused(await lin.get(f"/v1/complaints/{case['ticket']}/case.html?language=fr"), 422, "invalid")


async def test_the_register_as_a_table_is_harmless_in_a_spreadsheet(house: Any) -> None:
    lin = await house.agent("lin")
    customer = await house.customer()
    await customer.write("hello")
    for subject in ("=cmd|' /C calc'!A0", "+1", '快递"迟到"'):
        await filed(lin, subject=subject, conversation=customer.conversation)
    answer = await lin.get("/v1/complaints/export")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "\n=" not in answer.text
    assert ",=" not in answer.text
    assert "'=cmd" in answer.text
    assert '"快递""迟到"""' in answer.text
    first = accepted(await lin.get("/v1/complaints?limit=2"))
    rest = accepted(await lin.get("/v1/complaints", limit=2, cursor=first["next"]))
    names = [one["ticket"]["id"] for one in (*first["complaints"], *rest["complaints"])]
    assert len(set(names)) == 3
    assert rest["next"] is None
    for wrong in ("since=2026-01-01T00:00:00", "since=2020-01-01T00:00:00Z", "cursor=x", "limit=0"):
        refused(await lin.get(f"/v1/complaints?{wrong}"), 422, "invalid")


async def test_the_agent_complained_about_sees_nothing_of_it(house: Any) -> None:
    lin = await house.agent("lin")
    await lin.socket()
    chen = await house.agent("chen", role=Role.SUPERVISOR)
    customer, handoff = await house.waiting("hello")
    accepted(await lin.accept(handoff))
    case = await filed(chen, subject="Lin is rude", conversation=customer.conversation, category="agent_attitude")
    await on(chen, case["ticket"], "update", text="We talk to Lin.", audience="public")
    assert "We talk to Lin." in str(await customer.timeline())
    for path in (f"/v1/tickets/{case['ticket']}", f"/v1/tickets/{case['number']}"):
        refused(await lin.get(path), 404, "not_found")
    refused(await lin.get(f"/v1/complaints/{case['ticket']}/case.json"), 404, "not_found")
    seen = accepted(await lin.get(f"/v1/conversations/{customer.conversation}/entries"))
    assert "We talk to Lin." not in str(seen)
    assert [entry["seq"] for entry in seen["entries"]] == list(range(1, seen["last_seq"] + 1))
    maya = await house.agent("maya")
    assert case["ticket"] not in (await maya.get("/v1/tickets")).text
    assert case["ticket"] in (await chen.get("/v1/tickets?owner=me")).text
    assert "rude" not in lin.heard
    assert "We talk to Lin." not in lin.heard


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"subject": "x"}, "type"),
        ({"subject": "x", "type": "nonsense"}, "there are"),
        ({"subject": "x", "type": "order", "due_at": "2099-01-01T00:00:00"}, "timezone"),
        ({"subject": "x", "type": "order", "due_at": "2099-01-01T00:00:00Z"}, "must lie ahead"),
        ({"subject": "x", "type": "order", "fields": {"a": 1}}, "string"),
        ({"subject": "x" * 501, "type": "order"}, "500"),
        ({"subject": "x\x00", "type": "order"}, "pattern"),
        ({"subject": "x", "type": "order", "priority": "high"}, "integer"),
        ({"subject": "x", "type": "order", "colour": "red"}, "Extra"),
        ({"subject": "x", "type": "order", "queue": "nowhere"}, "there are support, senior"),
    ],
)
async def test_bad_input_is_named(house: Any, body: dict[str, Any], told: str) -> None:
    lin = await house.agent("lin")
    error = refused(await lin.post("/v1/tickets", {"op_id": fresh(), **body}), 422, "invalid")
    assert told in error["message"]


async def test_a_file_of_an_agent_stays_with_the_ticket_and_that_of_a_stranger_does_not_get_in(house: Any) -> None:
    lin, maya = await house.agent("lin"), await house.agent("maya")
    customer, stranger = await house.customer(), await house.customer()
    for one in (customer, stranger):
        await one.write("hello")

    async def uploads(desk: Any, conversation: str) -> str:
        address = f"/v1/conversations/{conversation}/files?name=proof.txt"
        return str(accepted(await desk.http.post(address, content=b"the proof"), 201)["file"]["id"])

    case = await filed(lin, conversation=customer.conversation)
    mine, foreign = await uploads(lin, customer.conversation), await uploads(lin, stranger.conversation)
    colleague = await uploads(maya, customer.conversation)
    await on(lin, case["ticket"], "files", file=mine)
    again = await on(lin, case["ticket"], "files", file=mine)
    assert again["n"] == 3, "filed and attached once"
    for file in (foreign, colleague):
        answer = await lin.post(f"/v1/tickets/{case['ticket']}/files", {"op_id": fresh(), "file": file})
        refused(answer, 422, "invalid")
    await on_complaint(lin, case["ticket"], "evidence", kind="statement", file=mine)
    shown = accepted(await lin.get(f"/v1/tickets/{case['ticket']}"))
    assert [one["id"] for one in shown["files"]] == [mine]
    assert (await lin.get(f"/v1/files/{mine}")).content == b"the proof"
    answer = await customer.get(f"/v1/files/{mine}")
    refused(answer, 404, "not_found")


async def test_a_ticket_without_a_conversation_takes_files_of_its_customer(house: Any) -> None:
    """Somebody calls and sends a scan by mail: the ticket is opened by hand, and no conversation is there."""
    lin, maya = await house.agent("lin"), await house.agent("maya")
    customer = await house.customer()
    await customer.write("hello")
    (talk,) = accepted(await lin.get("/v1/search", q=customer.conversation))["conversations"]
    called = await opened(lin, contact=talk["contact"]["id"])
    nobody = await opened(lin)

    async def upload(desk: Any, ticket: str) -> Any:
        return await desk.http.post(f"/v1/tickets/{ticket}/upload?name=scan.txt", content=b"the receipt")

    scan = accepted(await upload(lin, called["ticket"]), 201)["file"]["id"]
    answer = await maya.post(f"/v1/tickets/{called['ticket']}/files", {"op_id": fresh(), "file": scan})
    refused(answer, 422, "invalid")
    await on(lin, called["ticket"], "files", file=scan)
    whole = accepted(await maya.get(f"/v1/tickets/{called['ticket']}"))
    assert [(one["id"], one["audience"]) for one in whole["files"]] == [(scan, "internal")]
    assert whole["conversations"] == []
    assert (await maya.get(f"/v1/files/{scan}")).content == b"the receipt"
    refused(await customer.get(f"/v1/files/{scan}"), 404, "not_found")
    error = refused(await upload(lin, nobody["ticket"]), 422, "invalid")
    assert "has no customer" in error["message"]
    refused(await upload(lin, "t_nothing"), 404, "not_found")

    boss = await house.agent("boss", role=Role.OWNER)
    # The ticket is emptied with its conversation, and what was uploaded for it is kept by nothing any more.
    await on(lin, called["ticket"], "link", conversation=customer.conversation)
    tenant, now = house.tenant.id, utc_now()
    talk_now = await house.database.read(lambda c: conversations.find(c, tenant, customer.conversation))
    await house.database.write(lambda tx: forget_conversation(tx, talk_now, now))
    left = await house.database.read(lambda c: files.find(c, tenant, scan))
    assert left.seq is None, "it goes as what was never sent"
    accepted(await boss.post(f"/v1/contacts/{talk['contact']['id']}/erase", {"op_id": fresh()}))
    refused(await maya.get(f"/v1/files/{scan}"), 404, "not_found")
