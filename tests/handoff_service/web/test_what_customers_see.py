"""The two projections: what is only for agents reaches no customer, in no byte that a customer is ever sent."""

from __future__ import annotations

from tests.handoff_service.web.conftest import SECRETS
from tests.handoff_service.web.serving import on_both
from tests.handoff_service.web.visitors import accepted, fresh

NOTE = "canary-note-for-colleagues"


async def story(house):
    """A conversation with everything that agents see: notes, evidence, analysis, transfers. All clients of it."""
    lin, maya = await house.agent("lin"), await house.agent("maya")
    await lin.socket()
    await maya.socket()
    customer = await house.customer()
    socket = await customer.socket()
    await customer.write("hello")
    await customer.answered()
    await customer.write("human please")
    await customer.answered()
    conversation = customer.conversation
    await socket.until(lambda frame: frame["t"] == "status" and frame["place"] == 1)
    handoff = await house.handoff_of(customer)
    epoch = accepted(await lin.accept(handoff))["epoch"]
    accepted(await lin.reply(conversation, "Hello from Lin", epoch))
    accepted(await lin.reply(conversation, NOTE, epoch, audience="internal"))
    epoch = accepted(await lin.do(conversation, "transfer", epoch=epoch, to_agent=maya.id, note=NOTE))["epoch"]
    accepted(await maya.reply(conversation, NOTE, epoch, audience="internal"))
    accepted(await maya.reply(conversation, "Hello from Maya", epoch))
    epoch = accepted(await maya.do(conversation, "transfer", epoch=epoch, to_queue="support", note=NOTE))["epoch"]
    epoch = accepted(await lin.accept(handoff))["epoch"]
    closed = accepted(await lin.do(conversation, "close", epoch=epoch, wrap_up="solved", note=NOTE))
    await socket.until(lambda frame: frame["t"] == "status" and frame["epoch"] == closed["epoch"])
    accepted(await customer.post(customer.path("rating"), {"op_id": fresh(), "score": 4, "comment": "good"}))
    await customer.post(customer.path("feedback"), {"op_id": fresh(), "seq": 3, "value": "up"})
    return customer, socket, lin, maya


@on_both
async def test_nothing_that_is_for_agents_is_in_any_byte_that_a_customer_gets(house):
    customer, socket, lin, maya = await story(house)
    conversation = customer.conversation
    # Everything else that a customer can ask for, answered or refused.
    await customer.timeline()
    await (await customer.socket((conversation, 0), device="d_again")).pong()
    await customer.arrive(token=customer.token)
    for verb in ("ask-human", "solved", "leave-message", "feedback", "rating"):
        body = {"leave-message": {"text": "call me"}, "feedback": {"seq": 1, "value": "up"}, "rating": {"score": 3}}
        await customer.post(customer.path(verb), {"op_id": fresh(), **body.get(verb, {})})
    handoff = await house.handoff_of(customer)
    for path in (f"/v1/conversations/{conversation}", "/v1/conversations", f"/v1/handoffs/{handoff}"):
        await customer.get(path)
    for command in ("close", "take-over", "transfer", "give-back"):
        await customer.post(customer.path(command), {"op_id": fresh(), "epoch": 1})
    await socket.pong()

    heard = customer.heard
    assert "Hello from Lin" in heard, "the search would find nothing in nothing"
    hidden = {
        "a note": NOTE,
        "a button's payload": SECRETS["payload"],
        "a probability": str(SECRETS["probability"]),
        "evidence": SECRETS["evidence"],
        "analysis": SECRETS["analysis"],
        "Lin's id": lin.id,
        "Maya's id": maya.id,
        "Lin's address": lin.email,
        "a wrap-up code": '"wrap_up"',
        "a handoff's id": f'"{handoff}"',
    }
    assert [name for name, canary in hidden.items() if canary in heard] == []


async def test_the_same_story_is_complete_for_agents(house):
    customer, _, lin, _ = await story(house)
    timeline = await lin.timeline(customer.conversation)
    text = str(timeline)
    for canary in (NOTE, str(SECRETS["probability"]), SECRETS["analysis"], lin.id, "wrap_up"):
        assert canary in text, canary
    assert SECRETS["payload"] not in text, "what a button means is nobody's business but the bot's"
    handoff = (await lin.look(customer.conversation))["handoffs"][0]
    assert SECRETS["evidence"] in str(handoff["packet"]["evidence"])


async def test_customers_get_a_place_holder_for_every_internal_entry(house):
    customer, socket, lin, _ = await story(house)
    agents = await lin.timeline(customer.conversation)
    customers = await customer.timeline()
    assert [entry["seq"] for entry in customers] == [entry["seq"] for entry in agents]
    internal = [entry["seq"] for entry in agents if entry["audience"] == "internal"]
    assert len(internal) == 2
    for entry in customers:
        if entry["seq"] in internal:
            assert entry == {"seq": entry["seq"], "kind": "hidden"}
        else:
            assert set(entry) == {"seq", "mid", "kind", "audience", "author", "client_id", "epoch", "at", "body"}
    assert socket.entries(customer.conversation)[: len(customers)] == customers


async def test_what_a_customer_sees_of_states_sources_and_authors(house):
    customer, _, _, _ = await story(house)
    timeline = [entry for entry in await customer.timeline() if entry["kind"] != "hidden"]
    for entry in timeline:
        author = entry["author"]
        assert set(author) == {"kind", "id", "name"}
        if author["kind"] == "agent":
            assert author["id"] == "agent"
            assert author["name"] in ("Lin", "Maya")
        if entry["kind"] == "state":
            assert set(entry["body"]) <= {"event", "to", "text"}
            assert set(entry["body"]["to"]) == {"kind", "agent"}
            assert set(entry["body"]["to"]["agent"] or {"name": ""}) == {"name"}
        for source in entry["body"].get("sources", []):
            assert set(source) == {"article", "language", "title"}
    assert any(entry["body"].get("sources") for entry in timeline)
    assert [entry["body"]["event"] for entry in timeline if entry["kind"] == "state"] == [
        "opened", "asked", "claim", "transfer", "transfer", "claim", "close",
    ]  # fmt: skip


async def test_status_names_the_agent_but_not_his_id(house):
    customer, socket, _, _ = await story(house)
    statuses = [frame for frame in socket.frames if frame["t"] == "status"]
    served = [frame["owner"] for frame in statuses if frame["owner"]["kind"] == "agent"]
    assert served, "the customer was served"
    for owner in served:
        assert owner["agent"]["name"] in ("Lin", "Maya")
        assert "id" not in owner["agent"]
    for frame in statuses:
        assert set(frame) == {
            "t", "conv", "owner", "epoch", "place", "wait_s", "language", "rate", "choices", "wait", "peak", "promises",
        }  # fmt: skip
    assert customer.conversation == statuses[-1]["conv"]


async def test_an_offer_is_between_the_queue_and_the_agent(house):
    lin = await house.agent("lin")
    await lin.socket()
    customer, handoff = await house.waiting()
    socket = await customer.socket()
    epoch = accepted(await lin.accept(handoff))["epoch"]
    accepted(await lin.do(customer.conversation, "transfer", epoch=epoch, to_queue="senior"))
    entry = await socket.entry(lambda entry: entry["body"].get("event") == "offer")
    assert entry["body"]["to"] == {"kind": "offer", "agent": None}
    status = await socket.until(lambda frame: frame["t"] == "status" and frame["owner"]["kind"] == "offer")
    assert status["owner"]["agent"] is None
