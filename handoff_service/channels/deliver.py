"""What was said to a customer on a platform goes there: the outbox's handler for the destination "channel"."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx2
import sqlalchemy as sa
import structlog

from handoff_service import metrics, outbox, tracing
from handoff_service.agents import store as agents
from handoff_service.channels import contacts, store
from handoff_service.channels.arrive import identity_channel
from handoff_service.channels.model import Account, Channel, Outbound
from handoff_service.channels.sealing import Seal
from handoff_service.clock import Clock
from handoff_service.conversations import store as conversations
from handoff_service.conversations.model import SYSTEM, Audience, Conversation, Draft, Entry, Kind
from handoff_service.conversations.projection import for_customer
from handoff_service.database import Database, Transaction
from handoff_service.errors import NotDelivered
from handoff_service.failpoints import failpoint
from handoff_service.files.model import words
from handoff_service.settings import Settings
from handoff_service.texts import say

log = structlog.get_logger()


@dataclass(frozen=True)
class Parcel:
    """An entry with everything that its delivery needs."""

    account: Account
    message: Outbound


class Deliverer:
    """Delivers one entry; says what became of it in the outbox, and to the agent when it is for good.

    An attempt whose outcome is unknown is repeated where the platform drops repeats; elsewhere the agent is told.
    """

    def __init__(
        self,
        database: Database,
        client: httpx2.AsyncClient,
        settings: Settings,
        clock: Clock,
        channels: Mapping[str, Channel],
    ) -> None:
        self._database = database
        self._client = client
        self._clock = clock
        self._channels = channels
        self._seal = Seal(settings.encryption_key.get_secret_value())
        self._deadline = timedelta(seconds=settings.delivery_deadline_s)

    async def __call__(self, job: outbox.Job) -> None:
        parcel = await self._database.read(lambda connection: pack(connection, job, self._seal))
        channel = self._channels[parcel.account.channel]
        try:
            if parcel.account.disabled:
                raise NotDelivered("the channel account is disabled", final=True, uncertain=job.uncertain)
            if job.uncertain and not channel.dedupes:
                raise NotDelivered("an earlier attempt was cut off", uncertain=True)
            with tracing.span("deliver", conversation=job.conversation, seq=job.seq):
                provider_id = await channel.send(self._client, parcel.account, parcel.message, self._clock())
        except NotDelivered as error:
            failure = error
            state = await self._database.write(lambda tx: self._failed(tx, job, parcel, channel, failure))
        else:
            failpoint("outbox_after_http")
            state = await self._database.write(lambda tx: self._arrived(tx, job, parcel, provider_id))
        metrics.deliveries.labels(parcel.account.channel, state).inc()
        log.info("delivery", conversation=job.conversation, seq=job.seq, attempt=job.attempts, state=state)

    def _arrived(self, tx: Transaction, job: outbox.Job, parcel: Parcel, provider_id: str | None) -> str:
        if not outbox.settle(tx.connection, job, provider_id=provider_id):
            return "late"
        store.failed(tx.connection, job.tenant, parcel.account.id, None)
        return "sent"

    def _failed(self, tx: Transaction, job: outbox.Job, parcel: Parcel, channel: Channel, error: NotDelivered) -> str:
        """Plans another attempt, or gives up and tells the agent in the timeline. Returns the row's state."""
        now = self._clock()
        conversation = conversations.find(tx.connection, job.tenant, job.conversation, lock=True)
        store.failed(tx.connection, job.tenant, parcel.account.id, error.message[:500])
        too_late = now - parcel.message.at >= self._deadline
        unclear = error.uncertain or job.uncertain
        if not error.final and not too_late and not (unclear and not channel.dedupes):
            return outbox.put_back(
                tx.connection, job, error.message, now, uncertain=error.uncertain, wait_s=error.retry_after_s
            )
        if not outbox.give_up(tx.connection, job, error.message):
            return "late"
        tell_agent(tx, conversation, parcel.message, error.message, unclear=unclear, now=now)
        return "dead"


def pack(connection: sa.Connection, job: outbox.Job, seal: Seal) -> Parcel:
    """The entry as its customer may see it, and where it goes. Raises NotFound."""
    conversation = conversations.find(connection, job.tenant, job.conversation)
    entry = conversations.entry_at(connection, job.tenant, job.conversation, job.seq)
    account = store.find(connection, job.tenant, str(conversation.account), seal)
    contact = contacts.external_id(connection, job.tenant, identity_channel(account), conversation.contact)
    return Parcel(account, _outbound(connection, conversation, entry, contact or ""))


def _outbound(connection: sa.Connection, conversation: Conversation, entry: Entry, contact: str) -> Outbound:
    names = {agent.id: agent.name for agent in agents.everyone(connection, conversation.tenant)}
    seen = for_customer(entry, names, conversation.contact)
    return Outbound(
        mid=entry.mid,
        conversation=conversation.id,
        contact=contact,
        seq=entry.seq,
        author_kind=seen["author"]["kind"],
        author_name=seen["author"]["name"],
        text=words(seen["body"]),
        buttons=seen["body"].get("buttons", []),
        at=entry.at,
    )


def tell_agent(
    tx: Transaction, conversation: Conversation, message: Outbound, reason: str, *, unclear: bool, now: datetime
) -> None:
    """Notes in the timeline, for agents only, that the customer has not (or perhaps not) got an entry."""
    if unclear:
        text = say("perhaps_delivered", conversation.language, reason=reason)
    else:
        text = say("undelivered", conversation.language, reason=reason)
    conversations.append(
        tx,
        conversation,
        Draft(
            kind=Kind.MESSAGE,
            author=SYSTEM,
            audience=Audience.INTERNAL,
            body={"text": text, "kind": "undelivered", "of": message.seq},
            client_id=f"undelivered-{message.mid}",
        ),
        now,
    )
