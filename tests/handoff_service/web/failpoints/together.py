"""What colleagues do with each other: on tickets, remedies and promises, in notes, with persons, as administrators."""

from __future__ import annotations

from typing import Any

from handoff_service.agents.model import Role
from handoff_service.channels import contacts
from tests.handoff_service.web.failpoints.beside import (
    after,
    agent_does,
    files_a_complaint,
    has_one_remedy,
    opens_a_ticket,
    promises,
    promises_of,
    supervised,
    whole,
)
from tests.handoff_service.web.failpoints.operations import Operation, Scene, Step, greeted, said, served
from tests.handoff_service.web.visitors import accepted, fresh

TOLD = "It is on its way to you."
WHISPERED, ASKED = "offer her a voucher", "does the warehouse have it?"
BEYOND_HIS_LIMIT = 6_000  # in hundredths; an agent may grant 5,000


def tells(deed: str, **standing: Any) -> Step:
    """The ticket's log tells of the deed once, and the ticket stands so."""

    async def check(scene: Scene) -> None:
        shown = await whole(scene)
        assert [line["kind"] for line in shown["log"]].count(deed) == 1, shown["log"]
        assert {name: shown["ticket"][name] for name in standing} == standing

    return check


async def ticket_to_colleague(scene: Scene) -> None:
    await agent_does("/v1/tickets/{id}/assign", to_agent=scene.maya.id)(scene)


async def is_the_colleagues(scene: Scene) -> None:
    await tells("assigned")(scene)
    assert (await whole(scene))["ticket"]["agent"]["id"] == scene.maya.id


async def two_tickets(scene: Scene) -> None:
    await served(scene)
    await opens_a_ticket(scene)
    scene.other, scene.key = scene.subject, fresh()
    await opens_a_ticket(scene)
    scene.key = fresh()


async def merges(scene: Scene) -> None:
    await agent_does("/v1/tickets/{id}/merge", into=scene.other)(scene)


async def are_one(scene: Scene) -> None:
    shown = await whole(scene)  # of a merged ticket what it was merged into
    assert shown["ticket"]["id"] == scene.other
    assert [one["ticket"]["id"] for one in shown["merged"]] == [scene.subject]
    assert [line["kind"] for line in shown["log"]].count("took_in") == 1, shown["log"]


async def are_two(scene: Scene) -> None:
    await tells("split")(scene)
    found = accepted(await scene.lin.get("/v1/tickets", conversation=scene.conversation, state="open"))["tickets"]
    assert [one["subject"] for one in found].count("the second lamp") == 1, found


async def a_ticket_of_nobody(scene: Scene) -> None:
    await served(scene)
    opened = await scene.lin.post("/v1/tickets", {"op_id": scene.key, "subject": "a parcel came back", "type": "order"})
    scene.subject, scene.key = accepted(opened)["ticket"], fresh()


async def links(scene: Scene) -> None:
    await agent_does("/v1/tickets/{id}/link", conversation=scene.conversation)(scene)


async def is_linked(scene: Scene) -> None:
    await tells("linked")(scene)
    assert (await whole(scene))["conversations"] == [scene.conversation]


async def has_told(scene: Scene) -> None:
    await tells("updated")(scene)
    read = [entry for entry in await scene.customer.timeline() if TOLD in entry["body"].get("text", "")]
    assert len(read) == 1, read


async def a_remedy_that_waits(scene: Scene) -> None:
    await supervised(scene)
    await files_a_complaint(scene)
    scene.key = fresh()
    await agent_does("/v1/complaints/{id}/remedies", kind="refund", amount=BEYOND_HIS_LIMIT, note="a week late")(scene)
    scene.key = fresh()


def decides(verb: str) -> Step:
    async def act(scene: Scene) -> None:
        [remedy] = (await whole(scene))["complaint"]["remedies"]
        path = f"/v1/complaints/{scene.subject}/remedies/{remedy['id']}/{verb}"
        accepted(await scene.third.post(path, {"op_id": scene.key}))

    return act


async def is_cancelled(scene: Scene) -> None:
    assert [one["id"] for one in await promises_of(scene, "cancelled")] == [scene.subject]
    assert await promises_of(scene, "open") == []


def notes(text: str, *, by: str, **to: str) -> Step:
    """An internal note by one of the scene's agents that names another."""

    async def act(scene: Scene) -> None:
        named = {part: getattr(scene, who).id for part, who in to.items()}
        body = {"text": text, **{part: [name] if part == "mentions" else name for part, name in named.items()}}
        note = {"client_id": scene.key, "body": body, "audience": "internal"}
        accepted(await getattr(scene, by).post(f"/v1/conversations/{scene.conversation}/messages", note))

    return act


async def is_asked_once(scene: Scene) -> None:
    await said("agent", ASKED)(scene)
    asked = accepted(await scene.maya.get("/v1/mentions"))["mentions"]
    assert [one["conversation"] for one in asked].count(scene.conversation) == 1, asked


async def blocks(scene: Scene) -> None:
    await agent_does(f"/v1/contacts/{scene.customer.contact}/block")(scene)


async def is_blocked(scene: Scene) -> None:
    events = await scene.events()
    assert (events.count("close"), events[-1]) == (1, "close"), events
    tenant, contact = scene.house.tenant.id, scene.customer.contact
    assert await scene.house.database.read(lambda c: contacts.blocked(c, tenant, contact)) is not None


async def two_persons(scene: Scene) -> None:
    await greeted(scene)
    scene.other = (await scene.house.customer()).contact


async def joins_persons(scene: Scene) -> None:
    path = f"/v1/contacts/{scene.customer.contact}/merge"
    accepted(await scene.lin.post(path, {"op_id": scene.key, "other": scene.other}))


async def are_one_person(scene: Scene) -> None:
    tenant, both = scene.house.tenant.id, {scene.customer.contact, scene.other}
    for one in both:
        found = await scene.house.database.read(lambda c, one=one: contacts.same_person(c, tenant, one))  # type: ignore[misc]
        assert set(found) == both


async def administered(scene: Scene) -> None:
    scene.third = await scene.house.agent(f"owner{scene.key[-6:]}", role=Role.OWNER)


def as_administrator(path: str, status: int, **given: Any) -> Step:
    """A change of the configuration; {key} stands for what is unique to the scene."""

    async def act(scene: Scene) -> None:
        def filled(text: Any) -> Any:
            return text.format(key=scene.key) if isinstance(text, str) else text

        body = {name: filled(value) for name, value in given.items()}
        headers = {"Idempotency-Key": scene.key}
        accepted(await scene.third.http.post(filled(path), json=body, headers=headers), status)

    return act


def is_there_once(path: str, part: str, value: str, *, action: str) -> Step:
    """It is listed once, and the audit has one row of it."""

    async def check(scene: Scene) -> None:
        (listed,) = accepted(await scene.third.get(path)).values()
        wanted = value.format(key=scene.key)
        assert [one[part] for one in listed].count(wanted) == 1, listed
        rows = accepted(await scene.third.get("/v1/admin/audit"))["rows"]
        mine = [row for row in rows if row["action"] == action and row["actor"] == f"agent:{scene.third.id}"]
        assert len(mine) == 1, rows

    return check


TOGETHER = (
    Operation("take a ticket", after(opens_a_ticket), agent_does("/v1/tickets/{id}/take"), tells("taken")),
    Operation("assign a ticket", after(opens_a_ticket), ticket_to_colleague, is_the_colleagues),
    Operation("merge tickets", two_tickets, merges, are_one),
    Operation(
        "split a ticket",
        after(opens_a_ticket),
        agent_does("/v1/tickets/{id}/split", subject="the second lamp"),
        are_two,
    ),
    Operation("link a conversation", a_ticket_of_nobody, links, is_linked),
    Operation(
        "plan a follow-up",
        after(opens_a_ticket),
        agent_does("/v1/tickets/{id}/follow-up", in_days=2, kind="task", text="ask her whether it works"),
        tells("planned"),
    ),
    Operation(
        "tell of a ticket",
        after(opens_a_ticket),
        agent_does("/v1/tickets/{id}/update", text=TOLD, audience="public"),
        has_told,
    ),
    Operation("approve a remedy", a_remedy_that_waits, decides("approve"), has_one_remedy("approved", lines=2)),
    Operation("refuse a remedy", a_remedy_that_waits, decides("refuse"), has_one_remedy("refused", lines=2)),
    Operation(
        "cancel a promise",
        after(promises),
        agent_does("/v1/promises/{id}/cancel", reason="she does not want it any more"),
        is_cancelled,
    ),
    Operation("whisper", supervised, notes(WHISPERED, by="third", whisper="lin"), said("agent", WHISPERED)),
    Operation("consult", served, notes(ASKED, by="lin", mentions="maya"), is_asked_once),
    Operation("block", served, blocks, is_blocked),
    Operation("join two persons", two_persons, joins_persons, are_one_person),
    Operation(
        "add an account",
        administered,
        as_administrator("/v1/admin/agents", 201, email="added-{key}@lanyu.example", name="Added"),
        is_there_once("/v1/admin/agents", "email", "added-{key}@lanyu.example", action="agent_added"),
    ),
)
