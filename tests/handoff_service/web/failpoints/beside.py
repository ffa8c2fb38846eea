"""What customers choose and agents do beside talking, in the shape of the operations in operations.py."""

from __future__ import annotations

from typing import Any

from handoff_service.agents.model import Role
from tests.handoff_service.web.failpoints.operations import (
    Operation,
    Scene,
    Step,
    customer_command,
    happened,
    served,
    waiting,
)
from tests.handoff_service.web.failpoints.rarer import held_by_somebody_who_goes, offered_after
from tests.handoff_service.web.visitors import accepted, fresh

NUMBER = "13800138000"
PROMISE = "We'll refund you within 3 days."
SOLVED = "It is mended."


def agent_does(path: str, **body: Any) -> Step:
    """Lin's command on what the scene is about: a ticket or a promise."""

    async def act(scene: Scene) -> None:
        accepted(await scene.lin.post(path.format(id=scene.subject), {"op_id": scene.key, **body}))

    return act


async def asks_for_a_senior(scene: Scene) -> None:
    """The senior queue offers it by itself."""
    await customer_command("ask-senior")(scene)
    await offered_after(scene, "escalate")


async def signs_off(scene: Scene) -> None:
    asked = {"op_id": scene.key, "conversations": "requeue"}
    accepted(await scene.third.post("/v1/agents/me/sign-off", asked))


async def has_signed_off(scene: Scene) -> None:
    await happened("transfer")(scene)
    assert accepted(await scene.third.get("/v1/agents/me"))["agent"]["status"] == "offline"
    assert (await scene.lin.look(scene.conversation))["card"]["owner"]["kind"] == "queue"


async def supervised(scene: Scene) -> None:
    await served(scene)
    scene.third = await scene.house.agent(f"chief{scene.key[-6:]}", role=Role.SUPERVISOR)


async def joins(scene: Scene) -> None:
    path = f"/v1/conversations/{scene.conversation}/join"
    accepted(await scene.third.post(path, {"op_id": scene.key, "epoch": scene.epoch}))


async def has_joined(scene: Scene) -> None:
    await happened("take_over")(scene)
    assert (await scene.lin.look(scene.conversation))["card"]["owner"]["agent"]["id"] == scene.third.id


async def opens_a_ticket(scene: Scene) -> None:
    parts = {"subject": "broken cup", "type": "order", "conversation": scene.conversation}
    opened = await scene.lin.post("/v1/tickets", {"op_id": scene.key, **parts})
    scene.subject = accepted(opened)["ticket"]


async def files_a_complaint(scene: Scene) -> None:
    filed = {"op_id": scene.key, "subject": "twice broken", "conversation": scene.conversation, "category": "product"}
    scene.subject = accepted(await scene.lin.post("/v1/complaints", filed))["ticket"]


def after(act: Step) -> Step:
    """An agent's conversation about which he has done this; what follows has a key of its own."""

    async def prepare(scene: Scene) -> None:
        await served(scene)
        await act(scene)
        scene.key = fresh()

    return prepare


async def offers_a_remedy(scene: Scene) -> None:
    await agent_does("/v1/complaints/{id}/remedies", kind="apology", amount=0, note="sorry")(scene)


async def agreed(scene: Scene) -> None:
    await files_a_complaint(scene)
    scene.key = fresh()
    await offers_a_remedy(scene)


async def carries_it_out(scene: Scene) -> None:
    [remedy] = (await whole(scene))["complaint"]["remedies"]
    await agent_does(f"/v1/complaints/{{id}}/remedies/{remedy['id']}/done")(scene)


async def promises(scene: Scene) -> None:
    accepted(await scene.lin.reply(scene.conversation, PROMISE, scene.epoch))
    [promised] = await promises_of(scene, "mine")
    scene.subject = promised["id"]


async def promises_of(scene: Scene, box: str) -> list[dict[str, Any]]:
    listed = accepted(await scene.lin.get("/v1/promises", box=box))["promises"]
    return [one for one in listed if one["conversation"] == scene.conversation]


async def has_kept_it(scene: Scene) -> None:
    assert [one["id"] for one in await promises_of(scene, "kept")] == [scene.subject]
    assert await promises_of(scene, "open") == []


async def whole(scene: Scene) -> dict[str, Any]:
    return accepted(await scene.lin.get(f"/v1/tickets/{scene.subject}"))


def has_one(type_: str, *, deed: str, state: str = "open") -> Step:
    """The conversation has exactly one ticket of this type, in this state, and its log tells of the deed once."""

    async def check(scene: Scene) -> None:
        found = accepted(await scene.lin.get("/v1/tickets", conversation=scene.conversation, state=state))["tickets"]
        assert [one["type"] for one in found if one["type"] != "message"] == [type_], found
        [scene.subject] = [one["id"] for one in found if one["type"] == type_]
        shown = await whole(scene)
        assert [line["kind"] for line in shown["log"]].count(deed) == 1, shown["log"]

    return check


async def will_be_called(scene: Scene) -> None:
    await happened("leave_message")(scene)
    await has_one("callback", deed="opened")(scene)
    assert (await whole(scene))["ticket"]["reply_to"] == NUMBER


async def has_resolved(scene: Scene) -> None:
    await has_one("order", deed="resolved", state="resolved")(scene)
    told = [entry for entry in await scene.customer.timeline() if SOLVED in entry["body"].get("text", "")]
    assert len(told) == 1, told


def has_one_remedy(state: str, *, lines: int) -> Step:
    async def check(scene: Scene) -> None:
        shown = await whole(scene)
        assert [one["state"] for one in shown["complaint"]["remedies"]] == [state], shown
        assert [line["kind"] for line in shown["log"]].count("remedy") == lines, shown["log"]

    return check


BESIDE = (
    Operation("leave the queue", waiting, customer_command("leave-queue"), happened("solved")),
    Operation("ask to be called", waiting, customer_command("callback", number=NUMBER), will_be_called),
    Operation("ask for a senior", served, asks_for_a_senior, happened("escalate")),
    Operation("sign off", held_by_somebody_who_goes, signs_off, has_signed_off),
    Operation("join", supervised, joins, has_joined),
    Operation("open a ticket", served, opens_a_ticket, has_one("order", deed="opened")),
    Operation(
        "resolve a ticket", after(opens_a_ticket), agent_does("/v1/tickets/{id}/resolve", tell=SOLVED), has_resolved
    ),
    Operation("file a complaint", served, files_a_complaint, has_one("complaint", deed="filed")),
    Operation("offer a remedy", after(files_a_complaint), offers_a_remedy, has_one_remedy("approved", lines=1)),
    Operation("carry out a remedy", after(agreed), carries_it_out, has_one_remedy("done", lines=2)),
    Operation("keep a promise", after(promises), agent_does("/v1/promises/{id}/done"), has_kept_it),
)
