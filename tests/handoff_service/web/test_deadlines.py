"""Deadlines over HTTP: who sees clocks and promises, who settles them, and what the queues' hours are."""

from __future__ import annotations

from handoff_service.agents.model import Role
from tests.handoff_service.web.torture.rules import configure, queue, served
from tests.handoff_service.web.visitors import accepted, fresh, refused

ROSTER = [
    {"who": "lin", "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "from": "00:00", "to": "24:00"},
]


async def test_a_promise_is_shown_to_both_sides_and_settled_by_agents_of_its_tenant(house, build_house):
    lin, chen = await house.agent("lin"), await house.agent("chen", role=Role.SUPERVISOR)
    await lin.socket()
    customer, epoch = await served(house, lin)
    accepted(await lin.reply(customer.conversation, "We'll refund you within 3 days. I'll call you tomorrow.", epoch))
    mine = accepted(await lin.get("/v1/promises"))["promises"]
    assert [(one["text"], one["deed"], one["state"]) for one in mine] == [
        ("I'll call you tomorrow.", "answer", "open"),
        ("We'll refund you within 3 days.", "act", "open"),
    ]
    assert accepted(await chen.get("/v1/promises"))["promises"] == []
    assert accepted(await chen.get("/v1/promises?box=open"))["promises"] == mine
    assert accepted(await chen.get("/v1/promises?box=overdue"))["promises"] == []
    handoff = accepted(await lin.get(f"/v1/handoffs/{await house.handoff_of(customer)}"))
    assert [one["id"] for one in handoff["promises"]] == [mine[1]["id"], mine[0]["id"]]
    assert handoff["sla"] == []
    call, refund = (one["id"] for one in mine)

    other = await build_house(house.gateway)
    stranger = await other.agent("zoe")
    for deed, body in (("done", {}), ("cancel", {"reason": "no"})):
        path = f"/v1/promises/{call}/{deed}"
        refused(await stranger.post(path, {"op_id": fresh(), **body}), 404, "not_found")
    analyst = await house.agent("ana", role=Role.ANALYST)
    refused(await analyst.post(f"/v1/promises/{call}/done", {"op_id": fresh()}), 403, "forbidden")

    same = {"op_id": fresh()}
    first = accepted(await lin.post(f"/v1/promises/{call}/done", same))
    assert (first["state"], first["settled_by"]) == ("kept", f"agent:{lin.id}")
    assert accepted(await lin.post(f"/v1/promises/{call}/done", same)) == first
    late = accepted(await chen.post(f"/v1/promises/{call}/cancel", {"op_id": fresh(), "reason": "never mind"}))
    assert (late["state"], late["reason"]) == ("kept", None), "what is settled stays so"
    ended = accepted(await chen.post(f"/v1/promises/{refund}/cancel", {"op_id": fresh(), "reason": "paid in the shop"}))
    assert (ended["state"], ended["reason"]) == ("cancelled", "paid in the shop")
    assert accepted(await lin.get("/v1/promises"))["promises"] == []
    assert [one["id"] for one in accepted(await lin.get("/v1/promises?box=cancelled"))["promises"]] == [refund]


async def test_supervisors_see_the_clocks_and_how_many_were_in_time(house):
    targets = [{"first_reply_min": 10}, {"queue": "support", "resolution_min": 60}]
    await configure(house, queues=[queue()], sla=targets)
    lin, chen = await house.agent("lin"), await house.agent("chen", role=Role.SUPERVISOR)
    await lin.socket()
    customer, epoch = await served(house, lin)
    going = accepted(await chen.get("/v1/sla"))["clocks"]
    assert [(one["clock"], one["state"], one["target_s"]) for one in going] == [
        ("first_reply", "running", 600),
        ("resolution", "running", 3600),
    ]
    accepted(await lin.reply(customer.conversation, "hello", epoch))
    told = accepted(await chen.get("/v1/sla?box=ended"))
    assert [(one["clock"], one["state"]) for one in told["clocks"]] == [("first_reply", "met")]
    (line,) = [one for one in told["kept"] if one["clock"] == "first_reply"]
    assert (line["met"], line["missed"], line["kept_share"]) == (1, 0, 1.0)
    handoff = accepted(await lin.get(f"/v1/handoffs/{await house.handoff_of(customer)}"))
    assert [one["state"] for one in handoff["sla"]] == ["met", "paused"]
    refused(await lin.get("/v1/sla"), 403, "forbidden")


async def test_the_hours_of_the_queues_and_who_is_on_a_shift(house):
    calendar = {"timezone": "Europe/Berlin", "roster": ROSTER}
    closed = {"hours": [{"days": ["mon"], "from": "09:00", "to": "10:00"}], "holidays": {"country": "CN"}}
    queues = [queue(calendar="always"), {"id": "rare", "name": "Rare", "calendar": "rare"}, {"id": "all", "name": "A"}]
    await configure(house, queues=queues, calendars={"always": calendar, "rare": closed})
    lin = await house.agent("lin")
    always, rare, plain = accepted(await lin.get("/v1/hours"))["queues"]
    assert (always["open"], always["timezone"], always["on_shift"]) == (True, "Europe/Berlin", ["lin"])
    assert always["problems"] == []
    assert (rare["opens_at"] is None) == rare["open"]
    assert (plain["calendar"], plain["open"], plain["closes_at"]) == (None, True, None)
