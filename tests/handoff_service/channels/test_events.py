"""What platforms post: verified, parsed strictly, stored once, acknowledged after the commit."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from typing import Any

from handoff_service import tables
from handoff_service.bots.model import Answer
from handoff_service.channels import contacts
from handoff_service.clock import utc_now
from tests.handoff_service.channels.conftest import Office
from tests.handoff_service.channels.fake_platform import FakePlatform, Posted, sign
from tests.handoff_service.stage import Held, ScriptedBot, answer
from tests.handoff_service.web.serving import on_both


async def post(platform: FakePlatform, *args: Any, **options: Any) -> Posted:
    return await asyncio.to_thread(platform.post, *args, **options)


async def post_raw(platform: FakePlatform, raw: bytes, **options: Any) -> Posted:
    return await asyncio.to_thread(platform.post_raw, raw, **options)


async def nothing_stored(office: Office) -> bool:
    """No trace of a refused event: no row in the inbox, no contact, no conversation, no entry."""
    watched = (tables.inbox, tables.contacts, tables.contact_identities, tables.conversations, tables.entries)
    return not any([await office.rows(table) for table in watched])


@on_both
async def test_an_event_is_answered_with_its_place_and_its_answer_is_delivered(
    office: Office, platform: FakePlatform
) -> None:
    event = platform.event("ann", "How long does a refund take?")
    posted = await post(platform, event)
    assert posted.status == 200
    assert set(posted.body) == {"conversation", "seq", "duplicate"}
    assert (posted.body["seq"], posted.body["duplicate"]) == (2, False)
    await asyncio.to_thread(platform.wait_for, lambda p: p.texts("ann") == ["Three days."])
    (effect,) = platform.effects
    assert effect.body["conversation"] == posted.body["conversation"]
    assert (effect.body["seq"], effect.body["author"]["kind"]) == (3, "bot")
    assert effect.body["id"] == effect.key
    (inbox,) = await office.rows(tables.inbox)
    assert (inbox["event_id"], inbox["conversation"], inbox["seq"]) == (
        event["event_id"],
        posted.body["conversation"],
        2,
    )
    (conversation,) = await office.rows(tables.conversations)
    assert (conversation["channel"], conversation["account"]) == ("api", platform.account)
    assert platform.forged == []


TEXTS = [
    "退款 多久? 👩‍👩‍👧‍👦",
    "e\u0301 is not \u00e9",
    "line\r\nbreak\ttab \u2028 end",
    "\u202eright to left",
    "a" * 8000,
    '"\\/{}[]',
]


async def test_text_is_kept_bit_for_bit_and_comes_back_so(open_office: Any, platform: FakePlatform) -> None:
    async def echo(request: Any) -> Answer:
        return answer(request.text)

    office = await open_office(bot=ScriptedBot(usually=echo))
    for number, text in enumerate(TEXTS):
        for form in (False, True):
            raw = json.dumps(platform.event(f"c{number}{form}", text), ensure_ascii=form).encode()
            posted = await post_raw(platform, raw)
            assert posted.accepted, posted
            assert (await office.timeline(posted.body["conversation"]))[1].body["text"] == text
            await asyncio.to_thread(platform.wait_for, lambda p, who=f"c{number}{form}": p.texts(who))
            assert platform.texts(f"c{number}{form}") == [text]


GOOD = '{"event_id": "ev_1", "contact": {"id": "ann"}, "text": "hello"}'


NO_EVENTS: list[tuple[bytes, int, str]] = [
    (b"", 400, "not JSON"),
    (b"not json", 400, "not JSON"),
    (b"[1, 2]", 400, "object"),
    (GOOD.encode("utf-16"), 400, "UTF-8"),
    ('{"event_id": "ev_1", "contact": {"id": "ann"}, "text": "退款"}'.encode("gbk"), 400, "UTF-8"),
    (GOOD.encode().replace(b"hello", b"\xe9\x80"), 400, "UTF-8"),
    (GOOD.replace('"hello"', '"a", "text": "b"').encode(), 400, "repeated key"),
    (GOOD.replace('"ann"', '"ann", "id": "bob"').encode(), 400, "repeated key"),
    (GOOD.replace('"hello"', "NaN").encode(), 400, "NaN"),
    (GOOD.replace('"hello"', "1e400").encode(), 400, "number"),
    (GOOD.replace('"hello"', "9" * 5000).encode(), 400, "JSON"),
    (b"[" * 60_000, 400, "nested"),
    (GOOD.replace('"hello"', "[" * 40 + "]" * 40).encode(), 400, "nested"),
    (GOOD.replace("hello", "a\\u0000b").encode(), 422, "NUL"),
    (GOOD.replace("hello", "\\ud83d").encode(), 422, "surrogate"),
    (GOOD.replace("ann", "\\udc00").encode(), 422, "surrogate"),
    (GOOD.replace("hello", "  ").encode(), 422, "no text"),
    (GOOD.replace("hello", "a" * 8001).encode(), 413, "8000"),
    (GOOD.replace("hello", "a" * 70_000).encode(), 413, "65536"),
    (b'{"contact": {"id": "ann"}, "text": "x"}', 422, "event_id"),
    (GOOD.replace("ev_1", "").encode(), 422, "event_id"),
    (GOOD.replace("ev_1", "e" * 129).encode(), 422, "event_id"),
    (GOOD.replace('"ev_1"', "7").encode(), 422, "event_id"),
    (GOOD.replace('{"id": "ann"}', '"ann"').encode(), 422, "contact"),
    (GOOD.replace("ann", "").encode(), 422, "contact.id"),
    (GOOD.replace('"text"', '"role": "agent", "text"').encode(), 422, "unknown"),
    (GOOD.replace('"text": "hello"', '"press": {"seq": 1, "index": 0}').encode(), 422, "button"),
    (GOOD.replace('"text": "hello"', '"type": ""').encode(), 422, "type"),
]  # fmt: skip


async def test_what_is_no_event_gets_a_clear_error_and_leaves_nothing(office: Office, platform: FakePlatform) -> None:
    """F-10, F-11."""
    for raw, status, says in NO_EVENTS:
        posted = await post_raw(platform, raw)
        assert posted.status == status, (raw[:100], posted)
        assert says in posted.body["error"]["message"], (raw[:100], posted)
        assert posted.body["error"]["retryable"] is False
    assert await nothing_stored(office)


async def test_a_wrong_signature_leaves_nothing(office: Office, platform: FakePlatform) -> None:
    """F-07."""
    raw, now = GOOD.encode(), int(time.time())
    right = sign(platform.secrets[0], now, raw)
    for signature in ("", "v1=", right[:-1], right.upper(), right.replace("v1", "v0"), sign("other", now, raw), "v1=é"):
        posted = await post_raw(platform, raw, timestamp=now, signature=signature.encode().decode("latin-1"))
        assert posted.status == 401, signature
        assert posted.body["error"]["code"] == "unauthorized"
    assert (await post_raw(platform, raw + b" ", timestamp=now, signature=right)).status == 401
    assert (await post_raw(platform, raw, timestamp=now + 1, signature=right)).status == 401
    for stamp in ("", "soon", "1e9", "-5", "٣", "99999999999"):
        headers = {"X-Tandem-Timestamp": stamp.encode().decode("latin-1")}
        assert (await post_raw(platform, raw, headers=headers)).status == 401, stamp
    assert await nothing_stored(office)
    assert (await post_raw(platform, raw, timestamp=now, signature=f"v1=00, {right}")).accepted


async def test_unknown_and_disabled_accounts_are_refused(open_office: Any, platform: FakePlatform) -> None:
    office = await open_office(account={"disabled": True})
    event = platform.event("ann", "hello")
    assert (await post(platform, event)).status == 403
    platform.webhook = platform.webhook.replace(platform.account, "acc_none")
    assert (await post(platform, event)).status == 401
    assert await nothing_stored(office)


async def test_both_secrets_count_while_one_is_rotated(open_office: Any, platform: FakePlatform) -> None:
    await open_office(account={"secrets": ({"secret": "new-secret"}, {"secret": "old-secret"})})
    for secret, expected in (("older-secret", 401), ("new-secret", 200), ("old-secret", 200)):
        platform.secrets = (secret,)
        assert (await post(platform, platform.event("ann", "hello"))).status == expected
    platform.secrets = ("old-secret",)
    await asyncio.to_thread(platform.wait_for, lambda p: p.texts())
    assert platform.forged == [], "deliveries carry a signature of each secret"


async def test_a_replay_outside_the_window_is_refused_and_inside_it_is_a_duplicate(
    office: Office, platform: FakePlatform
) -> None:
    """F-08."""
    event, now = platform.event("ann", "hello"), int(time.time())
    for offset in (-320, 320, -86400):
        posted = await post(platform, event, timestamp=now + offset)
        assert posted.status == 401
        assert "clock" in posted.body["error"]["message"]
        assert abs(posted.body["error"]["server_time"] - now) < 60
    assert await nothing_stored(office)
    first = await post(platform, event, timestamp=now - 200)
    again = await post(platform, event, timestamp=now + 200)
    assert (first.status, again.status) == (200, 200)
    assert again.body == {**first.body, "duplicate": True}


async def test_when_all_traffic_of_an_account_agrees_that_our_clock_is_wrong_it_is_taken(
    office: Office, platform: FakePlatform
) -> None:
    """F-09: an hour of drift must not be an hour without customers; copies still have no effect."""
    then = int(time.time()) - 3600
    events = [platform.event("ann", f"message {number}") for number in range(6)]
    statuses = [(await post(platform, event, timestamp=then + n)).status for n, event in enumerate(events)]
    assert statuses == [401, 401, 401, 401, 200, 200]
    assert (await post(platform, events[0], timestamp=int(time.time()))).status == 200, "in the window: all is well"
    assert (await post(platform, platform.event("ann", "old"), timestamp=then)).status == 401
    assert len(await office.rows(tables.inbox)) == 3


@on_both
async def test_twenty_copies_at_once_are_one_message(office: Office, platform: FakePlatform) -> None:
    """F-01, I16."""
    event = platform.event("ann", "hello")
    answers = await asyncio.to_thread(platform.post_at_once, [event] * 20)
    assert {one.status for one in answers} == {200}
    assert Counter(one.body["duplicate"] for one in answers) == {False: 1, True: 19}
    assert len({(one.body["conversation"], one.body["seq"]) for one in answers}) == 1
    assert len(await office.rows(tables.inbox)) == 1
    said = [row for row in await office.rows(tables.entries) if row["author_kind"] == "customer"]
    assert len(said) == 1


@on_both
async def test_a_burst_of_a_new_customer_meets_in_one_conversation(office: Office, platform: FakePlatform) -> None:
    """F-06, I25."""
    events = [platform.event("ann", f"photo {number}") for number in range(20)]
    answers = await asyncio.to_thread(platform.post_at_once, events)
    assert {one.status for one in answers} == {200}
    assert len({one.body["conversation"] for one in answers}) == 1
    assert len({one.body["seq"] for one in answers}) == 20
    assert len(await office.rows(tables.contacts)) == 1
    assert len(await office.rows(tables.conversations)) == 1
    entries = await office.timeline(answers[0].body["conversation"])
    assert [one.seq for one in entries] == list(range(1, len(entries) + 1))


async def test_the_same_id_with_other_content_is_refused(office: Office, platform: FakePlatform) -> None:
    event = platform.event("ann", "hello")
    first = await post(platform, event)
    for changed in ({"text": "other"}, {"contact": {"id": "bob"}}, {"type": "sticker"}):
        posted = await post(platform, {**event, **changed})
        assert (posted.status, posted.body["error"]["code"]) == (409, "mismatch")
    renamed = {**event, "contact": {"id": "ann", "name": "Ann B."}}
    assert (await post(platform, renamed)).body == {**first.body, "duplicate": True}, "a name is no content"
    assert len(await office.rows(tables.inbox)) == 1
    assert len(await office.rows(tables.contacts)) == 1


async def test_an_unknown_type_is_kept_and_the_customer_is_asked_for_words_once(
    office: Office, platform: FakePlatform
) -> None:
    """F-12."""
    bot_asked = [await post(platform, platform.event("ann", type="sticker", sticker={"id": 7})) for _ in range(3)]
    assert {one.status for one in bot_asked} == {200}
    entries = await office.timeline(bot_asked[0].body["conversation"])
    stored = [one.body for one in entries if one.author.kind == "customer"]
    assert stored == [{"text": "[sticker]", "kind": "unsupported", "type": "sticker"}] * 3
    await asyncio.to_thread(platform.wait_for, lambda p: p.texts("ann"))
    notices = [one for one in entries if one.author.kind == "system" and one.kind == "message"]
    assert len(notices) == 1
    assert [row["destination"] for row in await office.rows(tables.outbox)] == ["channel"], "the bot is not asked"
    posted = await post(platform, platform.event("ann", "in words then"))
    await asyncio.to_thread(platform.wait_for, lambda p: "Three days." in p.texts("ann"))
    assert posted.body["seq"] == 6


async def test_a_blocked_contact_is_asked_for_nothing(office: Office, platform: FakePlatform) -> None:
    """Two machines that do not understand each other would write for ever."""
    await post(platform, platform.event("ann", "hello"))
    (ann,) = await office.rows(tables.contacts)
    who = {"by": "a_1", "at": utc_now()}
    await office.database.write(lambda tx: contacts.block(tx.connection, office.tenant, [ann["id"]], **who))
    posted = await post(platform, platform.event("ann", type="sticker"))
    entries = await office.timeline(posted.body["conversation"])
    assert [one.body["kind"] for one in entries if one.body.get("kind") == "unsupported"] == ["unsupported"]


async def test_a_button_is_pressed_by_its_place(open_office: Any, platform: FakePlatform) -> None:
    offered = answer(
        "Which one?", buttons=[{"title": "Refund", "payload": "/secret"}, {"title": "Exchange", "payload": "/x"}]
    )
    bot = ScriptedBot([offered, answer("A refund it is.")])
    office = await open_office(bot=bot)
    await post(platform, platform.event("ann", "help"))
    asked = await asyncio.to_thread(platform.wait_for, lambda p: p.effects and p.effects[0].body)
    assert asked["buttons"] == [{"index": 0, "title": "Refund"}, {"index": 1, "title": "Exchange"}]
    assert "secret" not in json.dumps(asked)
    bad = await post(platform, platform.event("ann", press={"seq": asked["seq"], "index": 2}))
    assert bad.status == 422
    event = platform.event("ann", press={"seq": asked["seq"], "index": 0})
    posted = await post(platform, event)
    assert posted.accepted
    await asyncio.to_thread(platform.wait_for, lambda p: p.texts() == ["Which one?", "A refund it is."])
    assert bot.requests[-1].press == "/secret"
    assert (await post(platform, event)).body == {**posted.body, "duplicate": True}
    assert len(await office.rows(tables.inbox)) == 2


async def test_the_answer_does_not_wait_for_the_bot(open_office: Any, platform: FakePlatform) -> None:
    held = Held(Answer([{"text": "late", "kind": "answer"}]))
    await open_office(bot=ScriptedBot([held]))
    assert (await post(platform, platform.event("ann", "hello"))).accepted
    assert platform.effects == []


async def test_the_same_id_on_two_accounts_is_two_people(open_office: Any, platform: FakePlatform) -> None:
    office = await open_office()
    event = platform.event("ann", "hello")
    one = await post(platform, event)
    await office.open()
    other = await post(platform, event)
    assert other.body["duplicate"] is False
    assert other.body["conversation"] != one.body["conversation"]
    assert len(await office.rows(tables.contacts)) == 2
