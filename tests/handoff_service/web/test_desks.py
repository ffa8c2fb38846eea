"""What a desk keeps and looks up beside conversations: tags, putting aside, history, search, the wall."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from handoff_service.agents.model import Role
from handoff_service.clock import iso
from handoff_service.desk.wall import UPSET
from tests.handoff_service.web.serving import on_both
from tests.handoff_service.web.test_agent_commands import on_duty, owned
from tests.handoff_service.web.visitors import accepted, fresh, refused


def found(answer):
    return [card["conversation"] for card in accepted(answer)["conversations"]]


def from_now(**later):
    return iso(datetime.now(UTC) + timedelta(**later))


@on_both
async def test_tags_are_replaced_and_stand_on_the_card_and_in_the_search(house):
    lin = await on_duty(house)
    customer, _ = await house.waiting()
    path = f"/v1/conversations/{customer.conversation}/tags"
    set_ = accepted(await lin.post(path, {"op_id": fresh(), "tags": ["退款", " vip ", "vip"]}))
    assert set_["tags"] == ["vip", "退款"]
    assert (await lin.look(customer.conversation))["card"]["tags"] == ["vip", "退款"]
    assert found(await lin.get("/v1/search", q="退款")) == [customer.conversation]
    accepted(await lin.post(path, {"op_id": fresh(), "tags": ["退款"]}))
    assert found(await lin.get("/v1/search", q="vip")) == []
    refused(await lin.post(path, {"op_id": fresh(), "tags": ["x" * 41]}), 422, "invalid")


@on_both
async def test_the_search_finds_by_id_name_and_last_words_and_takes_wildcards_literally(house):
    lin = await on_duty(house)
    customer, _ = await house.waiting("my parcel is 50%_late")
    await house.waiting("my parcel is 50 days late")
    name = (await lin.look(customer.conversation))["card"]["contact"]["name"]
    for q in (customer.conversation, "50%_L", name, name[2:]):
        assert customer.conversation in found(await lin.get("/v1/search", q=q)), q
    assert found(await lin.get("/v1/search", q="%_")) == [customer.conversation]
    assert found(await lin.get("/v1/search", q="no such words")) == []
    refused(await lin.get("/v1/search", q="x"), 422, "invalid")


@on_both
async def test_what_is_put_aside_comes_back_when_the_customer_writes(house):
    lin = await on_duty(house)
    customer, _, epoch = await owned(house, lin)
    later = from_now(days=2)
    await customer.write("where is it?")
    refused(await lin.do(customer.conversation, "put-aside", epoch=epoch, until=later), 409, "conflict")
    await lin.reply(customer.conversation, "I will look into it.", epoch)
    accepted(await lin.do(customer.conversation, "put-aside", epoch=epoch, until=later))
    assert (await lin.look(customer.conversation))["card"]["aside_until"] == later
    await customer.write("any news?")
    assert (await lin.look(customer.conversation))["card"]["aside_until"] is None


async def test_an_agent_brings_back_what_he_put_aside_and_nobody_else_may(house):
    lin, maya = await on_duty(house), await on_duty(house, "maya")
    customer, _, epoch = await owned(house, lin)
    await lin.reply(customer.conversation, "One moment.", epoch)
    for until in (from_now(minutes=-1), from_now(days=31)):
        refused(await lin.do(customer.conversation, "put-aside", epoch=epoch, until=until), 422, "invalid")
    later = from_now(hours=1)
    refused(await maya.do(customer.conversation, "put-aside", epoch=epoch, until=later), 409, "fenced")
    accepted(await lin.do(customer.conversation, "put-aside", epoch=epoch, until=later))
    refused(await maya.do(customer.conversation, "bring-back", epoch=epoch), 409, "fenced")
    accepted(await lin.do(customer.conversation, "bring-back", epoch=epoch))
    assert (await lin.look(customer.conversation))["card"]["aside_until"] is None


@on_both
async def test_the_history_of_a_customer_holds_all_his_conversations_the_latest_first(house):
    lin = await on_duty(house)
    customer, _, _ = await owned(house, lin)
    first = customer.conversation
    answer = accepted(await lin.get(f"/v1/contacts/{customer.contact}/conversations"))
    assert [card["conversation"] for card in answer["conversations"]] == [first]
    refused(await lin.get("/v1/contacts/k_nobody/conversations"), 404, "not_found")


@on_both
async def test_the_wall_counts_what_waits_who_is_there_and_who_needs_a_look(house):
    lin, chen = await on_duty(house), await on_duty(house, "chen", role=Role.SUPERVISOR)
    await owned(house, lin)
    await house.waiting()
    await house.waiting()
    moods = {
        card["conversation"]: card["mood"]
        for card in accepted(await lin.get("/v1/conversations", box="all"))["conversations"]
    }
    wall = accepted(await chen.get("/v1/wall"))
    support, senior = wall["queues"]
    assert (support["id"], support["open"], support["waiting"], support["held"]) == ("support", True, 2, 1)
    assert support["longest_wait_s"] >= 0
    assert support["accepted_last_hour"] == 1
    assert (senior["waiting"], senior["longest_wait_s"], senior["held"]) == (0, None, 0)
    assert {one["name"]: (one["status"], one["open"]) for one in wall["agents"]}["Lin"] == ("online", 1)
    assert (wall["bot"], wall["mailbox"], wall["overdue"]) == (0, 0, [])
    upset = [card["conversation"] for card in wall["upset"]]
    assert set(upset) == {one for one, mood in moods.items() if mood is not None and mood >= UPSET}
