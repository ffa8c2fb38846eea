"""Outgoing webhooks against a receiver that fails, hangs, is gone and comes back."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from datetime import timedelta

import pytest
import sqlalchemy as sa

from handoff_service import audit, tables
from handoff_service.bell import Bell
from handoff_service.callers import operator
from handoff_service.errors import Invalid
from handoff_service.webhooks import administer, store, worker
from handoff_service.webhooks.announce import announce
from handoff_service.webhooks.api import shown
from handoff_service.webhooks.model import MOST_ATTEMPTS, SCHEDULE_S, EventType, MessageState
from handoff_service.webhooks.signing import new_secret, signature
from tests.handoff_service.webhooks.receiver import Receiver

ALL = sum(SCHEDULE_S) * 1.2


def is_signed(received, secret: str) -> bool:
    """Checks as the standard says, not as the sender does it."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = b".".join((received.id.encode(), received.headers["webhook-timestamp"].encode(), received.raw))
    expected = base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode()
    given = [one.partition(",")[2] for one in received.headers["webhook-signature"].split(" ")]
    return expected in given


def test_the_signature_is_that_of_the_standards_own_example():
    secret, message = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek"
    signed = signature(secret, message, 1614265330, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
async def test_what_is_about_the_same_arrives_in_order_and_a_failure_holds_up_nothing_else(post, receiver):
    receiver.answers = [500]
    await post.tell("c_1", "c_1", "c_1", "c_2")
    await post.work()
    subjects = [one.body["data"]["conversation"] for one in receiver.got]
    assert sorted(subjects) == ["c_1", "c_2"]  # the first about c_1, or c_2's, met the 500; c_1's others wait for it
    [failed] = [one for one in await post.messages(state=MessageState.WAITING) if one.attempts]
    assert failed.error == "127.0.0.1 answered 500"
    assert failed.attempts == 1
    wait = failed.next_at - post.clock()
    assert timedelta(seconds=SCHEDULE_S[0]) <= wait <= timedelta(seconds=SCHEDULE_S[0] * 1.1)
    post.clock.advance(10)
    await post.work()
    about = [one.body["data"]["n"] for one in receiver.got if one.body["data"]["conversation"] == "c_1"]
    assert list(dict.fromkeys(about)) == [0, 1, 2]
    assert {one.state for one in await post.messages()} == {MessageState.SENT}
    assert all(is_signed(one, post.secret) for one in receiver.got)
    assert {one.headers["content-type"] for one in receiver.got} == {"application/json"}


async def test_a_slow_receiver_gets_the_same_message_again_and_can_tell(post, receiver, monkeypatch):
    monkeypatch.setattr(worker, "TOTAL_S", 0.05)
    receiver.answers = [None]
    await post.tell("c_1")
    await post.work()
    post.clock.advance(10)
    monkeypatch.setattr(worker, "TOTAL_S", 5.0)
    await post.work()
    first, second = receiver.got
    assert first.id == second.id
    assert first.raw == second.raw
    message = (await post.messages())[0]
    log = await post.database.read(lambda c: store.attempts(c, "demo", message.id))
    assert [(one["n"], one["status"]) for one in log] == [(1, None), (2, 200)]
    assert "TimeoutError" in log[0]["error"]


async def test_an_attempt_counts_from_its_beginning_and_is_told_to_be_under_way_until_its_end(post, receiver):
    receiver.answers = [500]
    await post.tell("c_1")

    async def told():
        one = shown((await post.messages())[0])
        return one["attempts"], one["under_way"], one["error"]

    assert await told() == (0, False, None)
    await post.worker.begin()
    assert await told() == (1, True, None)
    await asyncio.gather(*list(post.worker._running))
    assert await told() == (1, False, "127.0.0.1 answered 500")


async def test_after_the_last_attempt_it_is_dead_the_next_goes_on_and_replay_begins_anew(post, receiver):
    receiver.answers = [503] * MOST_ATTEMPTS
    await post.tell("c_1", "c_1")
    for _ in range(MOST_ATTEMPTS):
        await post.work()
        post.clock.advance(max(SCHEDULE_S) * 1.2)
    dead = await post.messages(state=MessageState.DEAD)
    assert [one.attempts for one in dead] == [MOST_ATTEMPTS]
    assert [one.subject for one in await post.messages(state=MessageState.SENT)] == ["c_1"]
    replayed = await post.database.write(
        lambda tx: administer.replay(tx, operator("demo"), webhook=post.id, message=None, context=post.context)
    )
    assert replayed == 1
    await post.work()
    assert {one.state for one in await post.messages()} == {MessageState.SENT}
    assert receiver.got[-1].id == dead[0].id
    log = await post.database.read(lambda c: store.attempts(c, "demo", dead[0].id))
    assert [one["n"] for one in log] == list(range(1, MOST_ATTEMPTS + 2))


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
async def test_what_waits_for_one_that_failed_is_due_when_that_is(post, receiver):
    receiver.answers = [500, 500]
    await post.tell("c_1", "c_1", "c_1")
    await post.work()
    await post.tell("c_1")  # and what comes later
    waiting = await post.messages(state=MessageState.WAITING)
    [failed] = [one for one in waiting if one.attempts]
    assert failed.next_at > post.clock()
    assert [one.next_at for one in waiting] == [failed.next_at] * 4
    for _ in range(2):
        post.clock.advance(SCHEDULE_S[1] * 1.2)
        await post.work()
    assert list(dict.fromkeys(one.body["data"]["n"] for one in receiver.got)) == [0, 1, 2]
    assert {one.state for one in await post.messages()} == {MessageState.SENT}
    assert sorted(one.id for one in receiver.got[2:]) == sorted(one.id for one in waiting)


async def test_a_receiver_that_is_down_gets_everything_when_it_is_back(post, receiver):
    await receiver.__aexit__()
    await post.tell("c_1", "c_2", "c_3")
    await post.work()
    assert {one.error for one in await post.messages()} == {"ConnectError at 127.0.0.1"}
    post.clock.advance(SCHEDULE_S[0] * 1.2)
    async with Receiver(port=receiver.port) as back:
        await post.work()
        assert sorted(one.body["data"]["conversation"] for one in back.got) == ["c_1", "c_2", "c_3"]
    await receiver.__aenter__()


async def test_one_that_is_down_takes_no_place_from_the_others(post, receiver):
    async with Receiver(answers=[None] * 50) as hanging:
        await post.add(hanging.url)
        await post.tell(*(f"c_{number}" for number in range(20)))
        while len(receiver.got) < 20:  # each look begins what has a free place
            await post.worker.begin()
            await asyncio.sleep(0.001)
        assert len(hanging.got) <= worker.AT_ONCE
        for task in list(post.worker._running):
            task.cancel()
        await asyncio.gather(*list(post.worker._running), return_exceptions=True)


async def test_all_gateways_together_send_a_webhook_a_few_at_a_time(post):
    other = worker.WebhookWorker(post.database, Bell(), post.client, post.seal, post.clock)
    async with Receiver(answers=[None] * 50) as hanging:
        slow = await post.add(hanging.url)
        await post.tell(*(f"c_{number}" for number in range(20)))
        for one in (post.worker, other, post.worker):
            await one.begin()
        tasks = {**post.worker._running, **other._running}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert list(tasks.values()).count(("demo", slow)) == worker.AT_ONCE


async def test_gone_switches_it_off_and_on_again_it_gets_what_waited(post, receiver):
    receiver.answers = [410]
    await post.tell("c_1")
    await post.work()
    await post.tell("c_2")  # nobody listens now
    post.clock.advance(ALL)
    await post.work()
    assert len(receiver.got) == 1
    listed = await post.database.read(lambda c: store.listed(c, "demo"))
    assert [(one["disabled"], one["waiting"]) for one in listed] == [(True, 1)]
    changes = {"disabled": False}
    await post.database.write(
        lambda tx: administer.change(tx, operator("demo"), post.id, changes, seal=post.seal, context=post.context)
    )
    await post.work()
    assert [one.body["data"]["conversation"] for one in receiver.got] == ["c_1", "c_1"]


async def test_the_list_tells_what_was_taken_last_and_what_went_wrong_last(post, receiver):
    async def listed():
        return (await post.database.read(lambda c: store.listed(c, "demo")))[0]

    new = await listed()
    assert [new[name] for name in ("secrets", "delivered_at", "last_error", "waiting")] == [1, None, None, 0]
    await post.tell("c_1")
    await post.work()
    taken = post.clock()
    post.clock.advance(60)
    receiver.answers = [500, 503]
    await post.tell("c_2", "c_3")
    await post.work()
    one = await listed()
    assert (one["sent"], one["waiting"], one["dead"], one["delivered_at"]) == (1, 2, 0, taken)
    latest = (await post.messages())[0]
    assert one["last_error"] == {"message": latest.id, "error": latest.error, "at": post.clock()}
    post.clock.advance(SCHEDULE_S[0] * 1.2)  # now both are taken
    await post.work()
    one = await listed()
    assert (one["sent"], one["waiting"], one["last_error"], one["delivered_at"]) == (3, 0, None, post.clock())
    common = {"seal": post.seal, "context": post.context}
    await post.database.write(lambda tx: administer.rotate(tx, operator("demo"), post.id, new_secret(), **common))
    assert (await listed())["secrets"] == 2


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
async def test_a_test_is_tried_once_and_waits_for_no_other(post, receiver):
    async def tried_out():
        common = {"seal": post.seal, "context": post.context}
        name = await post.database.write(lambda tx: administer.try_out(tx, operator("demo"), post.id, **common))
        await post.work()
        return await post.database.read(lambda c: store.message(c, "demo", name))

    receiver.answers = [500, 410]
    failed = await tried_out()
    assert (failed.state, failed.attempts, failed.error) == (MessageState.DEAD, 1, "127.0.0.1 answered 500")
    gone = await tried_out()
    assert (gone.state, gone.error) == (MessageState.DEAD, "127.0.0.1 answered 410")
    (one,) = await post.database.read(lambda c: store.listed(c, "demo"))
    assert one["disabled"], "also a test is believed that the receiver is gone"
    assert (one["dead"], one["last_error"]) == (0, None), "nothing that the receiver has missed"
    changes, common = {"disabled": False}, {"seal": post.seal, "context": post.context}
    await post.database.write(lambda tx: administer.change(tx, operator("demo"), post.id, changes, **common))
    assert (await tried_out()).state is MessageState.SENT, "the receiver was mended"
    again = {"webhook": post.id, "message": None, "context": post.context}
    assert await post.database.write(lambda tx: administer.replay(tx, operator("demo"), **again)) == 0
    again |= {"message": failed.id}
    assert await post.database.write(lambda tx: administer.replay(tx, operator("demo"), **again)) == 1
    await post.work()
    assert (await post.database.read(lambda c: store.message(c, "demo", failed.id))).state is MessageState.SENT


async def test_what_was_sent_is_counted_up_to_a_bound_and_the_last_of_each_is_told(post, monkeypatch):
    await post.tell("c_1")
    await post.work()
    early = post.clock()
    post.clock.advance(60)
    other = await post.add(events=(EventType.TICKET,))
    for _ in range(3):
        await post.tell("t_1", event=EventType.TICKET)
        await post.work()
    monkeypatch.setattr(store, "MOST_COUNTED", 4)
    rows = {row["id"]: row for row in await post.database.read(lambda c: store.listed(c, "demo"))}
    assert [rows[name]["delivered_at"] for name in (post.id, other)] == [post.clock()] * 2
    await post.database.write(lambda tx: tx.connection.execute(
        sa.delete(tables.webhook_messages).where(store.M.webhook == post.id, store.M.subject == "t_1")
    ))  # fmt: skip
    monkeypatch.setattr(store, "MOST_COUNTED", 2)
    rows = {row["id"]: row for row in await post.database.read(lambda c: store.listed(c, "demo"))}
    assert (rows[other]["sent"], rows[post.id]["sent"]) == (2, 0)
    assert rows[post.id]["delivered_at"] == early, "not among the latest, and still told"


async def test_the_audit_names_the_host_of_an_address_and_not_what_stands_behind_it(post):
    changes, common = {"url": "http://elsewhere.example/hook?key=kakapo"}, {"seal": post.seal, "context": post.context}
    await post.database.write(lambda tx: administer.change(tx, operator("demo"), post.id, changes, **common))
    rows = await post.database.read(lambda c: audit.latest(c, "demo", before=None, limit=2))
    assert [row["detail"].get("host") for row in rows] == ["elsewhere.example", "127.0.0.1"]
    assert "kakapo" not in str(rows)


async def test_while_a_secret_is_rotated_both_sign_and_afterwards_only_the_new_one(post, receiver):
    newer = new_secret()
    common = {"seal": post.seal, "context": post.context}
    await post.database.write(lambda tx: administer.rotate(tx, operator("demo"), post.id, newer, **common))
    await post.tell("c_1")
    await post.work()
    assert is_signed(receiver.got[-1], post.secret)
    assert is_signed(receiver.got[-1], newer)
    await post.database.write(lambda tx: administer.rotate(tx, operator("demo"), post.id, None, **common))
    await post.tell("c_2")
    await post.work()
    assert not is_signed(receiver.got[-1], post.secret)
    assert is_signed(receiver.got[-1], newer)


async def test_rotated_twice_the_secret_that_the_receiver_has_still_signs(post, receiver):
    common = {"seal": post.seal, "context": post.context}
    unused, newest = new_secret(), new_secret()
    for secret in (unused, newest):
        await post.database.write(lambda tx, s=secret: administer.rotate(tx, operator("demo"), post.id, s, **common))
    await post.tell("c_1")
    await post.work()
    signed = [is_signed(receiver.got[-1], secret) for secret in (post.secret, unused, newest)]
    assert signed == [True, False, True]


async def test_what_is_rolled_back_was_never_announced_and_others_hear_nothing(post):
    await post.add(events=(EventType.TICKET,))

    def fails(tx):
        announce(tx, "demo", EventType.MESSAGE, {"conversation": "c_1"}, post.context)
        raise RuntimeError("the deed itself failed")

    with pytest.raises(RuntimeError):
        await post.database.write(fails)
    assert await post.messages() == []
    await post.database.write(
        lambda tx: announce(tx, "elsewhere", EventType.MESSAGE, {"conversation": "c_1"}, post.context)
    )
    await post.tell("c_1")
    assert [(one.tenant, one.webhook) for one in await post.messages()] == [("demo", post.id)]


async def test_what_was_told_about_an_erased_conversation_is_deleted_with_its_log(post):
    await post.tell("c_1", "c_2")
    await post.work()
    gone = [one.id for one in await post.messages() if one.subject == "c_1"]
    assert await post.database.write(lambda tx: store.forget(tx.connection, "demo", "c_1")) == 1
    assert [one.subject for one in await post.messages()] == ["c_2"]
    assert await post.database.read(lambda c: store.attempts(c, "demo", gone[0])) == []


async def test_an_unknown_event_names_the_one_that_was_meant(post):
    with pytest.raises(Invalid, match=r"did you mean conversation\.closed\?"):
        await post.add(events=("conversation.close",))


async def test_two_gateways_do_not_send_the_same(post):
    await post.tell("c_1")
    now = post.clock()

    def lease():
        return post.database.write(lambda tx: store.lease(tx.connection, "demo", post.id, now, at_once=4))

    first, second = await lease(), await lease()
    assert len(first) == 1
    assert second == []
    post.clock.advance(31)  # the first gateway died
    now = post.clock()
    again = await lease()
    assert [one.id for one in again] == [first[0].id]
    late = await post.database.write(
        lambda tx: store.settle(tx.connection, first[0], state=MessageState.SENT, error=None, next_at=now)
    )
    assert not late
