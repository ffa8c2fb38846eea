"""What no platform has sent is turned away alike and without a word; a captured token opens nothing."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from structlog.testing import capture_logs

from handoff_service import tables
from handoff_service.channels import api
from tests.handoff_service.channels.platforms.conftest import Bridge
from tests.handoff_service.channels.platforms.fake import Answered, Hook, Platform
from tests.handoff_service.channels.platforms.mail import FakeMail

ANN = "1111111"


async def test_a_wrong_signature_an_old_time_and_a_strange_account_look_alike(
    bridge: Bridge, far: Platform, channel: Any
) -> None:
    if channel.abilities.strict:
        pytest.skip("whoever posts can mend it: he is told")
    forged = await asyncio.to_thread(far.send, far.hook(far.text(ANN, "hello"), secret="another-secret"))
    hook = far.hook(far.text(ANN, "hello"), secret="another-secret")
    no_form = await asyncio.to_thread(far.send, replace(hook, raw=b"\xff{"))
    answers: list[Answered] = [forged, no_form, forged]
    if far.signs_time:
        far.skew_s = -7200.0
        answers[2] = await bridge.sends(far.text(ANN, "hello"))
        far.skew_s = 0.0
    known, far.webhook = far.webhook, far.webhook.replace("acc_", "acc_0")
    assert far.webhook != known
    answers.append(await bridge.sends(far.text(ANN, "hello")))
    assert [(one.status, one.body) for one in answers] == [(401, b"")] * 4
    kinds = [{name.lower() for name in one.headers} for one in answers]
    assert all(one == kinds[0] for one in kinds)
    assert await bridge.messages() == []


async def test_the_log_says_once_a_minute_whose_webhooks_are_refused_and_why() -> None:
    clock = [1000.0]
    refuse = api.TurnedAway(lambda: clock[0])
    account: Any = type("Account", (), {"id": "acc_1", "channel": "telegram"})
    with capture_logs() as lines:
        for _ in range(50):
            assert refuse(account, "the token is another").status_code == 401
            refuse(None, "no such account")
        clock[0] += 61
        refuse(account, "the token is another")
    said = [(one["channel"], one["account"], one["reason"], one["log_level"]) for one in lines]
    ours, strangers = ("telegram", "acc_1", "the token is another"), (None, "unknown", "no such account")
    assert said == [(*ours, "warning"), (*strangers, "warning"), (*ours, "warning")]


def with_mail(hook: Hook, mail: bytes) -> Hook:
    """The same timestamp, token and signature around another mail."""
    start = hook.raw.index(b'name="body-mime"') + len(b'name="body-mime"\r\n\r\n')
    return replace(hook, raw=hook.raw[:start] + mail + hook.raw[hook.raw.rindex(b"\r\n--") :])


@pytest.mark.parametrize("far", ["email"], indirect=True)
async def test_a_captured_token_of_mailgun_lets_no_other_mail_in(bridge: Bridge, far: FakeMail) -> None:
    hook = far.hook(far.text(ANN, "mine"))
    captured = with_mail(hook, far.text("2222222", "I am somebody else")["mail"])
    assert (await asyncio.to_thread(far.send, hook)).status == 200
    assert (await asyncio.to_thread(far.send, hook)).status == 200, "the same again is a duplicate"
    for _ in range(2):
        assert (await asyncio.to_thread(far.send, captured)).status == 406
    assert [row["body"]["text"] for row in await bridge.messages(1)] == ["mine"]


@pytest.mark.parametrize("far", ["email"], indirect=True)
async def test_of_a_token_that_comes_twice_at_the_same_moment_one_mail_gets_in(bridge: Bridge, far: FakeMail) -> None:
    hook = far.hook(far.text(ANN, "mine"))
    hooks = [with_mail(hook, far.text(f"{one}222222", f"mail {one}")["mail"]) for one in range(6)]
    answers = await asyncio.gather(*(asyncio.to_thread(far.send, one) for one in hooks))
    assert sorted(one.status for one in answers) == [200, *[406] * 5]
    assert len(await bridge.messages(1)) == 1
    names = [row["event_id"] for row in await bridge.rows(tables.inbox) if row["event_id"].startswith("mailgun.")]
    assert len(names) == 1
