"""Named photos: an agent asks, the customer fills the places one by one, and both sides tell what is missing."""

from __future__ import annotations

import base64

import pytest

from handoff_service.errors import Invalid
from handoff_service.evidence.model import LONGEST, listing, read_names
from tests.handoff_service.web.test_agent_commands import on_duty, owned
from tests.handoff_service.web.torture.test_attachments import send, upload
from tests.handoff_service.web.visitors import accepted, fresh, refused

NAMES = ["整件商品", "破损处", "快递面单"]
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@pytest.mark.parametrize(
    "given",
    ["the damage", [], ["a"] * 9, ["a", "a"], [""], ["  "], ["x" * (LONGEST + 1)], [1], ["a\x07"], None, {"0": "a"}],
)
def test_what_is_no_list_of_names_is_refused(given):
    with pytest.raises(Invalid):
        read_names(given)


def test_a_request_is_readable_where_no_card_is_shown():
    assert read_names([" the  damage ", "the\nlabel"]) == ["the damage", "the label"]
    assert listing("Please:", ["a", "b"]) == "Please:\n1. a\n2. b"


async def picture(customer, content=PNG):
    return accepted(await upload(customer, "current", "photo.png", content), 201)["file"]["id"]


async def asked_for(lin, customer, epoch):
    sent = await send(lin, customer.conversation, text="请按要求补充照片：", photos=NAMES, epoch=epoch)
    return accepted(sent)["seq"]


async def test_photos_fill_the_places_of_the_request_and_everybody_sees_which(house):
    lin = await on_duty(house)
    customer, _, epoch = await owned(house, lin)
    seq = await asked_for(lin, customer, epoch)
    place = {"seq": seq, "index": 1}
    sent = await send(customer, customer.conversation, file=await picture(customer), photo=place, text="ignored")
    at = accepted(sent)["seq"]
    for timeline in (await customer.timeline(), await lin.timeline(customer.conversation)):
        entries = {one["seq"]: one["body"] for one in timeline}
        assert entries[seq]["photos"] == NAMES
        assert entries[seq]["text"] == "请按要求补充照片：\n1. 整件商品\n2. 破损处\n3. 快递面单"
        assert entries[at]["photo"] == place
        assert entries[at]["text"] == "破损处"
        assert entries[at]["file"]["type"] == "image/png"


async def test_a_photo_for_a_place_that_nobody_asked_for_is_refused(house):
    lin = await on_duty(house)
    customer, _, epoch = await owned(house, lin)
    seq, file = await asked_for(lin, customer, epoch), await picture(customer)
    for place in ({"seq": seq, "index": 3}, {"seq": seq}, {"seq": 1, "index": 0}, {"seq": seq, "index": -1}, "1"):
        refused(await send(customer, customer.conversation, file=file, photo=place), 422, "invalid")
    refused(await send(customer, customer.conversation, text="x", photo={"seq": seq, "index": 0}), 422, "invalid")
    note = accepted(await upload(customer, "current", "a.txt", b"hello"), 201)["file"]["id"]
    refused(await send(customer, customer.conversation, file=note, photo={"seq": seq, "index": 0}), 422, "invalid")
    refused(await send(lin, customer.conversation, text="x", photos=NAMES, audience="internal"), 422, "invalid")

    other = await house.customer()
    await other.write("hello")
    body = {"file": await picture(other), "photo": {"seq": seq, "index": 0}}
    sent = {"client_id": fresh(), "body": body}
    assert (await other.post(f"/v1/conversations/{customer.conversation}/messages", sent)).status_code == 404


async def test_the_bot_is_not_asked_about_a_photo_that_an_agent_wanted(house):
    lin = await on_duty(house)
    customer, _, epoch = await owned(house, lin)
    seq = await asked_for(lin, customer, epoch)
    accepted(await lin.do(customer.conversation, "give-back", epoch=epoch))
    before = [one for one in await customer.timeline() if one["author"]["kind"] == "bot"]
    accepted(await send(customer, customer.conversation, file=await picture(customer), photo={"seq": seq, "index": 0}))
    await customer.write("and this?")
    await customer.answered()
    answers = [one for one in await customer.timeline() if one["author"]["kind"] == "bot"][len(before) :]
    assert len(answers) == 1
