"""The rung outside as a mail: to the team's address, or its supervisors, when nobody has looked at a customer.

A job of the outbox, so it goes out once, after its commit; before each mail it is looked whether he still waits. One
whose outcome nobody told is not repeated: the ladder goes on anyway.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import sqlalchemy as sa
import structlog

from handoff_service import outbox
from handoff_service.agents import store as agents
from handoff_service.agents.model import Role
from handoff_service.calls import store
from handoff_service.calls.model import Call, Rung, this_wait
from handoff_service.calls.record import pace_of
from handoff_service.channels import store as channels
from handoff_service.channels.letters import Letter, letter, mail_account
from handoff_service.channels.mail_ways import send
from handoff_service.channels.sealing import Seal
from handoff_service.clock import Clock
from handoff_service.columns import EPOCH
from handoff_service.conversations import store as conversations
from handoff_service.conversations.change import Context
from handoff_service.conversations.model import Conversation, OwnerKind
from handoff_service.database import Database, Transaction
from handoff_service.errors import NotDelivered
from handoff_service.settings import Settings
from handoff_service.tenants import store as tenants
from handoff_service.texts import say

log = structlog.get_logger()

WAITING = (OwnerKind.QUEUE, OwnerKind.OFFER)
MOST_WRITTEN_TO = 10
# After this a mail comes too late to be of use: the ladder has ended with its ticket.
TRIED_FOR = timedelta(minutes=10)


def sound(tx: Transaction, conversation: Conversation, context: Context) -> bool:
    """Asks for the mails of a rung outside, if this tenant sends mails and somebody is to be written to."""
    if mail_account(tx.connection, conversation.tenant) is None or not written_to(tx.connection, conversation):
        return False
    outbox.enqueue(tx, conversation, outbox.ALARM, conversation.last_seq, context.now)
    return True


def _first_of_many(
    connection: sa.Connection, conversation: Conversation, outside: Call, context: Context
) -> str | None:
    """About whom of a queue one mail is written for all whom nobody looked at in the same span of a pace: the first
    of those who still wait."""
    tenant, queue = tenants.find(connection, conversation.tenant), conversation.owner.queue
    span = pace_of(tenant, queue, context.settings).notify
    since = EPOCH + (outside.at - EPOCH) // span * span
    return store.first_outside(connection, tenant.id, queue, since=since, before=since + span)


def written_to(connection: sa.Connection, conversation: Conversation) -> list[str]:
    """The addresses that the queue names; without any its supervisors, and if it has none those of the tenant."""
    queue = tenants.find(connection, conversation.tenant).settings.queue(conversation.owner.queue or "")
    if queue is not None and queue.alert_mail:
        return list(queue.alert_mail)
    everyone = agents.everyone(connection, conversation.tenant)
    heads = [one for one in everyone if one.role is Role.SUPERVISOR and not one.disabled]
    own = [one for one in heads if conversation.owner.queue in one.queues]
    return [one.email for one in own or heads][:MOST_WRITTEN_TO]


class Mailer:
    """The outbox's handler for the destination "alarm"."""

    def __init__(self, database: Database, settings: Settings, clock: Clock) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock

    async def __call__(self, job: outbox.Job) -> None:
        """Sends what is left of an alarm. An address that is refused does not keep the others from theirs."""
        if job.uncertain:
            await self._database.write(lambda tx: outbox.give_up(tx.connection, job, "perhaps sent; not repeated"))
            return
        left: outbox.Job | None = job
        while left is not None and (found := await self._next(left)) is not None:
            left = await self._send(left, found)
        if left is not None:
            await self._database.write(lambda tx: outbox.settle(tx.connection, job))

    async def _send(self, job: outbox.Job, found: Letter) -> outbox.Job | None:
        """One mail. Returns the job with what is left of it; None when it is tried again later."""
        try:
            await send(found.server, found.mail, found.sender, found.to)
        except NotDelivered as error:
            reason = error.message
            log.warning("alarm not sent", conversation=job.conversation, error=reason)
            if not error.final and not error.uncertain:
                await self._database.write(lambda tx: outbox.put_back(tx.connection, job, reason, self._clock()))
                return None
        done, now = job.parts_sent + 1, self._clock()
        await self._database.write(lambda tx: outbox.sent_part(tx.connection, job, done, now))
        return replace(job, parts_sent=done)

    async def _next(self, job: outbox.Job) -> Letter | None:
        """The next mail of this alarm; None when all are sent, it is too late, or he waits no more."""
        context = Context(self._settings, self._clock())
        letters = await self._database.read(lambda connection: letters_of(connection, job, context))
        return letters[job.parts_sent] if job.parts_sent < len(letters) else None


def letters_of(connection: sa.Connection, job: outbox.Job, context: Context) -> list[Letter]:
    """All mails of an alarm; none once somebody has him, or it is about a wait that has ended."""
    conversation = conversations.find(connection, job.tenant, job.conversation)
    if conversation.owner.kind not in WAITING or conversation.handoff is None:
        return []
    called = this_wait(store.of_handoff(connection, job.tenant, conversation.handoff))
    outside = next((one for one in called if one.rung is Rung.OUTSIDE), None)
    name = mail_account(connection, job.tenant)
    if outside is None or context.now - outside.at > TRIED_FOR or name is None:
        return []
    if _first_of_many(connection, conversation, outside, context) != conversation.handoff:
        return []
    account = channels.find(connection, job.tenant, name, Seal(context.settings.encryption_key.get_secret_value()))
    settings = tenants.find(connection, job.tenant).settings
    queue, language = settings.queue(conversation.owner.queue or ""), settings.languages[0]
    about = {"queue": queue.name if queue else "–", "brand": settings.name[language], "conversation": conversation.id}
    minutes = max(1, round((context.now - called[0].at).total_seconds() / 60))
    subject = say("alarm_subject", language, **about)
    text = say("alarm_text", language, minutes=str(minutes), **about)
    return [letter(account, to, subject, text, context) for to in written_to(connection, conversation)]
