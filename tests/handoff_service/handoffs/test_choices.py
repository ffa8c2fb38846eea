"""What a waiting customer may choose: each choice, from every owner, in both languages, and what is refused."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from handoff_service import tables
from handoff_service.calendars.model import Calendar
from handoff_service.calendars.settings import Opening
from handoff_service.conversations.model import OwnerKind
from handoff_service.conversations.receive import receive
from handoff_service.conversations.sweep import on_deadline
from handoff_service.errors import Conflict, IllegalTransition, Invalid, Mismatch, NotFound
from handoff_service.handoffs import release
from handoff_service.handoffs import store as handoffs
from handoff_service.handoffs.choices import call_time, choose, offered, phone_number, read_choice
from handoff_service.handoffs.request import as_read
from handoff_service.tickets import store as tickets
from handoff_service.tickets import work
from tests.handoff_service.handoffs.floor import Floor
from tests.handoff_service.stage import MONDAY, shop

SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
NUMBER = "+86 138 0013 8000"
LATER = "2026-11-02T20:00:00+08:00"


@pytest.mark.parametrize(
    ("zone", "language", "words"),
    [
        ("Asia/Shanghai", "zh", "11月2日 20:00"),
        ("Asia/Shanghai", "zh-Hant", "11月2日 20:00"),
        ("Asia/Shanghai", "en", "2 November, 20:00 (UTC+8)"),
        ("Asia/Kolkata", "en", "2 November, 17:30 (UTC+5:30)"),
        ("America/St_Johns", "en", "2 November, 08:30 (UTC-3:30)"),
        ("Europe/London", "en", "2 November, 12:00 (UTC)"),
    ],
)
def test_a_time_is_read_on_the_tenants_clock_which_is_named_to_who_may_have_another(
    zone: str, language: str, words: str
) -> None:
    tenant = shop()
    there = tenant.model_copy(update={"settings": tenant.settings.model_copy(update={"timezone": zone})})
    assert as_read(datetime.fromisoformat(LATER), there, language) == words


def test_every_waiting_customer_may_leave_write_be_called_or_ask_higher() -> None:
    for kind in (OwnerKind.QUEUE, OwnerKind.OFFER):
        assert offered(kind, senior=True) == ["ask-senior", "solved", "leave-queue", "leave-message", "callback"]
    assert offered(OwnerKind.BOT, senior=True) == ["ask-human", "ask-senior", "callback"]
    assert offered(OwnerKind.BOT, senior=False) == ["ask-human", "callback"], "there is nobody higher to ask for"
    assert offered(OwnerKind.CLOSED, senior=True) == []


@SQLITE
@pytest.mark.parametrize(
    ("language", "verb", "parts", "owner", "words"),
    [
        ("en", "solved", {}, "bot", "Good to hear"),
        ("zh", "solved", {}, "bot", "已取消排队"),
        ("en", "leave-queue", {}, "bot", "the assistant goes on with you"),
        ("zh", "leave-queue", {}, "bot", "由智能助手继续为您服务"),
        ("en", "leave-message", {"text": "My parcel is wet."}, "mailbox", "by 4 November, 17:30"),
        ("zh", "leave-message", {"text": "包裹湿了"}, "mailbox", "11月4日 17:30"),
        ("en", "callback", {"number": NUMBER, "at": LATER}, "mailbox", f"call {NUMBER} around 2 November, 20:00"),
        ("zh", "callback", {"number": NUMBER, "at": LATER}, "mailbox", f"11月2日 20:00 前后致电 {NUMBER}"),
        ("en", "ask-senior", {"reason": "a refund"}, "queue", "senior team"),
        ("zh", "ask-senior", {"reason": "退款"}, "queue", "高级客服"),
    ],
)
async def test_what_each_choice_does_while_he_waits(
    floor: Floor, hire: Any, language: str, verb: str, parts: dict[str, str], owner: str, words: str
) -> None:
    await hire("lin")
    sender, waiting = await floor.waits(language=language)
    told = await floor.choose(sender, waiting, verb, **parts)
    assert told == {"owner": owner, "epoch": waiting.epoch + 1}
    now = await floor.now(waiting)
    assert words in await floor.last_text(now)
    assert now.deadline_at is not None
    assert now.deadline_at > floor.clock()


@SQLITE
async def test_a_callback_is_a_ticket_with_number_and_time(floor: Floor, hire: Any, rows: Any) -> None:
    await hire("lin")
    sender, waiting = await floor.waits()
    await floor.choose(sender, waiting, "callback", number=NUMBER, at=LATER, text="about my refund")
    (ticket,) = await rows(tables.tickets)
    assert (ticket["type"], ticket["reply_to"], ticket["conversation"]) == ("callback", NUMBER, waiting.id)
    assert ticket["due_at"] == datetime.fromisoformat(LATER)
    assert (await floor.now(waiting)).deadline_at == ticket["due_at"]
    by_him = [one for one in await floor.entries(waiting) if (one.author.kind, one.kind) == ("customer", "message")]
    assert by_him[-1].body["text"] == f"Please call me on {NUMBER}, 2 November, 20:00 (UTC+8).\nabout my refund"
    await floor.choose(sender, waiting, "callback", number="+1 555 0100")
    (moved,) = await rows(tables.tickets)
    assert (moved["id"], moved["reply_to"]) == (ticket["id"], "+1 555 0100"), "asked for again it is the same call"
    assert moved["due_at"] != ticket["due_at"]
    later = await floor.now(waiting)
    assert (later.owner.kind, later.deadline_at) == (OwnerKind.MAILBOX, moved["due_at"])
    assert "call +1 555 0100 around" in await floor.last_text(later)
    sender, asking = await floor.asks()
    told = await floor.choose(sender, asking, "callback", number=NUMBER)
    assert told["owner"] == "bot", "with the bot he goes on beside it"


@SQLITE
@pytest.mark.parametrize(("writes", "left"), [(False, OwnerKind.CLOSED), (True, OwnerKind.MAILBOX)])
async def test_who_was_called_is_not_told_that_he_was_not(floor: Floor, hire: Any, *, writes: bool, left: Any) -> None:
    lin = await hire("lin")
    sender, waiting = await floor.waits()
    await floor.choose(sender, waiting, "callback", number=NUMBER, at=LATER)
    (ticket,) = await floor.database.read(lambda c: tickets.on_conversation(c, "demo", waiting.id, None))
    floor.clock.advance(60)
    await floor.do(lambda tx: work.resolve(tx, lin, work.locked(tx, lin, ticket.id), floor.context))
    floor.clock.advance(60)
    if writes:
        said = {"client_id": "client-02", "body": {"text": "and the refund?"}}
        await floor.do(lambda tx: receive(tx, sender, **said, context=floor.context))
    floor.clock.advance((datetime.fromisoformat(LATER) - floor.clock()).total_seconds())
    await floor.do(lambda tx: on_deadline(tx, "demo", waiting.id, floor.context))
    assert (await floor.now(waiting)).owner.kind is left
    assert ("did not reply in time" in await floor.last_text(waiting)) is writes


@SQLITE
async def test_what_a_choice_refuses(floor: Floor, hire: Any) -> None:
    lin = await hire("lin")
    sender, held = await floor.served(lin)
    for verb in ("solved", "leave-queue"):
        with pytest.raises(IllegalTransition):
            await floor.choose(sender, held, verb)
    with pytest.raises(Conflict, match="Somebody is with you"):
        await floor.choose(sender, held, "callback", number=NUMBER)
    stranger, waiting = await floor.waits()
    with pytest.raises(NotFound):
        await floor.choose(sender, waiting, "leave-queue")
    with pytest.raises(Invalid, match="8000"):
        await floor.choose(stranger, waiting, "leave-message", text="x" * 8001)
    closed = await floor.do(lambda tx: release.close(tx, held.id, lin, held.epoch, floor.context, wrap_up="solved"))
    with pytest.raises(IllegalTransition):
        await floor.choose(sender, closed, "callback", number=NUMBER)


@SQLITE
async def test_a_choice_that_comes_twice_has_one_effect(floor: Floor, hire: Any, rows: Any) -> None:
    await hire("lin")
    sender, waiting = await floor.waits()
    asked = read_choice("callback", {"op_id": "op-00000001", "number": NUMBER})
    for _ in range(2):
        told = await floor.do(lambda tx: choose(tx, sender, waiting.id, "callback", asked, floor.context))
        assert told["owner"] == "mailbox"
    assert len(await rows(tables.tickets)) == 1
    other = read_choice("callback", {"op_id": "op-00000001", "number": "+1 555 0100"})
    with pytest.raises(Mismatch):
        await floor.do(lambda tx: choose(tx, sender, waiting.id, "callback", other, floor.context))


@SQLITE
async def test_who_leaves_the_queue_leaves_it_once(floor: Floor, hire: Any) -> None:
    await hire("lin")
    sender, waiting = await floor.waits()
    await floor.choose(sender, waiting, "leave-queue")
    ended = await floor.database.read(lambda c: handoffs.find(c, "demo", str(waiting.handoff)))
    assert (ended.wrap_up, ended.closed_at) == ("left", floor.clock())
    with pytest.raises(IllegalTransition):
        await floor.choose(sender, waiting, "leave-queue")
    told = await floor.choose(sender, waiting, "ask-human")
    assert told["owner"] == "queue", "asking for a person is never refused"


@pytest.mark.parametrize("number", ["", "call me", "12", "+", "1234a5678", "+86-138;0013", "1" * 30, "()()()()"])
def test_what_is_no_number(number: str) -> None:
    with pytest.raises(Invalid, match="telephone"):
        phone_number(number)


@pytest.mark.parametrize("number", ["10086", "+86 138 0013 8000", "(020) 7946-0958", "021.6288.8888"])
def test_what_is_a_number(number: str) -> None:
    assert phone_number(f" {number} ") == number


def open_by_day() -> Calendar:
    """Open on Monday and Tuesday from nine to six."""
    hours = Opening.model_validate({"days": ["mon", "tue"], "from": "09:00", "to": "18:00"})
    return Calendar(ZoneInfo("UTC"), (hours,))


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("tomorrow", "is a time"),
        ("2026-11-02T15:00:00", "time zone"),
        ("2026-11-02T09:30:00Z", "ahead"),
        ("2025-01-01T00:00:00Z", "ahead"),
        ("2026-12-24T10:00:00Z", "ahead"),
        ("2026-11-02T18:00:00Z", "Nobody is there"),
        ("2026-11-04T10:00:00Z", "Nobody is there"),
    ],
)
def test_when_nobody_can_call(at: str, words: str) -> None:
    with pytest.raises(Invalid, match=words) as refused:
        call_time(at, open_by_day(), MONDAY)
    if words == "Nobody is there":
        assert refused.value.extra["opens"] in ("2026-11-03T09:00:00.000Z", "2026-11-09T09:00:00.000Z")


def test_without_a_time_he_is_called_within_an_hour_of_people_being_there() -> None:
    assert call_time(None, open_by_day(), MONDAY) == MONDAY + timedelta(hours=1)
    night = MONDAY.replace(hour=22)
    assert call_time(None, open_by_day(), night) == night.replace(day=3, hour=10, minute=0)
    late = MONDAY.replace(hour=17, minute=30)
    assert call_time(None, open_by_day(), late) == late.replace(day=3, hour=9, minute=30), "not after it has closed"
    friday = MONDAY.replace(day=3, hour=17)
    assert call_time(None, open_by_day(), friday) == friday.replace(day=9, hour=9), "nor at the moment it closes"


@pytest.mark.parametrize(
    ("verb", "parts", "words"),
    [
        ("dance", {"op_id": "op-00000001"}, "there are ask-human"),
        (None, {}, "no choice"),
        ("callback", {"op_id": "op-00000001"}, "number"),
        ("callback", {"op_id": "x", "number": NUMBER}, "op_id"),
        ("callback", {"op_id": "op-00000001", "number": 10086}, "number"),
        ("solved", {"op_id": "op-00000001", "extra": 1}, "extra"),
    ],
)
def test_a_frame_that_is_no_choice(verb: Any, parts: dict[str, Any], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        read_choice(verb, parts)
