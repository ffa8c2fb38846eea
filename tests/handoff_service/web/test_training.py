"""Training over the real edge of the gateway: collect, label, review with four eyes, train; far sides are played."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from handoff_service import audit
from handoff_service.agents.model import Role
from handoff_service.bots.model import Answer, TurnRequest
from handoff_service.conversations.change import Context
from handoff_service.retention.erase import erase_at_once
from tests.handoff_service.stage import ScriptedBot, answer
from tests.handoff_service.training.far_models import FarModels
from tests.handoff_service.web.serving import Gateway, on_both
from tests.handoff_service.web.visitors import Desk, accepted, fresh, refused

PHONE = "13812345678"
SAID = f"call me on {PHONE} about the wibble"


async def lost(request: TurnRequest) -> Answer:
    """A bot that never understands."""
    reading = {"intent": {"name": "nlu_fallback", "confidence": 0.2}, "entities": []}
    return replace(answer("Sorry?"), nlu=reading, understanding=None, bot=request.tenant)


@pytest.fixture
def far() -> Iterator[FarModels]:
    one = FarModels()
    yield one
    one.close()


@pytest.fixture
def school(far: FarModels, open_gateway: Callable[..., Gateway], build_house: Callable[..., Awaitable[Any]]) -> Any:
    """`await school()`: a tenant with a lost bot and somebody who was misunderstood, and its first supervisor."""

    async def opened(**settings: Any) -> tuple[Any, Any, Desk]:
        chosen = {"training_tenants": "*", **settings}
        gateway = open_gateway(bot=ScriptedBot(usually=lost), kb_index_url=far.url, bot_url=far.url, **chosen)
        house = await build_house(gateway)
        customer = await house.customer()
        await customer.write(SAID)
        await customer.answered()
        return house, customer, await house.agent("chen", role=Role.SUPERVISOR)

    return opened


async def look(desk: Desk, state: str = "open") -> list[dict[str, Any]]:
    accepted(await desk.post("/v1/training/messages/collect", {"op_id": fresh()}))
    return list(accepted(await desk.get("/v1/training/messages", state=state))["messages"])


async def work(desk: Desk, message: str, verb: str, **body: Any) -> Any:
    return await desk.post(f"/v1/training/messages/{message}/{verb}", {"op_id": fresh(), **body})


@on_both
async def test_a_misunderstood_message_becomes_a_line_of_the_next_training(school: Any, far: FarModels) -> None:
    house, _, chen = await school()
    noor = await house.agent("noor", role=Role.SUPERVISOR)
    (message,) = await look(chen)
    assert message["text"] == "call me on [phone] about the wibble"
    assert (message["reason"], message["intent"]) == ("fallback", "nlu_fallback")
    assert len(await look(chen)) == 1, "looked for again, it is the same one"

    worded = "please repair my wibble, mail me at ann@example.com"
    labelled = accepted(await work(chen, message["id"], "label", intent="complaint", text=worded))
    assert labelled["wording"] == "please repair my wibble, mail me at [e-mail]"
    refused(await work(chen, message["id"], "review", accept=True), 403, "forbidden")
    assert accepted(await work(noor, message["id"], "review", accept=True))["state"] == "accepted"

    started = await noor.post("/v1/training/models/train", {"op_id": fresh()})
    assert accepted(started, 202)["training"]["running"]
    verb, body = far.asked[-1]
    assert verb == "train"
    assert body["lines"] == [{"intent": "complaint", "text": labelled["wording"]}]
    assert body["by"] == f"agent:{house.tenant.id}/{noor.id}"
    refused(await noor.post("/v1/training/models/train", {"op_id": fresh()}), 409, "conflict")
    exported = (await noor.get("/v1/training/lines")).text
    assert "- intent: complaint\n" in exported
    assert f"    - {labelled['wording']}\n" in exported
    assert PHONE not in chen.heard + noor.heard
    assert "ann@example.com" not in chen.heard + noor.heard
    chain = await house.database.read(audit.verify)
    assert [one.broken for one in chain if one.tenant == house.tenant.id] == [None]


async def test_a_refused_label_is_open_again_and_one_who_comes_late_is_told(school: Any) -> None:
    house, _, chen = await school()
    noor = await house.agent("noor", role=Role.SUPERVISOR)
    (message,) = await look(chen)
    refused(await work(noor, message["id"], "review", accept=True), 409, "conflict")
    accepted(await work(chen, message["id"], "label", intent="greet", text="hello wibble"))
    assert accepted(await work(noor, message["id"], "review", accept=False))["state"] == "open"
    accepted(await work(chen, message["id"], "label", intent="complaint", text="my wibble"))
    accepted(await work(noor, message["id"], "review", accept=True))
    refused(await work(chen, message["id"], "label", intent="greet", text="too late"), 409, "conflict")
    assert accepted(await work(chen, message["id"], "drop"))["text"] == ""
    assert await look(noor, "accepted") == []
    assert await look(noor) == [], "what was dropped is not found again"


async def test_without_four_eyes_one_person_is_enough(school: Any) -> None:
    _, _, chen = await school(training_four_eyes=False)
    (message,) = await look(chen)
    accepted(await work(chen, message["id"], "label", intent="complaint", text="my wibble"))
    assert accepted(await work(chen, message["id"], "review", accept=True))["state"] == "accepted"


async def test_nothing_is_shown_while_nobody_masks(school: Any, far: FarModels) -> None:
    _, _, chen = await school()
    far.masks = False
    refused(await chen.post("/v1/training/messages/collect", {"op_id": fresh()}), 503, "unavailable")
    assert accepted(await chen.get("/v1/training/messages"))["messages"] == []
    far.masks = True
    assert len(await look(chen)) == 1


async def test_erasing_a_customer_takes_his_lines_along(school: Any) -> None:
    house, customer, chen = await school(training_four_eyes=False)
    (message,) = await look(chen)
    accepted(await work(chen, message["id"], "label", intent="complaint", text="my wibble"))
    accepted(await work(chen, message["id"], "review", accept=True))
    context = Context(house.gateway.settings, house.gateway.clock())
    await house.database.write(lambda tx: erase_at_once(tx, house.tenant.id, customer.contact, context))
    for state in ("open", "labelled", "accepted"):
        assert await look(chen, state) == []
    refused(await work(chen, message["id"], "drop"), 404, "not_found")


async def test_versions_show_who_moved_them_and_a_double_click_goes_back_once(school: Any, far: FarModels) -> None:
    house, _, chen = await school()
    far.state["moves"][0]["by"] = f"agent:{house.tenant.id}/{chen.id}"
    far.state["versions"][0]["by"] = "agent:elsewhere/a_secret"
    state = accepted(await chen.get("/v1/training/models"))
    assert [move["by"] for move in state["moves"]] == ["Chen", "operator"]
    assert state["versions"][0]["by"] == "agent", "people of other tenants have no name here"
    assert state["versions"][0]["gate"]["macro_f1"] == 0.94
    body = {"op_id": fresh(), "version": state["live"]}
    assert accepted(await chen.post("/v1/training/models/rollback", body))["live"] == state["before"]
    refused(await chen.post("/v1/training/models/rollback", body), 409, "conflict")
    refused(await chen.post("/v1/training/models/live", {"op_id": fresh(), "version": "v9999-0"}), 404, "not_found")
    again = {"op_id": fresh(), "version": "v0002-3fa9c21b"}
    assert accepted(await chen.post("/v1/training/models/live", again))["live"] == "v0002-3fa9c21b"


@pytest.mark.parametrize(("listed", "status"), [("", 200), ("somebody-else", 403), ("a, {tenant}", 200)])
async def test_only_tenants_that_are_listed_train_the_bot_of_all(school: Any, listed: str, status: int) -> None:
    """An empty list means the only tenant of an installation."""
    house, _, chen = await school(training_tenants="*")
    settings = house.gateway.settings
    settings.training_tenants = listed.format(tenant=house.tenant.id)
    assert (await chen.get("/v1/training/messages")).status_code == status
