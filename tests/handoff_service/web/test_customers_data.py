"""What the page of a customer's data asks: what is kept, a copy, holds with their case, and how far erasures are."""

from __future__ import annotations

from typing import Any

from handoff_service.agents.model import Role
from tests.handoff_service.web.test_persons import merge, spoken
from tests.handoff_service.web.visitors import accepted, fresh, refused

WORDS = "my lamp hums like a kakapo"


async def kept(who: Any, contact: str) -> dict[str, Any]:
    return accepted(await who.get(f"/v1/contacts/{contact}/kept"))


async def hold(who: Any, conversation: str, *, hold: bool, reference: str) -> Any:
    asked = {"op_id": fresh(), "hold": hold, "reference": reference}
    return await who.post(f"/v1/conversations/{conversation}/hold", asked)


async def test_what_is_kept_is_what_erasing_takes(house: Any) -> None:
    boss, lin = await house.agent("boss", role=Role.SUPERVISOR), await house.agent("lin")
    ann, also = await spoken(house, WORDS), await spoken(house, "and it is me too")
    picture = f"/v1/conversations/{ann.conversation}/files?name=lamp.txt"
    accepted(await ann.http.post(picture, content=b"what it looks like"), 201)
    ticket = {"op_id": fresh(), "type": "question", "subject": "a lamp that hums", "conversation": ann.conversation}
    accepted(await lin.post("/v1/tickets", ticket))
    alone = await kept(boss, also.contact)
    accepted(await merge(lin, ann.contact, also.contact))

    before = await kept(boss, ann.contact)
    assert before["contact"] == ann.contact
    assert [one["id"] for one in before["person"]] == [ann.contact, also.contact], "whoever is the same person"
    assert {one["id"] for one in before["conversations"]} == {ann.conversation, also.conversation}
    lengths = [len(await house.entries(one.conversation)) for one in (ann, also)]
    told = {"conversations": 2, "open": 2, "held": 0, "entries": sum(lengths), "tickets": 1, "files": 1}
    assert before["counts"] == told
    assert alone["counts"] == {**told, "conversations": 1, "open": 1, "entries": lengths[1], "tickets": 0, "files": 0}

    for one in (ann, also):  # each by himself, or the keeper would be waited for
        accepted(await lin.post(f"/v1/contacts/{one.contact}/part", {"op_id": fresh()}))
        accepted(await boss.post(f"/v1/contacts/{one.contact}/erase", {"op_id": fresh()}))
        after = await kept(boss, one.contact)
        assert set(after["counts"].values()) == {0}
        assert [after["person"][0]["identities"], after["conversations"][0]["kept"]] == [[], False]


async def test_a_copy_is_taken_by_whom_the_audit_names(house: Any) -> None:
    boss = await house.agent("boss", role=Role.OWNER)
    ann = await spoken(house, WORDS)
    copy = accepted(await boss.get(f"/v1/contacts/{ann.contact}/export"))
    assert [one["conversation"] for one in copy["conversations"]] == [ann.conversation]
    assert WORDS in str(copy["conversations"][0]["entries"])
    last = accepted(await boss.get("/v1/admin/audit", limit=1))["rows"][0]
    assert (last["action"], last["actor"], last["subject"]) == ("export", f"agent:{boss.id}", ann.contact)


async def test_a_hold_says_for_which_case_and_keeps_him_from_being_erased(house: Any) -> None:
    boss = await house.agent("boss", role=Role.SUPERVISOR)
    ann = await spoken(house, WORDS)
    accepted(await hold(boss, ann.conversation, hold=True, reference="case-16"))
    accepted(await hold(boss, ann.conversation, hold=False, reference="case-16"))
    accepted(await hold(boss, ann.conversation, hold=True, reference="case-17"))
    shown = await kept(boss, ann.contact)
    assert (shown["counts"]["held"], shown["conversations"][0]["hold"]) == (1, True)
    told = shown["holds"][ann.conversation]
    assert (told["actor"], told["detail"]) == (f"agent:{boss.id}", {"reference": "case-17"})
    refused(await boss.post(f"/v1/contacts/{ann.contact}/erase", {"op_id": fresh()}), 409, "conflict")
    accepted(await hold(boss, ann.conversation, hold=False, reference="case-17"))
    assert (await kept(boss, ann.contact))["holds"] == {}
    accepted(await boss.post(f"/v1/contacts/{ann.contact}/erase", {"op_id": fresh()}))


async def test_erasures_are_listed_with_who_asked_and_what_went(house: Any) -> None:
    boss = await house.agent("boss", role=Role.SUPERVISOR)
    assert accepted(await boss.get("/v1/jobs"))["jobs"] == []
    gone = [await spoken(house, WORDS) for _ in range(2)]
    jobs = [accepted(await boss.post(f"/v1/contacts/{one.contact}/erase", {"op_id": fresh()}))["job"] for one in gone]
    listed = accepted(await boss.get("/v1/jobs"))["jobs"]
    assert [one["job"] for one in listed] == jobs[::-1], "the latest first"
    for one, customer in zip(listed, gone[::-1], strict=True):
        assert (one["kind"], one["subject"], one["requested_by"]) == ("erase", customer.contact, f"agent:{boss.id}")
        assert one["state"] == "done"
        assert one["erased"]["conversations"] == 1
        assert WORDS not in str(one)


async def test_another_company_and_an_agent_learn_nothing(house: Any, build_house: Any) -> None:
    lin, ann = await house.agent("lin"), await spoken(house, WORDS)
    boss = await house.agent("boss", role=Role.OWNER)
    stranger = await (await build_house(house.gateway)).agent("boss", role=Role.OWNER)
    for route in (f"/v1/contacts/{ann.contact}/kept", f"/v1/contacts/{ann.contact}/export"):
        refused(await stranger.get(route), 404, "not_found")
        refused(await lin.get(route), 403, "forbidden")
    accepted(await boss.post(f"/v1/contacts/{ann.contact}/erase", {"op_id": fresh()}))
    assert accepted(await stranger.get("/v1/jobs"))["jobs"] == []
    refused(await lin.get("/v1/jobs"), 403, "forbidden")
