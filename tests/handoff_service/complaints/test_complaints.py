"""The register: category, due time, evidence, remedies with limits, complaints about agents, threats, low ratings."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.util import await_only

from handoff_service import tables
from handoff_service.agents.model import Agent, Role
from handoff_service.calendars.model import Calendar
from handoff_service.complaints import remedies, store
from handoff_service.complaints.model import RemedyState, checklist, guessed_category
from handoff_service.complaints.register import (
    add_evidence,
    as_complaint,
    choose_decider,
    classify,
    file_complaint,
    on_rating,
    on_threat,
)
from handoff_service.complaints.settings import ComplaintSettings
from handoff_service.complaints.view import complaint_json
from handoff_service.conversations.answer import threat_in
from handoff_service.errors import Conflict, Forbidden, IllegalTransition, Invalid, NotFound
from handoff_service.handoffs import store as handoffs
from handoff_service.tenants import store as tenants
from handoff_service.tenants.model import Opening
from handoff_service.tickets import merge, work
from handoff_service.tickets import store as tickets
from handoff_service.tickets.listing import Filter, counts, page
from handoff_service.tickets.model import Source, State, Ticket
from tests.handoff_service.stage import MONDAY, answer, person, shop, waiting_handoff
from tests.handoff_service.tickets.conftest import Office, office  # noqa: F401

only_sqlite = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)


async def files(office: Office, subject: str = "the courier was late", **parts: Any) -> Ticket:  # noqa: F811
    return await office.database.write(
        lambda tx: file_complaint(
            tx,
            "demo",
            subject=subject,
            context=office.context(),
            **{"conversation": office.conversation, "source": Source.HAND, "actor": "agent:a_lin", **parts},
        )
    )


def proposes(tx: Any, agent: Agent, ticket: Ticket, amount: int, context: Any, kind: str = "refund") -> Any:
    return remedies.propose(tx, agent, ticket, context, kind=kind, amount=amount, note="as agreed")[1]


def decides(tx: Any, agent: Agent, ticket: Ticket, remedy: str, context: Any, *, approve: bool) -> Any:
    return remedies.decide(tx, agent, ticket, remedy, context, approve=approve)[1]


@only_sqlite
async def test_it_is_answered_within_48_working_hours_of_its_queue(office: Office) -> None:  # noqa: F811
    """Monday 17:30 in Shanghai, open 9 to 18 from Monday to Friday: half an hour today, then 9 hours a day."""
    tenant = shop()
    week = Opening.model_validate({"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "18:00"})
    queues = tuple(queue.model_copy(update={"hours": (week,)}) for queue in tenant.settings.queues)
    changed = tenant.model_copy(update={"settings": tenant.settings.model_copy(update={"queues": queues})})
    await office.database.write(lambda tx: tenants.save(tx.connection, changed))
    assert isinstance(changed.settings.calendar("support"), Calendar)
    ticket = await files(office)
    # 0.5 h on Monday, 36 h until Friday evening, 9 h on the next Monday; the last 2.5 h end on Tuesday at 11:30.
    assert ticket.due_at == datetime(2026, 11, 10, 3, 30, tzinfo=UTC)
    assert (ticket.type, ticket.priority) == ("complaint", 6)


@only_sqlite
async def test_what_is_said_in_the_timeline_is_evidence_and_the_rest_is_missing(office: Office) -> None:  # noqa: F811
    ticket = await files(office)

    async def shown() -> dict[str, Any]:
        return await office.database.read(lambda c: complaint_json(c, ticket, {}))

    first = await shown()
    assert first["category"] == "delivery"
    assert {one["kind"]: one["there"] for one in first["checklist"]} == {
        "order_number": True,
        "pictures": False,
        "transcript": True,
    }
    assert not first["complete"]
    assert [(one["value"], one["seq"]) for one in first["evidence"]] == [("LY20261101001", 2)]
    await office.does("lin", evidence, ticket, kind="pictures", value="shown in the shop")
    assert (await shown())["complete"]
    await office.does("lin", classified, ticket, category="product", cause="product_fault")
    after = await shown()
    assert (after["category"], after["cause"]) == ("product", "product_fault")
    for parts, told in [
        ({"category": "nonsense", "cause": None}, "there are product, delivery"),
        ({"category": None, "cause": "nonsense"}, "there are policy_misunderstood"),
        ({"category": None, "cause": None}, "Name a"),
    ]:
        with pytest.raises(Invalid, match=told):
            await office.does("lin", classified, ticket, **parts)
    with pytest.raises(Invalid, match="no kind of evidence"):
        await office.does("lin", evidence, ticket, kind="rumour", value="x")
    with pytest.raises(Invalid, match="either a"):
        await office.does("lin", evidence, ticket, kind="pictures", value="")
    with pytest.raises(NotFound):
        await office.does("lin", evidence, ticket, kind="pictures", value="", file="f_nothing")


def evidence(tx: Any, agent: Agent, ticket: Ticket, context: Any, **parts: Any) -> Ticket:
    return add_evidence(tx, agent, ticket, context, **{"file": None, **parts})


def classified(tx: Any, agent: Agent, ticket: Ticket, context: Any, **parts: Any) -> Ticket:
    return classify(tx, agent, ticket, context, **parts)


@only_sqlite
async def test_beyond_the_limit_somebody_else_approves(office: Office) -> None:  # noqa: F811
    ticket = await files(office)
    small = await office.does("lin", proposes, ticket, 3000)
    assert small.state is RemedyState.APPROVED
    second = await office.does("lin", proposes, ticket, 2001)
    assert second.state is RemedyState.PROPOSED, "two small ones are one large one"
    with pytest.raises(Forbidden, match="proposed this remedy yourself"):
        await office.does("lin", decides, ticket, second.id, approve=True)
    with pytest.raises(Forbidden, match=r"complaints\.decide"):
        await office.does("maya", decides, ticket, second.id, approve=True)
    with pytest.raises(Conflict, match="wait for their approval"):
        await office.does("lin", work.resolve, ticket)
    assert (await office.does("chen", decides, ticket, second.id, approve=True)).decided_by == "a_chen"
    large = await office.does("chen", proposes, ticket, 200_000)
    assert large.state is RemedyState.PROPOSED
    with pytest.raises(Forbidden, match="yourself"):
        await office.does("chen", decides, ticket, large.id, approve=True)
    with pytest.raises(Forbidden, match=r"beyond the limit of the role supervisor .*ask: admin, owner"):
        await office.does("noor", decides, ticket, large.id, approve=True)
    assert (await office.does("chen", decides, ticket, large.id, approve=False)).state is RemedyState.REFUSED
    with pytest.raises(IllegalTransition, match="refused cannot become approved"):
        await office.does("noor", decides, ticket, large.id, approve=True)
    done = await office.does("lin", lambda tx, a, t, c: remedies.carry_out(tx, a, t, small.id, c)[1], ticket)
    assert done.state is RemedyState.DONE
    for amount, kind, told in [
        (-1, "refund", "hundredths of CNY"),
        (10**13, "refund", "from 0"),
        (0, "car", "no remedy"),
    ]:
        with pytest.raises(Invalid, match=told):
            await office.does("lin", proposes, ticket, amount, kind=kind)
    await office.tells("lin", ticket, "您的退款已经批准。")
    await office.does("lin", work.resolve, ticket)
    with pytest.raises(Conflict, match="reopen it"):
        await office.does("lin", proposes, ticket, 0, kind="apology")
    await office.now(ticket)


@only_sqlite
@pytest.mark.parametrize("other", ["same_customer", "same_order"])
async def test_filing_twice_does_not_double_what_a_role_may_grant(office: Office, arrive: Any, other: str) -> None:  # noqa: F811
    most = ComplaintSettings().limit(Role.AGENT)
    first = await files(office, fields={"order": "LY20261101001"})
    assert (await office.does("lin", proposes, first, most)).state is RemedyState.APPROVED
    if other == "same_customer":
        second = await files(office, "And now the price")
    else:
        stranger = await arrive()
        talk = (await office.says("my order LY20261101001 never came", stranger))[0]
        second = await files(office, "It never came", conversation=talk)
    waiting = await office.does("maya", proposes, second, 1)
    assert waiting.state is RemedyState.PROPOSED, "by a colleague and in another complaint it is the same limit"
    large = await office.does("maya", proposes, second, 100_000)
    with pytest.raises(Forbidden, match=r"for one customer within 90 days and for one order; 5000 are granted"):
        await office.does("chen", decides, second, large.id, approve=True)
    assert (await office.does("chen", decides, second, waiting.id, approve=True)).state is RemedyState.APPROVED
    office.clock.advance(91 * 86400)
    later = await files(office, "Another thing", conversation=None, contact=office.customer.contact)
    assert (await office.does("lin", proposes, later, most)).state is RemedyState.APPROVED
    again = await files(office, "That parcel again")
    assert (await office.does("lin", proposes, again, 1)).state is RemedyState.PROPOSED, "an order has one limit ever"


@only_sqlite
async def test_what_costs_nothing_needs_nobody_however_much_was_granted(office: Office) -> None:  # noqa: F811
    ticket = await files(office)
    large = await office.does("lin", proposes, ticket, ComplaintSettings().limit(Role.AGENT) + 1)
    assert (await office.does("lin", proposes, ticket, 0, kind="apology")).state is RemedyState.APPROVED
    await office.does("chen", decides, ticket, large.id, approve=True)
    assert (await office.does("lin", proposes, ticket, 0, kind="apology")).state is RemedyState.APPROVED
    assert (await office.does("lin", proposes, ticket, 1)).state is RemedyState.PROPOSED


async def of_stranger(office: Office, arrive: Any, order: str) -> Ticket:  # noqa: F811
    """The complaint of somebody new, who said the number in the chat only."""
    talk = (await office.says(f"where is {order}?", await arrive()))[0]
    return await files(office, "It never came", conversation=talk)


@only_sqlite
async def test_an_order_that_was_only_said_has_one_limit_and_is_forgotten(office: Office, arrive: Any) -> None:  # noqa: F811
    most, order = ComplaintSettings().limit(Role.AGENT), "LY20261101777"
    first, second = await of_stranger(office, arrive, order), await of_stranger(office, arrive, order)
    assert (await office.does("lin", proposes, first, most)).state is RemedyState.APPROVED
    assert (await office.does("lin", proposes, second, 1)).state is RemedyState.PROPOSED
    found = await office.database.read(
        lambda c: page(c, office.people["chen"], Filter(text=order), cursor=None, limit=9)
    )
    assert found.tickets == [], "a search finds what it found before"

    async def noted() -> set[str]:
        words = await office.database.read(lambda c: c.execute(sa.select(tables.ticket_words)).all())
        return {owner for _, word, owner in words if order.casefold() in word} | {
            owner for _, _, owner in words if owner == order.casefold()
        }

    assert await noted() == {"", first.id, second.id, order.casefold()}
    for one, left in ((first, {second.id, order.casefold()}), (second, set())):
        await office.database.write(lambda tx, t=one: tickets.forget(tx.connection, [t]))  # type: ignore[misc]
        assert await noted() == left


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
async def test_two_at_once_for_one_order_share_the_limit(office: Office, arrive: Any) -> None:  # noqa: F811
    """Two customers; the first agent does not commit before the second one waits for him, or has gone past him."""
    most, order, asked, past = ComplaintSettings().limit(Role.AGENT), "LY20261101888", asyncio.Event(), asyncio.Event()
    first, second = await of_stranger(office, arrive, order), await of_stranger(office, arrive, order)
    await office.does("lin", proposes, first, 0, kind="apology")  # the audit's very first row would do their turns

    def slowly(tx: Any, *rest: Any) -> Any:
        offered = proposes(tx, *rest)
        asked.set()
        waiting = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        while not past.is_set() and not tx.connection.scalar(waiting):
            await_only(asyncio.sleep(0.01))
        return offered

    async def then() -> Any:
        await asked.wait()
        offered = await office.does("maya", proposes, second, most)
        past.set()
        return offered

    one, other = await asyncio.gather(office.does("lin", slowly, first, most), then())
    assert (one.state, other.state) == (RemedyState.APPROVED, RemedyState.PROPOSED)


@only_sqlite
async def test_what_was_approved_late_counts_from_then(office: Office) -> None:  # noqa: F811
    first = await files(office)
    large = await office.does("lin", proposes, first, ComplaintSettings().limit(Role.AGENT) + 1)
    office.clock.advance(91 * 86400)
    await office.does("chen", decides, first, large.id, approve=True)
    later = await files(office, "Another thing", conversation=None, contact=office.customer.contact)
    assert (await office.does("lin", proposes, later, 1)).state is RemedyState.PROPOSED


async def test_many_who_decide_on_one_remedy_decide_once(office: Office) -> None:  # noqa: F811
    ticket = await files(office)
    remedy = await office.does("lin", proposes, ticket, 20_000)

    async def decide(who: str, *, approve: bool) -> str:
        try:
            return str((await office.does(who, decides, ticket, remedy.id, approve=approve)).state)
        except IllegalTransition:
            return "too late"

    said = await asyncio.gather(
        decide("chen", approve=True), decide("noor", approve=True), decide("chen", approve=True)
    )
    assert sorted(said) == ["approved", "too late", "too late"]
    await office.now(ticket)


@only_sqlite
async def test_one_about_an_agent_is_for_a_supervisor_and_not_there_for_him(office: Office) -> None:  # noqa: F811
    ticket = await files(office, "Lin was rude", about_agent="a_lin", category="agent_attitude")
    assert ticket.agent in ("a_chen", "a_noor")
    assert ticket.tier == 2
    asked = Filter(states=frozenset(State))
    for who in ("lin", "maya"):
        agent = office.people[who]
        with pytest.raises(NotFound):
            await office.does(who, work.take, ticket)
        for listed in (asked, Filter(text="rude"), Filter(contact=office.customer.contact)):
            found = await office.database.read(
                lambda c, one=agent, a=listed: page(c, one, a, cursor=None, limit=9).tickets
            )
            assert found == []
        talk = await office.database.read(
            lambda c, one=agent: tickets.on_conversation(c, "demo", office.conversation.id, one)
        )
        assert talk == []
        told = await office.database.read(lambda c, one=agent: counts(c, one, MONDAY + timedelta(days=30)))
        assert told == {"mine": 0, "free": 0, "overdue": 0}
    about_chen = await files(office, "Chen was rude", about_agent="a_chen", category="agent_attitude")
    assert about_chen.agent == "a_noor", "never himself"
    with pytest.raises(NotFound):
        await office.does("chen", work.take, about_chen)
    with pytest.raises(Invalid, match="supervisor other than himself"):
        await office.does("noor", work.assign, about_chen, to_agent="a_lin", to_queue=None)
    other = await office.opens("another")
    noor = office.people["noor"]
    with pytest.raises(Conflict):
        await office.database.write(lambda tx: merge.merge(tx, noor, about_chen.id, other.id, office.context()))
    with pytest.raises(NotFound):
        await files(office, about_agent="a_nobody")


@only_sqlite
async def test_remedies_of_a_merged_complaint_are_seen_to_on_the_one_it_was_merged_into(office: Office) -> None:  # noqa: F811
    first, second = await files(office), await files(office, "The same again")
    most = ComplaintSettings().limit(Role.AGENT)
    granted = [await office.does("lin", proposes, second, most // 2) for _ in range(2)]
    lin = office.people["lin"]
    await office.database.write(lambda tx: merge.merge(tx, lin, second.id, first.id, office.context()))
    root = await office.now(first)
    done = await office.does("lin", lambda tx, a, t, c: remedies.carry_out(tx, a, t, granted[0].id, c)[1], root)
    assert done.state is RemedyState.DONE
    assert (await office.does("lin", decides, root, granted[1].id, approve=False)).state is RemedyState.REFUSED
    more = await office.does("lin", proposes, await office.now(first), most // 2 + 1)
    assert more.state is RemedyState.PROPOSED, "what the merged one has got counts for the limit"


@only_sqlite
@pytest.mark.parametrize("by_class", [True, False])
async def test_one_that_turns_out_to_be_about_an_agent_leaves_him(office: Office, *, by_class: bool) -> None:  # noqa: F811
    served = waiting_handoff(1, accepted_by="a_lin", accepted_at=MONDAY)
    mine = replace(served, conversation=office.conversation.id)
    await office.database.write(lambda tx: handoffs.add(tx.connection, mine))
    if by_class:
        ticket = await files(office)
        await office.does("lin", work.take, ticket)
        await office.does("lin", classify, ticket, category="agent_attitude", cause=None)
    else:
        ticket = await office.opens("the agent shouted")
        await office.does("lin", work.take, ticket)
        await office.does("lin", as_complaint, ticket, category="agent_attitude", wanted="")
    found = await office.now(ticket)
    assert (found.about_agent, found.tier, found.priority) == ("a_lin", 2, 7)
    assert found.agent in ("a_chen", "a_noor")
    for who in ("lin", "maya"):
        with pytest.raises(NotFound):
            await office.does(who, work.close, ticket)
    holder = str(found.agent).removeprefix("a_")
    await office.does(holder, classify, ticket, category="agent_attitude", cause=None)
    assert (await office.now(ticket)).agent == found.agent, "whoever decides on it keeps it"


def test_who_decides_is_at_his_desk_and_never_the_one_complained_about() -> None:
    people = [
        person("lin"),
        person("chen", role=Role.SUPERVISOR),
        person("noor", role=Role.SUPERVISOR),
        person("ada", role=Role.ADMIN),
    ]
    assert choose_decider(people, {"a_lin", "a_noor"}, "a_lin") == "a_noor"
    assert choose_decider(people, {"a_noor"}, "a_noor") == "a_chen"
    assert choose_decider(people, {"a_ada"}, "a_lin") == "a_ada"
    assert choose_decider(people[:1], set(), None) is None


@only_sqlite
async def test_a_threat_makes_his_complaint_urgent_or_opens_one(office: Office, rows: Any) -> None:  # noqa: F811
    heard = threat_in(answer_with({"threat": "report", "words": "打12315投诉你们"}))

    async def threatens(told: Any) -> None:
        await office.database.write(lambda tx: on_threat(tx, office.conversation, told, office.context()))

    await threatens({})
    await threatens({"threat": "leave", "words": "never again"})
    assert await rows(tables.complaints) == []
    await threatens(heard)
    await threatens(heard)
    (complaint,) = await rows(tables.complaints)
    ticket = await office.now(await office.database.read(lambda c: tickets.find(c, "demo", complaint["ticket"], None)))
    assert (ticket.priority, ticket.type, complaint["threat"]) == (8, "complaint", "report")
    assert [str(line.kind) for line in await office.log(ticket)] == ["opened", "filed", "threatened"]
    await office.does("lin", work.close, ticket)
    calm = await files(office)
    assert calm.priority == 6
    await threatens(heard)
    assert (await office.now(calm)).priority == 8


def answer_with(evidence: dict[str, str]) -> Any:
    """An answer of the bot that carries the signal of a threat."""
    signal = {"signal": "unhappy", "rule": "threat to report", "strength": 0.9, "evidence": evidence}
    return replace(answer(), signals=[signal])


@only_sqlite
async def test_a_low_rating_of_an_agent_is_put_before_a_supervisor(office: Office, rows: Any) -> None:  # noqa: F811
    async def rates(score: int) -> None:
        await office.database.write(
            lambda tx: on_rating(tx, office.conversation, score, "never again", office.context())
        )

    await rates(1)
    assert await rows(tables.complaints) == [], "nobody has served him"
    served = waiting_handoff(1, accepted_by="a_lin", accepted_at=MONDAY)
    mine = replace(served, conversation=office.conversation.id)
    await office.database.write(lambda tx: handoffs.add(tx.connection, mine))
    await rates(3)
    assert await rows(tables.complaints) == []
    await rates(2)
    (complaint,) = await rows(tables.complaints)
    (ticket,) = [one for one in await rows(tables.tickets) if one["id"] == complaint["ticket"]]
    assert (ticket["about_agent"], ticket["source"], ticket["subject"]) == ("a_lin", "rating", "never again")
    assert ticket["agent"] in ("a_chen", "a_noor")


@only_sqlite
async def test_the_first_word_to_the_customer_is_the_answer(office: Office) -> None:  # noqa: F811
    ticket = await files(office)
    office.clock.advance(3600)
    await office.tells("lin", ticket, "We look into it.")
    first = office.clock()
    office.clock.advance(3600)
    await office.tells("lin", ticket, "Solved.")
    found = await office.database.read(lambda c: store.find(c, "demo", ticket.id))
    assert found.answered_at == first


def test_words_tell_the_category_and_the_checklist_follows_from_it() -> None:
    rules = ComplaintSettings()
    for text, expected in [
        ("客服态度很差", "agent_attitude"),
        ("your agent was rude to me", "agent_attitude"),
        ("快递一直不送", "delivery"),
        ("退款没有到账", "payment"),
        ("收到的是假货", "product"),
        ("等客服等了一小时", "service"),
        ("anything else", "other"),
    ]:
        assert guessed_category(rules, text) == expected, text
    product = rules.category("product")
    assert checklist(product, [], transcript=False) == {"order_number": False, "pictures": False, "transcript": False}
    there = [{"kind": "pictures"}, {"kind": "order_number"}]
    assert all(checklist(product, there, transcript=True).values())


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ({"categories": []}, "at least 1"),
        ({"categories": [{"id": "a", "zh": "", "en": ""}] * 2}, "a is listed twice"),
        ({"limits": {"agent": -1}}, "agent cannot be below 0"),
        ({"limits": {"janitor": 1}}, "janitor|enum"),
        ({"currency": "yuan"}, "pattern"),
        ({"causes": [{"id": "Not ok", "zh": "", "en": ""}]}, "pattern"),
        ({"colour": "red"}, "Extra inputs"),
    ],
)
def test_settings_that_cannot_be_are_refused(part: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        ComplaintSettings.model_validate(part)
