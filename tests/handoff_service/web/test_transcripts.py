"""A conversation by mail: only to who reads the address, seldom, and nothing in it that was not his to read."""

from __future__ import annotations

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from handoff_service.channels import store as channels
from handoff_service.channels.accounts import new_account
from handoff_service.channels.sealing import Seal
from handoff_service.transcripts.model import PERIOD, draw_code, is_code, write_down
from tests.handoff_service.help_centre.hostile import HOSTILE as CORPUS
from tests.handoff_service.stage import MONDAY
from tests.handoff_service.web.serving import free_port
from tests.handoff_service.web.test_agent_commands import on_duty, owned
from tests.handoff_service.web.visitors import accepted, refused

ANN = "ann@customers.example"
HOSTILE = "\n".join(CORPUS)


@dataclass
class MailServer:
    port: int
    mails: list[EmailMessage] = field(default_factory=list)
    answer: str = "250 taken"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002
        """aiosmtpd's hook."""
        if self.answer.startswith("250"):
            made = email.message_from_bytes(envelope.content, policy=default)
            assert isinstance(made, EmailMessage)
            self.mails.append(made)
        return self.answer

    def last(self) -> str:
        return str(self.mails[-1].get_content())

    def code(self) -> str:
        found = re.search(r"\b\d{6}\b", self.last())
        assert found is not None
        return found[0]


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    made = MailServer(free_port())
    running = Controller(made, hostname="127.0.0.1", port=made.port)
    running.start()
    yield made
    running.stop()


async def has_mail(house, port):
    fields = {"address": "support@shop.example", "provider": "imap", "smtp": f"smtp://127.0.0.1:{port}"}
    account = new_account(house.tenant.id, "email", 'The "Shop"', fields, house.gateway.settings)
    seal = Seal(house.gateway.settings.encryption_key.get_secret_value())
    await house.database.write(lambda tx: channels.add(tx.connection, account, seal))


async def offers_mail(house, customer):
    config = await customer.http.get("/v1/widget/config", params={"tenant": house.tenant.id})
    return accepted(config)["mail"]


def test_a_code_is_for_one_conversation_and_address_and_runs_out():
    about = ("shop", "c_1", ANN)
    code = draw_code("key", about, MONDAY)
    assert re.fullmatch(r"\d{6}", code)
    assert is_code(code, ["new", "key"], about, MONDAY + PERIOD), "also after the secret was rotated"
    assert not is_code(code, ["key"], about, MONDAY + 2 * PERIOD)
    assert not is_code(code, ["other"], about, MONDAY)
    assert not is_code(code, ["key"], ("shop", "c_2", ANN), MONDAY)
    assert not is_code(code, ["key"], ("shop", "c_1", "bob@customers.example"), MONDAY)


def test_a_transcript_names_who_said_what_and_leaves_out_what_was_for_others():
    at = MONDAY.isoformat()
    entries = [
        {"seq": 1, "kind": "state", "at": at, "author": {"kind": "system"}, "body": {"text": "Lin joined."}},
        {"seq": 2, "kind": "hidden"},
        {"seq": 3, "kind": "message", "at": at, "author": {"kind": "customer"}, "body": {"text": CORPUS[1]}},
        {"seq": 4, "kind": "rating", "at": at, "author": {"kind": "customer"}, "body": {"score": 5}},
        {
            "seq": 5,
            "kind": "message",
            "at": (MONDAY + timedelta(minutes=1)).isoformat(),
            "author": {"kind": "agent", "name": "Lin"},
            "body": {"text": "look", "file": {"name": "a.png"}},
        },
    ]
    zone = MONDAY.tzinfo
    said = write_down(entries, brand="Lanyu", language="en", zone=zone).splitlines()
    stamp = f"{MONDAY:%Y-%m-%d %H:%M}"
    assert said[:4] == [
        "Your conversation with Lanyu",
        "",
        f"[{stamp}] – Lin joined.",
        f"[{stamp}] You: {CORPUS[1]}",
    ]
    assert said[4].endswith("] Lin: look [a.png]")
    assert len(said) == 5


async def test_a_transcript_goes_to_who_has_shown_that_the_address_is_his(house, mail_server):
    lin = await on_duty(house)
    customer, _, _ = await owned(house, lin)
    assert await offers_mail(house, customer) is False
    await has_mail(house, mail_server.port)
    assert await offers_mail(house, customer) is True
    await customer.write(HOSTILE)
    accepted(await lin.reply(customer.conversation, "note to colleagues", 0, audience="internal"))

    place = customer.path("transcript")
    assert accepted(await customer.post(place, {"to": f" {ANN} "})) == {"sent": "code"}
    assert HOSTILE not in mail_server.last(), "nobody's words before the address is proven"
    code = mail_server.code()
    wrong = f"{(int(code) + 1) % 10**6:06}"
    refused(await customer.post(place, {"to": ANN, "code": wrong}), 403, "forbidden")
    refused(await customer.post(place, {"to": "bob@x.example", "code": code}), 403, "forbidden")
    assert accepted(await customer.post(place, {"to": ANN, "code": code})) == {"sent": "transcript"}
    assert len(mail_server.mails) == 2
    accepted(await customer.post(place, {"to": ANN, "language": "zh-Hant"}))
    assert "驗證碼" in mail_server.last(), "who reads traditional characters"
    accepted(await customer.post(place, {"to": ANN, "code": mail_server.code(), "language": "zh-Hant"}))
    assert mail_server.mails[-1]["Subject"].endswith("的聊天記錄")
    mail = mail_server.mails[-1]
    assert mail["To"] == ANN
    assert mail.get_content_type() == "text/plain"
    assert [words for words in CORPUS if words not in mail_server.last()] == []
    assert "note to colleagues" not in mail_server.last()


async def test_mails_that_strangers_could_be_flooded_with_are_few(house, mail_server):
    await has_mail(house, mail_server.port)
    for address in (
        "",
        "nobody",
        "a b@x.example",
        "a@x.example, b@x.example",
        "a@x\r\nBcc: c@x.example",
        "ä@x.example",
    ):
        customer = await house.customer()
        await customer.write("hello")
        assert (await customer.post(customer.path("transcript"), {"to": address})).status_code == 422, address
    statuses = []
    for _ in range(3):  # other customers, the same address, written in several ways
        customer = await house.customer()
        await customer.write("hello")
        for to in (ANN, ANN.capitalize()):
            statuses.append((await customer.post(customer.path("transcript"), {"to": to})).status_code)
    assert statuses == [200] * 5 + [429]
    assert len(mail_server.mails) == 5


async def test_a_mail_server_that_refuses_says_whether_to_try_again(house, mail_server):
    await has_mail(house, mail_server.port)
    customer = await house.customer()
    await customer.write("hello")
    for answer, status, error in (("451 later", 503, "unavailable"), ("550 no such mailbox", 422, "invalid")):
        mail_server.answer = answer
        refused(await customer.post(customer.path("transcript"), {"to": ANN}), status, error)
