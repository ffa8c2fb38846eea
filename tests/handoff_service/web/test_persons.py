"""One customer on several channels: merged by an agent or by the tenant's own word, and parted again."""

from __future__ import annotations

from typing import Any

import pytest

from handoff_service.channels import contacts
from handoff_service.channels.web_widget import CHANNEL as WEB
from handoff_service.clock import utc_now
from handoff_service.errors import Invalid
from tests.handoff_service.web.test_visitor_identity import signed
from tests.handoff_service.web.visitors import accepted, fresh, refused


async def spoken(house: Any, words: str) -> Any:
    customer = await house.customer()
    await customer.write(words)
    await customer.answered()
    return customer


async def merge(who: Any, one: str, other: str) -> Any:
    return await who.post(f"/v1/contacts/{one}/merge", {"op_id": fresh(), "other": other})


async def history(who: Any, contact: str) -> list[str]:
    found = accepted(await who.get(f"/v1/contacts/{contact}/conversations"))["conversations"]
    return [one["conversation"] for one in found]


async def test_merged_contacts_have_one_history_until_they_are_parted(house: Any, build_house: Any) -> None:
    lin = await house.agent("lin")
    ann, also, third = [await spoken(house, f"I am {name}") for name in ("Ann", "Ann too", "Ann as well")]
    places = [one.conversation for one in (ann, also, third)]
    assert await history(lin, ann.contact) == places[:1]
    assert accepted(await merge(lin, ann.contact, also.contact))["person"] == [ann.contact, also.contact]
    assert len(accepted(await merge(lin, third.contact, also.contact))["person"]) == 3
    for one in (ann, also, third):
        assert await history(lin, one.contact) == places[::-1], "the latest first, from every side"
    shown = await house.database.read(lambda c: contacts.details(c, house.tenant.id, ann.contact))
    assert set(shown["person"]) == {one.contact for one in (ann, also, third)}
    accepted(await lin.post(f"/v1/contacts/{ann.contact}/part", {"op_id": fresh()}))
    assert await history(lin, ann.contact) == places[:1]
    assert set(await history(lin, also.contact)) == set(places[1:])
    refused(await merge(lin, ann.contact, ann.contact), 422, "invalid")
    refused(await merge(lin, ann.contact, "k_none"), 404, "not_found")
    stranger = await (await build_house(house.gateway)).agent("lin")
    refused(await merge(stranger, ann.contact, also.contact), 404, "not_found")
    refused(await stranger.post(f"/v1/contacts/{ann.contact}/part", {"op_id": fresh()}), 404, "not_found")


async def test_who_is_blocked_stays_so_when_he_comes_from_elsewhere_and_is_merged(house: Any) -> None:
    lin = await house.agent("lin")
    ann, also = await spoken(house, "I am Ann"), await spoken(house, "Ann too")
    accepted(await lin.post(f"/v1/contacts/{ann.contact}/block", {"op_id": fresh()}))
    accepted(await merge(lin, also.contact, ann.contact))
    await also.write("me again")
    assert (await house.entries(also.conversation))[-1].body["text"] == "me again"
    assert (await lin.look(also.conversation))["contact"]["blocked"]["by"] == lin.id
    accepted(await lin.post(f"/v1/contacts/{ann.contact}/unblock", {"op_id": fresh()}))
    assert "blocked" not in (await lin.look(also.conversation))["contact"]


async def test_who_asks_for_himself_gets_and_erases_nothing_of_those_he_was_merged_with(house: Any) -> None:
    """A visitor may talk an agent into merging him with Ann."""
    lin = await house.agent("lin")
    ann, visitor = await spoken(house, "I am Ann, kakapo"), await spoken(house, "I am Ann, believe me")
    accepted(await merge(lin, ann.contact, visitor.contact))
    told = accepted(await visitor.get("/v1/widget/export"))
    assert [one["conversation"] for one in told["conversations"]] == [visitor.conversation]
    assert told["contact"]["person"] == [visitor.contact]
    accepted(await visitor.post("/v1/widget/erase", {}))
    assert "kakapo" in str(await house.entries(ann.conversation))
    assert accepted(await ann.get("/v1/widget/export"))["contact"]["id"] == ann.contact


async def test_who_has_signed_in_gets_and_erases_what_was_signed_for_and_nothing_that_an_agent_merged(
    house: Any,
) -> None:
    """Whoever has an account may talk an agent into merging him with anybody; the tenant's own word is proof."""
    from handoff_service.channels.who import same_user

    lin = await house.agent("lin")
    app, ann = await spoken(house, "kakapo by app"), await house.customer(identity=signed(house, sub="cus_ann"))
    eve = await house.customer(identity=signed(house, sub="cus_eve"))
    visitor = await spoken(house, "kakapo by visitor")
    for one, words in ((ann, "kakapo by Ann"), (eve, "kakapo by Eve")):
        await one.write(words)
        await one.answered()
    for one in (app, eve, visitor):
        accepted(await merge(lin, ann.contact, one.contact))
    told = accepted(await ann.get("/v1/widget/export"))
    assert told["contact"]["person"] == [ann.contact]
    await house.database.write(lambda tx: same_user(tx.connection, house.tenant.id, "cus_ann", app.contact))
    told = accepted(await ann.get("/v1/widget/export"))
    assert {one["conversation"] for one in told["conversations"]} == {ann.conversation, app.conversation}
    assert set(told["contact"]["person"]) == {ann.contact, app.contact}
    assert not any(words in str(told) for words in ("by Eve", "by visitor"))
    assert accepted(await app.get("/v1/widget/export"))["contact"]["person"] == [app.contact, ann.contact]
    assert accepted(await ann.post("/v1/widget/erase", {}))["state"] == "done"
    assert "kakapo" not in str(await house.entries(app.conversation))
    assert "kakapo by Eve" in str(await house.entries(eve.conversation))
    assert "kakapo by visitor" in str(await house.entries(visitor.conversation))


async def test_one_contact_is_never_two_users_of_the_tenant(house: Any) -> None:
    from handoff_service.channels.who import same_user

    def work(tx: Any) -> list[list[str]]:
        now, tenant = utc_now(), house.tenant.id
        first, second, app = [
            contacts.add(tx.connection, tenant, name=name, language="en", now=now).id for name in ("1", "2", "app")
        ]
        same_user(tx.connection, tenant, "user-a", first)
        same_user(tx.connection, tenant, "user-b", second)
        same_user(tx.connection, tenant, "user-a", app)
        for contact, user in ((first, "user-b"), (app, "user-b"), (first, "user-new")):
            with pytest.raises(Invalid, match="another user already"):
                same_user(tx.connection, tenant, user, contact)
        assert contacts.known_as(tx.connection, tenant, WEB, "user-new") is None
        return [contacts.same_person(tx.connection, tenant, one) for one in (first, second)]

    both, alone = await house.database.write(work)
    assert (len(both), len(alone)) == (2, 1)


async def test_the_tenants_own_word_merges_and_makes_nobody_twice(house: Any) -> None:
    from handoff_service.channels.who import same_user

    def work(tx: Any) -> list[str]:
        now, tenant, made = utc_now(), house.tenant.id, []
        for name in ("on the app", "on another app"):
            made.append(contacts.add(tx.connection, tenant, name=name, language="en", now=now).id)
            same_user(tx.connection, tenant, "user-1", made[-1])
            same_user(tx.connection, tenant, "user-1", made[-1])
        known = contacts.known_as(tx.connection, tenant, WEB, "user-1")
        assert known is not None
        assert known.id == made[0]
        assert [contacts.details(tx.connection, tenant, one).get("vouched_as") for one in made] == ["user-1"] * 2
        person = contacts.same_person(tx.connection, tenant, made[1])
        contacts.forget(tx.connection, tenant, made[1], now)
        assert "vouched_as" not in contacts.details(tx.connection, tenant, made[1]), (
            "it is who he is, and goes with him"
        )
        return person

    assert len(await house.database.write(work)) == 2


async def test_where_he_wants_to_be_told_is_said_by_himself_or_an_agent(house: Any, build_house: Any) -> None:
    lin, ann = await house.agent("lin"), await spoken(house, "I am Ann")
    path = f"/v1/contacts/{ann.contact}/preferred-channel"
    accepted(await lin.post(path, {"op_id": fresh(), "channel": "web"}))
    assert (await lin.look(ann.conversation))["contact"]["prefers"] == "web"
    mine = "/v1/widget/preferred-channel"
    assert accepted(await ann.get(mine)) == {"channel": "web", "channels": ["web"]}
    assert accepted(await ann.post(mine, {"channel": None})) == {"channel": None}
    assert accepted(await ann.get(mine))["channel"] is None
    shown = (await lin.look(ann.conversation))["contact"]
    assert (shown["prefers"], shown["channels"]) == (None, ["web"])
    refused(await ann.post(mine, {"channel": "email"}), 422, "invalid")
    refused(await lin.post(path, {"op_id": fresh(), "channel": "fax"}), 422, "invalid")
    stranger = await (await build_house(house.gateway)).agent("lin")
    refused(await stranger.post(path, {"op_id": fresh(), "channel": "web"}), 404, "not_found")


async def test_an_agent_names_who_has_not_signed_in(house: Any, build_house: Any) -> None:
    lin, ann = await house.agent("lin"), await spoken(house, "I am Ann")
    path = f"/v1/contacts/{ann.contact}/name"
    accepted(await lin.post(path, {"op_id": fresh(), "name": " 陈\u202e女士 "}))
    assert (await lin.look(ann.conversation))["contact"]["name"] == "陈女士"
    refused(await lin.post(path, {"op_id": fresh(), "name": "\u202e"}), 422, "invalid")
    who = (WEB, "user-7", ann.contact)
    await house.database.write(lambda tx: contacts.identify(tx.connection, house.tenant.id, *who, verified=True))
    refused(await lin.post(path, {"op_id": fresh(), "name": "Bob"}), 409, "conflict")
    stranger = await (await build_house(house.gateway)).agent("lin")
    refused(await stranger.post(path, {"op_id": fresh(), "name": "Bob"}), 404, "not_found")
