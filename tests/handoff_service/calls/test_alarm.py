"""The rung outside as a mail: once, at its time, to the right address, without the customer's words, never too late."""

from __future__ import annotations

import email
from collections.abc import Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from handoff_service import outbox
from handoff_service.agents.model import Role
from handoff_service.calls.alarm import Mailer
from handoff_service.channels import store as channels
from handoff_service.channels.accounts import new_account
from handoff_service.channels.sealing import Seal
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation
from handoff_service.handoffs import assign
from handoff_service.tenants import store as tenants
from tests.handoff_service.calls.test_climb import Shift, shift, waits  # noqa: F401 (fixtures)
from tests.handoff_service.web.serving import free_port

ON_SQLITE = pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
pytestmark = ON_SQLITE


@dataclass
class MailServer:
    port: int
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: ARG002
        """aiosmtpd's hook."""
        answer = self.answers.get(envelope.rcpt_tos[0], "250 taken")
        if answer.startswith("250"):
            made = email.message_from_bytes(envelope.content, policy=default)
            assert isinstance(made, EmailMessage)
            self.mails.append((envelope.rcpt_tos[0], made))
        return answer


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    made = MailServer(free_port())
    running = Controller(made, hostname="127.0.0.1", port=made.port)
    running.start()
    yield made
    running.stop()


class Night:
    """Nobody looks at the desks; the mailer runs after every sweep."""

    def __init__(self, shift: Shift, server: MailServer) -> None:  # noqa: F811
        self.shift, self.server = shift, server
        self.mailer = Mailer(shift.database, shift.settings, shift.clock)

    async def passes(self, seconds: int) -> list[str]:
        """The addresses that were written to meanwhile."""
        before = len(self.server.mails)
        await self.shift.passes(seconds)
        await self.mail()
        return [to for to, _ in self.server.mails[before:]]

    async def mail(self) -> None:
        now = self.shift.clock()
        for job in await self.shift.database.write(
            lambda tx: outbox.lease(tx, "node", now, destinations=[outbox.ALARM])
        ):
            await self.mailer(job)

    async def queue_names(self, *addresses: str) -> None:
        tenant = await self.shift.database.read(lambda c: tenants.find(c, "demo"))
        raw = tenant.settings.model_dump(mode="json", exclude_none=True)
        raw["queues"][0]["alert_mail"] = list(addresses)
        changed = tenant.model_copy(update={"settings": type(tenant.settings).model_validate(raw)})
        await self.shift.database.write(lambda tx: tenants.save(tx.connection, changed))


@pytest.fixture
async def night(shift: Shift, mail_server: MailServer, tenant: Any, hire: Any) -> Night:  # noqa: F811, ARG001
    fields = {"address": "support@shop.example", "provider": "imap", "smtp": f"smtp://127.0.0.1:{mail_server.port}"}
    account = new_account("demo", "email", "Shop", fields, shift.settings)
    seal = Seal(shift.settings.encryption_key.get_secret_value())
    await shift.database.write(lambda tx: channels.add(tx.connection, account, seal))
    await hire("lin")
    await hire("chen", role=Role.SUPERVISOR)
    return Night(shift, mail_server)


async def test_the_supervisor_is_written_to_once_when_nobody_looks(night: Night, waits: Any) -> None:  # noqa: F811
    waiting: Conversation = await waits()
    assert await night.passes(35) == []
    assert await night.passes(5) == ["chen@lanyu.example"], (
        "together with the webhooks, forty seconds after the request"
    )
    ((_, mail),) = night.server.mails
    text = mail.get_content()
    assert waiting.id in text
    assert "help" not in text, "no words of the customer"
    assert mail["From"].addresses[0].addr_spec == "support@shop.example"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert await night.passes(600) == []


async def test_nobody_is_written_to_after_an_acceptance(night: Night, waits: Any, hire: Any) -> None:  # noqa: F811
    waiting = await waits()
    await night.shift.passes(40)
    maya = await hire("maya")
    context = Context(night.shift.settings, night.shift.clock())
    await night.shift.database.write(lambda tx: assign.accept(tx, str(waiting.handoff), maya, context))
    await night.mail()
    assert night.server.mails == []
    assert await night.passes(120) == []


async def test_the_queue_names_its_own_addresses_and_one_that_is_refused_harms_no_other(
    night: Night,
    waits: Any,  # noqa: F811
) -> None:
    await night.queue_names("gone@shop.example", "team@shop.example")
    night.server.answers["gone@shop.example"] = "550 no such box"
    await waits()
    assert await night.passes(40) == ["team@shop.example"]


async def test_a_server_that_is_busy_is_asked_again_and_one_that_died_is_not(night: Night, waits: Any) -> None:  # noqa: F811
    night.server.answers["chen@lanyu.example"] = "451 later"
    await waits()
    assert await night.passes(40) == []
    night.server.answers.clear()
    assert await night.passes(10) == ["chen@lanyu.example"]
    await waits()
    await night.shift.passes(40)
    now = night.shift.clock()
    lost = await night.shift.database.write(lambda tx: outbox.lease(tx, "dead", now, destinations=[outbox.ALARM]))
    assert len(lost) == 1
    assert await night.passes(60) == [], "perhaps it was sent before the gateway died"
