"""What stands beside a conversation over HTTP: blocking, playbooks, orders, export, translation, forbidden words."""

from __future__ import annotations

import json

import httpx2
import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from handoff_service import outbox, tables
from handoff_service.conversations import store as conversations
from handoff_service.conversations.model import SYSTEM, Audience, Author, AuthorKind, Draft, Entry, Kind
from handoff_service.desk.forbidden import found
from handoff_service.desk.orders import Orders
from handoff_service.desk.settings import DeskSettings, ForbiddenWord
from handoff_service.desk.transcript import as_text
from handoff_service.desk.translate import MOST_BYTES, Translator
from handoff_service.errors import Invalid, Unavailable
from handoff_service.tenants import store as tenants
from handoff_service.tickets.tell import HIDDEN_FROM
from tests.handoff_service.help_centre.hostile import HOSTILE
from tests.handoff_service.stage import MONDAY, trial_settings
from tests.handoff_service.web.conftest import SECRETS
from tests.handoff_service.web.visitors import accepted, fresh, refused


async def held(house, desk, text="hello"):
    """A customer with whom this agent speaks, and the epoch under which he does."""
    customer, handoff = await house.waiting(text)
    return customer, accepted(await desk.accept(handoff))["epoch"]


async def audit_actions(house):
    def load(connection):
        query = sa.select(tables.audit.c.action).where(tables.audit.c.tenant == house.tenant.id)
        return list(connection.execute(query).scalars())

    return await house.database.read(load)


async def settings_of(house, **desk):
    """The tenant of this house, with other settings of its desks."""
    given = DeskSettings.model_validate({**house.tenant.settings.desk.model_dump(), **desk})
    changed = house.tenant.model_copy(update={"settings": house.tenant.settings.model_copy(update={"desk": given})})
    await house.database.write(lambda tx: tenants.save(tx.connection, changed))


async def test_a_blocked_contact_is_kept_but_bothers_nobody_until_he_is_unblocked(house):
    lin = await house.agent("lin")
    customer, _ = await held(house, lin)
    path = f"/v1/contacts/{customer.contact}"
    done = accepted(await lin.post(f"{path}/block", {"op_id": fresh()}))
    assert done["closed"] == [customer.conversation]
    assert (await lin.look(customer.conversation))["card"]["owner"]["kind"] == "closed"

    sent = await customer.write("buy my pills")
    again = await lin.look(sent["conversation"])
    assert again["contact"]["blocked"]["by"] == lin.id
    assert again["card"]["owner"]["kind"] == "bot", "opened again, and nobody is asked"
    pending = await house.database.read(lambda c: outbox.pending(c, house.tenant.id, sent["conversation"], "bot"))
    assert pending is None
    await customer.ask_human()
    refused(
        await customer.post(customer.path("callback"), {"op_id": fresh(), "number": "13800138000"}), 409, "conflict"
    )
    accepted(await customer.post(customer.path("ask-senior"), {"op_id": fresh()}))
    entries = await lin.timeline(sent["conversation"])
    assert entries[-1]["body"]["text"] == "buy my pills", "what he wrote is the last thing that happened"
    assert [entry["body"].get("text") for entry in entries if entry["body"].get("event") == "close"] == [None]

    accepted(await lin.post(f"{path}/unblock", {"op_id": fresh()}))
    assert "blocked" not in (await lin.look(sent["conversation"]))["contact"]
    await customer.write("sorry, where is my parcel?")
    assert (await customer.answered())["author"]["kind"] == "bot"
    assert [one for one in await audit_actions(house) if "block" in one] == ["contact_blocked", "contact_unblocked"]


async def test_whom_a_colleague_speaks_with_only_a_supervisor_blocks(house):
    lin, maya = await house.agent("lin"), await house.agent("maya")
    customer, _ = await held(house, lin)
    refused(await maya.post(f"/v1/contacts/{customer.contact}/block", {"op_id": fresh()}), 403, "forbidden")
    assert (await lin.look(customer.conversation))["card"]["owner"]["kind"] == "agent"


async def test_ticks_of_a_playbook_stay_with_the_conversation(house):
    lin, maya = await house.agent("lin"), await house.agent("maya")
    customer, _ = await held(house, lin)
    me = accepted(await lin.get("/v1/agents/me"))["tenant"]["desk"]
    step = {"playbook": me["playbooks"][0]["id"], "step": me["playbooks"][0]["steps"][0]["id"]}
    accepted(await lin.do(customer.conversation, "playbook", **step, done=True))
    accepted(await maya.do(customer.conversation, "playbook", **step, done=True))
    shown = (await maya.look(customer.conversation))["steps"]
    assert [(one["playbook"], one["step"], one["by"]) for one in shown] == [(*step.values(), lin.id)]
    accepted(await maya.do(customer.conversation, "playbook", **step, done=False))
    assert (await lin.look(customer.conversation))["steps"] == []
    unknown = await lin.do(customer.conversation, "playbook", playbook=step["playbook"], step="nothing", done=True)
    refused(unknown, 404, "not_found")


async def test_orders_are_asked_for_a_verified_contact_only(house, monkeypatch):
    lin = await house.agent("lin")
    customer, _ = await held(house, lin)
    path, orders = f"/v1/conversations/{customer.conversation}/orders", house.gateway.app.state.service.orders
    assert accepted(await lin.get(path)) == {"orders": [], "why": "no_shop"}
    asked = []

    async def of(name):
        asked.append(name)
        return [{"number": "LY1"}]

    monkeypatch.setattr(orders, "are_of", lambda *_: True)
    monkeypatch.setattr(orders, "of", of)
    assert accepted(await lin.get(path)) == {"orders": [], "why": "unverified"}
    assert asked == []
    identities = tables.contact_identities
    mine = (identities.c.tenant == house.tenant.id, identities.c.contact == customer.contact)
    known = sa.insert(identities).values(
        tenant=house.tenant.id, channel="web", external_id="cust-1", contact=customer.contact, verified=True
    )
    await house.database.write(lambda tx: tx.connection.execute(known))
    assert accepted(await lin.get(path)) == {"orders": [{"number": "LY1"}], "why": None}
    assert asked == ["cust-1"]
    assert await house.database.read(lambda c: c.execute(sa.select(identities).where(*mine)).first()) is not None


def at_shop(handler, **changes):
    settings = trial_settings(shop_api_key=SecretStr("k" * 32), **changes)
    return Orders(httpx2.AsyncClient(transport=httpx2.MockTransport(handler)), settings)


async def test_the_shop_is_asked_with_key_and_customer_and_its_errors_are_told():
    def shop(request):
        assert (request.headers["authorization"], request.headers["x-customer"]) == (f"Bearer {'k' * 32}", "cust-1")
        return httpx2.Response(200, json={"orders": [{"number": "LY1"}, {"no": "number"}]})

    assert await at_shop(shop).of("cust-1") == [{"number": "LY1"}]
    for broken in (
        httpx2.Response(401, json={"error": {"code": "unauthorized"}}),
        httpx2.Response(200, text="<html>"),
        httpx2.Response(200, json={"orders": "none"}),
    ):
        with pytest.raises(Unavailable, match="shop"):
            await at_shop(lambda _, answer=broken: answer).of("cust-1")
    with pytest.raises(Unavailable, match="TANDEM_SHOP_API_KEY"):
        await Orders(httpx2.AsyncClient(), trial_settings()).of("cust-1")


async def test_an_export_holds_notes_only_if_asked_and_leaves_a_line_in_the_audit(house):
    lin = await house.agent("lin")
    customer, epoch = await held(house, lin, "\n".join(HOSTILE))
    accepted(await lin.reply(customer.conversation, "Good day", epoch))
    accepted(await lin.reply(customer.conversation, "seems upset", epoch, audience="internal"))
    path = f"/v1/conversations/{customer.conversation}/export"
    plain = await lin.get(path, language="zh")
    assert plain.headers["content-type"].startswith("text/plain")
    assert plain.headers["content-disposition"] == f'attachment; filename="{customer.conversation}.txt"'
    assert plain.headers["x-content-type-options"] == "nosniff"
    assert not [words for words in HOSTILE if words not in plain.text]
    assert "Good day" in plain.text
    assert "客服" in plain.text
    assert "seems upset" not in plain.text
    assert "seems upset" in (await lin.get(path, notes="true")).text
    whole = json.loads((await lin.get(path, format="json", notes="true")).text)
    assert whole["conversation"]["conversation"] == customer.conversation
    assert "seems upset" in [entry["body"].get("text") for entry in whole["entries"]]
    assert (await audit_actions(house)).count("conversation_export") == 3


async def test_an_export_tells_an_agent_no_more_than_his_desk_and_without_notes_no_more_than_the_customer(house):
    lin, maya = await house.agent("lin"), await house.agent("maya")
    customer, epoch = await held(house, lin)
    path = f"/v1/conversations/{customer.conversation}"
    reply = {"client_id": fresh("msg"), "body": {"text": "Guten Tag", "original": "您好"}, "epoch": epoch}
    accepted(await lin.post(f"{path}/messages", reply))

    def kept_from_maya(tx):
        for audience, part in ((Audience.INTERNAL, {"whisper": lin.id}), (Audience.PUBLIC, {HIDDEN_FROM: maya.id})):
            found = conversations.find(tx.connection, house.tenant.id, customer.conversation, lock=True)
            body = {"text": "kept from her", **part}
            conversations.append(
                tx, found, Draft(kind=Kind.MESSAGE, author=SYSTEM, body=body, audience=audience), MONDAY
            )

    await house.database.write(kept_from_maya)
    for form in ("text", "json"):
        mine, hers = [(await who.get(f"{path}/export", format=form, notes="true")).text for who in (lin, maya)]
        assert (mine.count("kept from her"), hers.count("kept from her")) == (2, 0)
        bare = (await lin.get(f"{path}/export", format=form)).text
        assert "Guten Tag" in bare
        assert "您好" not in bare
        assert not [secret for secret in SECRETS.values() if str(secret) in bare]


def test_a_text_export_says_which_answer_an_opinion_is_about():
    body = {"of": 3, "value": "down"}
    thumb = Entry(
        tenant="t",
        conversation="c",
        seq=4,
        mid="m",
        kind=Kind.FEEDBACK,
        audience=Audience.PUBLIC,
        author=Author(AuthorKind.CUSTOMER, "k", "Ann"),
        body=body,
        client_id=None,
        epoch=1,
        at=MONDAY,
        turn=None,
    )
    card = {"conversation": "c", "contact": {"name": "Ann"}, "channel": "web"}
    assert "feedback on an answer #3: down" in as_text(card, [thumb], "en")


async def test_forbidden_words_are_refused_in_replies_and_allowed_in_notes(house):
    words = [{"word": "Not MY job"}, {"word": "cheapest", "action": "warn"}]
    await settings_of(house, forbidden=words)
    lin = await house.agent("lin")
    customer, epoch = await held(house, lin)
    error = refused(await lin.reply(customer.conversation, "That is ｎｏｔ  my job!", epoch), 422, "forbidden_words")
    assert error["words"] == ["Not MY job"]
    accepted(await lin.reply(customer.conversation, "that is not my job", epoch, audience="internal"))
    accepted(await lin.reply(customer.conversation, "the cheapest one", epoch))


@pytest.mark.parametrize(
    ("word", "text", "is_found"),
    [
        ("ass", "a class of its own", False),
        ("ass", "You ASS!", True),
        ("ass", "class, ass", True),
        ("不归我管", "这个不\u200b归我管。", True),
        ("100%", "about 100% sure", True),
        ("VIP", "ＶＩＰ客户", True),
        ("not  my job", "not\nmy job", True),
        ("\u200b", "anything", False),
    ],
)
def test_a_word_is_found_however_it_is_written(word, text, is_found):
    assert bool(found(text, [ForbiddenWord(word=word)])) is is_found


async def test_a_translated_reply_keeps_its_original_which_the_customer_does_not_get(house):
    lin = await house.agent("lin")
    customer, epoch = await held(house, lin)
    body = {"text": "Guten Tag", "original": "您好"}
    message = {"client_id": fresh("msg"), "body": body, "epoch": epoch}
    accepted(await lin.post(f"/v1/conversations/{customer.conversation}/messages", message))
    assert (await lin.timeline(customer.conversation))[-1]["body"] == body
    assert (await customer.timeline())[-1]["body"] == {"text": "Guten Tag"}


async def test_a_translator_answers_text_and_nothing_else():
    def asked(answer):
        return Translator(httpx2.AsyncClient(transport=httpx2.MockTransport(answer)))

    def good(request):
        return httpx2.Response(200, json={"text": f"{json.loads(request.content)['text']} in German"})

    assert await asked(good).translated("https://t.example/", "hello", "de") == "hello in German"
    with pytest.raises(Invalid, match="off"):
        await asked(good).translated("", "hello", "de")
    for answer in (
        httpx2.Response(302, headers={"location": "http://127.0.0.1/"}),
        httpx2.Response(200, json={"text": ["no"]}),
        httpx2.Response(200, json={"text": "x" * (MOST_BYTES + 1)}),
        httpx2.Response(200, text="not json"),
    ):
        with pytest.raises(Unavailable, match="translator"):
            await asked(lambda _, one=answer: one).translated("https://t.example/", "hello", "de")


async def test_only_the_console_frames_the_chat_page_and_only_to_try_out_a_look(house):
    lin = await house.agent("lin")

    async def policy(path):
        return (await lin.http.get(path)).headers["content-security-policy"]

    asked = f"/chat/?tenant={house.tenant.id}"
    assert "frame-ancestors 'self' " in await policy(f"{asked}&preview")
    assert "'self'" not in (await policy(asked)).partition("frame-ancestors")[2].partition(";")[0]
    assert "frame-src 'self'" in await policy("/console/")
    assert "frame-src" not in await policy(asked)
    assert "frame-ancestors 'none'" in await policy("/console/?preview")
