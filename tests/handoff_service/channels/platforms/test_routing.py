"""Who answers a customer where several may: other apps of a page, and colleagues in the platform's own app."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from handoff_service import tables
from handoff_service.channels import doctor
from handoff_service.channels.accounts import new_account
from handoff_service.channels.caller import Caller
from handoff_service.channels.doctor import Probes
from handoff_service.channels.model import ELSEWHERE, Account, Colleague, Notice, Outbound
from handoff_service.channels.registry import CHANNELS
from tests.handoff_service.channels.platforms.chinese import FakeDouyin
from tests.handoff_service.channels.platforms.conftest import Bridge
from tests.handoff_service.channels.platforms.meta import IGID, INBOX, OUR_APP, PAGE, FakeMessenger
from tests.handoff_service.channels.platforms.test_findings import only, read_by_customers
from tests.handoff_service.channels.platforms.test_kinds import an_account, read
from tests.handoff_service.channels.platforms.wechat import FakeWeCom
from tests.handoff_service.stage import Held, ScriptedBot, answer, trial_settings, wants_human

ANN = "1111111"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
on_meta = pytest.mark.parametrize("far", ["instagram", "messenger"], indirect=True)


async def shown_elsewhere(bridge: Bridge) -> list[str]:
    """What agents read of what colleagues do in the platform's own app."""
    rows = sorted(await bridge.rows(tables.entries), key=lambda row: row["seq"])
    return [row["body"]["text"] for row in rows if row["body"].get("kind") == "elsewhere"]


@on_meta
async def test_the_bot_is_silent_while_another_app_has_the_thread(bridge: Bridge, far: FakeMessenger) -> None:
    await bridge.sends(far.text(ANN, "first"))
    await bridge.receives(ANN, "Three days.")
    await bridge.sends(far.moved(ANN, INBOX))
    await bridge.sends(far.text(ANN, "to the colleague"))
    await bridge.until_said("to the colleague")
    await bridge.sends(far.moved(ANN, OUR_APP))
    await bridge.sends(far.text(ANN, "and now?"))
    await bridge.until(lambda: len(far.received) == 2)
    said = {row["body"]["text"]: row["body"].get("kind") for row in await bridge.messages(3)}
    assert said == {"first": None, "to the colleague": "unanswered", "and now?": None}
    assert await bridge.notes() == []


@on_meta
async def test_an_agent_of_ours_takes_the_thread_before_he_answers(bridge: Bridge, far: FakeMessenger) -> None:
    await bridge.sends(far.text(ANN, "first"))
    await bridge.receives(ANN, "Three days.")
    await bridge.sends(far.moved(ANN, INBOX))
    await bridge.an_agent_says("It is me now.")
    await bridge.receives(ANN, "It is me now.")
    assert far.taken == [ANN]
    await bridge.sends(far.text(ANN, "good"))
    await bridge.until(lambda: len(far.received) == 3)
    await bridge.an_agent_says("Anything else?")
    await bridge.receives(ANN, "Anything else?")
    assert far.taken == [ANN], "what comes the usual way is ours"


@only("messenger")
async def test_who_has_the_thread_is_learnt_from_a_refusal_too(bridge: Bridge, far: FakeMessenger) -> None:
    await bridge.sends(far.text(ANN, "first"))
    await bridge.receives(ANN, "Three days.")
    far.owners[ANN] = "999"  # and the event of it was lost
    await bridge.an_agent_says("Hello?")
    await bridge.settled()
    (note,) = await bridge.notes()
    assert "another app" in note
    await bridge.an_agent_says("Hello again.")
    await bridge.receives(ANN, "Hello again.")
    assert far.taken == [ANN]


@pytest.mark.parametrize(("far", "who"), [("messenger", "Page inbox"), ("wecom", "zhangsan")], indirect=["far"])
async def test_who_waits_here_does_not_any_more_when_a_colleague_over_there_has_him(
    open_bridge: Any, far: Any, who: str
) -> None:
    bot = ScriptedBot([wants_human()], usually=answer("It is on its way."))
    bridge = await open_bridge(bot=bot)
    await bridge.on_duty()
    await bridge.sends(far.text(ANN, "a person please"))
    await bridge.receives(ANN, "colleague")
    await bridge.until_with("queue")
    await bridge.settled()
    before = len(far.received)
    moved = {"messenger": lambda to: far.moved(ANN, INBOX if to else OUR_APP), "wecom": lambda to: far.taken(ANN, to)}
    await bridge.sends(moved[far.channel](who))
    await bridge.until_with("bot")
    await bridge.sends(far.text(ANN, "to the colleague"))
    await bridge.until_said("to the colleague")
    assert len(far.received) == before, "nobody here says a word"
    (note,) = await shown_elsewhere(bridge)
    assert note.startswith(who)
    (handoff,) = await bridge.rows(tables.handoffs)
    assert handoff["wrap_up"] == "elsewhere"
    await bridge.sends(moved[far.channel](""))
    await bridge.sends(far.text(ANN, "where is it?"))
    await bridge.receives(ANN, "It is on its way.")
    assert [one.text for one in bot.requests] == ["a person please", "where is it?"]
    assert await bridge.notes() == []


@only("wecom")
async def test_wecom_is_asked_who_has_the_session_when_it_refuses(bridge: Bridge, far: FakeWeCom) -> None:
    await bridge.sends(far.text(ANN, "first"))
    await bridge.receives(ANN, "Three days.")
    await bridge.settled()
    far.staffed = {ANN}  # the event of it was lost
    await bridge.an_agent_says("Hello?")
    await bridge.settled()
    (note,) = await bridge.notes()
    assert "zhangsan" in note
    await bridge.sends(far.text(ANN, "to the colleague"))
    await bridge.until_said("to the colleague")
    said = {row["body"]["text"]: row["body"].get("kind") for row in await bridge.messages(2)}
    assert said["to the colleague"] == "unanswered"
    far.staffed, far.over = set(), {ANN}
    await bridge.an_agent_says("Are you there?")
    await bridge.settled()
    assert "窗口" in (await bridge.notes())[-1] or "write" in (await bridge.notes())[-1]


@only("wecom")
@pytest.mark.parametrize("wanted", ["yes", "no"])
async def test_the_closing_words_end_wecoms_session_where_the_account_wants_it(far: FakeWeCom, wanted: str) -> None:
    account = new_account("shop", "wecom", "x", {**far.fields(), "end_sessions": wanted}, trial_settings())
    parts: dict[str, Any] = {"conversation": "c_1", "contact": ANN, "text": "Bye", "at": NOW, "author_name": ""}
    far.left[ANN] = 5
    async with httpx2.AsyncClient() as client:
        caller = Caller(client, lambda: NOW)
        later = NOW + timedelta(seconds=1)
        for number, (ends, since) in enumerate([(False, NOW), (True, later), (True, NOW)]):
            message = Outbound(mid=f"m_{number}", seq=number, author_kind="agent", ends=ends, since=since, **parts)
            await CHANNELS["wecom"].send(caller, account, message, NOW)
            ended = ends and since == NOW and wanted == "yes"  # else he has written since
            assert far.over == ({ANN} if ended else set())


@on_meta
@pytest.mark.parametrize(("app", "named"), [("999", "Meta"), (INBOX, "Page inbox"), ("", "Meta")])
async def test_a_colleagues_picture_stops_the_bot_like_his_words(
    bridge: Bridge, far: FakeMessenger, app: str, named: str
) -> None:
    """It was left out, and the bot talked over him."""
    await bridge.sends(far.text(ANN, "first"))
    await bridge.receives(ANN, "Three days.")
    await bridge.sends(far.echo(ANN, app, content=PNG))
    await bridge.sends(far.echo(ANN, app, attachments=[{"type": "template", "payload": {}}]))
    await bridge.sends(far.own_echo(ANN))
    assert await shown_elsewhere(bridge) == [f"{named} 在平台上回复：[图片]", f"{named} 在平台上回复：[attachment]"]


@only("wecom")
async def test_a_colleagues_picture_in_wecom_is_named_in_words(bridge: Bridge, far: FakeWeCom) -> None:
    await bridge.sends(far.text(ANN, "first"))
    await bridge.receives(ANN, "Three days.")
    await bridge.sends({**far.photo(ANN, PNG), "origin": 5, "servicer_userid": "zhangsan"})
    await bridge.sends(far.text(ANN, "thanks"))
    await bridge.until_said("thanks")
    assert await shown_elsewhere(bridge) == ["zhangsan 在平台上回复：[图片]"]


@only("douyin")
async def test_a_picture_by_the_merchants_own_telephone_stops_the_bot_too(open_bridge: Any, far: FakeDouyin) -> None:
    """Only his words did."""
    held = Held(answer("Too late."))
    bot = ScriptedBot([held], usually=answer("Next."))
    bridge = await open_bridge(bot=bot)
    await bridge.sends(far.text(ANN, "hello?"))
    await bridge.until(lambda: bot.requests)
    await bridge.sends(far.colleague(ANN, message_type="image"))
    await bridge.sends(far.colleague(ANN, message_type="retain_consult_card"))
    held.go.set()
    await bridge.sends(far.text(ANN, "and then?"))
    await bridge.receives(ANN, "Next.")
    assert [one.text for one in far.received] == ["Next."]
    shown = ["Douyin 在平台上回复：[图片]", "Douyin 在平台上回复：[retain_consult_card]"]
    assert await shown_elsewhere(bridge) == shown


@pytest.mark.parametrize(("app", "seen"), [("", True), (INBOX, True), ("999", False)])
def test_without_an_app_id_only_what_is_surely_a_colleagues_is_his(app: str, seen: bool) -> None:
    account = an_account("messenger")
    account = Account(**{**vars(account), "options": {"page_id": PAGE}})
    message = {"mid": "m1", "text": "I am on it", "is_echo": True, **({"app_id": int(app)} if app else {})}
    told = {"sender": {"id": PAGE}, "recipient": {"id": ANN}, "timestamp": 1, "message": message}
    body = {"object": "page", "entry": [{"id": PAGE, "messaging": [told]}]}
    if seen:
        assert isinstance(read(account, body), Colleague)
        return
    with pytest.raises(ValueError, match="not enough values"):
        read(account, body)


@pytest.mark.parametrize(
    ("name", "owner", "ours", "who"),
    [
        ("pass_thread_control", OUR_APP, OUR_APP, ""),
        ("pass_thread_control", INBOX, OUR_APP, "Page inbox"),
        ("take_thread_control", "777", OUR_APP, "Meta"),
        ("take_thread_control", None, OUR_APP, "Meta"),
        ("pass_thread_control", None, "", ""),
        ("pass_thread_control", INBOX, "", "Page inbox"),
        ("pass_thread_control", "777", "", ""),
    ],
)
def test_a_change_of_hands_says_whose_the_thread_is(name: str, owner: str | None, ours: str, who: str) -> None:
    account = an_account("messenger")
    options = {"page_id": PAGE, **({"app_id": ours} if ours else {})}
    account = Account(**{**vars(account), "options": options})
    told = {"sender": {"id": ANN}, "recipient": {"id": PAGE}, "timestamp": 5, name: {"new_owner_app_id": owner}}
    event = read(account, {"object": "page", "entry": [{"id": PAGE, "messaging": [told]}]})
    assert event == Notice(event_id=f"{ANN}.5.{name}", contact=ANN, what=Notice.What.MOVED, hint={ELSEWHERE: who})


@on_meta
async def test_what_was_read_is_shown_to_agents(bridge: Bridge, far: FakeMessenger) -> None:
    await bridge.sends(far.text(ANN, "hello"))
    await bridge.settled()
    assert await bridge.rows(tables.cursors) == []
    await bridge.sends(far.read(ANN))
    (sent,) = [row for row in await bridge.rows(tables.outbox) if row["destination"] == "channel"]
    assert await read_by_customers(bridge) == {sent["conversation"]: sent["seq"]}


def test_instagram_names_the_message_that_was_read() -> None:
    account = an_account("instagram")
    told = {"sender": {"id": ANN}, "recipient": {"id": IGID}, "timestamp": 5, "read": {"mid": "m_7"}}
    event = read(account, {"object": "instagram", "entry": [{"id": IGID, "messaging": [told]}]})
    assert (event.what, event.provider_id) == (Notice.What.READ, "m_7")


class Meta(httpx2.AsyncBaseTransport):
    """Says yes to everything; where it was asked is in `asked`."""

    def __init__(self, **told: Any) -> None:
        self.asked, self._told = list[str](), told

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(str(request.url))
        return httpx2.Response(200, json=self._told)


@pytest.mark.parametrize(
    ("channel", "login", "place"),
    [
        ("messenger", "", "https://graph.facebook.com/v26.0/me/messages"),
        ("instagram", "", "https://graph.facebook.com/v26.0/me/messages"),
        ("instagram", "instagram", "https://graph.instagram.com/v26.0/me/messages"),
    ],
)
async def test_answers_go_to_whom_the_token_is_of(channel: str, login: str, place: str) -> None:
    """The id of an Instagram account, which its webhooks bear, is no page that could send."""
    account, meta = an_account(channel), Meta(message_id="m_1")
    options = {"page_id": IGID, **({"login": login} if login else {})}
    account = Account(**{**vars(account), "options": options})
    parts: dict[str, Any] = {"mid": "m_1", "conversation": "c_1", "contact": ANN, "seq": 1, "text": "hi", "at": NOW}
    async with httpx2.AsyncClient(transport=meta) as client:
        message = Outbound(**parts, author_kind="bot", author_name="")
        assert await CHANNELS[channel].send(Caller(client, lambda: NOW), account, message, NOW) == "m_1"
    assert meta.asked == [place]


@pytest.mark.parametrize(
    ("channel", "options", "told", "remarks"),
    [
        ("messenger", {"page_id": PAGE, "app_id": OUR_APP}, {"id": PAGE}, []),
        ("messenger", {"page_id": PAGE}, {"id": PAGE}, ["app_id"]),
        ("messenger", {"page_id": PAGE, "app_id": OUR_APP}, {"id": "77777"}, ["77777"]),
        ("instagram", {"page_id": IGID, "app_id": OUR_APP}, {"instagram_business_account": {"id": IGID}}, []),
        ("instagram", {"page_id": PAGE, "app_id": OUR_APP}, {"instagram_business_account": {"id": IGID}}, [IGID]),
        ("instagram", {"page_id": PAGE, "app_id": OUR_APP, "login": "instagram"}, {"user_id": IGID}, [IGID]),
    ],
)
async def test_the_doctor_sees_another_account_and_a_missing_app_id(
    channel: str, options: dict[str, str], told: dict[str, Any], remarks: list[str]
) -> None:
    account = Account(**{**vars(an_account(channel)), "options": options})
    async with httpx2.AsyncClient(transport=Meta(**told)) as client:
        adapter = CHANNELS[channel]
        assert isinstance(adapter, Probes)
        found = await adapter.probe(Caller(client, lambda: NOW), account)
    assert len(found) == len(remarks)
    told_zh = [doctor._remarked(one, adapter.abilities.title).zh for one in found]
    assert all("app_id" in one or "page_id" in one for one in told_zh)
    assert not any("Without" in one or "token" in one for one in told_zh)
    assert all(part in said for part, said in zip(remarks, found, strict=True))
