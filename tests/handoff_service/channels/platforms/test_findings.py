"""What reviewers found: early failures, colleagues, standby, late events, second ids, long texts with buttons."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from handoff_service import tables
from handoff_service.channels import deliver, undelivered, window
from handoff_service.channels.accounts import new_account
from handoff_service.channels.caller import Answered, Caller
from handoff_service.channels.dingtalk import DingTalk
from handoff_service.channels.model import Outbound
from handoff_service.channels.registry import CHANNELS
from handoff_service.conversations import cursors
from handoff_service.conversations import store as conversations
from handoff_service.conversations.model import OwnerKind
from handoff_service.errors import NotDelivered
from handoff_service.outbox import Job
from tests.handoff_service.channels.platforms import PLATFORMS
from tests.handoff_service.channels.platforms.chinese import FakeDingTalk, FakeDouyin
from tests.handoff_service.channels.platforms.conftest import Bridge
from tests.handoff_service.channels.platforms.fake import Response
from tests.handoff_service.channels.platforms.line import FakeLine
from tests.handoff_service.channels.platforms.meta import NUMBER, FakeMessenger, FakeWhatsApp
from tests.handoff_service.stage import Held, ScriptedBot, answer, trial_settings

ANN = "1111111"
NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


def only(channel: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("far", [channel], indirect=True)


@only("whatsapp")
async def test_a_failure_that_is_told_before_we_know_the_message_is_not_lost(bridge: Bridge, far: FakeWhatsApp) -> None:
    """B16: the platform's notice overtook the answer to our own request."""
    errors = [{"code": 131026, "title": "Message undeliverable"}]
    await bridge.sends(far.fate("wamid.out2", ANN, "failed", errors=errors))
    await bridge.sends(far.text(ANN, "hello"))
    await bridge.settled()
    assert {row["provider_id"] for row in await bridge.rows(tables.outbox)} >= {"wamid.out2"}
    (note,) = await bridge.notes()
    assert "Message undeliverable" in note
    await bridge.sends(far.fate("wamid.of-another-app", ANN, "failed", errors=errors))
    assert len(await bridge.notes()) == 1


@only("whatsapp")
async def test_what_was_read_on_whatsapp_is_shown_to_agents(bridge: Bridge, far: FakeWhatsApp) -> None:
    await bridge.sends(far.text(ANN, "hello"))
    await bridge.settled()
    await bridge.sends(far.fate("wamid.of-another-app", ANN, "read"))
    assert await bridge.rows(tables.cursors) == []
    (sent,) = [row for row in await bridge.rows(tables.outbox) if row["destination"] == "channel"]
    await bridge.sends(far.fate(sent["provider_id"], ANN, "read"))
    assert await read_by_customers(bridge) == {sent["conversation"]: sent["seq"]}


@only("douyin")
async def test_what_was_read_on_douyin_is_all_that_had_been_sent_by_then(bridge: Bridge, far: FakeDouyin) -> None:
    await bridge.sends(far.text(ANN, "hello"))
    await bridge.settled()
    (sent,) = [row for row in await bridge.rows(tables.outbox) if row["destination"] == "channel"]
    by_merchant = far.read(ANN)
    await bridge.sends({**by_merchant, "from_user_id": far.merchant, "to_user_id": ANN})
    assert await bridge.rows(tables.cursors) == [], "the merchant reads in his own app"
    await bridge.sends(far.read(ANN))
    assert await read_by_customers(bridge) == {sent["conversation"]: sent["seq"]}


async def read_by_customers(bridge: Bridge) -> dict[str, int]:
    """As cards of desks tell it."""

    def load(connection: Any) -> dict[str, int]:
        open_ones = conversations.listed(connection, bridge.tenant, [OwnerKind.BOT])
        return cursors.read_by_customers(connection, bridge.tenant, open_ones)

    return await bridge.database.read(load)


@only("whatsapp")
async def test_one_person_under_two_ids_is_one_contact(bridge: Bridge, far: FakeWhatsApp) -> None:
    """C17: who takes a username may lose his number."""
    await bridge.sends(far.text(ANN, "with my number"))
    await bridge.receives(ANN, "Three days.")
    event = far.text(f"MY.{ANN}", "without it")
    body = far._body((event,))
    person = body["entry"][0]["changes"][0]["value"]["contacts"][0]
    person.pop("wa_id")
    person["user_id"] = f"MY.{ANN}"
    hook = far.hook()
    raw = json.dumps(body).encode()
    signed = hmac.new(far.account.secret("app_secret").encode(), raw, hashlib.sha256).hexdigest()  # type: ignore[union-attr]
    hook = replace(hook, raw=raw, headers={**hook.headers, "X-Hub-Signature-256": f"sha256={signed}"})
    assert far.accepted(await asyncio.to_thread(far.send, hook))
    assert len({row["conversation"] for row in await bridge.messages(2)}) == 1
    assert len(await bridge.rows(tables.contacts)) == 1
    assert {row["external_id"] for row in await bridge.rows(tables.contact_identities)} == {ANN, f"MY.{ANN}"}


@only("whatsapp")
async def test_a_long_text_keeps_its_buttons(open_bridge: Any, far: FakeWhatsApp) -> None:
    """C18: 1024 characters is the longest text with buttons."""
    buttons = [{"title": "Refund", "payload": "/refund"}, {"title": "Exchange", "payload": "/exchange"}]
    bridge = await open_bridge(bot=ScriptedBot([answer("x" * 1500, buttons=buttons)], usually=answer("ok")))
    await bridge.sends(far.text(ANN, "help"))
    await bridge.settled()
    assert len(far.received[0].text) == 1500
    assert [one["title"] for one in far.received[-1].buttons] == ["Refund", "Exchange"]


@only("whatsapp")
async def test_a_window_runs_from_when_the_customer_wrote(bridge: Bridge, far: FakeWhatsApp) -> None:
    """C20: Meta repeats a webhook for days; the window does not begin anew when we are up again."""
    event = {**far.text(ANN, "an old one"), "timestamp": str(int(time.time()) - 25 * 3600)}
    await bridge.sends(event)
    assert set((await bridge.settled()).values()) == {"dead"}
    assert far.received == []
    assert NUMBER in bridge.far.fields().values()


@only("line")
async def test_in_standby_the_bot_is_silent(bridge: Bridge, far: FakeLine) -> None:
    """C22: another module answers in this chat."""
    await bridge.sends({**far.text(ANN, "to somebody else"), "mode": "standby"})
    await bridge.sends(far.text("2222222", "to us"))
    await bridge.receives("2222222", "Three days.")
    said = {row["body"]["text"]: row["body"].get("kind") for row in await bridge.messages(2)}
    assert said == {"to somebody else": "unanswered", "to us": None}
    assert [one.contact for one in far.received] == ["2222222"]


@only("wecom")
async def test_the_bot_is_silent_while_a_colleague_has_the_session(bridge: Bridge, far: Any) -> None:
    await bridge.sends(far.taken(ANN, "zhangsan"))
    await bridge.sends(far.text(ANN, "to the colleague"))
    await bridge.sends(far.photo(ANN, b"\x89PNG\r\n\x1a\n" + bytes(100)))
    await bridge.sends({**far.text(ANN, "I am on it"), "origin": 5, "servicer_userid": "zhangsan"})
    await bridge.until_said("to the colleague")
    await bridge.until_said("[file: image.png]")
    await bridge.sends(far.taken(ANN, ""))
    await bridge.sends(far.text(ANN, "and now?"))
    await bridge.receives(ANN, "Three days.")
    said = {row["body"]["text"]: row["body"].get("kind") for row in await bridge.messages(4)}
    assert said.pop("and now?") is None
    assert (len(said), set(said.values())) == (3, {"unanswered"}), "his words, and his picture as it was told and came"
    assert len(far.received) == 1
    assert await bridge.notes() == []
    shown = [row["body"] for row in await bridge.rows(tables.entries) if row["body"].get("kind") == "elsewhere"]
    assert "I am on it" in shown[0]["text"]


@only("messenger")
async def test_the_bot_does_not_answer_what_a_colleague_has_answered(open_bridge: Any, far: FakeMessenger) -> None:
    """C21: a person of the shop was faster, in Meta's own inbox."""
    held = Held(answer("Too late."))
    bot = ScriptedBot([held], usually=answer("Next."))
    bridge = await open_bridge(bot=bot)
    await bridge.sends(far.text(ANN, "hello?"))
    await bridge.until(lambda: bot.requests)
    await bridge.sends(far.echo(ANN, "999", text="I am on it"))
    held.go.set()
    await bridge.sends(far.text(ANN, "and then?"))
    await bridge.receives(ANN, "Next.")
    assert all("Too late." not in one.text for one in far.received)


class Sessions:
    """DingTalk that answers a session with these codes."""

    def __init__(self, code: int) -> None:
        self.code, self.paths = code, list[str]()
        self.tokens = self

    async def get(self, *_: Any) -> str:
        return "token"

    async def post(self, url: str, **_: Any) -> Answered:
        self.paths.append(url)
        body = b'{"processQueryKey":"q"}' if "batchSend" in url else b'{"errcode":%d}' % self.code
        return Answered(200, body)


@pytest.mark.parametrize(
    ("code", "outcome"), [(0, None), (300001, "pushed"), (130101, "again"), (-1, "again"), (40035, "final")]
)
async def test_a_session_that_has_ended_is_pushed_and_a_busy_one_waits(code: int, outcome: str | None) -> None:
    """B15: every error was taken for final."""
    far = FakeDingTalk()
    account = new_account("shop", "dingtalk", "x", far.fields(), trial_settings())
    far.close()
    hint = {"url": "https://oapi.dingtalk.com/s", "until": (NOW + timedelta(hours=1)).isoformat()}
    parts: dict[str, Any] = {"mid": "m_1", "conversation": "c_1", "contact": "1", "seq": 1, "text": "hi", "at": NOW}
    message = Outbound(**parts, author_kind="bot", author_name="", hint=hint)
    sessions = Sessions(code)
    if outcome in ("again", "final"):
        with pytest.raises(NotDelivered) as refused:
            await DingTalk().send(sessions, account, message, NOW)  # type: ignore[arg-type]
        assert refused.value.final is (outcome == "final")
    else:
        made = await DingTalk().send(sessions, account, message, NOW)  # type: ignore[arg-type]
        assert made == ("q" if outcome else None)


class Slow:
    """A database that never answers, and one that remembers what was postponed."""

    def __init__(self) -> None:
        self.written = 0

    async def read(self, _: Any) -> Any:
        await asyncio.Event().wait()

    async def write(self, _: Any) -> str:
        self.written += 1
        return "new"


@pytest.mark.parametrize(("uncertain", "given_back"), [(False, 1), (True, 0)])
async def test_a_restart_casts_no_doubt_on_what_was_not_begun(uncertain: bool, given_back: int) -> None:
    """B5: after every deployment agents were told that messages had perhaps not arrived."""
    database = Slow()
    deliverer = deliver.Deliverer(database, None, trial_settings(), lambda: NOW, CHANNELS, in_charge=lambda: True)  # type: ignore[arg-type]
    job = Job("t", "o_1", "c_1", "channel", 3, 1, uncertain=uncertain)
    task = asyncio.create_task(deliverer(job))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert database.written == given_back


@only("wecom")
async def test_several_bubbles_that_may_have_arrived_are_repeated_as_the_one_message_that_they_were(
    open_bridge: Any, far: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answer was lost, and the customer's next words opened the window: cut anew, they would come twice."""
    said = [answer(f"bubble {number}").messages[0] for number in range(1, 6)]
    bridge = await open_bridge(bot=ScriptedBot([replace(answer(), messages=said)], usually=answer("Yes?")))
    real, lost = far.answer, list[Any]()

    def answered(call: Any) -> Response:
        response = real(call)
        if call.path.endswith("/send_msg") and "bubble 5" in call.json["text"]["content"] and not lost:
            lost.append(call)
            asyncio.run_coroutine_threadsafe(bridge.sends(far.text("ann", "and?")), loop).result()
            return Response(500, {})
        return response

    loop = asyncio.get_running_loop()
    monkeypatch.setattr(far, "answer", answered)
    await bridge.sends(far.text("ann", "tell me everything"))
    await bridge.until(lambda: "Yes?" in [one.text for one in far.received])
    assert set((await bridge.settled()).values()) == {"sent"}
    assert lost
    assert [one.text for one in far.received] == ["bubble 1", "bubble 2", "bubble 3", "bubble 4\n\nbubble 5", "Yes?"]


@only("telegram")
async def test_another_release_does_not_go_on_in_the_middle_of_other_parts(
    open_bridge: Any, far: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B7: the first part of a message was delivered by a release that cut it elsewhere."""
    bridge = await open_bridge(bot=ScriptedBot(usually=answer("\n".join(f"line {n} of many" for n in range(600)))))
    right = deliver._digest
    monkeypatch.setattr(deliver, "_digest", lambda parts: f"another release: {right(parts)}"[:32])
    real, parts = far.answer, list[str]()

    def answered(call: Any) -> Response:
        if call.path.endswith("/sendMessage"):
            parts.append(call.json["text"])
            if len(parts) == 2:
                monkeypatch.setattr(deliver, "_digest", right)
                return Response(429, {"ok": False, "parameters": {"retry_after": 0}})
        return real(call)

    monkeypatch.setattr(far, "answer", answered)
    await bridge.sends(far.text(ANN, "everything"))
    assert set((await bridge.settled()).values()) == {"dead"}
    assert len(far.received) == 1
    (note,) = await bridge.notes()
    assert "another release" in note


def test_a_note_of_a_release_between_ours_counts_for_the_parts_that_it_is_of() -> None:
    """A release that notes nothing sends the second part, and leaves the note on the first as it was."""
    given: dict[str, Any] = {"mid": "m_1", "conversation": "c_1", "contact": "1", "seq": 1, "at": NOW}
    given |= {"author_kind": "bot", "author_name": ""}
    parts = [Outbound(**given, part=number, text=text) for number, text in enumerate(("one", "two", "three"))]
    first, both = deliver._digest(parts[:1]), deliver._digest(parts[:2])
    job = Job("t", "o_1", "c_1", "channel", 3, 1, parts_sent=2, parts_digest=both)
    assert deliver._goes_on(job, parts)
    assert deliver._goes_on(replace(job, parts_digest=first), parts)
    assert deliver._goes_on(replace(job, parts_digest=None), parts)
    assert not deliver._goes_on(replace(job, parts_digest=both), [replace(parts[0], text="one two"), parts[2]])
    assert not deliver._goes_on(replace(job, parts_sent=1, parts_digest=both), parts)


# What platforms say when they take nothing from us now, and what agents are to know: (channel, status, answer, why).
REFUSED = [
    ("wechat", 200, {"errcode": 45015, "errmsg": "response out of time limit"}, window.CLOSED),
    ("wechat_mini", 200, {"errcode": 45047, "errmsg": "out of response count limit"}, window.USED_UP),
    ("wechat", 200, {"errcode": 43004, "errmsg": "require subscribe"}, window.LEFT),
    ("wechat", 200, {"errcode": 48001, "errmsg": "api unauthorized"}, "verified service account"),
    ("wechat", 200, {"errcode": -1, "errmsg": "system error"}, "again"),
    ("wecom", 200, {"errcode": 95001, "errmsg": "limit"}, window.USED_UP),
    ("wecom", 200, {"errcode": 95018, "errmsg": "invalid session status"}, "its state cannot be asked"),
    ("wecom", 200, {"errcode": 45009, "errmsg": "api freq out of limit"}, "again"),
    ("whatsapp", 400, {"error": {"code": 131047, "message": "Re-engagement message"}}, window.CLOSED),
    ("whatsapp", 400, {"error": {"code": 130429, "message": "Rate limit hit"}}, "again"),
    ("whatsapp", 400, {"error": {"code": 131026, "message": "Message undeliverable"}}, "131026"),
    ("messenger", 400, {"error": {"code": 10, "error_subcode": 2018278, "message": "outside"}}, window.CLOSED),
    ("instagram", 400, {"error": {"code": 10, "message": "no permission"}}, "permission"),
    ("messenger", 400, {"error": {"code": 10, "error_subcode": 2018300, "message": "no"}}, "another app answers"),
    ("messenger", 401, {"error": {"code": 190, "message": "expired"}}, "again"),
    ("telegram", 403, {"ok": False, "description": "Forbidden: bot was blocked by the user"}, window.LEFT),
    ("telegram", 400, {"ok": False, "description": "Bad Request: chat not found"}, "chat not found"),
    ("telegram", 429, {"ok": False, "parameters": {"retry_after": 3}}, "again"),
    ("sms", 400, {"code": 21610, "message": "unsubscribed recipient"}, window.LEFT),
    ("sms", 400, {"code": 63016, "message": "outside the allowed window"}, window.CLOSED),
    ("sms", 429, {"code": 20429, "message": "Too Many Requests"}, "again"),
    ("slack", 200, {"ok": False, "error": "channel_not_found"}, "channel_not_found"),
    ("slack", 200, {"ok": False, "error": "ratelimited"}, "again"),
    ("line", 429, {"message": "You have reached your monthly limit."}, "monthly"),
    ("line", 429, {"message": "The API rate limit has been exceeded."}, "again"),
    ("line", 400, {"message": "Failed to send messages"}, "Failed"),
    ("feishu", 200, {"code": 230002, "msg": "Bot is not in the chat"}, "230002"),
    ("feishu", 200, {"code": 99991400, "msg": "frequency"}, "again"),
    ("douyin", 200, {"data": {"error_code": 28003070, "description": "too fast"}}, "again"),
    ("douyin_kf", 200, {"err_no": 100002, "err_msg": "too fast"}, "again"),
    ("douyin_kf", 200, {"err_no": 28001008, "err_msg": "access_token expired"}, "again"),
    ("douyin_kf", 200, {"err_no": 28001007, "err_msg": "wrong"}, "wrong"),
    ("douyin", 200, {"data": {"error_code": 28001007, "description": "wrong"}}, "wrong"),
    ("weibo", 403, {"error": "user requests out of rate limit", "error_code": 10023}, "again"),
    ("weibo", 400, {"error": "invalid_access_token", "error_code": 21332}, "again"),
    ("weibo", 400, {"error": "expired_token", "error_code": 21327}, "again"),
    ("weibo", 400, {"error": "not a fan", "error_code": 20031}, "not a fan"),
    ("dingtalk", 400, {"code": "staffId.notExisted", "message": "no such user"}, "no such user"),
    ("voice", 404, {"code": 20404, "message": "not found"}, "the call is over"),
    ("kuaishou", 400, {"error": "x"}, "400"),
    ("kuaishou", 503, {}, "again"),
]


class Refusing(httpx2.AsyncBaseTransport):
    """Gives tokens, and answers this to everything else."""

    def __init__(self, status: int, body: Any) -> None:
        self._answer = httpx2.Response(status, json=body)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.url.path.endswith(("stable_token", "gettoken", "accessToken", "internal", "v2/token")):
            named = dict.fromkeys(("access_token", "tenant_access_token", "accessToken"), "t")
            return httpx2.Response(200, json={**named, "data": named, "errcode": 0, "code": 0})
        return httpx2.Response(self._answer.status_code, content=self._answer.content)


@pytest.mark.parametrize(("channel", "status", "body", "outcome"), REFUSED)
async def test_what_a_platform_refuses_is_told_apart(channel: str, status: int, body: Any, outcome: str) -> None:
    far = PLATFORMS[channel]()
    account = new_account("shop", channel, "x", far.fields(), trial_settings())
    far.close()
    hint = {
        "msg_id": "@1",
        "conversation_id": "@c",
        "create_time": "1",
        "call": "CA1",
        "url": "https://shop.example/hook",
    }
    parts: dict[str, Any] = {"mid": "m_1", "conversation": "c_1", "contact": "1:1", "seq": 1, "text": "hi", "at": NOW}
    message = Outbound(**parts, author_kind="bot", author_name="", hint=hint)
    async with httpx2.AsyncClient(transport=Refusing(status, body)) as client:
        with pytest.raises(NotDelivered) as refused:
            await CHANNELS[channel].send(Caller(client, lambda: NOW), account, message, NOW)
    error = refused.value
    assert not error.uncertain
    if outcome == "again":
        assert not error.final
    elif outcome in (window.CLOSED, window.USED_UP, window.LEFT):
        assert (error.final, error.barred) == (True, outcome)
        assert undelivered.why(outcome, "en") != undelivered.why(outcome, "zh")
    else:
        assert (error.final, error.barred) == (True, None)
        assert outcome in error.message
