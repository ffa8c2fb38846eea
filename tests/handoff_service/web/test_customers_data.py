"""What the page of a customer's data asks: what is kept, a copy, holds with their case, and how far erasures are."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from handoff_service import tables
from handoff_service.agents.model import Role
from handoff_service.channels import contacts
from handoff_service.clock import utc_now
from handoff_service.conversations.change import Context
from handoff_service.retention.erase import begin
from handoff_service.retention.keeper import Keeper
from handoff_service.retention.reach import Whom
from tests.handoff_service.web.test_persons import merge, spoken
from tests.handoff_service.web.visitors import accepted, fresh, refused

WORDS = "my lamp hums like a kakapo"


async def kept(who: Any, contact: str, *, merged: bool = False) -> dict[str, Any]:
    return accepted(await who.get(f"/v1/contacts/{contact}/kept", **({"merged": "true"} if merged else {})))


async def erase(who: Any, contact: str, **whom: Any) -> Any:
    return await who.post(f"/v1/contacts/{contact}/erase", {"op_id": fresh(), **whom})


async def merged_two(house: Any, lin: Any) -> tuple[Any, Any]:
    """Ann, and Eve who has talked an agent into merging her with Ann."""
    ann, eve = await spoken(house, WORDS), await spoken(house, "I am Ann, believe the kakapo")
    accepted(await merge(lin, ann.contact, eve.contact))
    return ann, eve


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

    assert (await kept(boss, also.contact))["counts"] == alone["counts"], "whom agents merged counts when asked for"
    before = await kept(boss, ann.contact, merged=True)
    assert before["contact"] == ann.contact
    assert [one["id"] for one in before["person"]] == [ann.contact, also.contact], "whoever is the same person"
    assert {one["id"] for one in before["conversations"]} == {ann.conversation, also.conversation}
    lengths = [len(await house.entries(one.conversation)) for one in (ann, also)]
    told = {"conversations": 2, "open": 2, "held": 0, "entries": sum(lengths), "tickets": 1, "files": 1}
    assert before["counts"] == told
    assert alone["counts"] == {**told, "conversations": 1, "open": 1, "entries": lengths[1], "tickets": 0, "files": 0}

    shown = [one["id"] for one in before["person"]]
    assert accepted(await erase(boss, ann.contact, merged=True, contacts=shown))["state"] == "done"
    for one in (ann, also):
        after = await kept(boss, one.contact)
        assert set(after["counts"].values()) == {0}
        assert [after["person"][0]["identities"], after["conversations"][0]["kept"]] == [[], False]


async def test_what_an_agent_merged_is_neither_copied_nor_erased_unasked(house: Any) -> None:
    """Also for a page of an older release, which sends neither a choice nor whom it showed."""
    boss, lin = await house.agent("boss", role=Role.SUPERVISOR), await house.agent("lin")
    ann, eve = await merged_two(house, lin)
    shown = await kept(boss, eve.contact)
    assert [one["id"] for one in shown["person"]] == shown["own"] == [eve.contact]
    assert [one["id"] for one in shown["merged"]] == [ann.contact]
    assert {one["id"] for one in shown["conversations"]} == {eve.conversation}
    copy = accepted(await boss.get(f"/v1/contacts/{eve.contact}/export"))
    assert [one["id"] for one in copy["persons"]] == copy["contact"]["person"] == [eve.contact]
    assert WORDS not in str(copy)
    assert ann.contact not in str(copy)
    done = accepted(await erase(boss, eve.contact))
    assert (done["state"], done["contacts"], done["left"]) == ("done", [eve.contact], [ann.contact])
    assert WORDS in str(await house.entries(ann.conversation))
    assert "kakapo" not in str(await house.entries(eve.conversation))


async def test_asked_for_by_name_the_merged_ones_are_copied_and_erased_to_the_end(house: Any) -> None:
    boss, lin = await house.agent("boss", role=Role.OWNER), await house.agent("lin")
    ann, eve = await merged_two(house, lin)
    accepted(await lin.post("/v1/tickets", {"op_id": fresh(), "type": "question", "subject": "she called",
                                            "contact": eve.contact}), 200)  # fmt: skip
    told = {"cart": "three kakapos"}
    await house.database.write(lambda tx: contacts.describe(tx.connection, house.tenant.id, eve.contact, told))
    both = [one["id"] for one in (await kept(boss, ann.contact, merged=True))["person"]]
    path = f"/v1/contacts/{ann.contact}/export"
    refused(await boss.get(path, merged="true"), 422, "invalid")
    copy = accepted(await boss.get(path, merged="true", contacts=both))
    assert [one["id"] for one in copy["persons"]] == both == [ann.contact, eve.contact]
    assert [one.get("attributes") for one in copy["persons"]] == [None, told]
    assert {one["conversation"] for one in copy["conversations"]} == {ann.conversation, eve.conversation}
    assert len(copy["tickets"]) == 1, "the merged one's, which has no conversation"
    last = accepted(await boss.get("/v1/admin/audit", limit=1))["rows"][0]
    assert (last["action"], last["detail"]) == ("export", {"conversations": 2, "contacts": 2})

    refused(await erase(boss, ann.contact, merged=True), 422, "invalid")
    asked = {"op_id": fresh(), "merged": True, "contacts": both}
    done = accepted(await boss.post(f"/v1/contacts/{ann.contact}/erase", asked))
    assert (done["state"], done["contacts"], done["left"], len(done["jobs"])) == ("done", both, [], 2)
    assert done["erased"]["conversations"] == 2, "of both"
    for one in (ann, eve):
        assert "kakapo" not in str(await house.entries(one.conversation))
        assert (await kept(boss, one.contact))["person"][0]["identities"] == []
    again = accepted(await boss.post(f"/v1/contacts/{ann.contact}/erase", asked))
    assert again == done, "a repeat tells the same"


async def test_who_was_merged_or_parted_after_the_page_was_read_is_not_touched(house: Any) -> None:
    boss, lin = await house.agent("boss", role=Role.SUPERVISOR), await house.agent("lin")
    ann, eve = await merged_two(house, lin)
    shown = [one["id"] for one in (await kept(boss, ann.contact, merged=True))["person"]]
    third = await spoken(house, "a kakapo who came later")
    accepted(await merge(lin, third.contact, ann.contact))
    problem = refused(await erase(boss, ann.contact, merged=True, contacts=shown), 409, "conflict")
    assert set(problem["contacts"]) == {*shown, third.contact}
    path = f"/v1/contacts/{ann.contact}/export"
    refused(await boss.get(path, merged="true", contacts=shown), 409, "conflict")
    refused(await erase(boss, ann.contact, contacts=shown), 409, "conflict")
    for one in (ann, eve, third):
        assert "kakapo" in str(await house.entries(one.conversation))
    assert accepted(await boss.get("/v1/jobs"))["jobs"] == []
    for one in (third, eve):
        accepted(await lin.post(f"/v1/contacts/{one.contact}/part", {"op_id": fresh()}))
    refused(await erase(boss, ann.contact, merged=True, contacts=shown), 409, "conflict")
    assert accepted(await erase(boss, ann.contact, merged=True, contacts=[ann.contact]))["state"] == "done"


async def test_erased_is_said_when_all_of_the_person_are(house: Any) -> None:
    """The merged one's job cannot end while a gateway of the release before has set a hold behind its back."""
    boss, lin = await house.agent("boss", role=Role.SUPERVISOR), await house.agent("lin")
    ann, eve = await merged_two(house, lin)
    tenant, now = house.tenant.id, utc_now()

    def jobs_then_hold(tx: Any) -> None:
        whom = Whom(merged=True)
        begin(tx, tenant, ann.contact, whom, requested_by="agent:x", context=Context(house.gateway.settings, now))
        change = sa.update(tables.conversations).where(tables.conversations.c.id == eve.conversation)
        tx.connection.execute(change.values(hold=True))

    await house.database.write(jobs_then_hold)
    keeper = Keeper(house.database, house.gateway.settings, utc_now)
    names = [job["job"] for job in accepted(await boss.get("/v1/jobs"))["jobs"]]
    named = next(job["job"] for job in accepted(await boss.get("/v1/jobs"))["jobs"] if job["subject"] == ann.contact)
    told = await keeper.finish_all(tenant, sorted(names, key=lambda name: name != named))
    assert told["state"] == "running"
    assert accepted(await boss.get(f"/v1/jobs/{named}"))["state"] == "done"
    assert "kakapo" in str(await house.entries(eve.conversation)), "what is held is not erased"
    accepted(await hold(boss, eve.conversation, hold=False, reference="case-17"))
    assert (await keeper.finish_all(tenant, names))["state"] == "done"
    assert "kakapo" not in str(await house.entries(eve.conversation))


async def test_a_copy_has_no_note_and_nothing_that_was_whispered(house: Any) -> None:
    boss, lin = await house.agent("boss", role=Role.SUPERVISOR), await house.agent("lin")
    ann = await spoken(house, WORDS)
    await ann.ask_human()
    epoch = accepted(await lin.accept(await house.handoff_of(ann)))["epoch"]
    accepted(await lin.reply(ann.conversation, "good day to you", epoch))
    accepted(await lin.reply(ann.conversation, "she drives me mad", epoch, audience="internal"))
    body = {"text": "offer her nothing", "whisper": lin.id}
    whisper = {"client_id": fresh("msg"), "body": body, "audience": "internal"}
    accepted(await boss.post(f"/v1/conversations/{ann.conversation}/messages", whisper))
    copy = accepted(await boss.get(f"/v1/contacts/{ann.contact}/export"))
    assert "good day to you" in str(copy)
    assert not any(words in str(copy) for words in ("drives me mad", "offer her nothing"))
    said = str(await house.entries(ann.conversation))
    assert "drives me mad" in said
    assert "offer her nothing" in said


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


async def test_a_customer_is_found_by_a_ticket_of_no_conversation_and_by_an_account_however_it_is_typed(
    house: Any,
) -> None:
    lin = await house.agent("lin")
    ann = await spoken(house, WORDS)
    numbers = []

    def know(tx: Any) -> str:
        tenant, now = house.tenant.id, utc_now()
        caller = contacts.add(tx.connection, tenant, name="Cora", language="en", now=now).id
        contacts.identify(tx.connection, tenant, "phone", "+4915112345", caller, verified=False)
        contacts.identify(tx.connection, tenant, "mail", "ann@shop.example", ann.contact, verified=False)
        return caller

    caller = await house.database.write(know)
    for contact in (ann.contact, caller):
        asked = {"op_id": fresh(), "type": "question", "subject": "called", "contact": contact}
        numbers.append(accepted(await lin.post("/v1/tickets", asked))["number"])

    async def found(words: str) -> tuple[list[str], list[str]]:
        told = accepted(await lin.get("/v1/search", q=words))
        assert told["more"] is False
        return [one["conversation"] for one in told["conversations"]], [one["id"] for one in told["contacts"]]

    for words in (numbers[0], numbers[0].lower(), "ann@shop.example", "Ann@Shop.example "):
        assert await found(words) == ([ann.conversation], [ann.contact]), words
    for words in (numbers[1], "+4915112345", "+49 (151) 12-345"):
        assert await found(words) == ([], [caller]), "who has never written is found as well"
    await spoken(house, WORDS)
    assert accepted(await lin.get("/v1/search", q="kakapo", limit=1))["more"] is True
    assert accepted(await lin.get("/v1/search", q="kakapo", limit=2))["more"] is False
