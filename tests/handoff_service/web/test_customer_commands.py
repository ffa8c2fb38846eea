"""What customers do beside writing: ask for a person, leave the queue, leave a message, judge, rate, come back."""

from __future__ import annotations

import asyncio

import pytest

from tests.handoff_service.stage import FakeClock
from tests.handoff_service.web.serving import on_both, on_postgres
from tests.handoff_service.web.visitors import accepted, fresh, refused


def events(timeline):
    return [entry["body"]["event"] for entry in timeline if entry["kind"] == "state"]


async def served(house, text="hello"):
    """A customer whose conversation Lin owns."""
    lin = await house.agent("lin")
    await lin.socket()
    customer, handoff = await house.waiting(text)
    epoch = accepted(await lin.accept(handoff))["epoch"]
    return customer, lin, epoch


@on_both
async def test_asking_for_a_person_puts_the_customer_into_the_queue_once(house):
    lin = await house.agent("lin")
    await lin.socket()
    customer = await house.customer()
    await customer.write("hello")
    await customer.answered()
    command = {"op_id": fresh()}
    first = accepted(await customer.post(customer.path("ask-human"), command))
    assert first == {"owner": "queue", "epoch": 2}
    assert accepted(await customer.post(customer.path("ask-human"), command)) == first, "a repeat changes nothing"
    assert accepted(await customer.post(customer.path("ask-human"), {"op_id": fresh()})) == first
    timeline = await customer.timeline()
    assert events(timeline) == ["opened", "asked"]
    assert timeline[-1]["body"]["text"].startswith("I am connecting you")


@on_postgres
async def test_the_same_command_many_times_at_once_acts_once(house):
    lin = await house.agent("lin")
    await lin.socket()
    customer = await house.customer()
    await customer.write("hello")
    await customer.answered()
    command = {"op_id": fresh()}
    answers = await asyncio.gather(*(customer.post(customer.path("ask-human"), command) for _ in range(6)))
    assert {answer.text for answer in answers} == {answers[0].text}
    accepted(answers[0])
    assert events(await customer.timeline()) == ["opened", "asked"]


async def test_an_op_id_with_another_body_is_refused(house):
    customer = await house.customer()
    await customer.write("hello")
    answer = await customer.answered()
    op_id = fresh()
    accepted(await customer.post(customer.path("feedback"), {"op_id": op_id, "seq": answer["seq"], "value": "up"}))
    before = await customer.timeline()
    for verb, body in [("feedback", {"seq": answer["seq"], "value": "down"}), ("ask-human", {})]:
        error = refused(await customer.post(customer.path(verb), {"op_id": op_id, **body}), 409, "mismatch")
        assert error["op_id"] == op_id
    assert await customer.timeline() == before


async def test_two_commands_of_one_kind_do_not_share_an_op_id(house):
    """`ask-human` and `solved` have the same shape; the id of one must not answer the other."""
    lin = await house.agent("lin")
    await lin.socket()
    customer = await house.customer()
    await customer.write("hello")
    await customer.answered()
    op_id = fresh()
    accepted(await customer.post(customer.path("ask-human"), {"op_id": op_id}))
    refused(await customer.post(customer.path("solved"), {"op_id": op_id}), 409, "mismatch")


async def test_whoever_is_helped_meanwhile_leaves_the_queue_and_talks_to_the_bot(house):
    lin = await house.agent("lin")
    await lin.socket()
    customer, _ = await house.waiting()
    await customer.write("an easy one")
    interim = await customer.answered()
    assert interim["body"]["interim"] is True, "the bot helps while he waits"
    assert accepted(await customer.post(customer.path("solved"), {"op_id": fresh()}))["owner"] == "bot"
    await customer.write("and another")
    assert "interim" not in (await customer.answered())["body"]
    assert events(await customer.timeline())[-1] == "solved"
    refused(await customer.post(customer.path("solved"), {"op_id": fresh()}), 409, "illegal_transition")


@on_both
async def test_a_left_message_becomes_a_ticket(house):
    lin = await house.agent("lin")
    await lin.socket()
    customer, _ = await house.waiting("my parcel is lost")
    command = {"op_id": fresh(), "text": "Please call me tomorrow", "reply_to": "+86 138 0000 0000"}
    assert accepted(await customer.post(customer.path("leave-message"), command))["owner"] == "mailbox"
    accepted(await customer.post(customer.path("leave-message"), command))
    timeline = await customer.timeline()
    said = [entry["body"]["text"] for entry in timeline if entry["kind"] == "message"]
    assert said.count(command["text"]) == 1
    assert "will reply by" in timeline[-1]["body"]["text"]
    tickets = accepted(await lin.get("/v1/tickets"))["tickets"]
    assert len(tickets) == 1
    known = {"id", "conversation", "subject", "reply_to", "state", "due_at", "created_at", "number", "type", "fields"}
    assert set(tickets[0]) >= known
    assert (tickets[0]["conversation"], tickets[0]["reply_to"]) == (customer.conversation, command["reply_to"])
    assert (tickets[0]["state"], tickets[0]["subject"]) == ("open", command["text"])
    assert tickets[0]["due_at"] > tickets[0]["created_at"]
    # An agent takes it from the mailbox, and closing ends the ticket.
    handoff = await house.handoff_of(customer)
    epoch = accepted(await lin.accept(handoff))["epoch"]
    accepted(await lin.do(customer.conversation, "close", epoch=epoch, wrap_up="solved"))
    assert accepted(await lin.get("/v1/tickets"))["tickets"] == []


async def test_with_nobody_on_duty_asking_ends_in_the_mailbox_with_a_promise(house):
    customer = await house.customer()
    await customer.write("hello")
    await customer.answered()
    assert (await customer.ask_human())["owner"] == "mailbox"
    assert "will reply by" in (await customer.timeline())[-1]["body"]["text"]
    command = {"op_id": fresh(), "text": "more details", "reply_to": "a@b.example"}
    assert accepted(await customer.post(customer.path("leave-message"), command))["owner"] == "mailbox"
    lin = await house.agent("lin")
    tickets = accepted(await lin.get("/v1/tickets"))["tickets"]
    assert [ticket["reply_to"] for ticket in tickets] == ["a@b.example"]


@pytest.mark.parametrize("owner", ["bot", "agent", "closed"])
async def test_only_who_waits_can_leave_a_message_or_the_queue(house, owner):
    if owner == "bot":
        customer = await house.customer()
        await customer.write("hello")
        await customer.answered()
    else:
        customer, lin, epoch = await served(house)
        if owner == "closed":
            accepted(await lin.do(customer.conversation, "close", epoch=epoch, wrap_up="solved"))
    before = await customer.timeline()
    for verb, body in [("solved", {}), ("leave-message", {"text": "later", "reply_to": "a@b.example"})]:
        refused(await customer.post(customer.path(verb), {"op_id": fresh(), **body}), 409, "illegal_transition")
    assert await customer.timeline() == before


async def test_thumbs_are_for_answers_of_the_bot(house):
    customer, lin, epoch = await served(house)
    accepted(await lin.reply(customer.conversation, "Hello from Lin", epoch))
    timeline = await customer.timeline()
    by_author = {entry["author"]["kind"]: entry["seq"] for entry in timeline if entry["kind"] == "message"}
    states = [entry["seq"] for entry in timeline if entry["kind"] == "state"]
    for seq in (by_author["customer"], by_author["agent"], states[0]):
        body = {"op_id": fresh(), "seq": seq, "value": "up"}
        refused(await customer.post(customer.path("feedback"), body), 422, "invalid")
    refused(
        await customer.post(customer.path("feedback"), {"op_id": fresh(), "seq": 999, "value": "up"}), 404, "not_found"
    )
    body = {"op_id": fresh(), "seq": by_author["bot"], "value": "down", "comment": "wrong article"}
    seq = accepted(await customer.post(customer.path("feedback"), body))["seq"]
    stored = (await lin.timeline(customer.conversation))[seq - 1]
    assert (stored["kind"], stored["body"]) == (
        "feedback",
        {"of": by_author["bot"], "value": "down", "comment": "wrong article"},
    )


@on_both
async def test_a_rating_is_given_once_and_only_after_a_person_has_helped(house):
    never_served = await house.customer()
    await never_served.write("hello")
    await never_served.answered()
    refused(await never_served.post(never_served.path("rating"), {"op_id": fresh(), "score": 5}), 409, "conflict")
    customer, lin, epoch = await served(house)
    refused(await customer.post(customer.path("rating"), {"op_id": fresh(), "score": 5}), 409, "conflict")
    accepted(await lin.do(customer.conversation, "close", epoch=epoch, wrap_up="solved"))
    command = {"op_id": fresh(), "score": 4, "comment": "谢谢"}
    first = accepted(await customer.post(customer.path("rating"), command))
    assert accepted(await customer.post(customer.path("rating"), command)) == first
    refused(await customer.post(customer.path("rating"), {"op_id": fresh(), "score": 1}), 409, "conflict")
    ratings = [entry for entry in await customer.timeline() if entry["kind"] == "rating"]
    assert [(entry["seq"], entry["body"]) for entry in ratings] == [(first["seq"], {"score": 4, "comment": "谢谢"})]


async def test_ratings_at_the_same_moment_count_once(house):
    customer, lin, epoch = await served(house)
    accepted(await lin.do(customer.conversation, "close", epoch=epoch, wrap_up="solved"))
    bodies = [{"op_id": fresh(), "score": score} for score in (1, 2, 3, 4, 5)]
    answers = await asyncio.gather(*(customer.post(customer.path("rating"), body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409, 409]


async def test_writing_again_in_time_reopens_with_the_history_and_later_starts_anew(open_gateway, build_house):
    clock = FakeClock()
    house = await build_house(open_gateway(clock=clock, desk_lease_s=10 * 86400.0, session_idle_s=10 * 86400.0,
                                           session_max_s=10 * 86400.0))  # fmt: skip
    customer, lin, epoch = await served(house, "the first question")
    conversation = customer.conversation
    socket = await customer.socket()
    accepted(await lin.do(conversation, "close", epoch=epoch, wrap_up="solved"))
    clock.advance(86400 - 60)
    await customer.write("one more thing")
    assert customer.conversation == conversation
    await customer.answered()
    timeline = await customer.timeline()
    assert events(timeline)[-2:] == ["close", "reopen"]
    assert "the first question" in str(timeline)

    await customer.ask_human()
    epoch = accepted(await lin.accept(await house.handoff_of(customer)))["epoch"]
    accepted(await lin.do(conversation, "close", epoch=epoch, wrap_up="solved"))
    accepted(await customer.post(customer.path("rating"), {"op_id": fresh(), "score": 5}))  # a new part, a new rating
    clock.advance(86400 + 60)
    refused(await customer.post(customer.path("rating"), {"op_id": fresh(), "score": 5}), 409, "conflict")
    await customer.write("something new")
    assert customer.conversation != conversation
    assert events(await customer.timeline()) == ["opened"]
    await socket.entry(lambda entry: entry["body"].get("text") == "something new")


async def test_a_button_of_a_conversation_that_is_over_still_gets_an_answer(open_gateway, build_house):
    house = await build_house(open_gateway(reopen_s=0.0, bot_idle_s=0.2, sweep_s=0.1))
    customer = await house.customer()
    socket = await customer.socket()
    await customer.write("hello")
    button = await customer.answered()
    old = customer.conversation
    await socket.until(lambda frame: frame["t"] == "status" and frame["owner"]["kind"] == "closed")
    press = {"press": {"seq": button["seq"], "index": 0}}
    await socket.say(t="send", conv=old, client_id="late-press", body=press)
    sent = await socket.sent("late-press")
    assert sent["t"] == "sent"
    assert sent["conv"] != old
    customer.conversation = sent["conv"]
    assert (await customer.answered())["body"]["text"] == "About Yes"
    await socket.say(t="send", conv=old, client_id="late-press", body=press)  # the acknowledgement was lost
    await socket.pong()
    assert [f for f in socket.frames if f["t"] == "err"] == []
    # While another conversation is open, the old button is its words and not the new one's button at this place.
    await socket.say(t="send", conv=old, client_id="later-press", body={"press": {"seq": button["seq"], "index": 1}})
    sent = await socket.sent("later-press")
    said = (await house.entries(sent["conv"]))[sent["seq"] - 1]
    assert said.body == {"text": "No"}
