"""Asking for a person over every channel while no bot answers: what its platform posts ends in the queue, whatever the
spelling; and what a mail or a call makes of the words is no way out of it.
"""

from __future__ import annotations

import asyncio
import time
from email.message import EmailMessage, Message
from typing import Any

import pytest

from handoff_service import tables
from handoff_service.bots.ladder import Ladder
from handoff_service.errors import BotFailed
from tests.handoff_service.channels.platforms.conftest import PATIENCE_S, Bridge
from tests.handoff_service.channels.platforms.fake import Platform
from tests.handoff_service.channels.platforms.mail import FakeMail
from tests.handoff_service.channels.platforms.voice import FakeVoice
from tests.handoff_service.stage import ScriptedBot

# One of each kind of tests/bot/crawl/asking.py that the gateway was deaf to, and the plainest ones.
WISHES = (
    *("转人工", "zhuan rengong", "转人宫", "赚人公", "转　人　工", "转agent", "搵個人嚟同我講"),
    *("talk to a huamn", "where is the manager, i want to talk to him", "damn bot. HUMAN."),
)
QUESTION = "人工智能音箱有货吗"


def nobody() -> Ladder:
    return Ladder([ScriptedBot(usually=BotFailed("rasa: down"))], failures=10**6)


async def owners(bridge: Bridge, *, waits_for: int) -> list[str]:
    """Who has the conversations, as soon as so many of them have left the bot; a senior queue offers at once."""
    end = time.monotonic() + 2 * PATIENCE_S
    while True:
        found = sorted(str(row["owner_kind"]) for row in await bridge.rows(tables.conversations))
        found = ["queue" if one == "offer" else one for one in found]
        if len(found) - found.count("bot") >= waits_for or time.monotonic() > end:
            return found
        await asyncio.sleep(0.05)


async def test_every_way_to_ask_reaches_people_over_every_channel(open_bridge: Any, far: Platform) -> None:
    bridge = await open_bridge(bot=nobody())
    await bridge.on_duty()
    for number, text in enumerate([*WISHES, QUESTION]):
        assert far.accepted(await bridge.sends(far.text(f"11111{number:02}", text))), text
    await bridge.messages(len(WISHES) + 1)  # some platforms only say that there is something, and it is fetched
    told = await owners(bridge, waits_for=len(WISHES))
    assert sorted(told) == ["bot", *["queue"] * len(WISHES)], "all but who only asked a question"
    assert {row["body"]["text"] for row in await bridge.messages()} >= {"转人工", QUESTION}


def mail(contact: str, *, html: str, plain: str | None = None, subject: str = "Order") -> dict[str, Any]:
    """What a mail program sends: HTML, perhaps with a plain part beside it."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = f"Ann <{contact}@customers.example>", "help@shop.example", subject
    made["Message-ID"] = f"<{contact}.{id(made)}@customers.example>"
    if plain is None:
        made.set_content(html, subtype="html")
    else:
        made.set_content(plain)
        made.add_alternative(html, subtype="html")
    return {"mail": Message.as_bytes(made)}


@pytest.mark.parametrize("far", ["email"], indirect=True)
async def test_of_a_mail_the_customers_own_words_count_and_not_what_he_quotes(open_bridge: Any, far: FakeMail) -> None:
    bridge = await open_bridge(bot=nobody())
    await bridge.on_duty()
    quote = '<div class="gmail_quote">On Monday we wrote:<blockquote>{}</blockquote></div>'
    asked = [
        mail(
            "1111101", html=f"<p>Hello,</p><p>please let me <b>talk to a person</b>.</p>{quote.format('Three days.')}"
        ),
        mail("1111102", html="<div>您好<br>转&nbsp;人&nbsp;工</div>", plain="您好\n转 人 工\n"),
        mail("1111103", html=f"<p>When does it arrive?</p>{quote.format('Write: talk to a person')}"),
    ]
    for one in asked:
        assert far.accepted(await bridge.sends(one))
    assert await owners(bridge, waits_for=2) == ["bot", "queue", "queue"]


@pytest.mark.parametrize("far", ["voice"], indirect=True)
async def test_what_speech_to_text_makes_of_the_wish_is_heard(open_bridge: Any, far: FakeVoice) -> None:
    bridge = await open_bridge(bot=nobody())
    await bridge.on_duty()
    said = ("嗯那个就是帮我转一下那个人工", "砖人工", "Speak to a hue man.", "yeah hi uh agent")
    for number, text in enumerate(said):
        await bridge.sends(far.event(f"11111{number:02}", CallStatus="ringing"))
        assert far.accepted(await bridge.sends(far.text(f"11111{number:02}", text)))
    assert await owners(bridge, waits_for=len(said)) == ["queue"] * len(said)
