"""The second answer with a thumb down brings a person in; and which queue a customer's own choice leads to."""

from __future__ import annotations

import pytest

from handoff_service.handoffs import store as handoffs
from handoff_service.handoffs.model import Handoff
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import QueueSettings, TenantSettings
from tests.handoff_service.web.serving import on_both
from tests.handoff_service.web.visitors import accepted, fresh


async def asks(customer, text):
    """The number of the bot's answer."""
    await customer.write(text)
    return (await customer.answered())["seq"]


async def thumb(customer, seq, value="down"):
    body = {"op_id": fresh(), "seq": seq, "value": value}
    return accepted(await customer.post(customer.path("feedback"), body))


def events(timeline):
    return [entry["body"]["event"] for entry in timeline if entry["kind"] == "state"]


async def handoff(house, customer) -> Handoff:
    found = await house.handoff_of(customer)
    return await house.database.read(lambda c: handoffs.find(c, house.tenant.id, found))


@on_both
async def test_the_second_answer_that_was_no_help_brings_a_person_with_a_word_of_regret(house):
    """The thumb was stored and taught, and the customer went on with a bot that had failed him twice."""
    lin = await house.agent("lin")
    await lin.socket()
    customer = await house.customer()
    first = await asks(customer, "refund?")
    await thumb(customer, first)
    assert events(await customer.timeline()) == ["opened"], "one may be a slip"
    second = await asks(customer, "delivery?")
    command = {"op_id": fresh(), "seq": second, "value": "down"}
    told = accepted(await customer.post(customer.path("feedback"), command))
    assert accepted(await customer.post(customer.path("feedback"), command)) == told, "a repeat changes nothing"
    timeline = await customer.timeline()
    assert events(timeline) == ["opened", "unhappy"]
    soothing = [entry for entry in timeline if entry["body"].get("kind") == "soothe"]
    assert [entry["body"]["text"] for entry in soothing] == [
        "I am really sorry about this. A colleague will look after you with priority."
    ]
    assert soothing[0]["seq"] > told["seq"]
    found = await handoff(house, customer)
    assert (found.reason, found.priority) == ("unhappy", 6)
    assert found.evidence == {"rule": "thumb down", "thumbs": 2, "asked_at": told["seq"]}


async def test_one_answer_counts_once_however_often_its_thumb_is_turned(house):
    customer = await house.customer()
    seq = await asks(customer, "refund?")
    for value in ("down", "up", "down", "down"):
        await thumb(customer, seq, value)
    assert events(await customer.timeline()) == ["opened"]
    await thumb(customer, await asks(customer, "delivery?"), "up")
    assert events(await customer.timeline()) == ["opened"], "a thumb up is none down"


async def test_thumbs_of_the_phase_before_do_not_count_and_nobody_is_called_to_a_conversation_that_a_person_has(house):
    lin = await house.agent("lin")
    await lin.socket()
    customer = await house.customer()
    first = await asks(customer, "refund?")
    await thumb(customer, first)
    accepted(await customer.post(customer.path("ask-human"), {"op_id": fresh()}))
    epoch = accepted(await lin.accept(await house.handoff_of(customer)))["epoch"]
    await thumb(customer, first, "up")
    accepted(await lin.do(customer.conversation, "give-back", epoch=epoch, note="done"))
    before = events(await customer.timeline())
    await thumb(customer, await asks(customer, "delivery?"))
    assert events(await customer.timeline()) == before, "the bot begins anew"
    await thumb(customer, await asks(customer, "invoice?"))
    assert events(await customer.timeline()) == [*before, "unhappy"]


@pytest.fixture
async def two_teams(house):
    """A second team, for returns, and the buttons that lead to it."""

    def add(tx):
        found = tenants.find(tx.connection, house.tenant.id).settings
        usual = found.queues[0]
        returns = QueueSettings(**{**usual.model_dump(), "id": "returns", "name": "Returns"})
        services = [{"text": {"zh": "售后", "en": "Returns"}, "queue": "returns"}, {"text": {"en": "Something else"}}]
        changed = {**found.model_dump(), "queues": [*found.queues, returns], "widget": {"suggestions": services}}
        settings = TenantSettings.model_validate(changed)
        tenants.save(tx.connection, house.tenant.model_copy(update={"settings": settings}))

    await house.database.write(add)
    return house


@pytest.mark.parametrize(
    ("named", "queue"), [({"queue": "returns"}, "returns"), ({"queue": "gone"}, "support"), ({}, "support")]
)
async def test_the_kind_of_service_that_he_chooses_decides_on_the_queue(two_teams, named, queue):
    customer = await two_teams.customer()
    await asks(customer, "hello")
    accepted(await customer.post(customer.path("ask-human"), {"op_id": fresh(), **named}))
    assert (await handoff(two_teams, customer)).queue == queue


async def test_the_widget_is_told_the_buttons(two_teams):
    customer = await two_teams.customer()
    config = accepted(await customer.get(f"/v1/widget/config?tenant={two_teams.tenant.id}"))
    assert config["suggestions"] == [
        {"text": {"zh": "售后", "en": "Returns"}, "queue": "returns"},
        {"text": {"en": "Something else"}, "queue": None},
    ]


async def test_a_button_into_a_queue_that_does_not_exist_is_refused(two_teams):
    found = await two_teams.database.read(lambda c: tenants.find(c, two_teams.tenant.id))
    wrong = {**found.settings.model_dump(), "widget": {"suggestions": [{"text": {"en": "Sales"}, "queue": "sales"}]}}
    with pytest.raises(
        ValueError, match=r"widget.suggestions.0.queue: there is no queue 'sales'; `queues` has: support"
    ):
        TenantSettings.model_validate(wrong)
