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

import pytest

from handoff_service import tables
from handoff_service.channels import deliver
from handoff_service.channels.accounts import new_account
from handoff_service.channels.caller import Answered
from handoff_service.channels.dingtalk import DingTalk
from handoff_service.channels.model import Outbound
from handoff_service.channels.registry import CHANNELS
from handoff_service.errors import NotDelivered
from handoff_service.outbox import Job
from tests.handoff_service.channels.platforms.chinese import FakeDingTalk
from tests.handoff_service.channels.platforms.conftest import Bridge
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


@only("messenger")
async def test_the_bot_does_not_answer_what_a_colleague_has_answered(open_bridge: Any, far: FakeMessenger) -> None:
    """C21: a person of the shop was faster, in Meta's own inbox."""
    held = Held(answer("Too late."))
    bot = ScriptedBot([held], usually=answer("Next."))
    bridge = await open_bridge(bot=bot)
    await bridge.sends(far.text(ANN, "hello?"))
    await bridge.until(lambda: bot.requests)
    await bridge.sends(far.echo(ANN, "I am on it", app="999"))
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
    deliverer = deliver.Deliverer(database, None, trial_settings(), lambda: NOW, CHANNELS)  # type: ignore[arg-type]
    job = Job("t", "o_1", "c_1", "channel", 3, 1, uncertain=uncertain)
    task = asyncio.create_task(deliverer(job))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert database.written == given_back
