"""The tone of a client company: the gateway speaks for it in its words, and its agents read how to write."""

from __future__ import annotations

from string import Formatter
from typing import Any

import pytest
from pydantic import ValidationError

from handoff_service.admin.document import State, check
from handoff_service.agents.model import Role
from handoff_service.tenants.model import TenantSettings
from handoff_service.tenants.tone import RESTATED, Tone, check_tone, in_own_words
from handoff_service.tenants.usable import usable
from handoff_service.texts import TEXTS, say
from tests.handoff_service.stage import shop
from tests.handoff_service.web.serving import ROOT
from tests.handoff_service.web.test_pool import configure, lend, speak_as
from tests.handoff_service.web.test_pool import say as reply
from tests.handoff_service.web.visitors import accepted

JOINED = {"en": "Ahoy! {agent} is at your service.", "zh": "亲，{agent} 来啦～"}
QUEUED = {"en": "Tea takes a moment. You are in line."}
ABSENT = {"en": "No tea master is in; you hear from us by {due}."}


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name}


async def told(customer: Any) -> list[str]:
    """What the gateway has said to him, in the order of the timeline."""
    return [
        str(one["body"].get("text", "")) for one in await customer.timeline() if one["author"]["kind"] != "customer"
    ]


async def test_each_company_is_spoken_for_in_its_own_words(house: Any, build_house: Any) -> None:
    """Two clients, one agent of a pool: the same events, other words; what a client has not reworded is ours."""
    tea, boots = await build_house(house.gateway), await build_house(house.gateway)
    await configure(tea, tone=Tone(guide={"zh": "称呼“您”，不用表情。"}, says={"joined": JOINED, "mailbox": ABSENT}))
    lin = await house.agent("lin", capacity=5)
    said = {}
    for client in (tea, boots):
        await lend(house, lin, client)
        speak_as(lin, client)
        await lin.socket()
        customer, handoff = await client.waiting("human please")
        taken = accepted(await lin.accept(handoff))
        receipt = accepted(await customer.get(f"/v1/conversations/{customer.conversation}/receipt"))
        accepted(await reply(lin, customer, taken["epoch"], text="Hello."))
        said[client] = "\n".join(await told(customer)), receipt["next"]["text"]
        assert accepted(await lin.get("/v1/agents/me"))["tenant"]["tone"] == (
            {"zh": "称呼“您”，不用表情。"} if client is tea else {}
        )
    assert "No tea master is in; you hear from us by " in said[tea][0]
    assert "{due}" not in said[tea][0]
    assert "Ahoy! Lin is at your service." in said[tea][0]
    assert "No colleague is on duty right now." in said[boots][0]
    assert say("joined", "en", agent="Lin") in said[boots][0]
    assert "Ahoy" not in said[boots][0]


async def test_the_receipt_and_a_ticket_speak_so_too(house: Any) -> None:
    says = {
        "next_agent_silent": {"en": "{agent} is reading. At {due} somebody else does."},
        "ticket_update": {"en": "Dear friend, on {number}: {text}"},
    }
    await configure(house, tone=Tone(says=says))
    lin = await house.agent("lin", role=Role.SUPERVISOR)
    await lin.socket()
    customer, handoff = await house.waiting("human please")
    accepted(await lin.accept(handoff))
    receipt = accepted(await customer.get(f"/v1/conversations/{customer.conversation}/receipt"))
    assert receipt["next"]["text"].startswith("Lin is reading. At ")
    body = {"op_id": "op_0123456789", "subject": "parcel", "type": "order", "conversation": customer.conversation}
    opened = accepted(await lin.post("/v1/tickets", body))
    update = {"op_id": "op_0123456790", "text": "It is on its way.", "audience": "public"}
    accepted(await lin.post(f"/v1/tickets/{opened['ticket']}/update", update))
    assert (await told(customer))[-1] == f"Dear friend, on {opened['number']}: It is on its way."


def test_whatever_is_reworded_keeps_its_times_and_names() -> None:
    """Each sentence that may be reworded, with every blank: what was filled in is still there."""
    for name in RESTATED:
        wanted = blanks(TEXTS[name]["en"])
        own = f"Own {name}: " + " ".join(f"{{{one}}}" for one in sorted(wanted))
        tone = Tone(says={name: {"en": own}})
        check_tone(tone)
        sentence = say(name, "en", **{one: one.upper() for one in wanted})
        assert in_own_words(sentence, tone) == f"Own {name}: " + " ".join(one.upper() for one in sorted(wanted))
        assert in_own_words(say(name, "zh", **dict.fromkeys(wanted, "X")), tone) == TEXTS[name]["zh"].format(
            **dict.fromkeys(wanted, "X")
        ), "another language is as it was"
    assert in_own_words("words of a person", Tone(says={"queued": QUEUED})) == "words of a person"


def test_a_sentence_within_a_sentence_is_reworded_as_well() -> None:
    tone = Tone(says={"standing": {"en": " (place {place})"}, "queued_standing": {"en": "Patience{standing}."}})
    where = say("standing", "en", place="3")
    assert in_own_words(say("queued_standing", "en", standing=where), tone) == "Patience (place 3)."
    traditional = Tone(says={"queued": {"zh": "请稍候。", "zh-Hant": "請稍候。"}})
    assert in_own_words(say("queued", "zh-Hant"), traditional) == "請稍候。"
    assert in_own_words(say("queued", "zh-Hant"), Tone(says={"queued": {"zh": "请稍候。"}})) == "请稍候。"


@pytest.mark.parametrize(
    ("says", "complaint"),
    [
        ({"joind": {"en": "x"}}, "there is no sentence 'joind'; did you mean"),
        ({"alarm_text": {"en": "x"}}, "there is no sentence 'alarm_text'"),
        ({"mailbox": {"en": "We answer some day."}}, "this sentence has these blanks, no more and no less: {due}"),
        ({"joined": {"en": "{agent} and {due}"}}, "no more and no less: {agent}"),
        ({"queued": {"en": "a { brace"}}, "for braces that stand for themselves"),
        ({"mailbox": {"en": "By {due:>999999999}."}}, "a blank is a name and nothing else"),
        ({"mailbox": {"en": "By {due!r}."}}, "a blank is a name and nothing else"),
        ({"mailbox": {"en": "By {due.year}."}}, "a blank is a name and nothing else"),
        ({"queued": {"en": ""}}, "at least 1 character"),
        ({"queued": {"de": "Geduld."}}, "should be 'zh', 'zh-Hant' or 'en'"),
    ],
    ids=str,
)
def test_a_wrong_sentence_is_refused_by_name(says: dict[str, Any], complaint: str) -> None:
    raw = {**shop().settings.model_dump(mode="json", exclude_none=True), "tone": {"says": says}}
    with pytest.raises(ValidationError, match="tone") as wrong:
        TenantSettings.model_validate(raw)
    assert complaint in str(wrong.value)


def test_what_an_earlier_release_has_stored_keeps_no_tenant_from_being_served() -> None:
    """Numbers were not limited, and a sentence may get another blank: both are left out when they are read."""
    stored = {
        "tone": {"guide": {"en": "Warm."}, "says": {"joined": JOINED, "mailbox": {"en": "By {when}."}, "gone": QUEUED}},
        "bot": {"misses": 3, "emergency": {"en": {"medical": "120", "legal": "1" * 41, "fraud": ""}}},
    }
    settings = TenantSettings.model_validate({**shop().settings.model_dump(mode="json"), **usable(stored)})
    assert settings.tone.says == {"joined": JOINED}
    assert settings.bot.emergency == {"en": {"medical": "120"}}
    assert settings.bot.misses == 3


def test_the_example_of_the_guide_can_be_applied() -> None:
    page = (ROOT / "docs" / "administration.md").read_text("utf-8")
    example = page.partition("## The tone of a company")[2].partition("```yaml\n")[2].partition("```")[0]
    after, problems = check(example, State("demo", shop().settings, {}, []))
    assert not problems
    assert after is not None
    assert set(after.settings.tone.says) == {"joined", "mailbox"}


def test_a_slip_in_the_file_names_its_line_and_changes_nothing() -> None:
    state = State("demo", shop().settings, {}, [])
    text = "tone:\n  guide: {zh: 用“您”}\n  says:\n    mailbox:\n      en: Some day.\n"
    after, problems = check(text, state)
    assert after is None
    assert [(one.line, one.where) for one in problems] == [(5, "tone.says.mailbox.en")]
    after, problems = check(text.replace("Some day.", "By {due}, promised."), state)
    assert not problems
    assert after is not None
    assert after.settings.tone.says["mailbox"]["en"] == "By {due}, promised."
